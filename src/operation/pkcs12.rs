//! Private keys in PKCS#12 containers: given with their certificates, and brought with them (KMIP 1.4
//! §4.11, §3.45, §11.4; KMIP 2.1 §6.1.19, §4.39).

use kmip_ttlv::OwnedIdentifier;
use kmip_ttlv::attribute::{Attribute, AttributeKind, InlineAttributes};
use kmip_ttlv::enums::{KeyFormatType, LinkType, ObjectType, SecretDataType, State};
use kmip_ttlv::object::{
    Certificate, KeyBlock, KeyMaterial, KeyValue, ManagedObject, PrivateKey as PrivateKeyObject,
};
use kmip_ttlv::{Secret, enums::CertificateType};
use zeroize::Zeroizing;

use super::context::{Context, Held, Right};
use super::creation::{self, Origin};
use super::{Failure, certificate, key_pair_value, key_use};
use crate::crypto::pkcs12::{self, Bundle, Pkcs12Error};
use crate::crypto::x509::CHAIN_MAX;
use crate::object::{AttributeSet, Object, set};
use crate::store::Change;

/// The name of a key that has none (KMIP 2.1 §4.39).
const NAME: &str = "alias";

impl From<Pkcs12Error> for Failure {
    fn from(error: Pkcs12Error) -> Self {
        use Pkcs12Error as E;
        match error {
            E::Malformed | E::NoKey | E::BadName => Self::InvalidField(error.to_string()),
            E::WrongPassword => Self::Password("the PKCS#12 container has another password"),
            E::Unreadable => Self::FeatureNotSupported(
                "the PKCS#12 container is protected in a way that is not supported",
            ),
            E::TooMuch => Self::LimitExceeded("the PKCS#12 container takes too long to be read"),
            E::Random(error) => error.into(),
        }
    }
}

/// A private key in a container with its certificates, under the password that it is linked with.
///
/// In 1.x the container is the Key Value itself, as the official cases have it, unless it is to be
/// `wrapped`.
///
/// # Errors
/// [`Failure::KeyFormat`] for what is no private key that the server can read,
/// [`Failure::Password`], or [`Failure::InvalidField`] for more than one chain of certificates.
pub(super) async fn container(
    cx: &Context<'_>,
    held: &Held,
    value: &ManagedObject,
    wrapped: bool,
) -> Result<ManagedObject, Failure> {
    if !matches!(value, ManagedObject::PrivateKey(_)) {
        return Err(Failure::KeyFormat);
    }
    let attributes = &held.object().attributes;
    let key_pair_value::Key::Private(key) =
        key_pair_value::key(attributes, value).map_err(|failure| match failure {
            Failure::CryptographicFailure(_) => Failure::KeyFormat,
            other => other,
        })?
    else {
        return Err(Failure::KeyFormat);
    };
    let bundle = Bundle {
        key: key.to_pkcs8()?.to_bytes(),
        name: Some(name(attributes).unwrap_or(NAME).to_owned()),
        certificates: chain(cx, held.object()).await?,
    };
    let password = password(cx, attributes).await?;
    let random = cx.parts().random.clone();
    let work = move || pkcs12::write(&bundle, &password, &*random);
    let bytes = Secret::new(cx.parts().workers.run(cx.tenant(), work).await??);
    let value = if cx.version().is_2x() || wrapped {
        KeyValue::new(KeyMaterial::Bytes(bytes))
    } else {
        KeyValue::Wrapped(bytes)
    };
    // It says itself what its key is.
    let key_block = KeyBlock::new(KeyFormatType::Pkcs12, value);
    Ok(ManagedObject::PrivateKey(PrivateKeyObject { key_block }))
}

/// Takes the key out of a container that a client brings, and says of it what the container says. The
/// certificates that came with it become objects of their own, unless the key is linked with one
/// already, as one from another server is.
///
/// What is no container stays as it is.
///
/// # Errors
/// [`Failure::Password`], or what is wrong with the container.
pub(super) async fn open(
    cx: &Context<'_>,
    value: ManagedObject,
    attributes: &mut AttributeSet,
) -> Result<(ManagedObject, Vec<Change>), Failure> {
    let container = match &value {
        ManagedObject::PrivateKey(PrivateKeyObject { key_block })
            if key_block.format == KeyFormatType::Pkcs12 && key_block.wrapping.is_none() =>
        {
            match &key_block.value {
                Some(
                    KeyValue::Wrapped(bytes)
                    | KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. },
                ) => Zeroizing::new(bytes.expose().clone()),
                _ => return Err(Pkcs12Error::Malformed.into()),
            }
        }
        _ => return Ok((value, Vec::new())),
    };
    let password = password(cx, attributes).await?;
    let wanted = name(attributes).map(str::to_owned);
    let work = move || pkcs12::read(&container, &password, wanted.as_deref());
    let bundle = cx.parts().workers.run(cx.tenant(), work).await??;
    if let (None, Some(found)) = (name(attributes), bundle.name.filter(|name| !name.is_empty())) {
        attributes.put(Attribute::Pkcs12FriendlyName(found));
    }
    let certificates = certificates(cx, bundle.certificates, attributes).await?;
    let ManagedObject::PrivateKey(PrivateKeyObject { key_block: brought }) = value else {
        return Err(Failure::Internal("a container is a private key"));
    };
    let key = KeyMaterial::Bytes(Secret::new(bundle.key.to_vec()));
    let inside = match brought.value {
        Some(KeyValue::Plain { attributes, .. }) => attributes,
        _ => InlineAttributes::default(),
    };
    let key = KeyValue::Plain { material: key, attributes: inside };
    let key_block = KeyBlock { format: KeyFormatType::Pkcs8, value: Some(key), ..brought };
    Ok((ManagedObject::PrivateKey(PrivateKeyObject { key_block }), certificates))
}

