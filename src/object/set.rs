//! The attributes of one object.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, IndexedAttribute};

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
