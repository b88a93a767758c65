//! The certificate authority of a tenant: a private key that signs certificates and does nothing
//! else, and a certificate of it, signed by itself. Both are made when they are first needed, and
//! are objects like all others, of a service that nobody is.

use kmip_ttlv::attribute::{Attribute, Name as NameAttribute};
use kmip_ttlv::enums::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask as Mask, NameType, ObjectType,
    State,
};
use kmip_ttlv::object::{Certificate as Value, ManagedObject};
use kmip_ttlv::{DateTime, Version};

use super::context::{AUTHORITY_CERTIFICATE, AUTHORITY_KEY, Context, Held};
use super::create_key_pair::{self, Pair};
use super::creation::{self, Origin};
use super::key_pair_value::{self, Key};
use super::{Failure, certificate};
use crate::crypto::key::{PrivateKey, Template};
use crate::crypto::x509::{self, Certificate, Issuer, Part, Terms, Wish};
use crate::object::{AttributeSet, Object};
use crate::store::Change;
use crate::tenant::ServiceId;

/// Bits of the authority's RSA key: as hard to break as AES-128 (SP 800-57). Everybody verifies RSA.
const KEY_BITS: usize = 3072;

/// How long the authority's certificate holds, in seconds: 20 years.
const SECONDS: i64 = 20 * 365 * 24 * 3600;

/// An authority that can sign.
pub(super) struct Authority {
    /// Its certificate.
    pub(super) certificate: Certificate,
    key: PrivateKey,
    /// What must be durable before anybody sees what it has signed.
    pub(super) changes: Vec<Change>,
}

impl Authority {
    /// The authority of the caller's tenant.
    ///
    /// # Errors
    /// [`Failure::WrongState`] if somebody has revoked it, or what is wrong with the hierarchy.
    pub(super) async fn of(cx: &Context<'_>) -> Result<Self, Failure> {
        let owner = cx.authority().await?;
        let key = cx.of_authority(owner, AUTHORITY_KEY).await?;
        let certificate = cx.of_authority(owner, AUTHORITY_CERTIFICATE).await?;
        match (&key, &certificate) {
            (Some(key), Some(certificate)) if is_kept(key) && is_kept(certificate) => {
                Self::open(cx, key, certificate).await
            }
            _ => Self::make(cx, owner, key.as_ref(), certificate.as_ref()).await,
        }
    }

    async fn open(cx: &Context<'_>, key: &Held, certificate: &Held) -> Result<Self, Failure> {
        let is_active = |held: &Held| held.object().state() == State::Active;
        if !is_active(key) || !is_active(certificate) {
            return Err(Failure::WrongState("the tenant's certificate authority is not active"));
        }
        let value = cx.value(key).await?;
        let key = match key_pair_value::key(&key.object().attributes, &value)? {
            Key::Private(key) => key,
            Key::Public(_) => return Err(Failure::Internal("an authority without a private key")),
        };
        let ManagedObject::Certificate(value) = cx.value(certificate).await? else {
            return Err(Failure::Internal("an authority without a certificate"));
        };
        Ok(Self { certificate: Certificate::read(&value.value)?, key, changes: Vec::new() })
    }

    /// Makes one, in the place of one that was destroyed if there was one.
    async fn make(
        cx: &Context<'_>,
        owner: ServiceId,
        old_key: Option<&Held>,
        old_certificate: Option<&Held>,
    ) -> Result<Self, Failure> {
        let algorithm = CryptographicAlgorithm::Rsa;
        let template = Template::of(algorithm, Some(KEY_BITS), None);
        let template = template.ok_or(Failure::Internal("no key for an authority"))?;
        let formats = Pair { private: None, public: None };
        let pair = create_key_pair::generate(cx, template, Some(algorithm), &formats).await?;
        let Key::Private(key) = key_pair_value::key(&AttributeSet::default(), &pair.private)?
        else {
            return Err(Failure::Internal("an authority without a private key"));
        };
        let der = self_signed(cx, &key)?;
        let certificate = Certificate::read(&der)?;
        let value = Value { kind: CertificateType::X509, value: der };
        let key_object = key_object(cx, &key, &pair.private)?;
        let certificate_object = certificate_object(cx, &value, &certificate)?;
        let value = ManagedObject::Certificate(value);
        let changes = vec![
            cx.put_into_authority(owner, old_key, key_object, &pair.private).await?,
            cx.put_into_authority(owner, old_certificate, certificate_object, &value).await?,
        ];
        Ok(Self { certificate, key, changes })
    }

