//! Attributes that Locate is given (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

use super::{Attribute, AttributeKind, AttributeList, IndexedAttribute, InlineAttributes};
use crate::{Decode, Encode, Error, FieldType, Fields, Item, Occurs, Result, Tag, Value, Writer};

/// Attributes to look for. "When an attribute that is defined as a structure is specified, all of
/// the structure fields are not REQUIRED to be specified" (KMIP 1.4 §4.9).
///
/// In a table its row is `Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: SoughtAttributes`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SoughtAttributes {
    /// Those that are whole.
    pub whole: InlineAttributes,
    /// Those that lack fields which an object's attribute must have.
    pub partial: Vec<PartialAttribute>,
}

/// A structure of which not all fields are given.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialAttribute {
    /// Which attribute it is.
    pub kind: AttributeKind,
    /// The fields that are given.
    pub fields: Vec<(Tag, Value)>,
}

impl From<AttributeList> for SoughtAttributes {
    fn from(list: AttributeList) -> Self {
        Self { whole: list.into(), partial: Vec::new() }
    }
}

enum Sought {
    Whole(IndexedAttribute),
    Partial(PartialAttribute),
}

impl Sought {
    /// An item of 2.x under the attribute's own tag.
    fn decode_2x(item: Item<'_>) -> Result<Self> {
        match Attribute::decode_2x(item) {
            Err(Error::Missing(tag)) => {
                PartialAttribute::of(AttributeKind::from_tag(item.tag), item, tag)
            }
            attribute => attribute.map(|attribute| Self::Whole(attribute.into())),
        }
    }
}

/// An Attribute structure of 1.x.
impl Decode<'_> for Sought {
    fn decode(item: Item<'_>) -> Result<Self> {
        match IndexedAttribute::decode(item) {
            Err(Error::Missing(tag)) => item.structure(|fields| {
                let name: &str = fields.required(Tag::AttributeName)?;
                let _index: Option<i32> = fields.optional(Tag::AttributeIndex)?;
                let value = fields.item(Tag::AttributeValue)?.ok_or(Error::Missing(tag))?;
                PartialAttribute::of(AttributeKind::from_name(name), value, tag)
            }),
            attribute => attribute.map(Self::Whole),
        }
    }
}

impl PartialAttribute {
    /// An attribute whose value lacks the field `missing`.
    fn of(kind: Option<AttributeKind>, value: Item<'_>, missing: Tag) -> Result<Sought> {
        let kind = kind.filter(|kind| kind.is_in(value.version()));
        match (kind, Value::decode(value)?) {
            (Some(kind), Value::Structure(fields)) => Ok(Sought::Partial(Self { kind, fields })),
            _ => Err(Error::Missing(missing)),
        }
    }

    fn encode(&self, w: &mut Writer<'_>) {
        if !self.kind.is_in(w.version()) {
            return;
        }
        let value = |tag, w: &mut Writer<'_>| {
            w.structure(tag, |w| {
                for (tag, field) in &self.fields {
                    field.encode(*tag, w);
                }
            });
        };
        if w.version().is_2x() {
            return value(self.kind.tag(), w);
        }
        w.structure(Tag::Attribute, |w| {
            w.text(Tag::AttributeName, self.kind.name());
            value(Tag::AttributeValue, w);
        });
    }
}

impl FromIterator<Sought> for SoughtAttributes {
    fn from_iter<I: IntoIterator<Item = Sought>>(all: I) -> Self {
        let (mut list, mut partial) = (AttributeList::default(), Vec::new());
        for one in all {
            match one {
                Sought::Whole(attribute) => list.attributes.push(attribute),
                Sought::Partial(attribute) => partial.push(attribute),
            }
        }
        let is_given = !list.attributes.is_empty() || !partial.is_empty();
        Self { whole: InlineAttributes(is_given.then_some(list)), partial }
    }
}

impl<'a> FieldType<'a> for SoughtAttributes {
    const OCCURS: Occurs = Occurs::Repeated;

    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self> {
        if !fields.version().is_2x() {
            return fields.repeated::<Sought>(tag).map(Self::from_iter);
        }
        let Some(item) = fields.item(tag)? else { return Ok(Self::default()) };
        let mut all = Vec::new();
        item.structure(|fields| {
            while let Some(item) = fields.next_item()? {
                all.push(Sought::decode_2x(item)?);
            }
            Ok(())
        })?;
        let sought = Self::from_iter(all);
        // Empty Attributes are sent back as they came.
        let whole = InlineAttributes(Some(sought.whole.0.unwrap_or_default()));
        Ok(Self { whole, ..sought })
    }

    fn absent(_: Tag) -> Result<Self> {
        Ok(Self::default())
    }

    fn put(&self, tag: Tag, w: &mut Writer<'_>) {
        let partial = |w: &mut Writer<'_>| self.partial.iter().for_each(|one| one.encode(w));
        if !w.version().is_2x() {
            self.whole.put(tag, w);
            return partial(w);
        }
        let list = self.whole.0.iter().flat_map(AttributeList::iter);
        if self.whole.0.is_some() || !self.partial.is_empty() {
            w.structure(tag, |w| {
                list.for_each(|attribute| attribute.encode_2x(w));
                partial(w);
            });
        }
    }
}
