//! Create (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8).

use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{ObjectType, SecretDataType};
use kmip_ttlv::object::{ManagedObject, SecretData};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::create::{Request, Response};

use super::creation::{self, Origin};
use super::{Context, Failure, Outcome, defaults, key_length, value};
use crate::object::AttributeSet;

/// Bits below which no key is called safe from quantum computers (KMIP 2.1 §4.45).
const QUANTUM_SAFE_BITS: i32 = 256;

/// Makes a symmetric key, or a secret of random bytes.
pub(super) async fn create(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let (mut attributes, format) = creation::asked(cx, Some(&request.attributes)).await?;
    defaults::apply(cx, request.object_type, &mut attributes).await?;
    let value = match request.object_type {
        ObjectType::SymmetricKey => symmetric_key(cx, &mut attributes)?,
        ObjectType::SecretData => secret_data(cx, &attributes)?,
        _ => return Err(Failure::WrongObjectType("objects of this type cannot be created")),
    };
    let value = value::in_format(cx.version(), &attributes, value, format, None)?;
    let object =
        creation::object(cx, request.object_type, attributes, &value, Origin::Made, |_| true)?;
    let uid = object.uid.clone();
    let change = cx.insert(object, &value).await?;
    let response =
        Response { object_type: request.object_type, uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, vec![change], ResponsePayload::Create(response)))
}

pub(super) fn symmetric_key(
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
    let bits = key_length::bits(cx, algorithm, length_asked(attributes))?;
    check_quantum_safety(attributes, bits)?;
    attributes.put(Attribute::CryptographicLength(bits));
    Ok(value::raw_key(Some(algorithm), bits, key_length::key(cx, algorithm, bits)?))
}

/// A secret has neither algorithm nor format of its own: a seed of the length asked for.
fn secret_data(cx: &Context<'_>, attributes: &AttributeSet) -> Result<ManagedObject, Failure> {
    let bits = length_asked(attributes).filter(|bits| bits % 8 == 0 && *bits <= SECRET_BITS_MAX);
    let bits = bits.ok_or_else(|| {
        Failure::InvalidField("a Cryptographic Length in whole bytes is required".into())
    })?;
    let key_block = value::raw(key_length::random(cx, bits)?);
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

/// Refuses to call a key quantum safe that is too short for it.
pub(super) fn check_quantum_safety(attributes: &AttributeSet, bits: i32) -> Result<(), Failure> {
    let is_wrong = creation::is_called_quantum_safe(attributes) && bits < QUANTUM_SAFE_BITS;
    if is_wrong { Err(Failure::NotQuantumSafe) } else { Ok(()) }
}
