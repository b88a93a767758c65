//! Values of managed objects: how they are sealed, digested and turned from one Key Format Type
//! into another.

use kmip_ttlv::attribute::Digest;
use kmip_ttlv::codec::encode;
use kmip_ttlv::enums::{
    CryptographicAlgorithm, HashingAlgorithm, KeyCompressionType, KeyFormatType, ObjectType,
};
use kmip_ttlv::object::{
    KeyBlock, KeyMaterial, KeyValue, ManagedObject, PrivateKey, PublicKey, SymmetricKey,
    TransparentSymmetricKey,
};
use kmip_ttlv::{Buffer, Secret, Tag, Version, Writer};

use super::{Failure, key_pair_value};
use crate::crypto::hash::hash;
use crate::object::{AttributeSet, Object};

/// The version in whose form values are sealed. It has every object type that 1.x has but Template,
/// which has no value.
const SEALED_FORM: Version = Version::V2_1;

/// What a symmetric key takes, and a little more.
const USUAL_BYTES: usize = 256;

/// The bytes of a value that are sealed: the object's structure as TTLV, tag and all.
#[must_use]
pub(super) fn to_bytes(value: &ManagedObject) -> Buffer {
    let mut buffer = Buffer::with_capacity(USUAL_BYTES);
    value.write(&mut Writer::new(&mut buffer, SEALED_FORM));
    buffer
}

/// The value that was sealed.
///
/// # Errors
/// [`Failure::Internal`] if the bytes are none of ours.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<ManagedObject, Failure> {
    let broken = || Failure::Internal("a sealed value is not an object");
    let (item, rest) = kmip_ttlv::item::first(bytes, SEALED_FORM).map_err(|_| broken())?;
    if !rest.is_empty() {
        return Err(broken());
    }
    ManagedObject::from_item(item).ok().flatten().ok_or_else(broken)
}

/// The bytes of a key or secret, if its format is one that has them plain.
#[must_use]
pub(super) fn key_bytes(value: &ManagedObject) -> Option<&[u8]> {
    value.key_block().and_then(block_bytes)
}

/// The bytes in a key block, likewise.
pub(super) fn block_bytes(block: &KeyBlock) -> Option<&[u8]> {
    if block.wrapping.is_some() {
        return None;
    }
    match block.value.as_ref()? {
        KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. } => Some(bytes.expose()),
        KeyValue::Plain { material: KeyMaterial::SymmetricKey(key), .. } => Some(key.key.expose()),
        _ => None,
    }
}

/// A key of these bytes, in Raw format.
#[must_use]
pub(super) fn raw(bytes: Vec<u8>) -> KeyBlock {
    KeyBlock::new(KeyFormatType::Raw, KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes))))
}

/// A symmetric key of these bytes, in Raw format.
#[must_use]
pub(super) fn raw_key(
    algorithm: Option<CryptographicAlgorithm>,
    bits: i32,
    bytes: Vec<u8>,
) -> ManagedObject {
    let key_block = KeyBlock { algorithm, length: Some(bits), ..raw(bytes) };
    ManagedObject::SymmetricKey(SymmetricKey { key_block })
}

/// What is left of a destroyed key: its Key Block, without the key (KMIP 1.4 §4.40). `None` for what is
/// not destroyed, and for objects that are nothing without their value.
pub(super) fn destroyed(object: &Object) -> Option<ManagedObject> {
    if !object.is_destroyed() {
        return None;
    }
    let key_block = KeyBlock {
        format: object.key_format().unwrap_or(KeyFormatType::Raw),
        compression: None,
        value: None,
        algorithm: object.algorithm(),
        length: object.length_bits(),
        wrapping: None,
    };
    Some(match object.object_type {
        ObjectType::SymmetricKey => ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ObjectType::PublicKey => ManagedObject::PublicKey(PublicKey { key_block }),
        ObjectType::PrivateKey => ManagedObject::PrivateKey(PrivateKey { key_block }),
        _ => return None,
    })
}

