//! Names, types and values of items as words, the same in XML and in JSON.

use std::borrow::Cow;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::{AttributeKind, BigInteger, ItemType, Tag, Value, dump, enums};

/// Why words mean no item.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name is no tag's.
    #[error("there is no tag {0}")]
    UnknownTag(String),
    /// A type is named like no item type.
    #[error("there is no item type {0}")]
    UnknownType(String),
    /// A value does not suit its type, or is a name that the type does not have.
    #[error("{tag} has the value {value}, which means nothing there")]
    BadValue {
        /// The item's tag.
        tag: Tag,
        /// The value as it was written.
        value: String,
    },
    /// An item that is no structure has no value.
    #[error("{0} has no value")]
    NoValue(Tag),
}

/// Where in the tree a value stands, as far as it decides what names mean and what is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The attribute that the Attribute Values among these siblings belong to.
    attribute: Option<Tag>,
    /// Whether secrets are hidden.
    hiding: bool,
    /// Whether everything here is secret.
    secret: bool,
}

impl Place {
    /// The root of a tree in which everything is shown.
    pub(crate) const OPEN: Self = Self { attribute: None, hiding: false, secret: false };

    /// The root of a tree in which secrets are hidden.
    pub(crate) const HIDING: Self = Self { hiding: true, ..Self::OPEN };

    /// The fields of the structure `tag` that stands here.
    pub(crate) fn below(self, tag: Tag) -> Self {
        let secret = self.secret || dump::hides_fields(tag);
        Self { attribute: None, secret, ..self }
    }

    /// Takes note of a sibling, which may be an Attribute Name.
    pub(crate) fn see(&mut self, tag: Tag, value: &Value) {
        if let (Tag::AttributeName, Value::TextString(name)) = (tag, value) {
            self.see_attribute_name(name);
        }
    }

    /// Takes note of an Attribute Name.
    pub(crate) fn see_attribute_name(&mut self, name: &str) {
        self.attribute = AttributeKind::from_name(name).map(AttributeKind::tag);
    }

    /// The tag that says which enumeration or mask a value is of.
    pub(crate) fn meaning(self, tag: Tag) -> Tag {
        match (tag, self.attribute) {
            (Tag::AttributeValue, Some(attribute)) => attribute,
            _ => tag,
        }
    }

    /// The length of a value that must not be shown here.
    fn hidden_length(self, meaning: Tag, value: &Value) -> Option<usize> {
        let length = match value {
            Value::TextString(text) => text.len(),
            Value::ByteString(bytes) => bytes.len(),
            Value::BigInteger(number) => number.as_signed().len(),
            _ => return None,
        };
        let shown = !self.hiding || (!self.secret && dump::shows(meaning, value.kind(), length));
        (!shown).then_some(length)
    }
}

/// The tag of this name.
pub(crate) fn tag_named(name: &str) -> Result<Tag, Error> {
    Tag::from_xml_name(name).ok_or_else(|| Error::UnknownTag(name.to_owned()))
}

/// The tag of this number in hexadecimal.
pub(crate) fn tag_numbered(number: &str) -> Result<Tag, Error> {
    let tag = hexadecimal(number).and_then(|number| u32::try_from(number).ok());
    let tag = tag.filter(|number| *number <= 0x00ff_ffff).map(Tag::from_number);
    tag.ok_or_else(|| Error::UnknownTag(number.to_owned()))
}

/// The item type of this name.
pub(crate) fn type_named(name: &str) -> Result<ItemType, Error> {
    let named = ItemType::ALL.into_iter().find(|kind| format!("{kind:?}") == name);
    named.ok_or_else(|| Error::UnknownType(name.to_owned()))
}

/// The value that `text` means for an item of this type that stands in `place`.
pub(crate) fn parse(place: Place, tag: Tag, kind: ItemType, text: &str) -> Result<Value, Error> {
    meant(place.meaning(tag), kind, text)
        .ok_or_else(|| Error::BadValue { tag, value: text.to_owned() })
}

