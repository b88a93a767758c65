//! What Add, Modify, Delete and Set Attribute have in common: when a change is allowed, and what
//! follows from it.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, IndexedAttribute};
use kmip_ttlv::enums::State;

use super::{Context, Failure, creation};
use crate::object::rules::{self, When};
use crate::object::{Object, set};

/// Adds an instance, and returns its index.
///
/// What no client may change can still be given while it is not there.
///
/// # Errors
/// What forbids it.
pub(super) fn add(
    cx: &Context<'_>,
    object: &mut Object,
    attribute: &Attribute,
) -> Result<IndexedAttribute, Failure> {
    let name = || attribute.name().into_owned();
    let kind = attribute.kind();
    creation::check_given(attribute)?;
    if !rules::is_held(kind, object, cx.version()) {
        return Err(Failure::AttributeNotHeld(name()));
    }
    let meant = set::reference(attribute);
    let has = object.attributes.instances(&meant).next().is_some();
    if has && !kind.is_multi_instance() {
        return Err(Failure::AttributeExists(name()));
    }
    if object.attributes.iter().count() >= cx.parts().facts.attributes_max {
        return Err(Failure::TooManyAttributes);
    }
    check_name(object, attribute)?;
    let rule = rule_of(attribute)?;
    if rule.modify != When::Never {
        check_when(rule.modify, object, &meant, cx.now())?;
    }
    let attribute = creation::normal(cx, attribute)?;
    let index = object.attributes.add(attribute.clone());
    finish(object, cx.now(), kind)?;
    creation::check_size(cx, object)?;
    Ok(IndexedAttribute { index: (index > 0).then_some(index), attribute })
}

/// Gives the instance that is meant another value: in 1.x the one of this index, in 2.x the one
/// that is `current` now, or the only one.
///
/// # Errors
/// What forbids it.
pub(super) fn replace(
    cx: &Context<'_>,
    object: &mut Object,
    IndexedAttribute { index, attribute }: &IndexedAttribute,
    current: Option<&Attribute>,
) -> Result<IndexedAttribute, Failure> {
    let meant = set::reference(attribute);
    let when = rule_of(attribute)?.modify;
    if when == When::Never {
        return Err(Failure::AttributeReadOnly(attribute.name().into_owned()));
    }
    let index =
        which(object, &meant, current, *index, cx.version().is_2x()).map_err(|failure| {
            match failure {
                Failure::AttributeNotFound(name) => Failure::NothingToModify(name),
                other => other,
            }
        })?;
    check_when(when, object, &meant, cx.now())?;
    creation::check_given(attribute)?;
    if object.attributes.instance(&meant, index) != Some(attribute) {
        check_name(object, attribute)?;
    }
    let attribute = creation::normal(cx, attribute)?;
    if !object.attributes.replace(index, attribute.clone()) {
        return Err(Failure::AttributeInstanceNotFound(attribute.name().into_owned()));
    }
    finish(object, cx.now(), attribute.kind())?;
    creation::check_size(cx, object)?;
    Ok(IndexedAttribute { index: (index > 0).then_some(index), attribute })
}

/// Adds the attribute, or changes its only value.
///
/// # Errors
/// What forbids it.
pub(super) fn put(
    cx: &Context<'_>,
    object: &mut Object,
    attribute: &Attribute,
) -> Result<(), Failure> {
    let name = || attribute.name().into_owned();
    creation::check_given(attribute)?;
    match object.attributes.instances(&set::reference(attribute)).count() {
        0 => add(cx, object, attribute).map(drop),
        1 if rule_of(attribute)?.modify == When::Never => Err(Failure::AttributeNotGiven(name())),
        1 => replace(cx, object, &attribute.clone().into(), None).map(drop),
        _ => Err(Failure::AttributeMultiValued(name())),
    }
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
    finish(object, now, gone.attribute.kind())?;
    Ok(gone)
}

/// Takes the instance with this value away.
///
/// # Errors
/// What forbids it.
pub(super) fn remove_value(
    object: &mut Object,
    value: &Attribute,
    now: i64,
) -> Result<IndexedAttribute, Failure> {
    let meant = set::reference(value);
    check_deletable(object, &meant, now)?;
    let index = which(object, &meant, Some(value), None, true)?;
    remove(object, &meant, index, now)
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
    let gone = object.attributes.remove_all(meant);
    let kind = gone.first().map_or(AttributeKind::Custom, Attribute::kind);
    finish(object, now, kind)
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
fn which(
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

/// An object has each name once.
fn check_name(object: &Object, attribute: &Attribute) -> Result<(), Failure> {
    let is_name = attribute.kind() == AttributeKind::Name;
    if is_name && object.attributes.iter().any(|known| known.attribute == *attribute) {
        return Err(Failure::NameTaken);
    }
    Ok(())
}

/// What follows from a change: a date is still in order with the others, the state is what the
/// dates say, and what was once not sensitive or once extractable stays known as that.
fn finish(object: &mut Object, now: i64, changed: AttributeKind) -> Result<(), Failure> {
    object.check_dates(|kind| kind == changed)?;
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
