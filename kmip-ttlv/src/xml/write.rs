//! From values to XML.

use std::fmt;

use quick_xml::escape::escape;

use super::TTLV;
use crate::words::{self, Place};
use crate::{Tag, Value};

/// Shows one item as XML, indented by two blanks a level, with everything that is in it: secrets
/// too.
#[derive(Clone, Copy)]
pub struct Xml<'a>(pub Tag, pub &'a Value);

/// Shows one item like [`Xml`], with a word about the length in the place of each secret. What
/// is hidden cannot be read back.
#[derive(Clone, Copy)]
pub struct XmlWithoutSecrets<'a>(pub Tag, pub &'a Value);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_item(f, self.0, self.1, 0, Place::OPEN)
    }
}

impl fmt::Display for XmlWithoutSecrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_item(f, self.0, self.1, 0, Place::HIDING)
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
        let text = words::text(place, tag, value, " ");
        return writeln!(f, " type=\"{:?}\" value=\"{}\"/>", value.kind(), escaped(&text));
    };
    writeln!(f, ">")?;
    let mut inside = place.below(tag);
    for (tag, value) in fields {
        inside.see(*tag, value);
        write_item(f, *tag, value, depth + 1, inside)?;
    }
    writeln!(f, "{:1$}</{name}>", "", depth * 2)
}

/// Text as the value of an XML attribute, in which blanks other than the space are not kept.
fn escaped(text: &str) -> String {
    escape(text).replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;")
}