/// What `text` means; `meaning` says which enumeration or mask the names in it are of.
fn meant(meaning: Tag, kind: ItemType, text: &str) -> Option<Value> {
    Some(match kind {
        ItemType::Structure => return None,
        ItemType::Integer => Value::Integer(integer(meaning, text)?),
        ItemType::LongInteger => Value::LongInteger(number(text)?),
        ItemType::BigInteger => {
            let digits = text.strip_prefix("0x").unwrap_or(text);
            Value::BigInteger(BigInteger::from_signed(&bytes(digits)?))
        }
        ItemType::Enumeration => Value::Enumeration(match hexadecimal(text) {
            Some(number) => u32::try_from(number).ok()?,
            None => enums::value_number(meaning, text)?,
        }),
        ItemType::Boolean => Value::Boolean(match hexadecimal(text) {
            Some(number) => number != 0,
            None => text.parse().ok()?,
        }),
        ItemType::TextString => Value::from(text),
        ItemType::ByteString => Value::ByteString(Zeroizing::new(bytes(text)?)),
        ItemType::DateTime => Value::DateTime(date(text, 1_000_000_000)?),
        ItemType::Interval => Value::Interval(u32::try_from(number(text)?).ok()?),
        ItemType::DateTimeExtended => Value::DateTimeExtended(date(text, 1000)?),
    })
}

/// An Integer: a number, or mask bits by name or by number.
fn integer(meaning: Tag, text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let bit = |name| match hexadecimal(name) {
        // In hexadecimal the upper half of the unsigned numbers are the negative ones.
        Some(number) => u32::try_from(number).map(u32::cast_signed).ok(),
        None => enums::mask_bit(meaning, name),
    };
    let mut names = text.split([' ', '|']).filter(|name| !name.is_empty());
    names.try_fold(0, |bits, name| Some(bits | bit(name)?))
}

/// A point in time since 1970, in units of so many nanoseconds: a date, or the number itself.
fn date(text: &str, nanoseconds: i128) -> Option<i64> {
    if let Some(number) = number(text) {
        return Some(number);
    }
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(date.unix_timestamp_nanos().div_euclid(nanoseconds)).ok()
}

/// A number in decimal or hexadecimal.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| hexadecimal(text).map(u64::cast_signed))
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits = text.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The value as text; the names of mask bits stand with `between` between them.
pub(crate) fn text<'v>(place: Place, tag: Tag, value: &'v Value, between: &str) -> Cow<'v, str> {
    let meaning = place.meaning(tag);
    if let Some(length) = place.hidden_length(meaning, value) {
        return Cow::Owned(format!("<{length} bytes hidden>"));
    }
    Cow::Owned(match value {
        Value::Structure(_) => String::new(),
        Value::Integer(bits) => match enums::mask_names(meaning, *bits) {
            Some(names) if *bits != 0 => names.replace('|', between),
            _ => bits.to_string(),
        },
        Value::LongInteger(number) => number.to_string(),
        Value::BigInteger(number) => digits(number.as_signed()),
        Value::Enumeration(number) => match enums::value_name(meaning, *number) {
            Some(name) => return Cow::Borrowed(name),
            None => format!("{number:#010x}"),
        },
        Value::Boolean(value) => value.to_string(),
        Value::TextString(text) => return Cow::Borrowed(text),
        Value::ByteString(bytes) => digits(bytes),
        Value::DateTime(seconds) => {
            date_text(i128::from(*seconds) * 1_000_000_000).unwrap_or_else(|| seconds.to_string())
        }
        Value::Interval(seconds) => seconds.to_string(),
        Value::DateTimeExtended(microseconds) => {
            date_text(i128::from(*microseconds) * 1000).unwrap_or_else(|| microseconds.to_string())
        }
    })
}

/// The date, if it is in a year of four digits.
fn date_text(nanoseconds: i128) -> Option<String> {
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?.format(&Rfc3339).ok()
}

fn digits(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    halves.filter_map(|half| DIGITS.get(usize::from(half))).collect()
}
