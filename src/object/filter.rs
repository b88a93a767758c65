//! What Locate looks for (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

mod likeness;

use kmip_ttlv::UniqueIdentifier;
use kmip_ttlv::attribute::{Attribute, AttributeKind, PartialAttribute};
use kmip_ttlv::enums::{ObjectType, State};

use super::date_order::date;
use super::{IndexEntry, Object};
use likeness::{Pattern, fits_partly};

/// The most conditions of one search: attributes, equal ones counted once, and ranges of dates.
pub const CONDITIONS_MAX: usize = 32;

/// A date that stands for an attribute that is not there: the largest that there is.
const UNDEFINED: i64 = i64::MAX;

/// Conditions that must all hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter(Vec<Condition>);

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// Some instance is like this one.
    Like(Pattern),
    /// Some instance has these fields.
    Partly(PartialAttribute),
    /// The date lies between these two, both included (seconds since the epoch).
    Between(AttributeKind, i64, i64),
}

/// A filter that nothing can be looked for with; it would widen the result to ignore it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// No such attribute.
    #[error("{0:.64} is not an attribute")]
    Unknown(String),
    /// More values of one date than the two ends of a range.
    #[error("{0} is given more than twice")]
    Range(&'static str),
    /// More than [`CONDITIONS_MAX`] conditions.
    #[error("more than {CONDITIONS_MAX} attributes are searched for")]
    TooMany,
}

impl Filter {
    /// The filter that the attributes of a request ask for.
    ///
    /// # Errors
    /// [`BadFilter`], because a filter that is not understood must not be left out.
    pub fn new<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Result<Self, BadFilter> {
        let mut conditions: Vec<Condition> = Vec::new();
        let mut whole_ranges: Vec<AttributeKind> = Vec::new();
        for attribute in attributes {
            match (attribute, date(attribute)) {
                (Attribute::Unknown(unknown), _) => {
                    return Err(BadFilter::Unknown(unknown.name().into_owned()));
                }
                (_, Some(date)) => {
                    add_date(&mut conditions, &mut whole_ranges, attribute.kind(), date)?;
                }
                _ => {
                    let like = Condition::Like(Pattern::new(attribute.clone()));
                    if !conditions.contains(&like) {
                        conditions.push(like);
                    }
                }
            }
            if conditions.len() > CONDITIONS_MAX {
                return Err(BadFilter::TooMany);
            }
        }
        Ok(Self(conditions))
    }

    /// Asks for an attribute that has some fields.
    ///
    /// # Errors
    /// [`BadFilter::TooMany`].
    pub fn add_partly(&mut self, attribute: PartialAttribute) -> Result<(), BadFilter> {
        if self.0.len() >= CONDITIONS_MAX {
            return Err(BadFilter::TooMany);
        }
        self.0.push(Condition::Partly(attribute));
        Ok(())
    }

    /// Asks for one more thing.
    pub fn add(&mut self, attribute: Attribute) {
        self.0.push(Condition::Like(Pattern::new(attribute)));
    }

    /// Whether the object is one that is looked for. `derived` are attributes that it has without
    /// keeping them.
    #[must_use]
    pub fn matches(&self, object: &Object, derived: &[Attribute]) -> bool {
        self.0.iter().all(|condition| condition.holds(object, derived))
    }

    /// The attributes that are looked at, each once or more.
    pub fn kinds(&self) -> impl Iterator<Item = AttributeKind> {
        self.0.iter().map(|condition| match condition {
            Condition::Like(pattern) => pattern.attribute().kind(),
            Condition::Partly(attribute) => attribute.kind,
            Condition::Between(kind, ..) => *kind,
        })
    }