    /// Signs what is wished for.
    ///
    /// # Errors
    /// [`Failure::InvalidField`] for dates that the certificate cannot have.
    pub(super) fn issue(
        &self,
        cx: &Context<'_>,
        wish: &Wish,
        not_before: i64,
        not_after: i64,
    ) -> Result<Value, Failure> {
        let issuer = Issuer {
            name: &self.certificate.subject.der,
            public_key: &self.certificate.public_key,
            key: &self.key,
        };
        sign(cx, &issuer, self.certificate.not_after, wish, (not_before, not_after))
    }
}

/// Signs what is wished for, for no longer than the issuer's own certificate holds.
///
/// # Errors
/// [`Failure::InvalidField`] for dates that the certificate cannot have.
pub(super) fn sign(
    cx: &Context<'_>,
    issuer: &Issuer<'_>,
    latest: i64,
    wish: &Wish,
    (not_before, not_after): (i64, i64),
) -> Result<Value, Failure> {
    let bad = |text: &str| Err(Failure::InvalidField(text.into()));
    if not_after <= not_before || not_before < 0 {
        return bad("a certificate with these dates would never hold");
    }
    if not_after > latest {
        return bad("a certificate cannot hold for longer than its authority's");
    }
    let terms = Terms { not_before, not_after, is_authority: false };
    let value = x509::issue(wish, issuer, terms, &*cx.parts().random)?;
    Ok(Value { kind: CertificateType::X509, value })
}

/// Whether there is a value.
fn is_kept(held: &Held) -> bool {
    !held.object().is_destroyed()
}

fn self_signed(cx: &Context<'_>, key: &PrivateKey) -> Result<Vec<u8>, Failure> {
    let public = key.public().ok_or(Failure::Internal("a key without a public half"))?;
    let public_key = public.to_spki(None)?;
    let parts = [(Part::O, cx.tenant_name()), (Part::Cn, "Certificate Authority")];
    let subject = x509::distinguished_name(&parts)?;
    let wish = Wish {
        subject: subject.clone(),
        public_key: public_key.clone(),
        alternative_names: None,
        usage: Some(Mask::CERTIFICATE_SIGN.union(Mask::CRL_SIGN)),
        purposes: None,
    };
    let issuer = Issuer { name: &subject, public_key: &public_key, key };
    let not_after = cx.now().saturating_add(SECONDS);
    let terms = Terms { not_before: cx.now(), not_after, is_authority: true };
    Ok(x509::issue(&wish, &issuer, terms, &*cx.parts().random)?)
}

fn key_object(
    cx: &Context<'_>,
    key: &PrivateKey,
    value: &ManagedObject,
) -> Result<Object, Failure> {
    let mut attributes = common(cx);
    attributes.put(Attribute::Sensitive(true));
    attributes.put(Attribute::Extractable(false));
    let uses = Mask::CERTIFICATE_SIGN.union(Mask::CRL_SIGN);
    attributes.put(Attribute::CryptographicUsageMask(uses));
    key_pair_value::agree(cx.version(), &key.describe(), &mut attributes)?;
    object(cx, ObjectType::PrivateKey, AUTHORITY_KEY, attributes, value)
}

fn certificate_object(
    cx: &Context<'_>,
    value: &Value,
    read: &Certificate,
) -> Result<Object, Failure> {
    let mut attributes = common(cx);
    attributes.put(Attribute::DeactivationDate(DateTime(read.not_after)));
    certificate::accept(Version::V2_1, value, &mut attributes)?;
    let value = ManagedObject::Certificate(value.clone());
    object(cx, ObjectType::Certificate, AUTHORITY_CERTIFICATE, attributes, &value)
}

/// What both objects have.
fn common(cx: &Context<'_>) -> AttributeSet {
    let mut attributes = AttributeSet::default();
    let name = "certificate authority".to_owned();
    let kind = NameType::UninterpretedTextString;
    attributes.add(Attribute::Name(NameAttribute { value: name, kind }));
    attributes.put(Attribute::ActivationDate(DateTime(cx.now())));
    // Nobody is the first to get it.
    attributes.put(Attribute::Fresh(false));
    attributes
}

fn object(
    cx: &Context<'_>,
    object_type: ObjectType,
    uid: &str,
    attributes: AttributeSet,
    value: &ManagedObject,
) -> Result<Object, Failure> {
    let made = creation::object(cx, object_type, attributes, value, Origin::Made, |_| false)?;
    Ok(Object { uid: uid.to_owned(), ..made })
}
