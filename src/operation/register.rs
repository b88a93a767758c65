//! Register (KMIP 1.4 §4.3, KMIP 2.1 §6.1.43).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{CryptographicAlgorithm, KeyFormatType, ObjectType};
use kmip_ttlv::object::{KeyBlock, KeyValue, ManagedObject};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::register::{Request, Response};

use super::creation::{self, Origin};
use super::{
    Context, Failure, Outcome, certificate, certificate_request, defaults, key_pair_value, pgp_key,
    pkcs12, split, templates, value, wrapping,
};
use crate::object::AttributeSet;

/// Takes an object that the client brings.
///
/// Real clients leave out what the specification asks for: libmongocrypt and `TrueNAS` bring secrets
/// whose usage mask is 0 or absent, so none is asked for.
pub(super) async fn register(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let mut attributes = given(cx, request).await?;
    let value = request.object.clone().ok_or_else(|| {
        Failure::InvalidMessage("the object that is to be registered is missing".into())
    })?;
    if value.object_type() != request.object_type {
        return Err(Failure::InvalidField("the object is not of the Object Type given".into()));
    }
    let (value, mut changes) = pkcs12::open(cx, value, &mut attributes).await?;
    let value = accept(cx, value, &mut attributes)?;
    wrapping::link(cx, &value, &mut attributes).await?;
    // Behind what the value says of itself, which no default contradicts.
    defaults::apply(cx, request.object_type, &mut attributes).await?;
    let object =
        creation::object(cx, request.object_type, attributes, &value, Origin::Brought, |_| true)?;
    let uid = object.uid.clone();
    changes.push(cx.insert(object, &value).await?);
    let response = Response { uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, changes, ResponsePayload::Register(response)))
}

/// The attributes that the client gives; those, too, that repeat what a certificate says of itself.
async fn given(cx: &Context<'_>, request: &Request) -> Result<AttributeSet, Failure> {
    if request.object_type != ObjectType::Certificate {
        return creation::given(cx, &request.attributes).await;
    }
    let (list, repeated) = certificate::split(&request.attributes);
    let mut attributes = creation::given(cx, &list).await?;
    for attribute in repeated {
        attributes.put(attribute);
    }
    Ok(attributes)
}

/// Checks the value and moves what it says of itself into the attributes.
///
/// # Errors
/// What is wrong with the value, or that it contradicts the attributes.
pub(super) fn accept(
    cx: &Context<'_>,
    value: ManagedObject,
    attributes: &mut AttributeSet,
) -> Result<ManagedObject, Failure> {
    match value {
        ManagedObject::Template(template) => templates::accept(cx, template, attributes),
        ManagedObject::OpaqueObject(opaque) => Ok(ManagedObject::OpaqueObject(opaque)),
        ManagedObject::SecretData(mut secret) => {
            secret.key_block = accept_block(cx, secret.key_block, attributes)?;
            check_format(&secret.key_block, &[KeyFormatType::Raw, KeyFormatType::Opaque])?;
            Ok(ManagedObject::SecretData(secret))
        }
        ManagedObject::SymmetricKey(mut key) => {
            key.key_block = accept_block(cx, key.key_block, attributes)?;
            check_format(
                &key.key_block,
                &[KeyFormatType::Raw, KeyFormatType::TransparentSymmetricKey],
            )?;
            // pg_tde says how an elliptic curve point would be compressed, of an AES key.
            key.key_block.compression = None;
            let mut key = ManagedObject::SymmetricKey(key);
            describe_key(&key, attributes)?;
            if let ManagedObject::SymmetricKey(key) = &mut key {
                complete(&mut key.key_block, attributes);
            }
            Ok(key)
        }
        ManagedObject::PublicKey(mut key) => {
            key.key_block = accept_half(cx, ObjectType::PublicKey, key.key_block, attributes)?;
            Ok(ManagedObject::PublicKey(key))
        }
        ManagedObject::PrivateKey(mut key) => {
            key.key_block = accept_half(cx, ObjectType::PrivateKey, key.key_block, attributes)?;
            Ok(ManagedObject::PrivateKey(key))
        }
        ManagedObject::SplitKey(part) => {
            Ok(ManagedObject::SplitKey(split::accept(cx, part, attributes)?))
        }
        ManagedObject::PgpKey(mut key) => {
            key.key_block = accept_block(cx, key.key_block, attributes)?;
            check_format(&key.key_block, &[KeyFormatType::Raw, KeyFormatType::Opaque])?;
            agree(&key.key_block, attributes)?;
            pgp_key::check(&key, attributes)?;
            complete(&mut key.key_block, attributes);
            Ok(ManagedObject::PgpKey(key))
        }
        ManagedObject::Certificate(certificate) => {
            certificate::accept(cx.version(), &certificate, attributes)?;
            Ok(ManagedObject::Certificate(certificate))
        }
        ManagedObject::CertificateRequest(request) => {
            certificate_request::accept(cx.version(), &request, attributes)?;
            Ok(ManagedObject::CertificateRequest(request))
        }
    }
}