    /// The identifier, if that is among what is looked for.
    #[must_use]
    pub fn uid(&self) -> Option<&UniqueIdentifier<'static>> {
        self.likes().find_map(|attribute| match attribute {
            Attribute::UniqueIdentifier(uid) => Some(&uid.0),
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

    /// The object groups that are looked for.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.likes().filter_map(|attribute| match attribute {
            Attribute::ObjectGroup(group) => Some(group.as_str()),
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
            Condition::Like(pattern) => Some(pattern.attribute()),
            Condition::Partly(_) | Condition::Between(..) => None,
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
    whole_ranges: &mut Vec<AttributeKind>,
    kind: AttributeKind,
    date: i64,
) -> Result<(), BadFilter> {
    let known = conditions.iter_mut().find_map(|condition| match condition {
        Condition::Between(known, from, to) if *known == kind => Some((from, to)),
        _ => None,
    });
    let Some((from, to)) = known else {
        conditions.push(Condition::Between(kind, date, date));
        return Ok(());
    };
    if whole_ranges.contains(&kind) {
        return Err(BadFilter::Range(kind.name()));
    }
    whole_ranges.push(kind);
    *from = date.min(*from);
    *to = date.max(*to);
    Ok(())
}

impl Condition {
    fn holds(&self, object: &Object, derived: &[Attribute]) -> bool {
        match self {
            Self::Like(pattern) => match pattern.attribute() {
                Attribute::UniqueIdentifier(uid) => uid.text() == Some(&object.uid),
                Attribute::ObjectType(object_type) => *object_type == object.object_type,
                _ => all(object, derived).any(|found| pattern.fits(found)),
            },
            Self::Partly(wanted) => all(object, derived).any(|found| fits_partly(found, wanted)),
            Self::Between(kind, from, to) => match object.attributes.first(*kind).and_then(date) {
                Some(date) => (*from..=*to).contains(&date),
                None => *from == UNDEFINED,
            },
        }
    }
}

/// The attributes that an object keeps, and those that it has without keeping them.
fn all<'a>(object: &'a Object, derived: &'a [Attribute]) -> impl Iterator<Item = &'a Attribute> {
    object.attributes.iter().map(|found| &found.attribute).chain(derived)
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::DateTime;
    use kmip_ttlv::attribute::{ApplicationSpecificInformation, Name, UsageLimits};
    use kmip_ttlv::enums::{CryptographicUsageMask, NameType, UsageLimitsUnit};
    use proptest::prelude::*;

    use super::*;
    use crate::object::AttributeSet;

    fn text() -> impl Strategy<Value = String> {
        proptest::sample::select(vec!["a", "b"]).prop_map(str::to_owned)
    }

    /// Attributes of few values, so that filters meet objects.
    fn attribute() -> impl Strategy<Value = Attribute> {
        let name = |value| Name { value, kind: NameType::UninterpretedTextString };
        let date = || prop_oneof![4 => 0..4_i64, 1 => Just(UNDEFINED)].prop_map(DateTime);
        let mask = || (0..16).prop_map(CryptographicUsageMask::from_bits);
        let limits = |(total, count)| {
            Attribute::UsageLimits(UsageLimits { total, count, unit: UsageLimitsUnit::Byte })
        };
        let information = |(namespace, data)| {
            let information = ApplicationSpecificInformation { namespace, data };
            Attribute::ApplicationSpecificInformation(information)
        };
        prop_oneof![
            text().prop_map(move |value| Attribute::Name(name(value))),
            text().prop_map(Attribute::ObjectGroup),
            text().prop_map(|uid| Attribute::UniqueIdentifier(uid.into())),
            date().prop_map(Attribute::ActivationDate),
            date().prop_map(Attribute::DeactivationDate),
            mask().prop_map(Attribute::CryptographicUsageMask),
            (0..4_i64, proptest::option::of(0..4_i64)).prop_map(limits),
            (text(), proptest::option::of(text())).prop_map(information),
        ]
    }

    fn attributes(most: usize) -> impl Strategy<Value = Vec<Attribute>> {
        proptest::collection::vec(attribute(), 0..most)
    }

    fn object(uid: String, given: Vec<Attribute>) -> Object {
        let mut attributes = AttributeSet::default();
        for attribute in given {
            match attribute {
                Attribute::UniqueIdentifier(_) => {}
                many if many.kind().is_multi_instance() => {
                    attributes.add(many);
                }
                one => attributes.put(one),
            }
        }
        Object { uid, object_type: ObjectType::SymmetricKey, attributes }
    }

    proptest! {
        /// Only the second end of a range can make a filter wider.
        #[test]
        fn a_condition_more_never_finds_more(
            uid in text(),
            has in attributes(8),
            wanted in attributes(4),
            more in attribute(),
        ) {
            let object = object(uid, has);
            let Ok(filter) = Filter::new(wanted.iter()) else { return Ok(()) };
            let ends_range = date(&more).is_some() && filter.kinds().any(|k| k == more.kind());
            let Ok(narrower) = Filter::new(wanted.iter().chain([&more])) else { return Ok(()) };
            if narrower.matches(&object, &[]) && !ends_range {
                prop_assert!(filter.matches(&object, &[]));
            }
        }

        /// What an object has finds it: all of it together, and each alone.
        #[test]
        fn an_object_is_found_by_what_it_has(uid in text(), has in attributes(8)) {
            let object = object(uid, has);
            let all: Vec<_> = object.attributes.iter().map(|found| &found.attribute).collect();
            let filter = Filter::new(all.iter().copied()).unwrap();
            prop_assert!(filter.matches(&object, &[]));
            for one in all {
                prop_assert!(Filter::new([one].into_iter()).unwrap().matches(&object, &[]));
            }
        }

        /// Whatever matches has the entry by which the index would look for it.
        #[test]
        fn the_index_never_hides_a_match(uid in text(), has in attributes(8), wanted in attributes(4)) {
            let object = object(uid, has);
            let Ok(filter) = Filter::new(wanted.iter()) else { return Ok(()) };
            if filter.matches(&object, &[])
                && let Some(entry) = filter.entry()
            {
                prop_assert!(object.index_entries().contains(&entry));
            }
        }

        /// A range is the same from either end.
        #[test]
        fn the_ends_of_a_range_have_no_order(one in 0..5_i64, two in 0..5_i64, date in 0..5_i64) {
            let [one, two] = [one, two].map(|date| Attribute::ActivationDate(DateTime(date)));
            let object = object("a".into(), vec![Attribute::ActivationDate(DateTime(date))]);
            let there = Filter::new([&one, &two].into_iter()).unwrap();
            let back = Filter::new([&two, &one].into_iter()).unwrap();
            prop_assert_eq!(there.matches(&object, &[]), back.matches(&object, &[]));
        }
    }

    #[test]
    fn a_date_is_given_at_most_twice() {
        let date = |seconds| Attribute::ActivationDate(DateTime(seconds));
        for dates in [[1, 1, 1], [1, 2, 3], [1, 1, 2]].map(|dates| dates.map(date)) {
            let refused = Filter::new(dates.iter());
            assert_eq!(refused, Err(BadFilter::Range("Activation Date")));
        }
        assert!(Filter::new([date(1), date(1)].iter()).is_ok());
    }
}
