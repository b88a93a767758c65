//! Attributes of managed objects (KMIP 1.4 §3, KMIP 2.1 §4).
//!
//! In 1.x an attribute travels as a structure of name, index and value; in 2.x as its value under a
//! tag of its own. Here it is one value, [`Attribute`], in every version. An attribute that the
//! message's version does not have is kept as [`Attribute::Unknown`], to be refused by name, and is
//! left out of a message whose version does not have it.

use std::borrow::Cow;

mod custom;
mod list;
#[cfg(any(feature = "xml", feature = "json"))]
pub mod phrase;
mod reference;
mod sought;
mod structures;
mod table;

pub use custom::{CustomAttribute, UnknownAttribute};
pub use list::{AttributeList, IndexedAttribute, InlineAttributes};
pub use reference::AttributeReference;
pub use sought::{PartialAttribute, SoughtAttributes};
pub use structures::*;
pub use table::{Attribute, AttributeKind};

use crate::{Decode, Item, Result, Value, Version, Writer};

/// Makes the two enumerations, of attributes and of their kinds, from the table.
///
/// A row is `Variant(Type) "Name" many @ V1_1..=V1_4`: the variant is also the tag's; `many` stands
/// where an object may have several values; the versions may be left out.
macro_rules! attributes {
    ($(
        $(#[$doc:meta])*
        $variant:ident($type:ty) $name:literal $($many:ident)?
            $(@ $($from:ident)? $(..)? $(..= $to:ident)?)?
    ),* $(,)?) => {
        /// An attribute with its value.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Attribute {
            $($(#[$doc])* $variant($type),)*
            /// An attribute that a client or a server invented (KMIP 1.4 §3.39, KMIP 2.1 §4.60).
            Custom(CustomAttribute),
            /// An attribute that the message's version does not have, or one without a value.
            Unknown(UnknownAttribute),
        }

        /// An attribute without its value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AttributeKind {
            $($(#[$doc])* $variant,)*
            /// Any attribute that a client or a server invented.
            Custom,
            /// Any attribute that is not known.
            Unknown,
        }

        impl AttributeKind {
            /// Every attribute of the specification, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the specification, which is what 1.x sends.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Custom => "Custom Attribute",
                    Self::Unknown => "Unknown",
                }
            }

            /// The tag, which is what 2.x sends.
            #[must_use]
            pub const fn tag(self) -> Tag {
                match self {
                    $(Self::$variant => Tag::$variant,)*
                    Self::Custom => Tag::Attribute,
                    Self::Unknown => Tag::Unknown(0),
                }
            }

            /// The attribute with this name; custom ones have none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$variant,)*
                    _ => return None,
                })
            }

            /// The attribute with this tag; `Tag::Attribute` is a custom one.
            #[must_use]
            pub const fn from_tag(tag: Tag) -> Option<Self> {
                Some(match tag {
                    $(Tag::$variant => Self::$variant,)*
                    Tag::Attribute => Self::Custom,
                    _ => return None,
                })
            }

            /// The versions that have this attribute.
            #[must_use]
            pub const fn versions(self) -> Versions {
                match self {
                    $(Self::$variant => {
                        $crate::codec::versions!($($(from $from)? $(to $to)?)?)
                    })*
                    Self::Custom | Self::Unknown => Versions::ALL,
                }
            }

            /// Whether an object may have several of them.
            #[must_use]
            pub const fn is_multi_instance(self) -> bool {
                match self {
                    $(Self::$variant => $crate::attribute::is_many!($($many)?),)*
                    Self::Custom | Self::Unknown => true,
                }
            }
        }

        impl Attribute {
            /// Which attribute it is.
            #[must_use]
            pub const fn kind(&self) -> AttributeKind {
                match self {
                    $(Self::$variant(_) => AttributeKind::$variant,)*
                    Self::Custom(_) => AttributeKind::Custom,
                    Self::Unknown(_) => AttributeKind::Unknown,
                }
            }

            /// Reads the value of an attribute of the specification; `None` if `kind` is none.
            pub(in crate::attribute) fn decode_value(kind: AttributeKind, item: Item<'_>) -> Result<Option<Self>> {
                Ok(Some(match kind {
                    $(AttributeKind::$variant => Self::$variant(<$type>::decode(item)?),)*
                    AttributeKind::Custom | AttributeKind::Unknown => return Ok(None),
                }))
            }

            /// Writes the value alone, under `tag`.
            pub(in crate::attribute) fn encode_value(&self, tag: Tag, w: &mut Writer<'_>) {
                match self {
                    $(Self::$variant(value) => value.encode(tag, w),)*
                    Self::Custom(custom) => custom.value.encode(tag, w),
                    Self::Unknown(unknown) => unknown.encode_value(tag, w),
                }
            }
        }
    };
}
use attributes;

