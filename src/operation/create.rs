//! Create (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8).

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{CryptographicAlgorithm, KeyFormatType, ObjectType, SecretDataType};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::create::{Request, Response};

use super::creation::{self, Origin};
use super::{Context, Failure, Outcome, value};
use crate::object::AttributeSet;

/// Bits below which no key is called safe from quantum computers (KMIP 2.1 §4.45).
const QUANTUM_SAFE_BITS: i32 = 256;

/// Lengths that a key of some algorithm may have, and the one it has if none is asked for, in bits.
struct Lengths {
    algorithm: CryptographicAlgorithm,
    allowed: &'static [i32],
    preferred: i32,
}

const AES: &[i32] = &[128, 192, 256];
const HMAC: &[i32] = &[112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 768, 1024];

macro_rules! lengths {
    ($($algorithm:ident: $allowed:ident, $preferred:literal;)+) => {
        /// The keys that Create can make.
        const LENGTHS: &[Lengths] = &[$(Lengths {
            algorithm: CryptographicAlgorithm::$algorithm,
            allowed: $allowed,
            preferred: $preferred,
        }),+];
    };
}

lengths! {
    Aes:         AES,  256;
    HmacSha1:    HMAC, 160;
    HmacSha224:  HMAC, 224;
    HmacSha256:  HMAC, 256;
    HmacSha384:  HMAC, 384;
    HmacSha512:  HMAC, 512;
    HmacSha3_224: HMAC, 224;
    HmacSha3_256: HMAC, 256;
    HmacSha3_384: HMAC, 384;
    HmacSha3_512: HMAC, 512;
}

/// Makes a symmetric key, or a secret of random bytes.
pub(super) async fn create(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let mut attributes = creation::given(cx, &request.attributes)?;
    let value = match request.object_type {
        ObjectType::SymmetricKey => symmetric_key(cx, &mut attributes)?,
        ObjectType::SecretData => secret_data(cx, &attributes)?,
        _ => return Err(Failure::WrongObjectType("objects of this type cannot be created")),
    };
    let object =
        creation::object(cx, request.object_type, attributes, &value, Origin::Made, |_| true)?;
    let uid = object.uid.clone();
    let change = cx.insert(object, &value).await?;
    let response =
        Response { object_type: request.object_type, uid: uid.clone().into(), attributes: None };
    Ok(Outcome::made(uid, vec![change], ResponsePayload::Create(response)))
}

fn symmetric_key(
    cx: &Context<'_>,
    attributes: &mut AttributeSet,
) -> Result<ManagedObject, Failure> {
    let required = |name: &str| Failure::InvalidField(format!("{name} is required"));
    let Some(Attribute::CryptographicAlgorithm(algorithm)) =
        attributes.first(AttributeKind::CryptographicAlgorithm).cloned()
    else {
        return Err(required(AttributeKind::CryptographicAlgorithm.name()));
    };
    if attributes.first(AttributeKind::CryptographicUsageMask).is_none() {
        return Err(required(AttributeKind::CryptographicUsageMask.name()));
    }
    let bits = length(algorithm, length_asked(attributes))?;
    check_quantum_safety(attributes, bits)?;
    attributes.put(Attribute::CryptographicLength(bits));
    let block = KeyBlock {
        format: KeyFormatType::Raw,
        compression: None,
        value: None,
        algorithm: Some(algorithm),
        length: Some(bits),
        wrapping: None,
    };
    Ok(value::raw_key(block, random_bits(cx, bits)?))
}

/// A secret has neither algorithm nor format of its own: a seed of the length asked for.
fn secret_data(cx: &Context<'_>, attributes: &AttributeSet) -> Result<ManagedObject, Failure> {
    let bits = length_asked(attributes).filter(|bits| bits % 8 == 0 && *bits <= SECRET_BITS_MAX);
    let bits = bits.ok_or_else(|| {
        Failure::InvalidField("a Cryptographic Length in whole bytes is required".into())
    })?;
    let material = KeyMaterial::Bytes(Secret::new(random_bits(cx, bits)?));
    let key_block = KeyBlock {
        format: KeyFormatType::Raw,
        compression: None,
        value: Some(KeyValue::new(material)),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    Ok(ManagedObject::SecretData(SecretData { kind: SecretDataType::Seed, key_block }))
}

/// The longest secret that is made, in bits.
const SECRET_BITS_MAX: i32 = 8 * 1024;

fn length_asked(attributes: &AttributeSet) -> Option<i32> {
    match attributes.first(AttributeKind::CryptographicLength) {
        Some(Attribute::CryptographicLength(bits)) => Some(*bits),
        _ => None,
    }
}

/// The length that a new key has, in bits.
pub(super) fn length(
    algorithm: CryptographicAlgorithm,
    asked: Option<i32>,
) -> Result<i32, Failure> {
    let row = LENGTHS.iter().find(|row| row.algorithm == algorithm).ok_or_else(|| {
        Failure::InvalidField("keys of this Cryptographic Algorithm cannot be created".into())
    })?;
    let bits = asked.unwrap_or(row.preferred);
    if row.allowed.contains(&bits) {
        Ok(bits)
    } else {
        Err(Failure::InvalidField("the algorithm has no keys of this Cryptographic Length".into()))
    }
}

/// Fresh random bytes for a key of `bits` bits.
pub(super) fn random_bits(cx: &Context<'_>, bits: i32) -> Result<Vec<u8>, Failure> {
    let bytes = usize::try_from(bits / 8).map_err(|_| Failure::Internal("a negative length"))?;
    let mut key = vec![0; bytes];
    cx.parts().random.fill(&mut key)?;
    Ok(key)
}

/// Refuses to call a key quantum safe that is too short for it.
pub(super) fn check_quantum_safety(attributes: &AttributeSet, bits: i32) -> Result<(), Failure> {
    let wanted = attributes.first(AttributeKind::QuantumSafe);
    if matches!(wanted, Some(Attribute::QuantumSafe(true))) && bits < QUANTUM_SAFE_BITS {
        return Err(Failure::NotQuantumSafe);
    }
    Ok(())
}
