//! What is wrapped: the key alone, or the Key Value as TTLV (KMIP 1.4 §2.1.4 and §2.1.5, KMIP 2.1
//! §3.2, §3.3 and §11.18).

use kmip_ttlv::attribute::InlineAttributes;
use kmip_ttlv::codec::encode;
use kmip_ttlv::enums::{EncodingOption, KeyFormatType};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue};
use kmip_ttlv::scan::{Limits, scan_item};
use kmip_ttlv::{Secret, Tag, Version, item};
use zeroize::Zeroizing;

use super::super::Failure;
use super::error::Error;
use super::key::rejected;

/// Where the wrapped bytes stand.
///
/// The specification says: in the place of the Key Value. Some clients leave the Key Value a
/// structure and put the wrapped key in the place of the Key Material; what came so goes so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::operation) enum Place {
    KeyValue,
    KeyMaterial,
}

impl Place {
    /// Where a wrapped key has its bytes.
    pub(super) fn of(block: &KeyBlock) -> Self {
        match &block.value {
            Some(KeyValue::Plain { .. }) if block.wrapping.is_some() => Self::KeyMaterial,
            _ => Self::KeyValue,
        }
    }

    /// The bytes in this place.
    pub(super) fn holding(self, bytes: Vec<u8>) -> KeyValue {
        let bytes = Secret::new(bytes);
        match self {
            Self::KeyValue => KeyValue::Wrapped(bytes),
            Self::KeyMaterial => KeyValue::new(KeyMaterial::Bytes(bytes)),
        }
    }
}

/// What is wrapped, of an option that may be absent.
pub(super) fn is_ttlv(option: Option<EncodingOption>) -> Result<bool, Failure> {
    match option {
        None | Some(EncodingOption::TtlvEncoding) => Ok(true),
        Some(EncodingOption::NoEncoding) => Ok(false),
        Some(EncodingOption::Unknown(_)) => {
            Err(Error::Encoding("the Encoding Option is not supported").into())
        }
    }
}

/// The bytes that are to be wrapped.
///
/// # Errors
/// [`Error::Encoding`] for a structure, which has no bytes of its own.
pub(super) fn to_bytes(
    material: KeyMaterial,
    attributes: InlineAttributes,
    is_ttlv: bool,
    version: Version,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if is_ttlv {
        let value = KeyValue::Plain { material, attributes };
        return Ok(Zeroizing::new(encode(Tag::KeyValue, &value, version).to_vec()));
    }
    match material {
        KeyMaterial::Bytes(bytes) => Ok(Zeroizing::new(bytes.expose().clone())),
        _ => Err(Error::Encoding("a key that is a structure needs TTLV Encoding").into()),
    }
}

/// The Key Value that was wrapped. It may have been in another version than the client speaks now.
///
/// # Errors
/// [`Failure::CryptographicFailure`] for bytes that are none.
pub(super) fn from_bytes(
    plain: &[u8],
    format: KeyFormatType,
    is_ttlv: bool,
    version: Version,
) -> Result<KeyValue, Failure> {
    if !is_ttlv {
        return Ok(KeyValue::new(KeyMaterial::Bytes(Secret::new(plain.to_vec()))));
    }
    scan_item(plain, &Limits::default()).map_err(|_| rejected())?;
    let read = |version| {
        let (item, _) = item::first(plain, version).ok()?;
        let value = KeyValue::decode(format, item).ok()?;
        (item.tag == Tag::KeyValue && matches!(value, KeyValue::Plain { .. })).then_some(value)
    };
    [version, Version::V1_4, Version::V2_1].into_iter().find_map(read).ok_or_else(rejected)
}
