//! TTLV as a plain tree, with a codec that owes nothing to the server's, so that the server's own
//! is not its only judge.

use kmip_ttlv::Tag;

/// One item: a tag and a value.
#[derive(Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) tag: Tag,
    pub(crate) value: Value,
}

/// A value of any of the item types (KMIP 2.1 §10.1).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Structure(Vec<Node>),
    Integer(i32),
    LongInteger(i64),
    BigInteger(Vec<u8>),
    Enumeration(u32),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    DateTime(i64),
    Interval(u32),
    DateTimeExtended(i64),
}

impl Value {
    /// The type's name in XML.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Structure(_) => "Structure",
            Self::Integer(_) => "Integer",
            Self::LongInteger(_) => "LongInteger",
            Self::BigInteger(_) => "BigInteger",
            Self::Enumeration(_) => "Enumeration",
            Self::Boolean(_) => "Boolean",
            Self::Text(_) => "TextString",
            Self::Bytes(_) => "ByteString",
            Self::DateTime(_) => "DateTime",
            Self::Interval(_) => "Interval",
            Self::DateTimeExtended(_) => "DateTimeExtended",
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Structure(_) => 1,
            Self::Integer(_) => 2,
            Self::LongInteger(_) => 3,
            Self::BigInteger(_) => 4,
            Self::Enumeration(_) => 5,
            Self::Boolean(_) => 6,
            Self::Text(_) => 7,
            Self::Bytes(_) => 8,
            Self::DateTime(_) => 9,
            Self::Interval(_) => 10,
            Self::DateTimeExtended(_) => 11,
        }
    }

    fn body(&self) -> Vec<u8> {
        match self {
            Self::Structure(children) => children.iter().flat_map(Node::encode).collect(),
            Self::Integer(number) => number.to_be_bytes().into(),
            Self::Enumeration(number) | Self::Interval(number) => number.to_be_bytes().into(),
            Self::LongInteger(number) | Self::DateTime(number) | Self::DateTimeExtended(number) => {
                number.to_be_bytes().into()
            }
            Self::Boolean(flag) => u64::from(*flag).to_be_bytes().into(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) | Self::BigInteger(bytes) => bytes.clone(),
        }
    }

    fn parse(code: u8, body: &[u8]) -> Result<Self, String> {
        let four = || body.try_into().map_err(|_| format!("{} bytes, not 4", body.len()));
        let eight = || body.try_into().map_err(|_| format!("{} bytes, not 8", body.len()));
        Ok(match code {
            1 => Self::Structure(parse_all(body)?),
            2 => Self::Integer(i32::from_be_bytes(four()?)),
            3 => Self::LongInteger(i64::from_be_bytes(eight()?)),
            4 => Self::BigInteger(body.into()),
            5 => Self::Enumeration(u32::from_be_bytes(four()?)),
            6 => match u64::from_be_bytes(eight()?) {
                0 => Self::Boolean(false),
                1 => Self::Boolean(true),
                other => return Err(format!("Boolean {other}")),
            },
            7 => Self::Text(String::from_utf8(body.into()).map_err(|e| e.to_string())?),
            8 => Self::Bytes(body.into()),
            9 => Self::DateTime(i64::from_be_bytes(eight()?)),
            10 => Self::Interval(u32::from_be_bytes(four()?)),
            11 => Self::DateTimeExtended(i64::from_be_bytes(eight()?)),
            other => return Err(format!("type {other}")),
        })
    }
}

impl Node {
    pub(crate) fn new(tag: Tag, value: Value) -> Self {
        Self { tag, value }
    }

    pub(crate) fn structure(tag: Tag, children: Vec<Self>) -> Self {
        Self::new(tag, Value::Structure(children))
    }

    pub(crate) fn text(tag: Tag, text: &str) -> Self {
        Self::new(tag, Value::Text(text.into()))
    }

    pub(crate) fn integer(tag: Tag, number: i32) -> Self {
        Self::new(tag, Value::Integer(number))
    }

