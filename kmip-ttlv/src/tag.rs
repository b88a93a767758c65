//! Tags: the names of items on the wire.

use std::fmt;

use crate::Versions;

mod table;

/// Makes the enumeration of tags from the table: variant, number, name, the name in XML where it is
/// not the variant's, and the versions that have the tag.
macro_rules! tags {
    ($($variant:ident = $number:literal $name:literal $(as $xml:literal)?
        $(@ $($from:ident)? $(..)? $(..= $to:ident)?)?),* $(,)?
    ) => {
        /// The tag of an item. A number that is not in the table is `Unknown` and survives.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Tag {
            $(#[doc = concat!($name, " (`", stringify!($number), "`).")] $variant,)*
            /// A tag that no served version of KMIP defines, by its number (24 bits).
            Unknown(u32),
        }

        impl Tag {
            /// Every tag in the table, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Unknown(number) => number,
                }
            }

            /// The tag with this number.
            #[must_use]
            pub const fn from_number(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    _ => Self::Unknown(number),
                }
            }

            /// The name in the specification, such as "Unique Identifier".
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(_) => "Unknown",
                }
            }

            /// The name in KMIP's XML encoding, such as `UniqueIdentifier`.
            #[must_use]
            pub const fn xml_name(self) -> &'static str {
                match self {
                    $(Self::$variant => $crate::enums::xml_name!($variant $($xml)?),)*
                    Self::Unknown(_) => "Unknown",
                }
            }

            /// The versions that have this tag; `None` if no served version does.
            #[must_use]
            pub const fn versions(self) -> Option<Versions> {
                match self {
                    $(Self::$variant => Some($crate::codec::versions!(
                        $($(from $from)? $(to $to)?)?
                    )),)*
                    Self::Unknown(_) => None,
                }
            }
        }
    };
}
use tags;

pub use table::Tag;

impl Tag {
    /// The tag with this name in the specification.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tag| tag.name() == name)
    }

    /// The tag with this name in KMIP's XML encoding.
    #[must_use]
    pub fn from_xml_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tag| tag.xml_name() == name)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(number) => write!(f, "tag {number:#08x}"),
            known => f.write_str(known.name()),
        }
    }
}
