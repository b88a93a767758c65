//! Certify (KMIP 1.4 §4.7, KMIP 2.1 §6.1.6).

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList};
use kmip_ttlv::enums::{CertificateType, LinkType, ObjectType};
use kmip_ttlv::object::{Certificate as Value, ManagedObject};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::certify::{Request, Response};

use super::authority::Authority;
use super::context::{Context, Held, Right};
use super::creation::{self, Origin};
use super::key_pair_value::{self, Key};
use super::{Failure, Outcome, certificate, certificate_request, defaults};
use crate::crypto::key::PublicKey;
use crate::crypto::x509::{Part, Wish, distinguished_name};
use crate::object::{AttributeSet, Object, set};
use crate::store::Change;

/// How long a certificate holds if nobody says, in seconds: a year.
const SECONDS: i64 = 365 * 24 * 3600;

/// Issues a certificate for a public key, by the tenant's authority.
pub(super) async fn certify(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let asked = certificate_request::given(
        request.certificate_request_type,
        request.certificate_request.as_deref(),
    )?;
    let said = Said::of(cx, request.attributes.as_ref()).await?;
    let (held, wish) = match (asked, &request.uid) {
        // From 2.0 on, a request may come alone.
        (Some(wish), None) if cx.version().is_2x() => (None, wish),
        (asked, uid) => {
            let held = cx.object(uid.as_ref(), Right::Change).await?;
            let wish = wish(cx, &held, asked, &said).await?;
            (Some(held).filter(|held| held.object().object_type == ObjectType::PublicKey), wish)
        }
    };
    let authority = Authority::of(cx).await?;
    let value = issue(cx, &authority, wish, &said.attributes, SECONDS)?;
    let mut attributes = said.attributes;
    let is_given: Vec<AttributeKind> = attributes.iter().map(|i| i.attribute.kind()).collect();
    let is_given = |kind| is_given.contains(&kind);
    if let Some(held) = &held {
        attributes.add(set::link(LinkType::PublicKeyLink, &held.object().uid));
    }
    certificate::accept(cx.version(), &value, &mut attributes)?;
    // Behind what the certificate says, which no default contradicts.
    defaults::apply(cx, ObjectType::Certificate, &mut attributes).await?;
    let (object, value) = object(cx, attributes, value, is_given)?;
    let uid = object.uid.clone();
    let mut changes = authority.changes;
    match &held {
        Some(held) => {
            changes.push(cx.insert_beside(held, object, &value).await?);
            changes.push(certified(cx, held, &uid)?);
        }
        None => changes.push(cx.insert(object, &value).await?),
    }
    let response = Response { uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, changes, ResponsePayload::Certify(response)))
}

/// What the client says of the new certificate.
pub(super) struct Said {
    /// The attributes of the new object.
    pub(super) attributes: AttributeSet,
    /// Whom it is about, where no request says so.
    subject: Vec<(Part, String)>,
}

impl Said {
    /// Takes the attributes apart.
    ///
    /// # Errors
    /// Those of [`creation::given`]; [`Failure::FeatureNotSupported`] for a certificate that is not
    /// X.509.
    pub(super) async fn of(
        cx: &Context<'_>,
        list: Option<&AttributeList>,
    ) -> Result<Self, Failure> {
        let Some(list) = list else {
            return Ok(Self { attributes: AttributeSet::default(), subject: Vec::new() });
        };
        let is_other = |attribute: &Attribute| match attribute {
            Attribute::CertificateType(kind) => *kind != CertificateType::X509,
            _ => false,
        };
        if list.iter().any(is_other) {
            return Err(Failure::FeatureNotSupported("only X.509 certificates are issued"));
        }
        let (mut list, subject) = certificate::subject(list);
        list.attributes.retain(|i| i.attribute.kind() != AttributeKind::CertificateType);
        Ok(Self { attributes: creation::given(cx, &list).await?, subject })
    }
}

/// What a certificate for this object should say.
async fn wish(
    cx: &Context<'_>,
    held: &Held,
    asked: Option<Wish>,
    said: &Said,
) -> Result<Wish, Failure> {
    if held.object().is_destroyed() {
        return Err(Failure::Destroyed);
    }
    match (held.object().object_type, asked) {
        (ObjectType::CertificateRequest, None) => certificate_request::of(cx, held).await,
        (ObjectType::PublicKey, asked) => {
            let key = public_key(cx, held).await?;
            match asked {
                Some(wish) => certificate_request::check_key(&wish, &key).map(|()| wish),
                None => own_wish(held.object(), &key, said),
            }
        }
        _ => Err(Failure::NotUsable("only public keys and requests can be certified")),
    }
}