/// New objects for a key's certificates, the key's own first; each is linked with its issuer's.
async fn certificates(
    cx: &Context<'_>,
    chain: Vec<Vec<u8>>,
    of_key: &mut AttributeSet,
) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    if of_key.links(LinkType::Pkcs12CertificateLink).next().is_some() {
        return Ok(changes);
    }
    let mut issuer: Option<String> = None;
    for value in chain.into_iter().rev() {
        let value = Certificate { kind: CertificateType::X509, value };
        let mut attributes = AttributeSet::default();
        certificate::accept(cx.version(), &value, &mut attributes)?;
        if let Some(issuer) = &issuer {
            attributes.add(set::link(LinkType::CertificateLink, issuer));
        }
        let value = ManagedObject::Certificate(value);
        let (kind, origin) = (ObjectType::Certificate, Origin::Brought);
        let object = creation::object(cx, kind, attributes, &value, origin, |_| true)?;
        issuer = Some(object.uid.clone());
        changes.push(cx.insert(object, &value).await?);
    }
    if let Some(own) = issuer {
        of_key.add(set::link(LinkType::Pkcs12CertificateLink, &own));
    }
    Ok(changes)
}

fn name(attributes: &AttributeSet) -> Option<&str> {
    match attributes.first(AttributeKind::Pkcs12FriendlyName) {
        Some(Attribute::Pkcs12FriendlyName(name)) => Some(name),
        _ => None,
    }
}

/// The password that a key is linked with. From 2.0 on it must be Active (KMIP 2.1 §11.46).
async fn password(
    cx: &Context<'_>,
    attributes: &AttributeSet,
) -> Result<Zeroizing<String>, Failure> {
    let mut links = attributes.links(LinkType::Pkcs12PasswordLink);
    let (Some(link), None) = (links.next(), links.next()) else {
        return Err(Failure::Password("a PKCS#12 container needs one PKCS#12 Password Link"));
    };
    let none = || Failure::Password("the PKCS#12 Password Link leads to no password");
    let held = match cx.object(Some(&link.0), Right::Value).await {
        Err(Failure::NotFound | Failure::Destroyed) => return Err(none()),
        found => found?,
    };
    if cx.version().is_2x() && held.object().state() != State::Active {
        return Err(Failure::Password("the password is not Active"));
    }
    let value = cx.value(&held).await?;
    if !matches!(&value, ManagedObject::SecretData(secret) if secret.kind == SecretDataType::Password)
    {
        return Err(none());
    }
    let text = str::from_utf8(key_use::bytes(&value)?).map_err(|_| none())?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The certificate of a private key, that of its issuer, and so on, as far as they are linked.
///
/// The specification goes by the public key; the official cases link the private key itself.
async fn chain(cx: &Context<'_>, key: &Object) -> Result<Vec<Vec<u8>>, Failure> {
    let mut from = vec![key.attributes.clone()];
    if let Some(public) = key.attributes.linked(LinkType::PublicKeyLink) {
        match cx.object(Some(&public.0), Right::Attributes).await {
            Ok(held) => from.push(held.object().attributes.clone()),
            Err(Failure::NotFound) => {}
            Err(failure) => return Err(failure),
        }
    }
    let mut chain = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    while let Some(held) = next(cx, &from).await? {
        let object = held.object();
        if seen.contains(&object.uid) {
            break;
        }
        if chain.len() == CHAIN_MAX {
            return Err(Failure::LimitExceeded("the chain of certificates is too long"));
        }
        let ManagedObject::Certificate(certificate) = cx.value(&held).await? else {
            return Err(Failure::Internal("a certificate has the value of something else"));
        };
        chain.push(certificate.value);
        seen.push(object.uid.clone());
        from = vec![object.attributes.clone()];
    }
    Ok(chain)
}

/// The one valid certificate to which these objects lead. A PKCS#12 Certificate Link says which one is
/// meant where there are several.
///
/// # Errors
/// [`Failure::InvalidField`] if there are several all the same.
async fn next(cx: &Context<'_>, from: &[AttributeSet]) -> Result<Option<Held>, Failure> {
    for kind in [LinkType::Pkcs12CertificateLink, LinkType::CertificateLink] {
        let mut found: Option<Held> = None;
        for uid in from.iter().flat_map(|attributes| attributes.links(kind)) {
            let Some(held) = valid(cx, uid).await? else { continue };
            match &found {
                Some(known) if known.object().uid != held.object().uid => {
                    let text = "there is more than one valid certificate chain";
                    return Err(Failure::InvalidField(text.into()));
                }
                _ => found = Some(held),
            }
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A certificate that is here and has not been revoked.
async fn valid(cx: &Context<'_>, uid: &OwnedIdentifier) -> Result<Option<Held>, Failure> {
    let held = match cx.object(Some(&uid.0), Right::Value).await {
        Err(Failure::NotFound | Failure::Destroyed) => return Ok(None),
        found => found?,
    };
    let object = held.object();
    let is_valid = object.object_type == ObjectType::Certificate
        && matches!(object.state(), State::PreActive | State::Active);
    Ok(is_valid.then_some(held))
}
