//! Create Split Key (KMIP 1.4 §4.38, KMIP 2.1 §6.1.10).

use std::sync::Arc;

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference};
use kmip_ttlv::enums::{KeyFormatType, LinkType, ObjectType};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SplitKey};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::create_split_key::{Request, Response};
use kmip_ttlv::{BigInteger, Secret, UniqueIdentifier};
use zeroize::Zeroizing;

use super::context::{Context, Held, Right};
use super::creation::{self, Origin};
use super::{Failure, Outcome, Placeholder, create, defaults, key_use, split, value};
use crate::crypto::split::{Method, Plan, PrimeField, SplitError};
use crate::object::{AttributeSet, Object, set};
use crate::store::Change;

/// What the parts have from the key, whatever the request says.
const OF_THE_KEY: &[AttributeKind] = &[
    AttributeKind::CryptographicAlgorithm,
    AttributeKind::CryptographicLength,
    AttributeKind::CryptographicDomainParameters,
    AttributeKind::CryptographicUsageMask,
];

/// Splits a key that is there, or a new one, into parts that are objects of their own. The key that
/// is there stays; a new one is nowhere but in its parts.
pub(super) async fn create_split_key(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    if request.object_type != ObjectType::SplitKey {
        return Err(Failure::WrongObjectType("what is created are Split Keys"));
    }
    let mut attributes = creation::given(cx, &request.attributes).await?;
    let source = match &request.uid {
        // Whoever has the parts has the key: to split it is as much as to read it.
        Some(uid) => Some(cx.object(Some(uid), Right::Value).await?),
        None => None,
    };
    let secret = if let Some(held) = &source {
        let secret = of_key(cx, held, &mut attributes).await?;
        complete(cx, &mut attributes).await?;
        secret
    } else {
        defaults::apply(cx, ObjectType::SplitKey, &mut attributes).await?;
        new_key(cx, &mut attributes)?
    };
    let plan = plan(cx, request, &secret)?;
    split::note_polynomial(&plan, &mut attributes);
    split::note_splitting(cx.new_uid()?, &mut attributes);
    let random = Arc::clone(&cx.parts().random);
    let work = move || {
        if let Method::Prime(field) = plan.method()
            && !field.is_prime()
        {
            return Err(SplitError::NoPrime);
        }
        plan.split(&secret, &*random).map(|parts| (plan, parts))
    };
    let (plan, parts) = cx.parts().workers.run(cx.tenant(), work).await??;
    keep(cx, request, source, &attributes, &plan, parts).await
}

/// The bytes of a key that is there. What is said of the key holds for its parts: they are as
/// sensitive, and as extractable, as it is.
async fn of_key(
    cx: &Context<'_>,
    held: &Held,
    attributes: &mut AttributeSet,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let object = held.object();
    let key = cx.value(held).await?;
    let bytes = match &key {
        ManagedObject::OpaqueObject(opaque) => opaque.value.expose().clone(),
        ManagedObject::SymmetricKey(_) | ManagedObject::SecretData(_) => {
            key_use::bytes(&key)?.to_vec()
        }
        ManagedObject::PublicKey(_) => encoded(cx, object, &key, KeyFormatType::X509)?,
        ManagedObject::PrivateKey(_) => encoded(cx, object, &key, KeyFormatType::Pkcs8)?,
        _ => return Err(Failure::WrongObjectType("objects of this type cannot be split")),
    };
    let bytes = Zeroizing::new(bytes);
    for known in OF_THE_KEY.iter().filter_map(|kind| object.attributes.first(*kind)) {
        attributes.put(known.clone());
    }
    // Of what has no length of its own, the length of the bytes.
    if !matches!(object.object_type, ObjectType::PublicKey | ObjectType::PrivateKey)
        && object.algorithm().is_none()
    {
        let bits = i32::try_from(bytes.len().saturating_mul(8));
        attributes.put(Attribute::CryptographicLength(bits.unwrap_or(i32::MAX)));
    }
    if object.is_sensitive() {
        attributes.put(Attribute::Sensitive(true));
    }
    if !object.is_extractable() {
        attributes.put(Attribute::Extractable(false));
    }
    Ok(bytes)
}

/// Gives the parts of a key that is there the defaults of new objects, but none about the key: what it
/// does not say of itself nobody knows.
async fn complete(cx: &Context<'_>, attributes: &mut AttributeSet) -> Result<(), Failure> {
    let is_unsaid = |kind: &&AttributeKind| attributes.first(**kind).is_none();
    let unsaid: Vec<AttributeKind> = OF_THE_KEY.iter().filter(is_unsaid).copied().collect();
    defaults::apply(cx, ObjectType::SplitKey, attributes).await?;
    for kind in unsaid {
        attributes.remove_all(&AttributeReference::Known(kind));
    }
    Ok(())
}

