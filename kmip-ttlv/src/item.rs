//! Items: tag, type, length and value (KMIP 1.4 §9.1.1, KMIP 2.1 §9.1).

use std::fmt;

use nom::IResult;
use nom::bytes::complete::take;

use crate::{Error, Fields, Result, Tag, Version};

/// The length of an item's header: tag (3 bytes), type (1) and length (4).
pub const HEADER_BYTES: usize = 8;

/// The type of an item, as the number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ItemType {
    /// Items in a row.
    Structure = 0x01,
    /// A signed number of 32 bits.
    Integer = 0x02,
    /// A signed number of 64 bits.
    LongInteger = 0x03,
    /// A signed number of any multiple of 64 bits.
    BigInteger = 0x04,
    /// A number of 32 bits that stands for a word.
    Enumeration = 0x05,
    /// True or false.
    Boolean = 0x06,
    /// UTF-8.
    TextString = 0x07,
    /// Bytes.
    ByteString = 0x08,
    /// Seconds since 1970, UTC, 64 bits.
    DateTime = 0x09,
    /// Seconds, 32 bits.
    Interval = 0x0a,
    /// Microseconds since 1970, UTC, 64 bits (KMIP 2.0 and later).
    DateTimeExtended = 0x0b,
}

impl ItemType {
    /// Every type, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Structure,
        Self::Integer,
        Self::LongInteger,
        Self::BigInteger,
        Self::Enumeration,
        Self::Boolean,
        Self::TextString,
        Self::ByteString,
        Self::DateTime,
        Self::Interval,
        Self::DateTimeExtended,
    ];

    /// The type with this number.
    ///
    /// # Errors
    ///
    /// [`Error::BadType`] if there is none.
    pub const fn from_number(number: u8) -> Result<Self> {
        Ok(match number {
            0x01 => Self::Structure,
            0x02 => Self::Integer,
            0x03 => Self::LongInteger,
            0x04 => Self::BigInteger,
            0x05 => Self::Enumeration,
            0x06 => Self::Boolean,
            0x07 => Self::TextString,
            0x08 => Self::ByteString,
            0x09 => Self::DateTime,
            0x0a => Self::Interval,
            0x0b => Self::DateTimeExtended,
            other => return Err(Error::BadType(other)),
        })
    }

    /// Whether a body of this type may have this many bytes, padding not counted.
    const fn allows(self, length: usize) -> bool {
        match self {
            Self::Integer | Self::Enumeration | Self::Interval => length == 4,
            Self::LongInteger | Self::Boolean | Self::DateTime | Self::DateTimeExtended => {
                length == 8
            }
            Self::Structure | Self::BigInteger => length.is_multiple_of(8),
            Self::TextString | Self::ByteString => true,
        }
    }
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Structure => "Structure",
            Self::Integer => "Integer",
            Self::LongInteger => "Long Integer",
            Self::BigInteger => "Big Integer",
            Self::Enumeration => "Enumeration",
            Self::Boolean => "Boolean",
            Self::TextString => "Text String",
            Self::ByteString => "Byte String",
            Self::DateTime => "Date Time",
            Self::Interval => "Interval",
            Self::DateTimeExtended => "Date Time Extended",
        })
    }
}

/// One item, its body still as it came. The body's length suits the type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// What the item is called.
    pub tag: Tag,
    /// What the body is.
    pub kind: ItemType,
    body: &'a [u8],
    version: Version,
}

