//! From XML to values.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::{Error, Place, ROOTS, TTLV};
use crate::{BigInteger, ItemType, Tag, Value, enums};

/// Reads all items, one after the other. A `KMIP` or `KmipTestCase` element around them is looked
/// through, and text between elements is skipped.
///
/// # Errors
///
/// Any [`Error`] about the first element that cannot be read.
pub fn read(xml: &str) -> Result<Vec<(Tag, Value)>, Error> {
    read_with(xml, |_, _, _| None)
}

/// Reads like [`read`], but lets `replace` put another text in the place of any value.
///
/// It is given the tag, the type and the text of each value; templates fill their variables so.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_with(
    xml: &str,
    mut replace: impl FnMut(Tag, ItemType, &str) -> Option<String>,
) -> Result<Vec<(Tag, Value)>, Error> {
    let mut reader = Reader::from_str(xml);
    let mut tree = Tree::new();
    loop {
        match reader.read_event()? {
            Event::Eof => return tree.finish(),
            Event::Start(element) if ROOTS.contains(&element.name().as_ref()) => {}
            Event::Start(element) => tree.open(&element, &mut replace)?,
            Event::Empty(element) => {
                tree.open(&element, &mut replace)?;
                tree.close()?;
            }
            Event::End(element) if ROOTS.contains(&element.name().as_ref()) => {}
            Event::End(_) => tree.close()?,
            _ => {}
        }
    }
}

/// The items read so far, and the structures that are still open.
struct Tree {
    /// The innermost structure last; the first is the document.
    open: Vec<Open>,
}

/// A structure that has not ended, or a value that has.
struct Open {
    tag: Tag,
    place: Place,
    /// `None` for a structure.
    value: Option<Value>,
    children: Vec<(Tag, Value)>,
}

impl Tree {
    fn new() -> Self {
        let document =
            Open { tag: Tag::Unknown(0), place: Place::NEW, value: None, children: Vec::new() };
        Self { open: vec![document] }
    }

    fn open(
        &mut self,
        element: &BytesStart<'_>,
        replace: &mut impl FnMut(Tag, ItemType, &str) -> Option<String>,
    ) -> Result<(), Error> {
        let parent = self.open.last_mut().ok_or(Error::Nesting)?;
        let tag = tag_of(element)?;
        let kind = type_of(element)?;
        let value = match attribute(element, "value")? {
            _ if kind == ItemType::Structure => None,
            None => return Err(Error::NoValue(tag)),
            Some(text) => {
                let text = replace(tag, kind, &text).map_or(text, Cow::Owned);
                if tag == Tag::AttributeName {
                    parent.place.see_attribute_name(&text);
                }
                let value = parse(parent.place.meaning(tag), kind, &text);
                Some(value.ok_or_else(|| Error::BadValue { tag, value: text.into_owned() })?)
            }
        };
        self.open.push(Open { tag, place: Place::NEW, value, children: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Open { tag, value, children, .. } = self.open.pop().ok_or(Error::Nesting)?;
        let value = value.unwrap_or(Value::Structure(children));
        self.open.last_mut().ok_or(Error::Nesting)?.children.push((tag, value));
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<(Tag, Value)>, Error> {
        match (self.open.pop(), self.open.is_empty()) {
            (Some(document), true) => Ok(document.children),
            _ => Err(Error::Nesting),
        }
    }
}

fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Result<Option<Cow<'e, str>>, Error> {
    match element.try_get_attribute(name)? {
        Some(attribute) => Ok(Some(attribute.normalized_value(XmlVersion::Implicit1_0)?)),
        None => Ok(None),
    }
}

fn tag_of(element: &BytesStart<'_>) -> Result<Tag, Error> {
    let name = element.name();
    if name.as_ref() != TTLV {
        return Tag::from_xml_name(name.as_ref())
            .ok_or_else(|| Error::UnknownTag(name.as_ref().to_owned()));
    }
    let number = attribute(element, "tag")?.unwrap_or_default();
    hexadecimal(&number)
        .and_then(|number| u32::try_from(number).ok())
        .map(Tag::from_number)
        .ok_or_else(|| Error::UnknownTag(number.into_owned()))
}

fn type_of(element: &BytesStart<'_>) -> Result<ItemType, Error> {
    let Some(name) = attribute(element, "type")? else { return Ok(ItemType::Structure) };
    ItemType::ALL
        .into_iter()
        .find(|kind| format!("{kind:?}") == name)
        .ok_or_else(|| Error::UnknownType(name.into_owned()))
}

/// The value that `text` means for an item of this type; `meaning` says which enumeration or mask
/// the names in it are of.
fn parse(meaning: Tag, kind: ItemType, text: &str) -> Option<Value> {
    Some(match kind {
        ItemType::Structure => return None,
        ItemType::Integer => Value::Integer(integer(meaning, text)?),
        ItemType::LongInteger => Value::LongInteger(number(text)?),
        ItemType::BigInteger => Value::BigInteger(BigInteger::from_signed(&bytes(text)?)),
        ItemType::Enumeration => Value::Enumeration(match hexadecimal(text) {
            Some(number) => u32::try_from(number).ok()?,
            None => enums::value_number(meaning, text)?,
        }),
        ItemType::Boolean => Value::Boolean(text.parse().ok()?),
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