/// One half of a key pair in the format that says itself what it is.
fn encoded(
    cx: &Context<'_>,
    object: &Object,
    key: &ManagedObject,
    format: KeyFormatType,
) -> Result<Vec<u8>, Failure> {
    let key = value::in_format(cx.version(), &object.attributes, key.clone(), Some(format), None)?;
    Ok(key_use::bytes(&key)?.to_vec())
}

/// The bytes of a new symmetric key.
fn new_key(cx: &Context<'_>, attributes: &mut AttributeSet) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let key = create::symmetric_key(cx, attributes)?;
    Ok(Zeroizing::new(key_use::bytes(&key)?.to_vec()))
}

/// How the secret is to be split. Without a prime of the client's, it is one of the server's.
fn plan(cx: &Context<'_>, request: &Request<'_>, secret: &[u8]) -> Result<Plan, Failure> {
    let bits = u32::try_from(secret.len().saturating_mul(8)).map_err(|_| SplitError::TooLong)?;
    let field = || match &request.prime_field_size {
        Some(_) => split::field(request.prime_field_size.as_ref()),
        None => Ok(PrimeField::for_secret(bits)?),
    };
    let polynomial = split::polynomial(cx.version());
    let method = split::method(cx.version(), request.method, polynomial, field)?;
    Ok(Plan::new(method, request.parts, request.threshold)?)
}

/// Makes objects of the parts, linked in their order; the first one and the key that was split are
/// linked as child and parent.
async fn keep(
    cx: &Context<'_>,
    request: &Request<'_>,
    source: Option<Held>,
    attributes: &AttributeSet,
    plan: &Plan,
    parts: Vec<Secret<Vec<u8>>>,
) -> Result<Outcome, Failure> {
    let mut objects = Vec::with_capacity(parts.len());
    for (number, bytes) in (1..).zip(parts) {
        let value = part(request, plan, attributes, number, bytes);
        let own = attributes.clone();
        let object =
            creation::object(cx, ObjectType::SplitKey, own, &value, Origin::Made, |_| true)?;
        objects.push((object, value));
    }
    let uids: Vec<String> = objects.iter().map(|(object, _)| object.uid.clone()).collect();
    let mut changes = Vec::with_capacity(objects.len() + 1);
    for (place, (mut object, value)) in objects.into_iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| uids.get(place));
        link(&mut object, LinkType::ParentLink, source.as_ref().map(|held| &held.object().uid));
        link(&mut object, LinkType::PreviousLink, before);
        link(&mut object, LinkType::NextLink, uids.get(place + 1));
        split::remember(&mut object, source.iter());
        creation::check_size(cx, &object)?;
        changes.push(match &source {
            Some(held) => cx.insert_beside(held, object, &value).await?,
            None => cx.insert(object, &value).await?,
        });
    }
    changes.extend(source.map(|held| with_child(cx, &held, uids.first())).transpose()?);
    let response = Response {
        object_type: None,
        uids: uids.iter().map(|uid| UniqueIdentifier::from(uid.clone())).collect(),
        attributes: None,
    };
    let response = ResponsePayload::CreateSplitKey(response);
    Ok(Outcome { response, changes, uids, placeholder: Placeholder::Set })
}

fn part(
    request: &Request<'_>,
    plan: &Plan,
    attributes: &AttributeSet,
    number: i32,
    bytes: Secret<Vec<u8>>,
) -> ManagedObject {
    let algorithm = match attributes.first(AttributeKind::CryptographicAlgorithm) {
        Some(Attribute::CryptographicAlgorithm(algorithm)) => Some(*algorithm),
        _ => None,
    };
    let length = match attributes.first(AttributeKind::CryptographicLength) {
        Some(Attribute::CryptographicLength(bits)) => Some(*bits),
        _ => None,
    };
    let value = KeyValue::new(KeyMaterial::Bytes(bytes));
    let key_block = KeyBlock { algorithm, length, ..KeyBlock::new(KeyFormatType::Raw, value) };
    let prime_field_size = match plan.method() {
        Method::Prime(field) => Some(BigInteger::from_unsigned(&field.to_bytes())),
        _ => None,
    };
    ManagedObject::SplitKey(SplitKey {
        parts: request.parts,
        part: number,
        threshold: request.threshold,
        method: request.method,
        prime_field_size,
        key_block,
    })
}

fn link(object: &mut Object, kind: LinkType, to: Option<&String>) {
    if let Some(uid) = to {
        object.attributes.add(set::link(kind, uid));
    }
}

/// The key that was split, with a link to its first part; the links of the parts lead on.
fn with_child(cx: &Context<'_>, held: &Held, first: Option<&String>) -> Result<Change, Failure> {
    let mut object = held.object().clone();
    link(&mut object, LinkType::ChildLink, first);
    object.touch(cx.now());
    creation::check_size(cx, &object)?;
    Ok(cx.update(held, object))
}
