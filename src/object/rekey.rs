//! What a replacement takes over from the key that it replaces (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, IndexedAttribute};
use kmip_ttlv::enums::LinkType;

use super::rules::{self, Carry};
use super::{AttributeSet, Object, set};

/// The dates that move along with the Activation Date.
const MOVED: &[AttributeKind] = &[
    AttributeKind::ProcessStartDate,
    AttributeKind::ProtectStopDate,
    AttributeKind::DeactivationDate,
];

/// The dates that a request may give together with no offset only.
pub const DATES: &[AttributeKind] = &[
    AttributeKind::ActivationDate,
    AttributeKind::ProcessStartDate,
    AttributeKind::ProtectStopDate,
    AttributeKind::DeactivationDate,
];

/// Dates shall move along with an Activation Date that the old key does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key has no Activation Date from which its other dates could be moved")]
pub struct NoActivationDate;

/// What the replacement of `old` starts out with, and takes from it: names leave the old key, the
/// usage limit starts anew, and with an offset (seconds) the dates move along with the activation.
///
/// # Errors
/// [`NoActivationDate`] where there is an offset and a date to move, but nothing to measure from.
pub fn take_over(
    old: &mut Object,
    now: i64,
    offset: Option<i64>,
) -> Result<AttributeSet, NoActivationDate> {
    let mut taken = AttributeSet::default();
    for instance in old.attributes.iter() {
        if rules::carry(instance.attribute.kind()) == Carry::Copied {
            taken.add(renewed(&instance.attribute));
        }
    }
    for rule in rules::RULES.iter().filter(|rule| rule.carry == Carry::Moved) {
        for moved in old.attributes.remove_all(&rule.kind.into()) {
            taken.add(moved);
        }
    }
    if let Some(offset) = offset {
        shift(&mut taken, old.activation_date(), now.saturating_add(offset))?;
    }
    Ok(taken)
}

/// Gives the replacement what the request says of it: a Name in addition to those taken over,
/// anything else instead of what was copied.
pub fn give(taken: &mut AttributeSet, given: &AttributeSet) {
    for instance in given.iter() {
        let kind = instance.attribute.kind();
        if kind != AttributeKind::Name {
            taken.remove_all(&set::reference(&instance.attribute));
        }
    }
    for instance in given.iter() {
        taken.add(instance.attribute.clone());
    }
}

/// Links both keys to each other (KMIP 1.4 §3.35).
///
/// "There SHALL be only one such replacement object", and yet nothing in Re-key forbids to replace a
/// key again that was replaced: any state will do. So the old key's link turns to the newest
/// replacement, which has its names and says in 2.x that it is the latest; the one before keeps its
/// own link back.
pub fn link(old: &mut Object, new: &mut Object) {
    new.attributes.add(set::link(LinkType::ReplacedObjectLink, &old.uid));
    let links = AttributeReference::Known(AttributeKind::Link);
    let mut before: Vec<i32> = old
        .attributes
        .instances(&links)
        .filter(|instance| is_link(instance, LinkType::ReplacementObjectLink))
        .map(set::index_of)
        .collect();
    let to_new = set::link(LinkType::ReplacementObjectLink, &new.uid);
    if before.is_empty() {
        old.attributes.add(to_new);
        return;
    }
    old.attributes.replace(before.remove(0), to_new);
    // What a client has added beside it.
    for more in before {
        old.attributes.remove(&links, more);
    }
}

fn is_link(instance: &IndexedAttribute, wanted: LinkType) -> bool {
    matches!(&instance.attribute, Attribute::Link(link) if link.kind == wanted)
}

fn renewed(attribute: &Attribute) -> Attribute {
    match attribute {
        Attribute::UsageLimits(limits) => {
            let mut limits = limits.clone();
            limits.count = Some(limits.total);
            Attribute::UsageLimits(limits)
        }
        other => other.clone(),
    }
}

/// Moves the dates so that the object is activated at `activation`.
fn shift(
    taken: &mut AttributeSet,
    old_activation: Option<i64>,
    activation: i64,
) -> Result<(), NoActivationDate> {
    taken.put(Attribute::ActivationDate(DateTime(activation)));
    let Some(old_activation) = old_activation else {
        let has_dates = MOVED.iter().any(|kind| taken.first(*kind).is_some());
        return if has_dates { Err(NoActivationDate) } else { Ok(()) };
    };
    let moved = |date: &DateTime| {
        DateTime(date.0.saturating_add(activation.saturating_sub(old_activation)))
    };
    for kind in MOVED {
        let shifted = match taken.first(*kind) {
            Some(Attribute::ProcessStartDate(date)) => Attribute::ProcessStartDate(moved(date)),
            Some(Attribute::ProtectStopDate(date)) => Attribute::ProtectStopDate(moved(date)),
            Some(Attribute::DeactivationDate(date)) => Attribute::DeactivationDate(moved(date)),
            _ => continue,
        };
        taken.put(shifted);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// What the specification says of each attribute, by its name in one word.
    fn facts() -> HashMap<String, String> {
        let rows = include_str!("../../fixtures/kmip/rekey_attributes.csv").lines();
        let rows = rows.filter_map(|row| row.strip_prefix("ReKey,")?.split_once(','));
        rows.map(|(name, fact)| (name.to_owned(), fact.to_owned())).collect()
    }

    /// Attributes of which the table says nothing because they are not the old key's to hand on:
    /// other sections say that the server sets them anew.
    const OWN: &[AttributeKind] = &[
        AttributeKind::ShortUniqueIdentifier,
        AttributeKind::OriginalCreationDate,
        AttributeKind::ArchiveDate,
        AttributeKind::Fresh,
        AttributeKind::RotateDate,
        AttributeKind::RotateGeneration,
        AttributeKind::RotateLatest,
    ];

    #[test]
    fn attributes_are_carried_as_the_specification_says() {
        let facts = facts();
        for kind in AttributeKind::ALL {
            let word: String = kind.name().split(' ').collect();
            let expected = match facts.get(&word).map(String::as_str) {
                None if OWN.contains(kind) => Carry::Left,
                None => Carry::Copied,
                Some("moved from the old object to the new one") => Carry::Moved,
                Some(fact) if fact.starts_with("if Offset is given") => Carry::Copied,
                Some(fact) if fact.starts_with("\"Total copied") => Carry::Copied,
                Some(
                    "now"
                    | "absent"
                    | "new"
                    | "from the dates"
                    | "recomputed"
                    | "new: ReplacedObjectLink to the old; old: ReplacementObjectLink to the new"
                    | "the generator used for the new object",
                ) => Carry::Left,
                Some(other) => panic!("{other}"),
            };
            assert_eq!(rules::carry(*kind), expected, "{}", kind.name());
        }
    }
}
