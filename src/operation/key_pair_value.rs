//! Public and private keys as values of objects: read, checked against what is said of them, and
//! given in the Key Format Type that is asked for.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicDomainParameters};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, KeyCompressionType, KeyFormatType, ObjectType, RecommendedCurve,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject};

use super::Failure;
use crate::crypto::key::{self, Description, Hint, KeyError, PrivateKey, PublicKey};
use crate::object::AttributeSet;

/// The key of a Public Key or Private Key object.
pub(super) enum Key {
    Public(PublicKey),
    Private(PrivateKey),
}

impl Key {
    fn read(
        object_type: ObjectType,
        format: KeyFormatType,
        material: &KeyMaterial,
        hint: Hint,
    ) -> Result<Self, KeyError> {
        match object_type {
            ObjectType::PublicKey => PublicKey::read(format, material, hint).map(Self::Public),
            ObjectType::PrivateKey => PrivateKey::read(format, material, hint).map(Self::Private),
            _ => Err(KeyError::Unreadable),
        }
    }

    fn describe(&self) -> Description {
        match self {
            Self::Public(key) => key.describe(),
            Self::Private(key) => key.describe(),
        }
    }

    fn write(
        &self,
        format: KeyFormatType,
        compression: Option<KeyCompressionType>,
    ) -> Result<KeyMaterial, KeyError> {
        match self {
            Self::Public(key) => key.write(format, compression),
            Self::Private(_) if compression.is_some() => Err(KeyError::NoSuchCompression),
            Self::Private(key) => key.write(format),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Malformed => Self::InvalidField(error.to_string()),
            KeyError::Unreadable => {
                Self::CryptographicFailure("the server cannot compute with a key like this one")
            }
            KeyError::NoSuchForm => Self::KeyFormat,
            KeyError::NoSuchCompression => Self::KeyCompression,
        }
    }
}

/// The key of an object, to be computed with.
///
/// # Errors
/// [`Failure::KeyValueAbsent`] if the server does not have it, [`Failure::CryptographicFailure`] if
/// it cannot read it.
pub(super) fn key(attributes: &AttributeSet, value: &ManagedObject) -> Result<Key, Failure> {
    let block = value.key_block().ok_or(Failure::Internal("an object without a key"))?;
    match (&block.value, &block.wrapping) {
        (None, _) => Err(Failure::KeyValueAbsent),
        (Some(KeyValue::Plain { material, .. }), None) => {
            Ok(Key::read(value.object_type(), block.format, material, hint(attributes))?)
        }
        _ => Err(KeyError::Unreadable.into()),
    }
}

/// Checks the key that a client brings against what is said of it, and says of it what is not said
/// yet. One that the server cannot read is kept as it is; then algorithm and length must be given.
///
/// # Errors
/// [`Failure::KeyFormat`] for a format that the type does not have, [`Failure::InvalidField`] for a
/// key that is none or is another than is said.
pub(super) fn check(
    version: Version,
    object_type: ObjectType,
    block: &KeyBlock,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    let has_format = match object_type {
        ObjectType::PublicKey => key::is_of_public_key(block.format),
        _ => key::is_of_private_key(block.format),
    };
    if !has_format {
        return Err(Failure::KeyFormat);
    }
    if block.wrapping.is_some() {
        return check_described(attributes);
    }
    let Some(KeyValue::Plain { material, .. }) = &block.value else { return Ok(()) };
    match Key::read(object_type, block.format, material, hint(attributes)) {
        Ok(key) => agree(version, &key.describe(), attributes),
        Err(KeyError::Unreadable) => check_described(attributes),
        Err(error) => Err(error.into()),
    }
}

/// Whether the client has said of a key that the server cannot read what it is.
///
/// # Errors
/// [`Failure::InvalidField`].
pub(super) fn check_described(attributes: &AttributeSet) -> Result<(), Failure> {
    let needed = [AttributeKind::CryptographicAlgorithm, AttributeKind::CryptographicLength];
    match needed.into_iter().find(|kind| attributes.first(*kind).is_none()) {
        Some(kind) => Err(Failure::InvalidField(format!("{} is required", kind.name()))),
        None => Ok(()),
    }
}

