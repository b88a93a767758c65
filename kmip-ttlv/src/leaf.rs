//! Values of the simple item types.

use std::borrow::Cow;
use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::item::padded;
use crate::{Decode, Encode, Item, ItemType, Result, Secret, Tag, Writer};

/// A span of time in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub u32);

/// A point in time: seconds since 1970, UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub i64);

/// A point in time: microseconds since 1970, UTC (KMIP 2.0 and later).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTimeExtended(pub i64);

/// A point in time where 2.x leaves the choice of precision (KMIP 2.1 §8.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeStamp {
    /// Seconds.
    Seconds(DateTime),
    /// Microseconds.
    Microseconds(DateTimeExtended),
}

/// How long a ticket should last (KMIP 2.1 §6.1.12 and §6.1.30).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseTime {
    /// So many seconds.
    For(Interval),
    /// Until this time.
    Until(DateTime),
}

/// A signed number of any length, in two's complement, most significant byte first.
///
/// Its length is a multiple of eight bytes and stays as it was sent, so that leading sign bytes
/// survive. It may be a private exponent: it is wiped, printed as a length and compared in constant
/// time. Two numbers are equal when their bytes are.
#[derive(Clone)]
pub struct BigInteger(Zeroizing<Vec<u8>>);

impl BigInteger {
    /// The number in two's complement; sign bytes are added up to a multiple of eight.
    #[must_use]
    pub fn from_signed(bytes: &[u8]) -> Self {
        let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        Self::extended(bytes, padded(bytes.len()), if negative { 0xff } else { 0 })
    }

    /// The number without a sign, such as a modulus; a sign byte is added where one is needed.
    #[must_use]
    pub fn from_unsigned(bytes: &[u8]) -> Self {
        let needs_sign = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        Self::extended(bytes, padded(bytes.len() + usize::from(needs_sign)), 0)
    }

    fn extended(bytes: &[u8], length: usize, sign: u8) -> Self {
        let mut number = Vec::with_capacity(length);
        number.resize(length - bytes.len(), sign);
        number.extend_from_slice(bytes);
        Self(Zeroizing::new(number))
    }

    /// Two's complement, most significant byte first; a multiple of eight bytes.
    #[must_use]
    pub fn as_signed(&self) -> &[u8] {
        &self.0
    }

    /// The number without leading zeros, or `None` if it is negative.
    #[must_use]
    pub fn as_unsigned(&self) -> Option<&[u8]> {
        if self.0.first().is_some_and(|byte| byte & 0x80 != 0) {
            return None;
        }
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        self.0.get(zeros..)
    }
}

impl PartialEq for BigInteger {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for BigInteger {}

impl fmt::Debug for BigInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl Decode<'_> for BigInteger {
    fn decode(item: Item<'_>) -> Result<Self> {
        item.big_integer().map(Self::from_signed)
    }
}

impl Encode for BigInteger {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.big_integer(tag, &self.0);
    }
}

impl Decode<'_> for TimeStamp {
    fn decode(item: Item<'_>) -> Result<Self> {
        if item.kind == ItemType::DateTimeExtended && item.version().is_2x() {
            DateTimeExtended::decode(item).map(Self::Microseconds)
        } else {
            DateTime::decode(item).map(Self::Seconds)
        }
    }
}

impl Encode for TimeStamp {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::Seconds(time) => time.encode(tag, w),
            Self::Microseconds(time) => time.encode(tag, w),
        }
    }
}

impl Decode<'_> for LeaseTime {
    fn decode(item: Item<'_>) -> Result<Self> {
        if item.kind == ItemType::DateTime {
            DateTime::decode(item).map(Self::Until)
        } else {
            Interval::decode(item).map(Self::For)
        }
    }
}

impl Encode for LeaseTime {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::For(interval) => interval.encode(tag, w),
            Self::Until(time) => time.encode(tag, w),
        }
    }
}

/// Types that are one kind of item: how to read it, how to make a value of it, how to write it.
macro_rules! leaves {
    ($($type:ty: $read:ident => $make:expr, |$tag:ident, $value:ident, $w:ident| $write:expr;)*) => {
        $(
            impl<'a> Decode<'a> for $type {
                #[inline]
                fn decode(item: Item<'a>) -> Result<Self> {
                    item.$read().map($make)
                }
            }

            impl<'a> Encode for $type {
                #[inline]
                fn encode(&self, $tag: Tag, $w: &mut Writer<'_>) {
                    let $value = self;
                    $write
                }
            }
        )*
    };
}

leaves! {
    i32: integer => |value| value, |tag, value, w| w.integer(tag, *value);
    i64: long_integer => |value| value, |tag, value, w| w.long_integer(tag, *value);
    bool: boolean => |value| value, |tag, value, w| w.boolean(tag, *value);
    Interval: interval => Self, |tag, value, w| w.interval(tag, value.0);
    DateTime: date_time => Self, |tag, value, w| w.date_time(tag, value.0);
    DateTimeExtended: date_time_extended => Self, |tag, value, w| w.date_time_extended(tag, value.0);
    &'a str: text => |value| value, |tag, value, w| w.text(tag, value);
    Cow<'a, str>: text => Cow::Borrowed, |tag, value, w| w.text(tag, value);
    String: text => str::to_owned, |tag, value, w| w.text(tag, value);
    Secret<String>: text => |value: &str| Self::new(value.to_owned()),
        |tag, value, w| w.text(tag, value.expose());
    &'a [u8]: bytes => |value| value, |tag, value, w| w.bytes(tag, value);
    Cow<'a, [u8]>: bytes => Cow::Borrowed, |tag, value, w| w.bytes(tag, value);
    Vec<u8>: bytes => <[u8]>::to_vec, |tag, value, w| w.bytes(tag, value);
    Secret<Vec<u8>>: bytes => |value: &[u8]| Self::new(value.to_vec()),
        |tag, value, w| w.bytes(tag, value.expose());
}

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    fn decode(item: Item<'a>) -> Result<Self> {
        T::decode(item).map(Self::new)
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        T::encode(self, tag, w);
    }
}

/// A number of any item type that is a tag, as Attribute Reference and Extension Tag send it.
impl Decode<'_> for Tag {
    fn decode(item: Item<'_>) -> Result<Self> {
        item.enumeration().map(Self::from_number)
    }
}

impl Encode for Tag {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.enumeration(tag, self.number());
    }
}

/// Copies of secrets are wiped with the value; a borrowed one is the message's to wipe.
impl Zeroize for BigInteger {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
