//! Messages for people to read, without their secrets.

use std::fmt;

use crate::item::first;
use crate::scan::DEPTH_MAX;
use crate::{AttributeKind, Fields, Item, ItemType, Tag, Version, enums};

/// Shows items by name, one a line, indented by nesting.
///
/// It is meant for any bytes: what cannot be read ends the text with the reason. Big integers, and
/// byte strings but for identifiers, digests and nonces, are shown as lengths. Text is shown unless
/// it is a password, has an unknown tag or belongs to a custom attribute. Inside a Key Value and a
/// vendor extension neither text nor bytes nor big integers are shown.
#[derive(Clone, Copy)]
pub struct Dump<'a>(pub &'a [u8]);

/// Shows items like [`Dump`], and everything that is in them: secrets too.
#[derive(Clone, Copy)]
pub struct DumpWithSecrets<'a>(pub &'a [u8]);

/// Byte strings that tell nothing secret.
const PLAIN_BYTES: [Tag; 6] = [
    Tag::UniqueBatchItemId,
    Tag::AsynchronousCorrelationValue,
    Tag::CorrelationValue,
    Tag::DigestValue,
    Tag::IvCounterNonce,
    Tag::ShortUniqueIdentifier,
];

/// Text that is a secret.
const SECRET_TEXT: [Tag; 2] = [Tag::Password, Tag::OneTimePassword];

/// Structures in which nothing is shown.
const SECRET_STRUCTURES: [Tag; 3] = [Tag::KeyValue, Tag::KeyMaterial, Tag::VendorExtension];

/// The most bytes of a plain byte string that are shown.
const PLAIN_BYTES_MAX: usize = 64;

/// Whether nothing inside a structure may be shown.
pub(crate) fn hides_fields(tag: Tag) -> bool {
    SECRET_STRUCTURES.contains(&tag)
}

/// Whether text, bytes or a big integer may be shown that are `length` bytes long; `tag` is the
/// attribute's where it stands for an Attribute Value.
pub(crate) fn shows(tag: Tag, kind: ItemType, length: usize) -> bool {
    let known = !matches!(tag, Tag::Unknown(_) | Tag::AttributeValue);
    match kind {
        ItemType::TextString => known && !SECRET_TEXT.contains(&tag),
        ItemType::ByteString => PLAIN_BYTES.contains(&tag) && length <= PLAIN_BYTES_MAX,
        _ => false,
    }
}

/// Where in the message an item stands.
#[derive(Clone, Copy)]
struct Place {
    /// How deep.
    depth: usize,
    /// Whether nothing of it may be shown.
    secret: bool,
    /// Whether secrets are shown too.
    shows_all: bool,
    /// The attribute that an Attribute Value belongs to.
    attribute: Option<AttributeKind>,
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_items(f, self.0, false)
    }
}

impl fmt::Display for DumpWithSecrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_items(f, self.0, true)
    }
}

fn write_items(f: &mut fmt::Formatter<'_>, bytes: &[u8], shows_all: bool) -> fmt::Result {
    let place = Place { depth: 0, secret: false, shows_all, attribute: None };
    let mut rest = bytes;
    while !rest.is_empty() {
        match first(rest, Version::V1_0) {
            Ok((item, after)) => {
                write_item(f, &item, place)?;
                rest = after;
            }
            Err(error) => return writeln!(f, "({error})"),
        }
    }
    Ok(())
}

impl fmt::Debug for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_item(f: &mut fmt::Formatter<'_>, item: &Item<'_>, place: Place) -> fmt::Result {
    write!(f, "{:1$}", "", place.depth * 2)?;
    match item.tag {
        Tag::Unknown(number) => write!(f, "{number:#08x}")?,
        known => f.write_str(known.xml_name())?,
    }
    if item.kind == ItemType::Structure {
        writeln!(f)?;
        return write_fields(f, item, place);
    }
    f.write_str(" = ")?;
    write_value(f, item, place)?;
    writeln!(f)
}