/// Says of an object what was read from its value. What is said of it already must be the same.
///
/// # Errors
/// [`Failure::InvalidField`].
pub(super) fn say(
    what: &str,
    read: impl IntoIterator<Item = Attribute>,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    for read in read {
        match attributes.first(read.kind()) {
            Some(said) if *said != read => {
                let text = format!("the {what} has another {}", read.name());
                return Err(Failure::InvalidField(text));
            }
            _ => attributes.put(read),
        }
    }
    Ok(())
}

/// Compares what is said with what the key is, and says what is not said.
///
/// # Errors
/// [`Failure::InvalidField`].
pub(super) fn agree(
    version: Version,
    key: &Description,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    let wrong = |kind: AttributeKind| {
        Err(Failure::InvalidField(format!("the key has another {}", kind.name())))
    };
    match algorithm(attributes) {
        Some(said) if !key.algorithms.contains(&said) => {
            return wrong(AttributeKind::CryptographicAlgorithm);
        }
        Some(_) => {}
        None => {
            if let Some(algorithm) = key.algorithm(version) {
                attributes.put(Attribute::CryptographicAlgorithm(algorithm));
            }
        }
    }
    let bits =
        i32::try_from(key.bits).map_err(|_| Failure::InvalidField("the key is too long".into()))?;
    match attributes.first(AttributeKind::CryptographicLength) {
        Some(Attribute::CryptographicLength(said)) if *said != bits => {
            return wrong(AttributeKind::CryptographicLength);
        }
        Some(_) => {}
        None => attributes.put(Attribute::CryptographicLength(bits)),
    }
    let q_said = domain(attributes).and_then(|said| said.q_length).map(usize::try_from);
    let has_another_q = q_said.zip(key.q_bits).is_some_and(|(said, bits)| said != Ok(bits));
    if has_another_q || curve(attributes).is_some_and(|said| Some(said) != key.curve) {
        return wrong(AttributeKind::CryptographicDomainParameters);
    }
    Ok(())
}

fn hint(attributes: &AttributeSet) -> Hint {
    Hint { algorithm: algorithm(attributes), curve: curve(attributes) }
}

fn algorithm(attributes: &AttributeSet) -> Option<CryptographicAlgorithm> {
    match attributes.first(AttributeKind::CryptographicAlgorithm) {
        Some(Attribute::CryptographicAlgorithm(algorithm)) => Some(*algorithm),
        _ => None,
    }
}

/// The curve that the Cryptographic Domain Parameters name.
pub(super) fn curve(attributes: &AttributeSet) -> Option<RecommendedCurve> {
    domain(attributes)?.recommended_curve
}

fn domain(attributes: &AttributeSet) -> Option<&CryptographicDomainParameters> {
    match attributes.first(AttributeKind::CryptographicDomainParameters) {
        Some(Attribute::CryptographicDomainParameters(parameters)) => Some(parameters),
        _ => None,
    }
}

/// The Key Format Type that such a key has if nobody asks for one (KMIP 2.1 §4.26), if the server
/// can read the key.
pub(super) fn default_format(
    attributes: &AttributeSet,
    value: &ManagedObject,
) -> Option<KeyFormatType> {
    key(attributes, value).ok().map(|key| key.describe().format)
}

/// The key in the format and compression that are asked for; as it is kept where nothing is asked,
/// by the name that a client of `version` knows the format by.
///
/// # Errors
/// [`Failure::KeyFormat`] or [`Failure::KeyCompression`] if it cannot be given like that.
pub(super) fn in_format(
    version: Version,
    attributes: &AttributeSet,
    mut value: ManagedObject,
    format: Option<KeyFormatType>,
    compression: Option<KeyCompressionType>,
) -> Result<ManagedObject, Failure> {
    let (kept, as_kept) = match value.key_block() {
        Some(block) => (block.format, block.compression == compression),
        None => return Err(Failure::KeyFormat),
    };
    let wanted = key::for_version(format.unwrap_or(kept), version);
    if wanted == kept && (compression.is_none() || as_kept) {
        return Ok(value);
    }
    let material = match key(attributes, &value) {
        Ok(key) => key.write(wanted, compression)?,
        Err(Failure::CryptographicFailure(_)) => return Err(Failure::KeyFormat),
        Err(failure) => return Err(failure),
    };
    if let Some(block) = value.key_block_mut() {
        block.format = wanted;
        block.compression = compression;
        block.value = Some(KeyValue::new(material));
    }
    Ok(value)
}