impl<'a> Item<'a> {
    /// The bytes of the value, without padding.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The version of the message that the item is part of.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The value of an Integer.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn integer(&self) -> Result<i32> {
        self.array(ItemType::Integer).map(i32::from_be_bytes)
    }

    /// The value of a Long Integer.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn long_integer(&self) -> Result<i64> {
        self.array(ItemType::LongInteger).map(i64::from_be_bytes)
    }

    /// The bytes of a Big Integer: two's complement, most significant first, a multiple of eight.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn big_integer(&self) -> Result<&'a [u8]> {
        self.expect(ItemType::BigInteger)
    }

    /// The value of an Enumeration.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn enumeration(&self) -> Result<u32> {
        self.array(ItemType::Enumeration).map(u32::from_be_bytes)
    }

    /// The value of a Boolean.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else, [`Error::BadBoolean`] if it is neither 0
    /// nor 1.
    #[inline]
    pub fn boolean(&self) -> Result<bool> {
        match self.array(ItemType::Boolean).map(u64::from_be_bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::BadBoolean(self.tag)),
        }
    }

    /// The value of a Text String.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else, [`Error::NotUtf8`] if it is not UTF-8.
    #[inline]
    pub fn text(&self) -> Result<&'a str> {
        let body = self.expect(ItemType::TextString)?;
        std::str::from_utf8(body).map_err(|_| Error::NotUtf8(self.tag))
    }

    /// The value of a Byte String.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn bytes(&self) -> Result<&'a [u8]> {
        self.expect(ItemType::ByteString)
    }

    /// The value of a Date-Time: seconds since 1970, UTC.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn date_time(&self) -> Result<i64> {
        self.array(ItemType::DateTime).map(i64::from_be_bytes)
    }

    /// The value of an Interval, in seconds.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn interval(&self) -> Result<u32> {
        self.array(ItemType::Interval).map(u32::from_be_bytes)
    }

    /// The value of a Date-Time Extended: microseconds since 1970, UTC.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn date_time_extended(&self) -> Result<i64> {
        self.array(ItemType::DateTimeExtended).map(i64::from_be_bytes)
    }

    /// Reads a structure: `read` takes its fields, and must take all of them.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else, [`Error::Unexpected`] if a field is left
    /// over, and whatever `read` fails with.
    #[inline]
    pub fn structure<T>(&self, read: impl FnOnce(&mut Fields<'a>) -> Result<T>) -> Result<T> {
        let mut fields = self.fields()?;
        let value = read(&mut fields)?;
        fields.finish()?;
        Ok(value)
    }

    /// A cursor over the fields of a structure.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the item is something else.
    #[inline]
    pub fn fields(&self) -> Result<Fields<'a>> {
        Ok(Fields::new(self.expect(ItemType::Structure)?, self.version))
    }

    #[inline]
    fn expect(&self, expected: ItemType) -> Result<&'a [u8]> {
        if self.kind == expected {
            Ok(self.body)
        } else {
            Err(Error::WrongType { tag: self.tag, expected, found: self.kind })
        }
    }

    #[inline]
    fn array<const N: usize>(&self, expected: ItemType) -> Result<[u8; N]> {
        let body = self.expect(expected)?;
        body.try_into().map_err(|_| Error::BadLength(self.tag))
    }
}

/// Never prints the body: it may be a key.
impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} bytes)", self.tag, self.kind, self.body.len())
    }
}

/// Cuts the first item off `bytes`, and returns what follows it too.
///
/// The item's length suits its type and its padding is zero. The body of a structure is not looked
/// into.
///
/// # Errors
///
/// [`Error::Truncated`] inside a header, [`Error::BadLength`] if the body does not fit the type or
/// the bytes that are left, [`Error::BadType`], [`Error::BadPadding`].
#[inline]
pub fn first(bytes: &[u8], version: Version) -> Result<(Item<'_>, &[u8])> {
    let (rest, header) = header(bytes)?;
    let Header { tag, kind, length } = header;
    let kind = ItemType::from_number(kind)?;
    if !kind.allows(length) {
        return Err(Error::BadLength(tag));
    }
    let too_long = |_| Error::BadLength(tag);
    let (rest, body) = take_bytes(rest, length).map_err(too_long)?;
    let (rest, padding) = take_bytes(rest, padded(length) - length).map_err(too_long)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Error::BadPadding(tag));
    }
    Ok((Item { tag, kind, body, version }, rest))
}

/// A header as it stands on the wire.
pub(crate) struct Header {
    /// Bytes 0 to 2.
    pub(crate) tag: Tag,
    /// Byte 3; there may be no such type.
    pub(crate) kind: u8,
    /// Bytes 4 to 7: the length of the body without padding.
    pub(crate) length: usize,
}

/// Reads a header.
#[inline]
pub(crate) fn header(bytes: &[u8]) -> Result<(&[u8], Header)> {
    let (rest, header) = take_bytes(bytes, HEADER_BYTES)?;
    let header = <[u8; HEADER_BYTES]>::try_from(header).map_err(|_| Error::Truncated)?;
    let [a, b, c, kind, length @ ..] = header;
    let tag = Tag::from_number(u32::from_be_bytes([0, a, b, c]));
    // On a machine with a `usize` of 16 bits no such message fits into memory.
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| Error::Truncated)?;
    Ok((rest, Header { tag, kind, length }))
}

fn take_bytes(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8])> {
    leaf(take(length)(bytes))
}

/// Turns the outcome of a nom parser into ours.
fn leaf<T>(parsed: IResult<&[u8], T, Error>) -> Result<(&[u8], T)> {
    Ok(parsed?)
}

/// The length with padding: the next multiple of eight.
pub(crate) const fn padded(length: usize) -> usize {
    length.saturating_add(7) & !7
}