fn write_fields(f: &mut fmt::Formatter<'_>, item: &Item<'_>, place: Place) -> fmt::Result {
    let mut inside = Place {
        depth: place.depth + 1,
        secret: place.secret || hides_fields(item.tag),
        attribute: None,
        shows_all: place.shows_all,
    };
    if inside.depth > DEPTH_MAX {
        return writeln!(f, "{:1$}…", "", inside.depth * 2);
    }
    let mut fields = Fields::new(item.body(), item.version());
    loop {
        match fields.next_item() {
            Ok(None) => return Ok(()),
            Ok(Some(field)) => {
                if field.tag == Tag::AttributeName {
                    inside.attribute = field.text().ok().and_then(AttributeKind::from_name);
                }
                write_item(f, &field, inside)?;
            }
            Err(error) => return writeln!(f, "{:1$}({error})", "", inside.depth * 2),
        }
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, item: &Item<'_>, place: Place) -> fmt::Result {
    let tag = match (item.tag, place.attribute) {
        (Tag::AttributeValue, Some(kind)) => kind.tag(),
        (tag, _) => tag,
    };
    let length = item.body().len();
    let shown = place.shows_all || (!place.secret && shows(tag, item.kind, length));
    match item.kind {
        ItemType::TextString if shown => match item.text() {
            Ok(text) => write!(f, "{text:?}"),
            Err(error) => write!(f, "({error})"),
        },
        ItemType::ByteString | ItemType::BigInteger if shown => {
            item.body().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
        ItemType::TextString | ItemType::ByteString | ItemType::BigInteger => {
            write!(f, "<{length} bytes>")
        }
        _ => write_number(f, item, tag).unwrap_or_else(|error| write!(f, "({error})")),
    }
}

/// Writes what is not a string; the outer result tells why it cannot be read.
fn write_number(
    f: &mut fmt::Formatter<'_>,
    item: &Item<'_>,
    tag: Tag,
) -> crate::Result<fmt::Result> {
    Ok(match item.kind {
        ItemType::Integer => match enums::mask_names(tag, item.integer()?) {
            Some(names) => f.write_str(&names),
            None => write!(f, "{}", item.integer()?),
        },
        ItemType::Enumeration => match enums::value_name(tag, item.enumeration()?) {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#010x}", item.enumeration()?),
        },
        ItemType::Boolean => write!(f, "{}", item.boolean()?),
        ItemType::DateTime => write!(f, "{} s", item.date_time()?),
        ItemType::Interval => write!(f, "{} s", item.interval()?),
        ItemType::DateTimeExtended => write!(f, "{} µs", item.date_time_extended()?),
        _ => write!(f, "{}", item.long_integer()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::{CustomAttribute, Name};
    use crate::codec::encode;
    use crate::enums::{CryptographicUsageMask, KeyFormatType, NameType, Operation};
    use crate::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SymmetricKey};
    use crate::{Attribute, AttributeList, Buffer, Secret, Value, Writer};

    #[test]
    fn attributes_are_shown_by_name_but_not_what_custom_ones_hold() {
        let list: AttributeList = [
            Attribute::CryptographicUsageMask(
                CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::DECRYPT,
            ),
            Attribute::Name(Name { value: "db".into(), kind: NameType::UninterpretedTextString }),
            Attribute::Custom(CustomAttribute {
                vendor: "x".into(),
                name: "Pin".into(),
                value: Value::from("1234"),
            }),
        ]
        .into_iter()
        .collect();
        let text = Dump(&encode(Tag::TemplateAttribute, &list, Version::V1_4)).to_string();
        let expected = "\
TemplateAttribute
  Attribute
    AttributeName = \"Cryptographic Usage Mask\"
    AttributeValue = Encrypt|Decrypt
  Attribute
    AttributeName = \"Name\"
    AttributeValue
      NameValue = \"db\"
      NameType = UninterpretedTextString
  Attribute
    AttributeName = \"x-Pin\"
    AttributeValue = <4 bytes>
";
        assert_eq!(text, expected);
    }

    #[test]
    fn key_material_is_shown_as_a_length() {
        let object = ManagedObject::SymmetricKey(SymmetricKey {
            key_block: KeyBlock {
                format: KeyFormatType::Raw,
                compression: None,
                value: Some(KeyValue::new(KeyMaterial::Bytes(Secret::new(vec![0x5a; 32])))),
                algorithm: None,
                length: Some(256),
                wrapping: None,
            },
        });
        let mut buffer = Buffer::new();
        object.write(&mut Writer::new(&mut buffer, Version::V1_0));
        let text = Dump(&buffer).to_string();
        assert!(text.contains("KeyMaterial = <32 bytes>"), "{text}");
        assert!(text.contains("KeyFormatType = Raw"), "{text}");
        assert!(!text.contains("5a"), "{text}");
    }

    #[test]
    fn what_cannot_be_read_ends_with_the_reason() {
        let mut bytes = encode(Tag::Operation, &Operation::Get, Version::V1_0).to_vec();
        bytes.push(0x42);
        assert_eq!(Dump(&bytes).to_string(), "Operation = Get\n(the message ends early)\n");
    }
}
