//! From a case's words to items on the wire.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use kmip_ttlv::Tag;

use crate::case::Element;
use crate::support::names::Names;
use crate::support::ttlv::{Node, Value, unhex};

/// What the placeholders of one case stand for, and what the client has sent so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Bindings {
    /// The time that `$NOW` is, in seconds since 1970.
    pub(crate) now: i64,
    values: HashMap<String, Value>,
    /// The last value that a response had under a tag, for placeholders that no response binds.
    last: HashMap<Tag, Value>,
    /// Objects that the server made itself, so that their keys and digests are its own.
    pub made_by_server: Vec<Value>,
    /// Keys whose own padding of RSA is random, so that no two encryptions are alike.
    pub(crate) padded: Vec<Value>,
    /// Every leaf value that a request carried, in the words of the case.
    pub(crate) sent: Vec<String>,
}

impl Bindings {
    /// Nothing bound yet; the case starts now.
    pub(crate) fn new(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// What a placeholder stands for.
    pub(crate) fn get(&self, placeholder: &str) -> Option<&Value> {
        self.values.get(placeholder)
    }

    /// Remembers what a response had under each tag.
    pub(crate) fn saw(&mut self, response: &Node) {
        for child in response.children() {
            self.saw(child);
        }
        if response.children().is_empty() {
            self.last.insert(response.tag, response.value.clone());
        }
    }

    /// Binds a placeholder; a correlation value belongs to one stream, so the next stream's
    /// replaces it. Others stay as they were first seen.
    pub(crate) fn bind(&mut self, placeholder: &str, value: &Value) {
        if placeholder.contains("CORRELATION") {
            self.values.insert(placeholder.into(), value.clone());
        } else {
            self.values.entry(placeholder.into()).or_insert_with(|| value.clone());
        }
    }
}

/// Whether a value of a case is a placeholder other than `$NOW`.
pub(crate) fn is_placeholder(value: &str) -> bool {
    value.starts_with('$') && !value.starts_with("$NOW")
}

/// A request as an item, its placeholders replaced.
pub(crate) fn request(element: &Element, bindings: &mut Bindings) -> Result<Node, String> {
    node(element, None, bindings)
}

fn node(
    element: &Element,
    attribute: Option<&str>,
    bindings: &mut Bindings,
) -> Result<Node, String> {
    let tag = tag(&element.name)?;
    if is_placeholder(&element.value) {
        if element.value.contains("_RANDOM_") && bindings.get(&element.value).is_none() {
            bindings.bind(&element.value, &made_up(&element.kind));
        }
        let bound = bindings.get(&element.value).or_else(|| bindings.last.get(&tag));
        let value = bound.ok_or_else(|| format!("nothing bound {}", element.value))?.clone();
        return Ok(Node::new(tag, value));
    }
    if element.kind.is_empty() {
        let attribute = element.child("AttributeName").map(|name| name.value.clone());
        let children = element
            .children
            .iter()
            .map(|child| node(child, attribute.as_deref(), bindings))
            .collect::<Result<_, _>>()?;
        return Ok(Node::structure(tag, children));
    }
    bindings.sent.push(element.value.clone());
    let value = leaf(element, attribute, bindings.now)
        .map_err(|why| format!("{} {}: {why}", element.name, element.value))?;
    Ok(Node::new(tag, value))
}

/// A value that the client makes up and nobody else has.
fn made_up(kind: &str) -> Value {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    match kind {
        "ByteString" => Value::Bytes([&[0; 28], number.to_be_bytes().as_slice()].concat()),
        _ => Value::Text(format!("made-up-{number}")),
    }
}

/// The tag of an element; an item without a name is called by its number.
pub(crate) fn tag(name: &str) -> Result<Tag, String> {
    match name.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16)
            .map(Tag::from_number)
            .map_err(|e| format!("tag {name}: {e}")),
        None => Names::get().tag(name),
    }
}

/// The value of an element that is no structure. `attribute` is the name of the attribute whose
/// value it is (KMIP 1.x), which says of what enumeration or mask it is.
pub(crate) fn leaf(element: &Element, attribute: Option<&str>, now: i64) -> Result<Value, String> {
    let text = element.value.as_str();
    let number = |e: std::num::ParseIntError| e.to_string();
    Ok(match element.kind.as_str() {
        "Integer" => Value::Integer(match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).map_err(number)?.cast_signed(),
            None => Names::get().mask(text)?,
        }),
        "LongInteger" => Value::LongInteger(text.parse().map_err(number)?),
        "BigInteger" => Value::BigInteger(unhex(text)?),
        "Enumeration" => {
            Value::Enumeration(Names::get().value(&enumeration(element, attribute)?, text)?)
        }
        "Boolean" => Value::Boolean(text.parse().map_err(|_| "neither true nor false")?),
        "TextString" => Value::Text(text.into()),
        "ByteString" => Value::Bytes(unhex(text)?),
        "DateTime" => Value::DateTime(date(text, now)?),
        "Interval" => Value::Interval(text.parse().map_err(number)?),
        other => return Err(format!("no type is called {other}")),
    })
}

/// The enumeration that a value is of, by the specification's name.
fn enumeration(element: &Element, attribute: Option<&str>) -> Result<String, String> {
    match attribute {
        Some(attribute) if element.name == "AttributeValue" => Ok(attribute.into()),
        _ => Ok(tag(&element.name)?.name().into()),
    }
}

/// `$NOW`, `$NOW-3600`, or a date such as `2012-04-27T08:12:24+00:00`, in seconds since 1970.
pub(crate) fn date(text: &str, now: i64) -> Result<i64, String> {
    if let Some(offset) = text.strip_prefix("$NOW") {
        let offset = if offset.is_empty() { "0" } else { offset };
        return Ok(now + offset.parse::<i64>().map_err(|e| format!("{text}: {e}"))?);
    }
    let format = &time::format_description::well_known::Rfc3339;
    let date = time::OffsetDateTime::parse(text, format).map_err(|e| format!("{text}: {e}"))?;
    Ok(date.unix_timestamp())
}
