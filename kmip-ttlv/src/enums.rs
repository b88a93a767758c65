//! Enumerations and bit masks (KMIP 1.4 §9.1.3.2 and §9.1.3.3, KMIP 2.1 §11 and §12).
//!
//! An enumeration is a table: value, number on the wire, the name in KMIP's XML encoding where it is
//! not the variant's own, other spellings in use, and the versions that have the value.

mod algorithm;
mod by_tag;
mod curve;
mod extension;
mod key;
mod mask;
mod message;
mod object;
mod profile;
mod query;
mod result;

pub use algorithm::*;
pub use by_tag::{mask_bit, mask_names, value_name, value_number};
pub use curve::*;
pub use key::*;
pub use mask::*;
pub use message::*;
pub use object::*;
pub use profile::*;
pub use query::*;
pub use result::*;

/// The name of a value in XML: the one given, or else the variant's.
macro_rules! xml_name {
    ($variant:ident) => {
        stringify!($variant)
    };
    ($variant:ident $xml:literal) => {
        $xml
    };
}
pub(crate) use xml_name;

/// Makes an enumeration that travels as a number; an unfamiliar number becomes `Unknown`.
///
/// A row is `Variant = number as "XmlName" | "other spelling" @ V1_2..=V1_4`, where the names and
/// the versions may be left out.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($variant:ident = $number:literal $(as $xml:literal $(| $alias:literal)*)?
                $(@ $($from:ident)? $(..)? $(..= $to:ident)?)?),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $(#[doc = concat!("Number `", stringify!($number), "`.")] $variant,)*
            /// A value that no served version of KMIP defines, by its number.
            Unknown(u32),
        }

        impl $name {
            /// Every value with the versions that have it, in the order of the specification.
            pub const ALL: &'static [(Self, $crate::Versions)] = &[
                $((Self::$variant, $crate::codec::versions!($($(from $from)? $(to $to)?)?)),)*
            ];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Unknown(number) => number,
                }
            }

            /// The value with this number.
            #[must_use]
            pub const fn from_number(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    _ => Self::Unknown(number),
                }
            }

            /// The name in KMIP's XML encoding.
            #[must_use]
            pub const fn xml_name(self) -> &'static str {
                match self {
                    $(Self::$variant => $crate::enums::xml_name!($variant $($xml)?),)*
                    Self::Unknown(_) => "Unknown",
                }
            }

            /// The value with this name in KMIP's XML encoding, or with another spelling in use.
            #[must_use]
            pub fn from_xml_name(name: &str) -> Option<Self> {
                $(if name == $crate::enums::xml_name!($variant $($xml)?) $($(|| name == $alias)*)? {
                    return Some(Self::$variant);
                })*
                let _ = name;
                None
            }

            /// The versions that have this value; `None` if no served version does.
            #[must_use]
            pub fn versions(self) -> Option<$crate::Versions> {
                Self::ALL.iter().find(|(value, _)| *value == self).map(|(_, versions)| *versions)
            }

            /// Whether `version` has this value.
            #[must_use]
            pub fn is_in(self, version: $crate::Version) -> bool {
                self.versions().is_some_and(|versions| versions.contains(version))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.versions() {
                    Some(_) => f.write_str(self.xml_name()),
                    None => write!(f, "{:#010x}", self.number()),
                }
            }
        }

        impl $crate::Decode<'_> for $name {
            #[inline]
            fn decode(item: $crate::Item<'_>) -> $crate::Result<Self> {
                item.enumeration().map(Self::from_number)
            }
        }

        impl $crate::Encode for $name {
            #[inline]
            fn encode(&self, tag: $crate::Tag, w: &mut $crate::Writer<'_>) {
                w.enumeration(tag, self.number());
            }
        }
    };
}
pub(crate) use wire_enum;

/// Makes a set of bits that travels as an Integer; bits without a name survive.
macro_rules! wire_mask {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($bit:ident = $number:literal as $xml:literal $(| $alias:literal)*
                $(@ $($from:ident)? $(..)? $(..= $to:ident)?)?),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name(i32);

        impl $name {
            $(#[doc = concat!($xml, ".")] pub const $bit: Self = Self($number);)*

            /// No bit.
            pub const EMPTY: Self = Self(0);

            /// Every named bit with its name in XML and the versions that have it.
            pub const ALL: &'static [(Self, &'static str, $crate::Versions)] = &[
                $((Self::$bit, $xml, $crate::codec::versions!($($(from $from)? $(to $to)?)?)),)*
            ];

            /// The set with these bits.
            #[must_use]
            pub const fn from_bits(bits: i32) -> Self {
                Self(bits)
            }

            /// The bits, named or not.
            #[must_use]
            pub const fn bits(self) -> i32 {
                self.0
            }

            /// Whether every bit of `other` is in this set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The bits of either.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Whether there is no bit in it.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The bit with this name in XML, or with another spelling in use.
            #[must_use]
            pub fn from_xml_name(name: &str) -> Option<Self> {
                $(if name == $xml $(|| name == $alias)* {
                    return Some(Self::$bit);
                })*
                None
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl $crate::Decode<'_> for $name {
            #[inline]
            fn decode(item: $crate::Item<'_>) -> $crate::Result<Self> {
                item.integer().map(Self)
            }
        }

        impl $crate::Encode for $name {
            #[inline]
            fn encode(&self, tag: $crate::Tag, w: &mut $crate::Writer<'_>) {
                w.integer(tag, self.0);
            }
        }
    };
}
pub(crate) use wire_mask;
