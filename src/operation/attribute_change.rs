//! What Add, Modify, Delete and Set Attribute have in common: when a change is allowed, and what
//! follows from it.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, IndexedAttribute};
use kmip_ttlv::enums::State;

use super::{Failure, creation};
use crate::object::rules::{self, When};
use crate::object::{Object, set};

/// Adds an instance, and returns its index.
///
/// # Errors
/// What forbids it.
pub(super) fn add(
    object: &mut Object,
    attribute: &Attribute,
    instances_max: usize,
    now: i64,
) -> Result<IndexedAttribute, Failure> {
    creation::check_given(attribute)?;
    let meant = set::reference(attribute);
    let name = || attribute.name().into_owned();
    let has = object.attributes.instances(&meant).next().is_some();
    if has && !attribute.kind().is_multi_instance() {
        return Err(Failure::AttributeSingleValued(name()));
    }
    if object.attributes.iter().count() >= instances_max {
        return Err(Failure::LimitExceeded("the object has too many attributes"));
    }
    if object.attributes.instances(&meant).any(|known| known.attribute == *attribute)
        && attribute.kind() == AttributeKind::Name
    {
        return Err(Failure::NameTaken);
    }
    // What no client may change can still be added while it is not there.
    if let Some(rule) = rules::rule(attribute.kind())
        && rule.modify != When::Never
    {
        check_when(rule.modify, object, &meant, now)?;
    }
    let attribute = creation::normal(attribute);
    let index = object.attributes.add(attribute.clone());
    finish(object, now)?;
    Ok(IndexedAttribute { index: (index > 0).then_some(index), attribute })
}

/// Gives one instance another value.
///
/// # Errors
/// What forbids it.
pub(super) fn replace(
    object: &mut Object,
    index: i32,
    attribute: &Attribute,
    now: i64,
) -> Result<IndexedAttribute, Failure> {
    let meant = set::reference(attribute);
    check_when(rule_of(attribute)?.modify, object, &meant, now)?;
    creation::check_given(attribute)?;
    let attribute = creation::normal(attribute);
    if !object.attributes.replace(index, attribute.clone()) {
        return Err(Failure::AttributeInstanceNotFound(attribute.name().into_owned()));
    }
    finish(object, now)?;
    Ok(IndexedAttribute { index: (index > 0).then_some(index), attribute })
}

/// Takes one instance away.
///
/// # Errors
/// What forbids it.
pub(super) fn remove(
    object: &mut Object,
    meant: &AttributeReference,
    index: i32,
    now: i64,
) -> Result<IndexedAttribute, Failure> {
    check_deletable(object, meant, now)?;
    let gone = object.attributes.remove(meant, index);
    let gone = gone.ok_or_else(|| Failure::AttributeInstanceNotFound(meant.name().into_owned()))?;
    finish(object, now)?;
    Ok(gone)
}

/// Takes all instances away.
///
/// # Errors
/// What forbids it.
pub(super) fn remove_all(
    object: &mut Object,
    meant: &AttributeReference,
    now: i64,
) -> Result<(), Failure> {
    check_deletable(object, meant, now)?;
    object.attributes.remove_all(meant);
    finish(object, now)
}

fn check_deletable(object: &Object, meant: &AttributeReference, now: i64) -> Result<(), Failure> {
    let name = || meant.name().into_owned();
    let kind = match meant {
        AttributeReference::Known(kind) => *kind,
        AttributeReference::Custom { .. } => AttributeKind::Custom,
        _ => return Err(Failure::UnsupportedAttribute(name())),
    };
    let rule = rules::rule(kind).ok_or_else(|| Failure::UnsupportedAttribute(name()))?;
    if rule.delete == When::Never {
        return Err(Failure::AttributeReadOnly(name()));
    }
    if object.attributes.instances(meant).next().is_none() {
        return Err(Failure::AttributeNotFound(name()));
    }
    check_when(rule.delete, object, meant, now)
}

fn rule_of(attribute: &Attribute) -> Result<&'static rules::Rule, Failure> {
    rules::rule(attribute.kind())
        .ok_or_else(|| Failure::UnsupportedAttribute(attribute.name().into_owned()))
}

/// The index of the instance that a request means, in 1.x by number, in 2.x by its value now.
///
/// # Errors
/// [`Failure::AttributeNotFound`] or [`Failure::AttributeInstanceNotFound`]; of several instances,
/// one must be named.
pub(super) fn which(
    object: &Object,
    meant: &AttributeReference,
    current: Option<&Attribute>,
    index: Option<i32>,
    is_2x: bool,
) -> Result<i32, Failure> {
    let name = || meant.name().into_owned();
    let instances: Vec<&IndexedAttribute> = object.attributes.instances(meant).collect();
    let found = match (instances.as_slice(), current) {
        ([], _) => return Err(Failure::AttributeNotFound(name())),
        (some, Some(current)) => some.iter().find(|one| one.attribute == *current),
        ([only], None) if is_2x => Some(only),
        (_, None) if is_2x => None,
        (some, None) => {
            let index = index.unwrap_or(0);
            some.iter().find(|one| set::index_of(one) == index)
        }
    };
    let found = found.ok_or_else(|| Failure::AttributeInstanceNotFound(name()))?;
    Ok(set::index_of(found))
}

/// Whether the rule's time is now.
fn check_when(
    when: When,
    object: &Object,
    meant: &AttributeReference,
    now: i64,
) -> Result<(), Failure> {
    let state = object.state();
    let not_ended = matches!(state, State::PreActive | State::Active);
    let allowed = match when {
        When::Never => return Err(Failure::AttributeReadOnly(meant.name().into_owned())),
        When::Always => true,
        When::PreActive => state == State::PreActive,
        When::NotEnded => not_ended,
        When::Ahead => not_ended && !object.attributes.instances(meant).any(|d| has_come(d, now)),
        When::Unused => object.usage_limits().is_none_or(|l| l.count.is_none_or(|c| c == l.total)),
        When::OwnVendor => {
            let servers =
                matches!(meant, AttributeReference::Custom { vendor, .. } if vendor == "y");
            if servers {
                return Err(Failure::AttributeReadOnly(meant.name().into_owned()));
            }
            true
        }
    };
    if allowed { Ok(()) } else { Err(Failure::AttributeFixedByState(meant.name().into_owned())) }
}

fn has_come(instance: &IndexedAttribute, now: i64) -> bool {
    match &instance.attribute {
        Attribute::ProcessStartDate(date) | Attribute::ProtectStopDate(date) => date.0 <= now,
        _ => false,
    }
}

/// What follows from a change: the dates are still in order, the state is what they say, and what
/// was once not sensitive or once extractable stays known as that.
fn finish(object: &mut Object, now: i64) -> Result<(), Failure> {
    creation::check_dates(object)?;
    if let Some(settled) = object.settled(now) {
        *object = settled;
    }
    if !object.is_sensitive() {
        object.attributes.put(Attribute::AlwaysSensitive(false));
    }
    if object.is_extractable() {
        object.attributes.put(Attribute::NeverExtractable(false));
    }
    object.touch(now);
    Ok(())
}
