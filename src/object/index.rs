//! What an object can be found by without looking at every object.

use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::{Tag, Version, Writer};

use super::Object;

/// One entry of the index: an attribute and the bytes that stand for its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexEntry {
    /// The attribute's tag.
    pub tag: u32,
    /// The value, as TTLV.
    pub value: Vec<u8>,
}

impl IndexEntry {
    /// The entry for an attribute, if objects are indexed by it.
    #[must_use]
    pub fn of(attribute: &Attribute) -> Option<Self> {
        let indexed = matches!(
            attribute.kind(),
            AttributeKind::Name
                | AttributeKind::ObjectGroup
                | AttributeKind::ApplicationSpecificInformation
                | AttributeKind::AlternativeName
                | AttributeKind::Link
                | AttributeKind::Custom
        );
        indexed.then(|| {
            let mut buffer = kmip_ttlv::Buffer::new();
            attribute.encode_tagged(&mut Writer::new(&mut buffer, Version::V2_1));
            Self { tag: Tag::number(attribute.kind().tag()), value: buffer.to_vec() }
        })
    }
}

impl Object {
    /// Every entry under which the object is to be found.
    #[must_use]
    pub fn index_entries(&self) -> Vec<IndexEntry> {
        self.attributes.iter().filter_map(|found| IndexEntry::of(&found.attribute)).collect()
    }
}
