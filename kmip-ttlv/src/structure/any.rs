//! Places where the specification lets any item stand.

use crate::{Decode, Encode, FieldType, Fields, Item, Occurs, Result, Tag, Value, Writer};

impl Tag {
    /// Stands in tables for items of any tag; no item has it.
    pub const VENDOR_SPECIFIC: Self = Self::Unknown(0);
}

/// All items up to the end of the structure, whatever their tags.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnyItems(pub Vec<(Tag, Value)>);

impl FieldType<'_> for AnyItems {
    const OCCURS: Occurs = Occurs::Repeated;

    fn take(fields: &mut Fields<'_>, _: Tag) -> Result<Self> {
        let mut items = Vec::new();
        while let Some(item) = fields.next_item()? {
            items.push((item.tag, Value::decode(item)?));
        }
        Ok(Self(items))
    }

    fn absent(_: Tag) -> Result<Self> {
        Ok(Self::default())
    }

    fn put(&self, _: Tag, w: &mut Writer<'_>) {
        for (tag, value) in &self.0 {
            value.encode(*tag, w);
        }
    }
}

/// An item that is not looked into (yet).
impl<'a> Decode<'a> for Item<'a> {
    fn decode(item: Self) -> Result<Self> {
        Ok(item)
    }
}

/// Writes the item as it was read; its version and the writer's should be the same.
impl Encode for Item<'_> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.raw(tag, self.kind, self.body());
    }
}
