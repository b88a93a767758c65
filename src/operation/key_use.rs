//! What every operation does that computes with a key: it takes out the key's bytes, and what it
//! uses off the key's Usage Limits.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters};
use kmip_ttlv::object::ManagedObject;

use super::context::{Context, Held};
use super::part::Part;
use super::{Failure, value};
use crate::object::{Object, set};
use crate::store::Change;

/// The bytes of a key.
///
/// # Errors
/// [`Failure::KeyValueAbsent`] if the server does not have them, or
/// [`Failure::CryptographicFailure`] if they are not plain.
pub(super) fn bytes(key: &ManagedObject) -> Result<&[u8], Failure> {
    if key.key_block().is_none_or(|block| block.value.is_none()) {
        return Err(Failure::KeyValueAbsent);
    }
    let unreadable = "the server cannot compute with a key of this Key Format Type";
    value::key_bytes(key).ok_or(Failure::CryptographicFailure(unreadable))
}

/// The key's own Cryptographic Parameters: the instance of lowest index (KMIP 1.4 §4.29).
#[must_use]
pub(super) fn parameters(object: &Object) -> Option<&CryptographicParameters> {
    let meant = AttributeReference::Known(AttributeKind::CryptographicParameters);
    let instances = object.attributes.instances(&meant);
    match &instances.min_by_key(|instance| set::index_of(instance))?.attribute {
        Attribute::CryptographicParameters(parameters) => Some(parameters),
        _ => None,
    }
}

/// Takes off the key's Usage Limits what this part protects: its bytes, and the key's use as one
/// object when the operation begins (KMIP 1.4 §3.21, KMIP 2.1 §4.59). Returns what must be durable.
///
/// # Errors
/// [`Failure::UsageLimit`] if they are used up.
pub(super) fn charge(
    cx: &Context<'_>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    take_off(cx, held, part.data.len(), part.step.begins(), &mut changes)?;
    Ok(changes)
}

/// Takes so many bytes, and one object if `whole`, off the key's Usage Limits. Other changes of the
/// same item may have changed the key already.
///
/// # Errors
/// [`Failure::UsageLimit`] if they are used up.
pub(super) fn take_off(
    cx: &Context<'_>,
    held: &Held,
    bytes: usize,
    whole: bool,
    changes: &mut Vec<Change>,
) -> Result<(), Failure> {
    if held.object().usage_limits().is_none() {
        return Ok(());
    }
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    if let Some(object) = changed(changes, &held.object().uid) {
        object.use_up(bytes, u64::from(whole))?;
        return Ok(());
    }
    let mut object = held.object().clone();
    if object.use_up(bytes, u64::from(whole))? {
        changes.push(cx.update(held, object));
    }
    Ok(())
}

/// The new form that one of these changes gives an object.
pub(super) fn changed<'c>(changes: &'c mut [Change], uid: &str) -> Option<&'c mut Object> {
    changes.iter_mut().find_map(|change| match change {
        Change::Update { stored, .. } if stored.object.uid == uid => Some(&mut stored.object),
        _ => None,
    })
}