/// The value in the format and compression that were asked for; as it is, if none was.
///
/// # Errors
/// [`Failure::KeyFormat`] or [`Failure::KeyCompression`] if it can't be given like that.
pub(super) fn in_format(
    version: Version,
    attributes: &AttributeSet,
    value: ManagedObject,
    format: Option<KeyFormatType>,
    compression: Option<KeyCompressionType>,
) -> Result<ManagedObject, Failure> {
    if matches!(value, ManagedObject::PublicKey(_) | ManagedObject::PrivateKey(_)) {
        return key_pair_value::in_format(version, attributes, value, format, compression);
    }
    // The number of a method that the client's version does not have means nothing to it.
    if let ManagedObject::SplitKey(part) = &value
        && !part.method.is_in(version)
    {
        return Err(Failure::KeyFormat);
    }
    if compression.is_some() {
        return Err(Failure::KeyCompression);
    }
    let Some(format) = format else { return Ok(value) };
    if let (ManagedObject::Certificate(_), KeyFormatType::Raw | KeyFormatType::X509) =
        (&value, format)
    {
        return Ok(value);
    }
    let is = match &value {
        ManagedObject::CertificateRequest(_) => KeyFormatType::Pkcs10,
        other => other.key_block().map_or(KeyFormatType::Opaque, |block| block.format),
    };
    if is == format {
        return Ok(value);
    }
    if value.key_block().is_some_and(|block| block.wrapping.is_some()) {
        return Err(Failure::KeyFormat);
    }
    let ManagedObject::SymmetricKey(SymmetricKey { key_block }) = value else {
        return Err(Failure::KeyFormat);
    };
    let material = match (key_block.value, format) {
        (
            Some(KeyValue::Plain { material: KeyMaterial::SymmetricKey(key), .. }),
            KeyFormatType::Raw,
        ) => KeyMaterial::Bytes(key.key),
        (
            Some(KeyValue::Plain { material: KeyMaterial::Bytes(key), .. }),
            KeyFormatType::TransparentSymmetricKey,
        ) => KeyMaterial::SymmetricKey(TransparentSymmetricKey { key }),
        _ => return Err(Failure::KeyFormat),
    };
    let key_block = KeyBlock { format, value: Some(KeyValue::new(material)), ..key_block };
    Ok(ManagedObject::SymmetricKey(SymmetricKey { key_block }))
}

/// The digest of a value (KMIP 1.4 §3.17): SHA-256 over the bytes, or, where the Key Material is a
/// structure, over that structure as TTLV. `None` where the server does not have the value, or has it
/// wrapped.
///
/// # Errors
/// That of the hash, which is always there.
pub(super) fn digest(value: &ManagedObject) -> Result<Option<Digest>, Failure> {
    let (bytes, format) = match value {
        ManagedObject::OpaqueObject(opaque) => {
            (hash(HashingAlgorithm::Sha256, opaque.value.expose())?, KeyFormatType::Opaque)
        }
        ManagedObject::Certificate(certificate) => {
            (hash(HashingAlgorithm::Sha256, &certificate.value)?, KeyFormatType::Raw)
        }
        ManagedObject::CertificateRequest(request) => {
            (hash(HashingAlgorithm::Sha256, &request.value)?, KeyFormatType::Pkcs10)
        }
        other => match other.key_block() {
            Some(KeyBlock {
                format,
                value: Some(KeyValue::Plain { material, .. }),
                wrapping: None,
                ..
            }) => (digest_of_material(material)?, *format),
            _ => return Ok(None),
        },
    };
    Ok(Some(Digest {
        hashing_algorithm: HashingAlgorithm::Sha256,
        value: Some(bytes),
        key_format_type: Some(format),
    }))
}

fn digest_of_material(material: &KeyMaterial) -> Result<Vec<u8>, Failure> {
    Ok(match material {
        KeyMaterial::Bytes(bytes) => hash(HashingAlgorithm::Sha256, bytes.expose())?,
        structure => {
            let item = encode(Tag::KeyMaterial, structure, SEALED_FORM);
            hash(HashingAlgorithm::Sha256, &item)?
        }
    })
}
