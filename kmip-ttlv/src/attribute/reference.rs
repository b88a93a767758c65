//! Attribute Reference: which attribute, without its value (KMIP 2.1 §5.5).

use std::borrow::Cow;

use super::AttributeKind;
use super::custom::{is_prefix, prefixed_name, split_name};
use crate::{Decode, Encode, Item, ItemType, Result, Tag, Version, Writer};

/// Names an attribute: in 1.x by the text of Attribute Name, in 2.x by its tag, or by vendor and
/// name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AttributeReference {
    /// An attribute that the message's version has.
    Known(AttributeKind),
    /// A custom attribute.
    Custom {
        /// Who invented it: `x`, `y`, or in 2.x any vendor identification.
        vendor: String,
        /// The name its inventor gave it.
        name: String,
    },
    /// A name that the message's version does not have (1.x).
    UnknownName(String),
    /// A tag that is no attribute of the message's version (2.x).
    UnknownTag(Tag),
}

impl AttributeReference {
    /// The name as 1.x sends it; of an unknown tag, what to call it in a message to the sender.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Known(kind) => Cow::Borrowed(kind.name()),
            Self::Custom { vendor, name } => Cow::Owned(prefixed_name(vendor, name)),
            Self::UnknownName(name) => Cow::Borrowed(name),
            Self::UnknownTag(tag) => Cow::Owned(tag.to_string()),
        }
    }

    /// The attribute that a client of `version` means by this name, as 1.x sends it. Key Wrapping
    /// Specifications have names in 2.x, too (KMIP 2.1 §7.18).
    #[must_use]
    pub fn from_name(name: &str, version: Version) -> Self {
        match (AttributeKind::from_name(name), split_name(name)) {
            (Some(kind), _) if kind.is_in(version) => Self::Known(kind),
            (None, Some((vendor, name))) => {
                Self::Custom { vendor: vendor.to_owned(), name: name.to_owned() }
            }
            _ => Self::UnknownName(name.to_owned()),
        }
    }

    fn decode_2x(item: Item<'_>) -> Result<Self> {
        let tag = Tag::decode(item)?;
        Ok(match AttributeKind::from_tag(tag) {
            Some(kind) if kind != AttributeKind::Custom && kind.is_in(item.version()) => {
                Self::Known(kind)
            }
            _ => Self::UnknownTag(tag),
        })
    }
}

impl From<AttributeKind> for AttributeReference {
    fn from(kind: AttributeKind) -> Self {
        Self::Known(kind)
    }
}

impl Decode<'_> for AttributeReference {
    fn decode(item: Item<'_>) -> Result<Self> {
        match item.kind {
            ItemType::Structure if item.version().is_2x() => item.structure(|fields| {
                let vendor = fields.required(Tag::VendorIdentification)?;
                let name = fields.required(Tag::AttributeName)?;
                Ok(Self::Custom { vendor, name })
            }),
            _ if item.version().is_2x() => Self::decode_2x(item),
            _ => item.text().map(|name| Self::from_name(name, item.version())),
        }
    }
}

/// Writes nothing for what the version cannot name.
impl Encode for AttributeReference {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        let is_2x = w.version().is_2x();
        match self {
            Self::Known(kind) if !kind.is_in(w.version()) => {}
            Self::Known(kind) if is_2x => kind.tag().encode(tag, w),
            Self::Known(kind) => w.text(tag, kind.name()),
            Self::Custom { vendor, name } if is_2x => w.structure(tag, |w| {
                w.text(Tag::VendorIdentification, vendor);
                w.text(Tag::AttributeName, name);
            }),
            Self::Custom { vendor, name } if is_prefix(vendor) => {
                w.text(tag, &prefixed_name(vendor, name));
            }
            Self::UnknownName(name) if !is_2x => w.text(tag, name),
            Self::UnknownTag(unknown) if is_2x => unknown.encode(tag, w),
            Self::Custom { .. } | Self::UnknownName(_) | Self::UnknownTag(_) => {}
        }
    }
}
