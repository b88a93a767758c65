//! The attributes of one object.

use kmip_ttlv::OwnedIdentifier;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, IndexedAttribute, Link};
use kmip_ttlv::enums::LinkType;

/// The attributes of one object: each instance with an index that stays its own until it is
/// deleted (KMIP 1.4 §2.1.1).
///
/// An instance with index 0 is kept without it, which is also how it is sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttributeSet(Vec<IndexedAttribute>);

/// What an attribute is called, whatever its value.
#[must_use]
pub fn reference(attribute: &Attribute) -> AttributeReference {
    match attribute {
        Attribute::Custom(custom) => {
            AttributeReference::Custom { vendor: custom.vendor.clone(), name: custom.name.clone() }
        }
        Attribute::Unknown(unknown) => AttributeReference::UnknownName(unknown.name().into_owned()),
        known => AttributeReference::Known(known.kind()),
    }
}

/// A link to the object with this identifier.
#[must_use]
pub fn link(kind: LinkType, uid: &str) -> Attribute {
    Attribute::Link(Link { kind, object: uid.into() })
}

/// Whether `attribute` is the one that is meant.
#[must_use]
pub fn is(attribute: &Attribute, meant: &AttributeReference) -> bool {
    match (attribute, meant) {
        (Attribute::Custom(custom), AttributeReference::Custom { vendor, name }) => {
            custom.vendor == *vendor && custom.name == *name
        }
        (known, AttributeReference::Known(kind)) => known.kind() == *kind,
        _ => false,
    }
}

impl AttributeSet {
    /// An empty set that holds this many instances without moving them.
    #[must_use]
    pub fn with_capacity(instances: usize) -> Self {
        Self(Vec::with_capacity(instances))
    }

    /// Takes instances as they were kept.
    #[must_use]
    pub fn from_instances(instances: Vec<IndexedAttribute>) -> Self {
        Self(instances)
    }

    /// Every instance, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &IndexedAttribute> {
        self.0.iter()
    }

    /// The first instance of a kind.
    #[must_use]
    pub fn first(&self, kind: AttributeKind) -> Option<&Attribute> {
        self.0.iter().map(|instance| &instance.attribute).find(|found| found.kind() == kind)
    }

    /// What the links of a kind lead to (KMIP 1.4 §3.35).
    pub fn links(&self, wanted: LinkType) -> impl Iterator<Item = &OwnedIdentifier> {
        self.0.iter().filter_map(move |instance| match &instance.attribute {
            Attribute::Link(link) if link.kind == wanted => Some(&link.object),
            _ => None,
        })
    }

    /// What the first link of a kind leads to.
    #[must_use]
    pub fn linked(&self, wanted: LinkType) -> Option<&OwnedIdentifier> {
        self.links(wanted).next()
    }

    /// Every instance of one attribute.
    pub fn instances<'a, 'b>(
        &'a self,
        meant: &'b AttributeReference,
    ) -> impl Iterator<Item = &'a IndexedAttribute> + use<'a, 'b> {
        self.0.iter().filter(move |instance| is(&instance.attribute, meant))
    }

    /// The instance with this index.
    #[must_use]
    pub fn instance(&self, meant: &AttributeReference, index: i32) -> Option<&Attribute> {
        self.instances(meant).find(|found| index_of(found) == index).map(|found| &found.attribute)
    }

    /// Sets an attribute that has one value.
    pub fn put(&mut self, attribute: Attribute) {
        let meant = reference(&attribute);
        match self.0.iter_mut().find(|instance| is(&instance.attribute, &meant)) {
            Some(instance) => instance.attribute = attribute,
            None => self.0.push(attribute.into()),
        }
    }

    /// Adds an instance after those that are there, and returns its index.
    pub fn add(&mut self, attribute: Attribute) -> i32 {
        let meant = reference(&attribute);
        let next = self.instances(&meant).map(index_of).max().map_or(0, |last| last + 1);
        self.0.push(IndexedAttribute { index: (next > 0).then_some(next), attribute });
        next
    }

    /// Gives the instance with this index another value. Returns whether there was one.
    pub fn replace(&mut self, index: i32, attribute: Attribute) -> bool {
        let meant = reference(&attribute);
        let found = self
            .0
            .iter_mut()
            .find(|instance| is(&instance.attribute, &meant) && index_of(instance) == index);
        found.map(|instance| instance.attribute = attribute).is_some()
    }

    /// Takes away the instance with this index, and returns it.
    pub fn remove(&mut self, meant: &AttributeReference, index: i32) -> Option<IndexedAttribute> {
        let place = self
            .0
            .iter()
            .position(|instance| is(&instance.attribute, meant) && index_of(instance) == index)?;
        Some(self.0.remove(place))
    }

    /// Takes away every instance of one attribute, and returns them.
    pub fn remove_all(&mut self, meant: &AttributeReference) -> Vec<Attribute> {
        let (gone, kept) =
            std::mem::take(&mut self.0).into_iter().partition(|i| is(&i.attribute, meant));
        self.0 = kept;
        let gone: Vec<IndexedAttribute> = gone;
        gone.into_iter().map(|instance| instance.attribute).collect()
    }
}