/// Whether a row of the table says `many`.
macro_rules! is_many {
    () => {
        false
    };
    (many) => {
        true
    };
}
pub(crate) use is_many;

impl AttributeKind {
    /// Whether `version` has this attribute.
    #[must_use]
    pub const fn is_in(self, version: Version) -> bool {
        self.versions().contains(version)
    }
}

impl Attribute {
    /// The name as 1.x sends it, such as "Cryptographic Length" or "x-Product".
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Custom(custom) => Cow::Owned(custom.prefixed_name()),
            Self::Unknown(unknown) => unknown.name(),
            known => Cow::Borrowed(known.kind().name()),
        }
    }

    /// Reads an attribute that stands under its own tag, as [`Self::encode_tagged`] writes it,
    /// whether or not the item's version has it.
    ///
    /// # Errors
    ///
    /// Those of the value's type.
    pub fn decode_tagged(item: Item<'_>) -> Result<Self> {
        match AttributeKind::from_tag(item.tag) {
            Some(AttributeKind::Custom) => custom::decode_vendor(item),
            Some(kind) => Self::decode_known(kind, item),
            None => Self::decode_unknown(item),
        }
    }

    /// Writes the attribute under its own tag, whether or not the writer's version has it: for
    /// stores and other places that are not messages.
    pub fn encode_tagged(&self, w: &mut Writer<'_>) {
        match self {
            Self::Custom(custom) => custom.encode_vendor(w),
            Self::Unknown(unknown) => unknown.encode_tagged(w),
            known => known.encode_value(known.kind().tag(), w),
        }
    }

    /// Reads an attribute as 2.x sends it.
    fn decode_2x(item: Item<'_>) -> Result<Self> {
        match AttributeKind::from_tag(item.tag) {
            Some(kind) if kind.is_in(item.version()) => Self::decode_tagged(item),
            _ => Self::decode_unknown(item),
        }
    }

    /// Writes the attribute as 2.x sends it, if the version has it.
    fn encode_2x(&self, w: &mut Writer<'_>) {
        if self.kind().is_in(w.version()) {
            self.encode_tagged(w);
        }
    }

    /// Makes an attribute of the name and the value that 1.x sends.
    fn decode_1x(name: &str, value: Option<Item<'_>>) -> Result<Self> {
        let Some(value) = value else {
            return Ok(Self::Unknown(UnknownAttribute::named(name, None)));
        };
        match AttributeKind::from_name(name) {
            Some(kind) if kind.is_in(value.version()) => Self::decode_known(kind, value),
            _ => Ok(custom::decode_prefixed(name, Value::decode(value)?)),
        }
    }

    fn decode_known(kind: AttributeKind, item: Item<'_>) -> Result<Self> {
        match Self::decode_value(kind, item)? {
            Some(attribute) => Ok(attribute),
            None => Self::decode_unknown(item),
        }
    }

    fn decode_unknown(item: Item<'_>) -> Result<Self> {
        let value = Value::decode(item)?;
        Ok(Self::Unknown(UnknownAttribute::Tagged { tag: item.tag, value }))
    }
}
