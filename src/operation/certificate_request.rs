//! Certificate requests: as a field of Certify and Re-certify, and as objects (KMIP 2.1 §2.2).

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::CertificateRequestType;
use kmip_ttlv::object::{CertificateRequest, ManagedObject};
use kmip_ttlv::{UniqueIdentifier, Version};

use super::context::{Context, Held, Right};
use super::{Failure, key_pair_value};
use crate::crypto::key::PublicKey;
use crate::crypto::x509::{Wish, X509Error};
use crate::object::AttributeSet;

/// Reads a request.
///
/// # Errors
/// [`Failure::InvalidCsr`] for one that is not of its type or not signed by its key,
/// [`Failure::FeatureNotSupported`] for a type that is not read.
pub(super) fn read(kind: CertificateRequestType, value: &[u8]) -> Result<Wish, Failure> {
    let read = match kind {
        CertificateRequestType::Pkcs10 => Wish::read(value),
        CertificateRequestType::Pem => Wish::read_pem(value),
        _ => return Err(Failure::FeatureNotSupported("requests of this type are not read")),
    };
    read.map_err(|error| match error {
        X509Error::TooLong => Failure::LimitExceeded("the certificate request is too long"),
        error => Failure::InvalidCsr(error),
    })
}

/// The request that stands in a message, if one does.
///
/// # Errors
/// [`Failure::InvalidMessage`] for a request without its type or the other way round, and those of
/// [`read`].
pub(super) fn given(
    kind: Option<CertificateRequestType>,
    value: Option<&[u8]>,
) -> Result<Option<Wish>, Failure> {
    match (kind, value) {
        (Some(kind), Some(value)) => read(kind, value).map(Some),
        (None, None) => Ok(None),
        _ => Err(Failure::InvalidMessage(
            "a Certificate Request and its Certificate Request Type stand together".into(),
        )),
    }
}

/// What a Certificate Request object asks for.
///
/// # Errors
/// [`Failure::NotUsable`] for an object of another type, and those of [`Context::object`].
pub(super) async fn kept(
    cx: &Context<'_>,
    uid: &UniqueIdentifier<'_>,
) -> Result<(Held, Wish), Failure> {
    let held = cx.object(Some(uid), Right::Value).await?;
    let wish = of(cx, &held).await?;
    Ok((held, wish))
}

/// What an object asks for that was found.
///
/// # Errors
/// As [`kept`].
pub(super) async fn of(cx: &Context<'_>, held: &Held) -> Result<Wish, Failure> {
    match cx.value(held).await? {
        ManagedObject::CertificateRequest(request) => read(request.kind, &request.value),
        _ => Err(Failure::NotUsable("the object is no Certificate Request")),
    }
}

/// Holds that a request is for this key.
///
/// # Errors
/// [`Failure::InvalidCsr`].
pub(super) fn check_key(wish: &Wish, key: &PublicKey) -> Result<(), Failure> {
    match wish.key() {
        Ok(asked) if asked == *key => Ok(()),
        _ => Err(Failure::InvalidCsr(X509Error::WrongSignature)),
    }
}

/// Checks a request that a client brings to be kept, and says of it what it says of its key.
///
/// # Errors
/// Those of [`read`], or that it contradicts the attributes.
pub(super) fn accept(
    version: Version,
    request: &CertificateRequest,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    let wish = read(request.kind, &request.value)?;
    key_pair_value::agree(version, &wish.key()?.describe(), attributes)?;
    if let Some(usage) = wish.usage {
        let usage = Attribute::CryptographicUsageMask(usage);
        if attributes.first(usage.kind()).is_none() {
            attributes.put(usage);
        }
    }
    Ok(())
}
