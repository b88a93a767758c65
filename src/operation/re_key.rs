//! Re-key (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).

use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::re_key::{Request, Response};

use super::context::{Context, Right};
use super::creation::{self, Origin};
use super::{Failure, Outcome, create, key_length, own_keys, value};
use crate::object::{AttributeSet, Object, rekey, rotation};

/// Makes a key that takes the place of another: its attributes, its names, and a link to it.
///
/// The old key stays as it is otherwise. Any state will do, as long as there is a key.
pub(super) async fn re_key(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Replace).await?;
    if own_keys::is_one(&held.object().uid) {
        return own_keys::re_key(cx, request, &held.object().uid).await;
    }
    let mut old = held.object().clone();
    check_replaceable(&old)?;
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let (given, format) = creation::asked(cx, request.attributes.as_ref()).await?;
    let is_given = |kind: AttributeKind| given.first(kind).is_some();
    check_offset(request.offset.is_some(), is_given)?;
    let offset = request.offset.map(|offset| i64::from(offset.0));
    let mut attributes = rekey::take_over(&mut old, cx.now(), offset)?;
    rekey::give(&mut attributes, &given);
    let value = replacement(cx, &old, &attributes)?;
    let value = value::in_format(cx.version(), &attributes, value, format, None)?;
    let object_type = old.object_type;
    let origin = Origin::Made;
    let mut new = creation::object(cx, object_type, attributes, &value, origin, is_given)?;
    rekey::link(&mut old, &mut new);
    rotation::mark(&mut old, &mut new, cx.now());
    old.touch(cx.now());
    creation::check_size(cx, &old)?;
    creation::check_size(cx, &new)?;
    let uid = new.uid.clone();
    let insert = cx.insert_beside(&held, new, &value).await?;
    let changes = vec![insert, cx.update(&held, old)];
    let response = Response { uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, changes, ResponsePayload::ReKey(response)))
}

/// Holds that not both an Offset and a date are given.
///
/// # Errors
/// [`Failure::InvalidMessage`].
pub(super) fn check_offset(
    has_offset: bool,
    is_given: impl Fn(AttributeKind) -> bool,
) -> Result<(), Failure> {
    if has_offset && rekey::DATES.iter().any(|date| is_given(*date)) {
        let message = "an Offset and a date cannot be given together";
        return Err(Failure::InvalidMessage(message.into()));
    }
    Ok(())
}

fn check_replaceable(old: &Object) -> Result<(), Failure> {
    if old.object_type != ObjectType::SymmetricKey {
        return Err(Failure::NotUsable("only symmetric keys can be re-keyed"));
    }
    if old.is_destroyed() {
        return Err(Failure::Destroyed);
    }
    let present = old.attributes.first(AttributeKind::KeyValuePresent);
    if present == Some(&Attribute::KeyValuePresent(false)) {
        return Err(Failure::KeyValueAbsent);
    }
    Ok(())
}

/// A new key of the old one's algorithm and length.
fn replacement(
    cx: &Context<'_>,
    old: &Object,
    attributes: &AttributeSet,
) -> Result<ManagedObject, Failure> {
    for kind in [AttributeKind::CryptographicAlgorithm, AttributeKind::CryptographicLength] {
        if attributes.first(kind) != old.attributes.first(kind) {
            let message = format!("the {} of a key cannot be changed", kind.name());
            return Err(Failure::InvalidField(message));
        }
    }
    let algorithm = old.algorithm();
    let algorithm =
        algorithm.ok_or(Failure::NotUsable("the key has no Cryptographic Algorithm"))?;
    let bits = key_length::bits(cx, algorithm, old.length_bits())?;
    create::check_quantum_safety(attributes, bits)?;
    Ok(value::raw_key(Some(algorithm), bits, key_length::key(cx, algorithm, bits)?))
}
