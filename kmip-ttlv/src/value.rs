//! Values of any type, for what only its owner understands: custom attributes and extensions.

use std::fmt;

use zeroize::Zeroizing;

use crate::{BigInteger, Decode, Encode, Error, Item, ItemType, Result, Tag, Writer};

/// The deepest nesting of structures in a [`Value`].
pub const VALUE_DEPTH_MAX: usize = 16;

/// The value of an item whose type nobody declared. It encodes to the bytes it was read from.
///
/// Text and bytes may be secrets: they are wiped when dropped and never printed.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Items in a row.
    Structure(Vec<(Tag, Value)>),
    /// A signed number of 32 bits.
    Integer(i32),
    /// A signed number of 64 bits.
    LongInteger(i64),
    /// A signed number of any length.
    BigInteger(BigInteger),
    /// A number that stands for a word.
    Enumeration(u32),
    /// True or false.
    Boolean(bool),
    /// Text.
    TextString(Zeroizing<String>),
    /// Bytes.
    ByteString(Zeroizing<Vec<u8>>),
    /// Seconds since 1970, UTC.
    DateTime(i64),
    /// Seconds.
    Interval(u32),
    /// Microseconds since 1970, UTC.
    DateTimeExtended(i64),
}

impl Value {
    /// The type of the item that carries it.
    #[must_use]
    pub const fn kind(&self) -> ItemType {
        match self {
            Self::Structure(_) => ItemType::Structure,
            Self::Integer(_) => ItemType::Integer,
            Self::LongInteger(_) => ItemType::LongInteger,
            Self::BigInteger(_) => ItemType::BigInteger,
            Self::Enumeration(_) => ItemType::Enumeration,
            Self::Boolean(_) => ItemType::Boolean,
            Self::TextString(_) => ItemType::TextString,
            Self::ByteString(_) => ItemType::ByteString,
            Self::DateTime(_) => ItemType::DateTime,
            Self::Interval(_) => ItemType::Interval,
            Self::DateTimeExtended(_) => ItemType::DateTimeExtended,
        }
    }

    /// Whether it is or holds a Date-Time Extended, which 1.x does not have.
    #[must_use]
    pub fn holds_extended_time(&self) -> bool {
        match self {
            Self::DateTimeExtended(_) => true,
            Self::Structure(fields) => fields.iter().any(|(_, value)| value.holds_extended_time()),
            _ => false,
        }
    }

    /// Reads a value in which structures nest at most `depth` deep.
    fn decode_within(item: Item<'_>, depth: usize) -> Result<Self> {
        Ok(match item.kind {
            ItemType::Structure => {
                let depth = depth.checked_sub(1).ok_or(Error::TooDeep)?;
                let mut fields = item.fields()?;
                let mut children = Vec::new();
                while let Some(child) = fields.next_item()? {
                    children.push((child.tag, Self::decode_within(child, depth)?));
                }
                Self::Structure(children)
            }
            ItemType::Integer => Self::Integer(item.integer()?),
            ItemType::LongInteger => Self::LongInteger(item.long_integer()?),
            ItemType::BigInteger => Self::BigInteger(BigInteger::decode(item)?),
            ItemType::Enumeration => Self::Enumeration(item.enumeration()?),
            ItemType::Boolean => Self::Boolean(item.boolean()?),
            ItemType::TextString => Self::TextString(Zeroizing::new(item.text()?.to_owned())),
            ItemType::ByteString => Self::ByteString(Zeroizing::new(item.bytes()?.to_vec())),
            ItemType::DateTime => Self::DateTime(item.date_time()?),
            ItemType::Interval => Self::Interval(item.interval()?),
            ItemType::DateTimeExtended => Self::DateTimeExtended(item.date_time_extended()?),
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::TextString(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(fields) => f.debug_tuple("Structure").field(fields).finish(),
            other => write!(f, "{}", other.kind()),
        }
    }
}

impl Decode<'_> for Value {
    fn decode(item: Item<'_>) -> Result<Self> {
        Self::decode_within(item, VALUE_DEPTH_MAX)
    }
}

impl Encode for Value {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::Structure(fields) => w.structure(tag, |w| {
                for (tag, value) in fields {
                    value.encode(*tag, w);
                }
            }),
            Self::Integer(value) => w.integer(tag, *value),
            Self::LongInteger(value) => w.long_integer(tag, *value),
            Self::BigInteger(value) => value.encode(tag, w),
            Self::Enumeration(value) => w.enumeration(tag, *value),
            Self::Boolean(value) => w.boolean(tag, *value),
            Self::TextString(value) => w.text(tag, value),
            Self::ByteString(value) => w.bytes(tag, value),
            Self::DateTime(value) => w.date_time(tag, *value),
            Self::Interval(value) => w.interval(tag, *value),
            Self::DateTimeExtended(value) => w.date_time_extended(tag, *value),
        }
    }
}
