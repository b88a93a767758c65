//! From values to XML.

use std::borrow::Cow;
use std::fmt;

use quick_xml::escape::escape;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Place, TTLV};
use crate::{Tag, Value, enums};

/// Shows one item as XML, indented by two blanks a level, with everything that is in it: secrets
/// too.
#[derive(Clone, Copy)]
pub struct Xml<'a>(pub Tag, pub &'a Value);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_item(f, self.0, self.1, 0, Place::NEW)
    }
}

fn write_item(
    f: &mut fmt::Formatter<'_>,
    tag: Tag,
    value: &Value,
    depth: usize,
    place: Place,
) -> fmt::Result {
    let name = match tag {
        Tag::Unknown(_) => TTLV,
        known => known.xml_name(),
    };
    write!(f, "{:1$}<{name}", "", depth * 2)?;
    if let Tag::Unknown(number) = tag {
        write!(f, " tag=\"{number:#08x}\"")?;
    }
    let Value::Structure(fields) = value else {
        let text = text(place.meaning(tag), value);
        return writeln!(f, " type=\"{:?}\" value=\"{}\"/>", value.kind(), escape(text));
    };
    writeln!(f, ">")?;
    let mut inside = Place::NEW;
    for (tag, value) in fields {
        if let (Tag::AttributeName, Value::TextString(name)) = (tag, value) {
            inside.see_attribute_name(name);
        }
        write_item(f, *tag, value, depth + 1, inside)?;
    }
    writeln!(f, "{:1$}</{name}>", "", depth * 2)
}

/// The value as text; `meaning` says which enumeration or mask it is of.
fn text(meaning: Tag, value: &Value) -> Cow<'_, str> {
    Cow::Owned(match value {
        Value::Structure(_) => String::new(),
        Value::Integer(bits) => match enums::mask_names(meaning, *bits) {
            Some(names) if *bits != 0 => names.replace('|', " "),
            _ => bits.to_string(),
        },
        Value::LongInteger(number) => number.to_string(),
        Value::BigInteger(number) => hexadecimal(number.as_signed()),
        Value::Enumeration(number) => match enums::value_name(meaning, *number) {
            Some(name) => return Cow::Borrowed(name),
            None => format!("{number:#010x}"),
        },
        Value::Boolean(value) => value.to_string(),
        Value::TextString(text) => return Cow::Borrowed(text),
        Value::ByteString(bytes) => hexadecimal(bytes),
        Value::DateTime(seconds) => {
            date(i128::from(*seconds) * 1_000_000_000).unwrap_or_else(|| seconds.to_string())
        }
        Value::Interval(seconds) => seconds.to_string(),
        Value::DateTimeExtended(microseconds) => {
            date(i128::from(*microseconds) * 1000).unwrap_or_else(|| microseconds.to_string())
        }
    })
}

/// The date, if it is in a year of four digits.
fn date(nanoseconds: i128) -> Option<String> {
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?.format(&Rfc3339).ok()
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    halves.filter_map(|half| DIGITS.get(usize::from(half))).collect()
}
