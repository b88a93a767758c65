//! Attributes in messages: one, or many (KMIP 1.4 §2.1.1 and §2.1.8, KMIP 2.1 §5).

use super::{Attribute, Name, UnknownAttribute};
use crate::{Decode, Encode, FieldType, Fields, Item, Occurs, Result, Tag, Writer};

/// An attribute with its index, where it has one.
///
/// On its own it is an Attribute structure in 1.x; in 2.x it is a Current Attribute or a New
/// Attribute structure with the attribute inside.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedAttribute {
    /// The index among the values of the same attribute (1.x), if it was sent; absent means 0.
    pub index: Option<i32>,
    /// The attribute.
    pub attribute: Attribute,
}

/// An object has some twenty of them, and a server keeps a great many objects at hand: what is large and
/// rare stands in a box.
const _: () = assert!(size_of::<IndexedAttribute>() <= 96);

impl From<Attribute> for IndexedAttribute {
    fn from(attribute: Attribute) -> Self {
        Self { index: None, attribute }
    }
}

impl IndexedAttribute {
    fn decode_1x(item: Item<'_>) -> Result<Self> {
        item.structure(|fields| {
            let name: &str = fields.required(Tag::AttributeName)?;
            let index = fields.optional(Tag::AttributeIndex)?;
            let value = fields.item(Tag::AttributeValue)?;
            Ok(Self { index, attribute: Attribute::decode_1x(name, value)? })
        })
    }

    /// Writes it as 1.x does, if 1.x can name it.
    fn encode_1x(&self, w: &mut Writer<'_>) {
        let can_name = match &self.attribute {
            Attribute::Custom(custom) => custom.is_in_1x(),
            Attribute::Unknown(unknown) => {
                matches!(unknown, UnknownAttribute::Named { vendor: None, .. })
            }
            known => known.kind().is_in(w.version()),
        };
        if can_name {
            w.structure(Tag::Attribute, |w| {
                w.text(Tag::AttributeName, &self.attribute.name());
                if let Some(index) = self.index {
                    w.integer(Tag::AttributeIndex, index);
                }
                self.attribute.encode_value(Tag::AttributeValue, w);
            });
        }
    }
}

impl Decode<'_> for IndexedAttribute {
    fn decode(item: Item<'_>) -> Result<Self> {
        if !item.version().is_2x() {
            return Self::decode_1x(item);
        }
        item.structure(|fields| match fields.next_item()? {
            Some(item) => Attribute::decode_2x(item).map(Self::from),
            None => Err(crate::Error::Missing(Tag::Attribute)),
        })
    }
}

impl Encode for IndexedAttribute {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        if w.version().is_2x() {
            w.structure(tag, |w| self.attribute.encode_2x(w));
        } else {
            self.encode_1x(w);
        }
    }
}

/// Attributes in a structure of their own: a Template-Attribute in 1.x, Attributes in 2.x, and
/// their common, private-key and public-key kinds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttributeList {
    /// Names of templates whose attributes are meant too (1.x).
    pub templates: Vec<Name>,
    /// The attributes in the order sent.
    pub attributes: Vec<IndexedAttribute>,
}

impl FromIterator<Attribute> for AttributeList {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        let attributes = attributes.into_iter().map(IndexedAttribute::from).collect();
        Self { templates: Vec::new(), attributes }
    }
}

impl AttributeList {
    /// The attributes without their indexes.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().map(|indexed| &indexed.attribute)
    }

    fn decode_2x(fields: &mut Fields<'_>) -> Result<Self> {
        let mut list = Self::default();
        while let Some(item) = fields.next_item()? {
            list.attributes.push(Attribute::decode_2x(item)?.into());
        }
        Ok(list)
    }

    fn decode_1x(fields: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            templates: fields.repeated(Tag::Name)?,
            attributes: fields.repeated(Tag::Attribute)?,
        })
    }
}

impl Decode<'_> for AttributeList {
    fn decode(item: Item<'_>) -> Result<Self> {
        let is_2x = item.version().is_2x();
        item.structure(if is_2x { Self::decode_2x } else { Self::decode_1x })
    }
}

impl Encode for AttributeList {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.structure(tag, |w| {
            if w.version().is_2x() {
                self.iter().for_each(|attribute| attribute.encode_2x(w));
            } else {
                self.templates.iter().for_each(|name| name.encode(Tag::Name, w));
                self.attributes.iter().for_each(|attribute| attribute.encode_1x(w));
            }
        });
    }
}

/// Attributes among other fields: in 1.x any number of Attribute structures in a row, in 2.x one
/// Attributes structure, which may be absent.
///
/// In a table its row is `Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: InlineAttributes`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InlineAttributes(pub Option<AttributeList>);

impl InlineAttributes {
    /// The attributes without their indexes.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter().flat_map(AttributeList::iter)
    }
}

impl From<AttributeList> for InlineAttributes {
    fn from(list: AttributeList) -> Self {
        Self(Some(list))
    }
}

impl<'a> FieldType<'a> for InlineAttributes {
    const OCCURS: Occurs = Occurs::Repeated;

    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self> {
        if fields.version().is_2x() {
            return fields.optional(tag).map(Self);
        }
        let attributes: Vec<IndexedAttribute> = fields.repeated(tag)?;
        let list = AttributeList { templates: Vec::new(), attributes };
        Ok(Self(Some(list).filter(|list| !list.attributes.is_empty())))
    }

    fn absent(_: Tag) -> Result<Self> {
        Ok(Self(None))
    }

    fn put(&self, tag: Tag, w: &mut Writer<'_>) {
        let Some(list) = &self.0 else { return };
        if w.version().is_2x() {
            list.encode(tag, w);
        } else {
            list.attributes.iter().for_each(|attribute| attribute.encode_1x(w));
        }
    }
}