/// The index of an instance; absent means 0.
#[must_use]
pub fn index_of(instance: &IndexedAttribute) -> i32 {
    instance.index.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::Value;
    use kmip_ttlv::attribute::{CustomAttribute, Name};
    use kmip_ttlv::enums::NameType;
    use proptest::prelude::*;

    use super::*;

    /// Attributes of few kinds and values, so that they meet.
    fn attribute() -> impl Strategy<Value = Attribute> {
        let text = || proptest::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
        let name = |value| Name { value, kind: NameType::UninterpretedTextString };
        let custom = |(vendor, name, value): (String, String, i32)| {
            Attribute::Custom(CustomAttribute { vendor, name, value: Value::Integer(value) })
        };
        prop_oneof![
            text().prop_map(move |value| Attribute::Name(name(value))),
            text().prop_map(Attribute::ObjectGroup),
            text().prop_map(Attribute::Description),
            (0..4).prop_map(Attribute::CryptographicLength),
            (text(), text(), 0..3).prop_map(custom),
        ]
    }

    fn set() -> impl Strategy<Value = AttributeSet> {
        proptest::collection::vec(attribute(), 0..12).prop_map(|attributes| {
            let mut set = AttributeSet::default();
            for attribute in attributes {
                set.add(attribute);
            }
            set
        })
    }

    proptest! {
        #[test]
        fn adding_and_then_removing_changes_nothing(set in set(), attribute in attribute()) {
            let mut changed = set.clone();
            let index = changed.add(attribute.clone());
            let gone = changed.remove(&reference(&attribute), index).unwrap();
            prop_assert_eq!(gone.attribute, attribute);
            prop_assert_eq!(changed, set);
        }

        /// An instance keeps its index, whatever becomes of its neighbours, and no two of one
        /// attribute share one.
        #[test]
        fn an_index_stays_with_its_instance(
            mut set in set(),
            removed in attribute(),
            index in 0..4_i32,
            added in attribute(),
        ) {
            let before = set.clone();
            set.remove(&reference(&removed), index);
            set.add(added);
            for instance in before.iter() {
                let meant = reference(&instance.attribute);
                let was_removed = meant == reference(&removed) && index_of(instance) == index;
                if !was_removed {
                    let now = set.instance(&meant, index_of(instance));
                    prop_assert_eq!(now, Some(&instance.attribute));
                }
            }
            for instance in set.iter() {
                let meant = reference(&instance.attribute);
                let same = set.instances(&meant).filter(|one| one.index == instance.index);
                prop_assert_eq!(same.count(), 1);
                prop_assert_ne!(instance.index, Some(0), "index 0 is kept without");
            }
        }

        #[test]
        fn a_replaced_instance_is_where_it_was(set in set(), attribute in attribute()) {
            let meant = reference(&attribute);
            for instance in set.instances(&meant) {
                let mut changed = set.clone();
                prop_assert!(changed.replace(index_of(instance), attribute.clone()));
                let now = changed.instance(&meant, index_of(instance));
                prop_assert_eq!(now, Some(&attribute));
                prop_assert_eq!(changed.iter().count(), set.iter().count());
            }
            let mut changed = set.clone();
            prop_assert!(!changed.replace(i32::MAX, attribute));
            prop_assert_eq!(changed, set);
        }

        #[test]
        fn removing_all_leaves_the_others(set in set(), attribute in attribute()) {
            let meant = reference(&attribute);
            let mut changed = set.clone();
            let gone = changed.remove_all(&meant);
            prop_assert_eq!(gone.len(), set.instances(&meant).count());
            prop_assert_eq!(changed.instances(&meant).count(), 0);
            let others: Vec<_> =
                set.iter().filter(|one| !is(&one.attribute, &meant)).cloned().collect();
            prop_assert_eq!(changed.iter().cloned().collect::<Vec<_>>(), others);
        }
    }
}
