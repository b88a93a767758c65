//! What Locate looks for (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{ObjectType, State};

use super::{IndexEntry, Object};

/// Conditions that must all hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter(Vec<Condition>);

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// Some instance is like this one.
    Like(Attribute),
    /// The date lies between these two, both included (seconds since the epoch).
    Between(AttributeKind, i64, i64),
}

/// A filter that nothing can be looked for with; it would widen the result to ignore it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// No such attribute.
    #[error("{0} is not an attribute")]
    Unknown(String),
    /// More values of one date than the two ends of a range.
    #[error("{0} is given more than twice")]
    Range(&'static str),
}

impl Filter {
    /// The filter that the attributes of a request ask for.
    ///
    /// # Errors
    /// [`BadFilter`], because a filter that is not understood must not be left out.
    pub fn new<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Result<Self, BadFilter> {
        let mut conditions: Vec<Condition> = Vec::new();
        for attribute in attributes {
            match (attribute, date(attribute)) {
                (Attribute::Unknown(unknown), _) => {
                    return Err(BadFilter::Unknown(unknown.name().into_owned()));
                }
                (_, Some(date)) => add_date(&mut conditions, attribute.kind(), date)?,
                _ => conditions.push(Condition::Like(attribute.clone())),
            }
        }
        Ok(Self(conditions))
    }

    /// Whether the object is one that is looked for.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        self.0.iter().all(|condition| condition.holds(object))
    }

    /// The identifier, if that is among what is looked for.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.likes().find_map(|attribute| match attribute {
            Attribute::UniqueIdentifier(uid) => uid.text(),
            _ => None,
        })
    }

    /// The object type, if that is among what is looked for.
    #[must_use]
    pub fn object_type(&self) -> Option<ObjectType> {
        self.likes().find_map(|attribute| match attribute {
            Attribute::ObjectType(object_type) => Some(*object_type),
            _ => None,
        })
    }

    /// The state, if that is among what is looked for.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.likes().find_map(|attribute| match attribute {
            Attribute::State(state) => Some(*state),
            _ => None,
        })
    }

    /// The index entry that narrows the search most, if any does.
    #[must_use]
    pub fn entry(&self) -> Option<IndexEntry> {
        // Names tell more objects apart than groups do.
        let selectivity = |attribute: &&Attribute| match attribute.kind() {
            AttributeKind::Name | AttributeKind::AlternativeName => 0,
            AttributeKind::Link | AttributeKind::Custom => 1,
            _ => 2,
        };
        let mut exact: Vec<&Attribute> = self.likes().filter(|found| is_exact(found)).collect();
        exact.sort_by_key(selectivity);
        exact.into_iter().find_map(IndexEntry::of)
    }

    fn likes(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter().filter_map(|condition| match condition {
            Condition::Like(attribute) => Some(attribute),
            Condition::Between(..) => None,
        })
    }
}

/// Whether only an equal value matches, so that an index can find it.
fn is_exact(attribute: &Attribute) -> bool {
    !matches!(attribute, Attribute::ApplicationSpecificInformation(info) if info.data.is_none())
}

/// Two values of one date are the ends of a range; one is that very second.
fn add_date(
    conditions: &mut Vec<Condition>,
    kind: AttributeKind,
    date: i64,
) -> Result<(), BadFilter> {
    let known = conditions.iter_mut().find_map(|condition| match condition {
        Condition::Between(known, from, to) if *known == kind => Some((from, to)),
        _ => None,
    });
    match known {
        None => conditions.push(Condition::Between(kind, date, date)),
        Some((from, to)) if from == to => {
            *from = date.min(*from);
            *to = date.max(*to);
        }
        Some(_) => return Err(BadFilter::Range(kind.name())),
    }
    Ok(())
}

impl Condition {
    fn holds(&self, object: &Object) -> bool {
        match self {
            Self::Like(Attribute::UniqueIdentifier(uid)) => uid.text() == Some(&object.uid),
            Self::Like(Attribute::ObjectType(object_type)) => *object_type == object.object_type,
            Self::Like(wanted) => {
                object.attributes.iter().any(|found| is_like(&found.attribute, wanted))
            }
            Self::Between(kind, from, to) => object
                .attributes
                .first(*kind)
                .and_then(date)
                .is_some_and(|date| (*from..=*to).contains(&date)),
        }
    }
}

/// Whether `found` is what `wanted` asks for: equal; for a mask, with all the bits asked for; for
/// application data, of the namespace asked for.
fn is_like(found: &Attribute, wanted: &Attribute) -> bool {
    match (found, wanted) {
        (Attribute::CryptographicUsageMask(found), Attribute::CryptographicUsageMask(wanted)) => {
            found.contains(*wanted)
        }
        (Attribute::ProtectionStorageMask(found), Attribute::ProtectionStorageMask(wanted)) => {
            found.contains(*wanted)
        }
        (
            Attribute::ApplicationSpecificInformation(found),
            Attribute::ApplicationSpecificInformation(wanted),
        ) if wanted.data.is_none() => found.namespace == wanted.namespace,
        _ => found == wanted,
    }
}

/// The date, in seconds since the epoch, if the attribute is one.
fn date(attribute: &Attribute) -> Option<i64> {
    use Attribute as A;
    match attribute {
        A::InitialDate(date)
        | A::ActivationDate(date)
        | A::ProcessStartDate(date)
        | A::ProtectStopDate(date)
        | A::DeactivationDate(date)
        | A::DestroyDate(date)
        | A::CompromiseOccurrenceDate(date)
        | A::CompromiseDate(date)
        | A::ArchiveDate(date)
        | A::LastChangeDate(date)
        | A::OriginalCreationDate(date)
        | A::RotateDate(date) => Some(date.0),
        _ => None,
    }
}
