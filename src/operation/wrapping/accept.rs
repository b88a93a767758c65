//! Wrapped keys that clients bring. They are kept as they came.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, Link};
use kmip_ttlv::enums::{KeyFormatType, LinkType};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, KeyWrappingData, ManagedObject};

use super::super::Failure;
use super::super::context::{Context, Right};
use super::error::Error;
use super::{Method, encoding};
use crate::object::AttributeSet;

/// Holds that a wrapped key says all that is needed to unwrap it. Whether it can be unwrapped shows
/// when somebody wants it: its wrapping key may never have been here.
///
/// # Errors
/// [`Failure::FeatureNotSupported`] for a Wrapping Method, [`Failure::InvalidMessage`] for what is
/// missing, [`Failure::Wrapping`] for a form that the Encoding Option does not have.
pub(in crate::operation) fn check(block: &KeyBlock, data: &KeyWrappingData) -> Result<(), Failure> {
    let method = Method::of(data.method)?;
    method.check(data.encryption_key.is_some(), data.mac_signature_key.is_some())?;
    if method.signs() && data.mac_signature.is_none() {
        return Err(Failure::InvalidMessage("the MAC/Signature of the key is missing".into()));
    }
    let is_ttlv = encoding::is_ttlv(data.encoding_option)?;
    if !is_ttlv && is_structure(block.format) {
        return Err(Error::Encoding("a key that is a structure needs TTLV Encoding").into());
    }
    match &block.value {
        Some(KeyValue::Wrapped(bytes)) if !bytes.is_empty() => Ok(()),
        Some(KeyValue::Plain { material: KeyMaterial::Bytes(bytes), attributes })
            if !bytes.is_empty() =>
        {
            if is_ttlv || attributes.iter().next().is_some() {
                return Err(Error::Encoding(
                    "a wrapped Key Material needs No Encoding, and has no attributes beside it",
                )
                .into());
            }
            Ok(())
        }
        _ => Err(Failure::InvalidField("the wrapped key is missing".into())),
    }
}

/// Whether keys of this format are structures, not bytes.
fn is_structure(format: KeyFormatType) -> bool {
    use KeyFormatType as F;
    !matches!(
        format,
        F::Raw
            | F::Opaque
            | F::Pkcs1
            | F::Pkcs8
            | F::X509
            | F::EcPrivateKey
            | F::Pkcs12
            | F::Unknown(_)
    )
}

/// Links a wrapped key with the one that wrapped it, if that is here (KMIP 2.1 §6.1.43).
///
/// # Errors
/// The store's.
pub(in crate::operation) async fn link(
    cx: &Context<'_>,
    value: &ManagedObject,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    let data = value.key_block().and_then(|block| block.wrapping.as_deref());
    let by = data.and_then(|data| data.encryption_key.as_ref().or(data.mac_signature_key.as_ref()));
    let Some(by) = by else { return Ok(()) };
    let held = match cx.object(Some(&by.uid), Right::Attributes).await {
        Ok(held) => held,
        Err(Failure::NotFound) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let link = Link { kind: LinkType::WrappingKeyLink, object: held.object().uid.as_str().into() };
    let links = AttributeReference::Known(AttributeKind::Link);
    let is_there = attributes
        .instances(&links)
        .any(|known| matches!(&known.attribute, Attribute::Link(known) if known.kind == link.kind));
    if !is_there {
        attributes.add(Attribute::Link(link));
    }
    Ok(())
}
