//! Attributes that are not in the specification.

use std::borrow::Cow;

use super::Attribute;
use crate::{Encode, Item, Result, Tag, Value, Writer};

/// Separates a custom attribute's vendor from its name in 1.x.
const SEPARATOR: char = '-';

/// An attribute that a client or a server invented.
///
/// 1.x sends it under the name `x-…` (a client's) or `y-…` (a server's); 2.x sends vendor and name
/// apart. The letter of 1.x is the vendor of 2.x, so `x-Product` is vendor `x`, name `Product`.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomAttribute {
    /// Who invented it: `x`, `y`, or in 2.x any vendor identification.
    pub vendor: String,
    /// The name its inventor gave it.
    pub name: String,
    /// The value, of whatever type.
    pub value: Value,
}

impl CustomAttribute {
    /// The name as 1.x sends it.
    #[must_use]
    pub fn prefixed_name(&self) -> String {
        prefixed_name(&self.vendor, &self.name)
    }

    /// Whether 1.x can send it.
    pub(super) fn is_in_1x(&self) -> bool {
        is_prefix(&self.vendor)
    }

    /// Writes it as 2.x does.
    pub(super) fn encode_vendor(&self, w: &mut Writer<'_>) {
        w.structure(Tag::Attribute, |w| {
            w.text(Tag::VendorIdentification, &self.vendor);
            w.text(Tag::AttributeName, &self.name);
            self.value.encode(Tag::AttributeValue, w);
        });
    }
}

/// An attribute that the message's version does not have, kept as it came.
#[derive(Debug, Clone, PartialEq)]
pub enum UnknownAttribute {
    /// Known by a name: 1.x, or a vendor's without a value, as Notify may send it.
    Named {
        /// The vendor identification (2.x).
        vendor: Option<String>,
        /// The attribute's name.
        name: String,
        /// The value, if there is one.
        value: Option<Value>,
    },
    /// Known by a tag (2.x).
    Tagged {
        /// The tag in the place of an attribute.
        tag: Tag,
        /// The value.
        value: Value,
    },
}

impl UnknownAttribute {
    /// One without a vendor.
    pub(super) fn named(name: &str, value: Option<Value>) -> Self {
        Self::Named { vendor: None, name: name.to_owned(), value }
    }

    /// What to call it in a message to the sender.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Named { vendor: None, name, .. } => Cow::Borrowed(name),
            Self::Named { vendor: Some(vendor), name, .. } => {
                Cow::Owned(prefixed_name(vendor, name))
            }
            Self::Tagged { tag, .. } => Cow::Owned(tag.to_string()),
        }
    }

    /// Writes the value alone, if there is one.
    pub(super) fn encode_value(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::Named { value: Some(value), .. } | Self::Tagged { value, .. } => {
                value.encode(tag, w);
            }
            Self::Named { value: None, .. } => {}
        }
    }

    /// Writes it in the place where it was read.
    pub(super) fn encode_tagged(&self, w: &mut Writer<'_>) {
        match self {
            Self::Tagged { tag, value } => value.encode(*tag, w),
            Self::Named { vendor, name, .. } => w.structure(Tag::Attribute, |w| {
                if let Some(vendor) = vendor {
                    w.text(Tag::VendorIdentification, vendor);
                }
                w.text(Tag::AttributeName, name);
                self.encode_value(Tag::AttributeValue, w);
            }),
        }
    }
}

/// Makes an attribute of a name that is not in the specification (1.x).
pub(super) fn decode_prefixed(name: &str, value: Value) -> Attribute {
    match split_name(name) {
        Some((vendor, name)) => Attribute::Custom(CustomAttribute {
            vendor: vendor.to_owned(),
            name: name.to_owned(),
            value,
        }),
        None => Attribute::Unknown(UnknownAttribute::named(name, Some(value))),
    }
}

/// Reads the structure of vendor, name and value (2.x).
pub(super) fn decode_vendor(item: Item<'_>) -> Result<Attribute> {
    item.structure(|fields| {
        let vendor: Option<String> = fields.optional(Tag::VendorIdentification)?;
        let name = fields.required(Tag::AttributeName)?;
        let value = fields.optional(Tag::AttributeValue)?;
        Ok(match (vendor, value) {
            (Some(vendor), Some(value)) => {
                Attribute::Custom(CustomAttribute { vendor, name, value })
            }
            (vendor, value) => Attribute::Unknown(UnknownAttribute::Named { vendor, name, value }),
        })
    })
}

/// `x-Product` is (`x`, `Product`); a name without such a beginning is not a custom one.
pub(super) fn split_name(name: &str) -> Option<(&str, &str)> {
    name.split_once(SEPARATOR).filter(|(vendor, _)| is_prefix(vendor))
}

/// The name of 1.x for a vendor and a name.
pub(super) fn prefixed_name(vendor: &str, name: &str) -> String {
    format!("{vendor}{SEPARATOR}{name}")
}

/// Whether this vendor identification is one of the two letters of 1.x.
pub(super) fn is_prefix(vendor: &str) -> bool {
    matches!(vendor, "x" | "y")
}