/// Takes the attributes that travel inside the Key Value out of it: Get gives the key alone (Veeam
/// fails on anything else).
pub(super) fn accept_block(
    cx: &Context<'_>,
    block: KeyBlock,
    attributes: &mut AttributeSet,
) -> Result<KeyBlock, Failure> {
    if let Some(data) = &block.wrapping {
        wrapping::check(&block, data)?;
        return Ok(block);
    }
    let value = match block.value {
        Some(KeyValue::Plain { material, attributes: inside }) => {
            for attribute in inside.iter() {
                creation::give(cx, attributes, &attribute.clone().into())?;
            }
            Some(KeyValue::new(material))
        }
        Some(KeyValue::Wrapped(_)) => {
            return Err(Failure::InvalidField("the Key Value is bytes but not wrapped".into()));
        }
        // From 1.2 on, the value may stay where it is (KMIP 1.4 §3.41).
        None if cx.version() < Version::V1_2 => {
            return Err(Failure::InvalidField("the Key Value is missing".into()));
        }
        None => None,
    };
    Ok(KeyBlock { value, ..block })
}

pub(super) fn check_format(block: &KeyBlock, allowed: &[KeyFormatType]) -> Result<(), Failure> {
    if allowed.contains(&block.format) { Ok(()) } else { Err(Failure::KeyFormat) }
}

/// Checks one half of a key pair.
fn accept_half(
    cx: &Context<'_>,
    object_type: ObjectType,
    block: KeyBlock,
    attributes: &mut AttributeSet,
) -> Result<KeyBlock, Failure> {
    let mut block = accept_block(cx, block, attributes)?;
    agree(&block, attributes)?;
    key_pair_value::check(cx.version(), object_type, &block, attributes)?;
    complete(&mut block, attributes);
    Ok(block)
}

/// Algorithm and length stand in the key block, in the attributes, or in both; then they agree.
pub(super) fn agree(block: &KeyBlock, attributes: &mut AttributeSet) -> Result<(), Failure> {
    let said = [
        block.algorithm.map(Attribute::CryptographicAlgorithm),
        block.length.map(Attribute::CryptographicLength),
    ];
    for said in said.into_iter().flatten() {
        match attributes.first(said.kind()) {
            Some(known) if *known != said => {
                return Err(Failure::InvalidField(format!(
                    "the attribute and the Key Block disagree about the {}",
                    said.name()
                )));
            }
            _ => attributes.put(said),
        }
    }
    Ok(())
}

/// Checks a symmetric key's length.
fn describe_key(key: &ManagedObject, attributes: &mut AttributeSet) -> Result<(), Failure> {
    if let Some(block) = key.key_block() {
        agree(block, attributes)?;
    }
    let Some(bytes) = value::key_bytes(key) else { return Ok(()) };
    if bytes.is_empty() {
        return Err(Failure::InvalidField("the key is empty".into()));
    }
    let bits = i32::try_from(bytes.len().saturating_mul(8))
        .map_err(|_| Failure::InvalidField("the key is too long".into()))?;
    match attributes.first(AttributeKind::CryptographicLength) {
        None => attributes.put(Attribute::CryptographicLength(bits)),
        // DES keys are called 56, 112 or 168 bits long and have 64, 128 or 192.
        Some(Attribute::CryptographicLength(said)) if *said != bits && is_aes(attributes) => {
            return Err(Failure::InvalidField("the key has not the length that is given".into()));
        }
        Some(_) => {}
    }
    Ok(())
}

fn is_aes(attributes: &AttributeSet) -> bool {
    let aes = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes);
    attributes.first(AttributeKind::CryptographicAlgorithm) == Some(&aes)
}

/// Puts algorithm and length into the key block, where mongod looks for them.
pub(super) fn complete(block: &mut KeyBlock, attributes: &AttributeSet) {
    if let Some(Attribute::CryptographicAlgorithm(algorithm)) =
        attributes.first(AttributeKind::CryptographicAlgorithm)
    {
        block.algorithm.get_or_insert(*algorithm);
    }
    if let Some(Attribute::CryptographicLength(bits)) =
        attributes.first(AttributeKind::CryptographicLength)
    {
        block.length.get_or_insert(*bits);
    }
}