async fn public_key(cx: &Context<'_>, held: &Held) -> Result<PublicKey, Failure> {
    let value = cx.value(held).await?;
    match key_pair_value::key(&held.object().attributes, &value)? {
        Key::Public(key) => Ok(key),
        Key::Private(_) => Err(Failure::Internal("a public key that is private")),
    }
}

/// What is asked for without a request: the subject that the attributes name, or else the key by its
/// name.
fn own_wish(object: &Object, key: &PublicKey, said: &Said) -> Result<Wish, Failure> {
    let name = match object.attributes.first(AttributeKind::Name) {
        Some(Attribute::Name(name)) => &name.value,
        _ => &object.uid,
    };
    let mut subject: Vec<(Part, &str)> =
        said.subject.iter().map(|(part, text)| (*part, text.as_str())).collect();
    if subject.is_empty() {
        subject.push((Part::Cn, name));
    }
    let public_key =
        key.to_spki(None).map_err(|_| Failure::NotUsable("keys of this kind are not certified"))?;
    Ok(Wish {
        subject: distinguished_name(&subject)
            .map_err(|_| Failure::InvalidField("the subject is none that X.509 can name".into()))?,
        public_key,
        alternative_names: None,
        usage: None,
        purposes: None,
    })
}

/// A certificate that says what is wished, for the time and the use that the new object's attributes
/// say; where they do not say until when, for so many seconds, but not beyond the authority.
///
/// # Errors
/// Those of [`Authority::issue`].
pub(super) fn issue(
    cx: &Context<'_>,
    authority: &Authority,
    mut wish: Wish,
    attributes: &AttributeSet,
    seconds: i64,
) -> Result<Value, Failure> {
    if wish.usage.is_none() {
        wish.usage = attributes.first(AttributeKind::CryptographicUsageMask).and_then(usage);
    }
    let (not_before, not_after) = dates(cx, attributes, seconds);
    let latest = authority.certificate.not_after;
    let not_after = not_after.unwrap_or_else(|usual| latest.min(usual));
    authority.issue(cx, &wish, not_before, not_after)
}

fn usage(attribute: &Attribute) -> Option<kmip_ttlv::enums::CryptographicUsageMask> {
    match attribute {
        Attribute::CryptographicUsageMask(mask) => Some(*mask),
        _ => None,
    }
}

/// From when on, and until when, a certificate with these attributes holds; where they do not say
/// until when, for so many seconds (`Err`).
fn dates(cx: &Context<'_>, attributes: &AttributeSet, seconds: i64) -> (i64, Result<i64, i64>) {
    let not_before = match attributes.first(AttributeKind::ActivationDate) {
        Some(Attribute::ActivationDate(date)) => date.0,
        _ => cx.now(),
    };
    let not_after = match attributes.first(AttributeKind::DeactivationDate) {
        Some(Attribute::DeactivationDate(date)) => Ok(date.0),
        _ => Err(not_before.saturating_add(seconds)),
    };
    (not_before, not_after)
}

/// A new Certificate object with attributes that have been accepted.
///
/// # Errors
/// Those of [`creation::object`].
pub(super) fn object(
    cx: &Context<'_>,
    attributes: AttributeSet,
    value: Value,
    is_given: impl Fn(AttributeKind) -> bool,
) -> Result<(Object, ManagedObject), Failure> {
    let value = ManagedObject::Certificate(value);
    let origin = Origin::Made;
    let object =
        creation::object(cx, ObjectType::Certificate, attributes, &value, origin, is_given)?;
    Ok((object, value))
}

/// The public key with a link to its certificate.
fn certified(cx: &Context<'_>, held: &Held, certificate: &str) -> Result<Change, Failure> {
    let mut key = held.object().clone();
    key.attributes.add(set::link(LinkType::CertificateLink, certificate));
    key.touch(cx.now());
    creation::check_size(cx, &key)?;
    Ok(cx.update(held, key))
}