    pub(crate) fn enumeration(tag: Tag, number: u32) -> Self {
        Self::new(tag, Value::Enumeration(number))
    }

    pub(crate) fn bytes(tag: Tag, bytes: &[u8]) -> Self {
        Self::new(tag, Value::Bytes(bytes.into()))
    }

    /// The item on the wire: tag, type, length, value, padding.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let body = self.value.body();
        let length = u32::try_from(body.len()).expect("tests do not write 4 GiB");
        let mut bytes = self.tag.number().to_be_bytes()[1..].to_vec();
        bytes.push(self.value.code());
        bytes.extend(length.to_be_bytes());
        bytes.extend(&body);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// Reads exactly one item.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut nodes = parse_all(bytes)?;
        match (nodes.pop(), nodes.is_empty()) {
            (Some(node), true) => Ok(node),
            _ => Err("not exactly one item".into()),
        }
    }

    /// The children; none if the item is no structure.
    pub(crate) fn children(&self) -> &[Self] {
        match &self.value {
            Value::Structure(children) => children,
            _ => &[],
        }
    }

    /// The first child with this tag.
    pub(crate) fn child(&self, tag: Tag) -> Option<&Self> {
        self.children().iter().find(|child| child.tag == tag)
    }

    /// The first item with this tag anywhere below, this one included.
    pub(crate) fn find(&self, tag: Tag) -> Option<&Self> {
        if self.tag == tag {
            return Some(self);
        }
        self.children().iter().find_map(|child| child.find(tag))
    }

    /// The text of a text item; empty for others.
    pub(crate) fn as_text(&self) -> &str {
        match &self.value {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// The bytes of a byte string; empty for others.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.value {
            Value::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The number of an enumeration.
    pub(crate) fn as_enumeration(&self) -> Option<u32> {
        match self.value {
            Value::Enumeration(number) => Some(number),
            _ => None,
        }
    }
}

/// Reads items until the bytes end.
pub(crate) fn parse_all(mut bytes: &[u8]) -> Result<Vec<Node>, String> {
    let mut nodes = Vec::new();
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at_checked(8).ok_or("half a header")?;
        let tag = Tag::from_number(u32::from_be_bytes([0, header[0], header[1], header[2]]));
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let padded = length.next_multiple_of(8);
        let (body, rest) = rest.split_at_checked(padded).ok_or_else(|| format!("{tag}: short"))?;
        let (body, padding) = body.split_at(length);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(format!("{tag}: padding is not zero"));
        }
        let value = Value::parse(header[3], body).map_err(|why| format!("{tag}: {why}"))?;
        nodes.push(Node::new(tag, value));
        bytes = rest;
    }
    Ok(nodes)
}

impl std::fmt::Debug for Node {
    /// One line per item, indented. Test data is no secret, so values are shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn line(node: &Node, depth: usize, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let indent = depth * 2;
            write!(f, "{:indent$}{}", "", node.tag)?;
            if let Value::Structure(children) = &node.value {
                writeln!(f)?;
                return children.iter().try_for_each(|child| line(child, depth + 1, f));
            }
            writeln!(f, " = {}", node.value)
        }
        line(self, 0, f)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Structure(children) => write!(f, "{} items", children.len()),
            Self::Integer(number) => write!(f, "{number}"),
            Self::LongInteger(number) => write!(f, "{number} (long)"),
            Self::Enumeration(number) => write!(f, "{number:#x}"),
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) | Self::BigInteger(bytes) => f.write_str(&hex(bytes)),
            Self::DateTime(seconds) => write!(f, "date {seconds}"),
            Self::Interval(seconds) => write!(f, "{seconds} s"),
            Self::DateTimeExtended(micros) => write!(f, "date {micros} µs"),
        }
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hexadecimal digits as bytes; blanks between them do not matter.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return Err(format!("odd number of digits in {text:?}"));
    }
    digits
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|e| e.to_string())?;
            u8::from_str_radix(pair, 16).map_err(|e| format!("{pair:?}: {e}"))
        })
        .collect()
}
