//! How an object becomes a row: its attributes as bytes, and the entries it is found by.
//!
//! Identifier, type and revision are columns. The attributes are one column:
//!
//! | bytes | content |
//! |---|---|
//! | 0 | version of this format: 1 |
//! | 1… | the attributes in their order, each as one or two TTLV items of KMIP 2.1 |
//!
//! An attribute is an item under its own tag, whether or not KMIP 2.1 still has it; one that a
//! client invented is an Attribute structure (vendor, name, value). If the attribute has an index
//! (KMIP 1.4 §2.1.1), an Attribute Index item (Integer) stands before it.

use kmip_ttlv::attribute::{Attribute, IndexedAttribute};
use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::{Buffer, Tag, Version, Writer, item};
use sha2::{Digest, Sha256};

use crate::object::{AttributeSet, IndexEntry, Object};

/// Byte 0.
const FORMAT: u8 = 1;

/// The protocol version whose encoding is used.
const VERSION: Version = Version::V2_1;

/// What the attributes of a usual object take.
const USUAL_BYTES: usize = 1024;

/// How many bytes of a value's SHA-256 are kept in the index.
pub(super) const DIGEST_BYTES: usize = 16;

/// What is wrong with a row's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormatError {
    /// They were written by a newer server.
    #[error("the row has format {0}, which this version does not know")]
    UnknownFormat(u8),
    /// They are empty or not TTLV.
    #[error("the row is damaged: {0}")]
    Damaged(#[from] kmip_ttlv::Error),
}

/// The attributes of an object as bytes.
pub(super) fn encode(object: &Object) -> Vec<u8> {
    written(object).to_vec()
}

fn written(object: &Object) -> Buffer {
    let mut buffer = Buffer::with_capacity(USUAL_BYTES);
    buffer.extend(&[FORMAT]);
    let mut writer = Writer::new(&mut buffer, VERSION);
    for instance in object.attributes.iter() {
        if let Some(index) = instance.index {
            writer.integer(Tag::AttributeIndex, index);
        }
        instance.attribute.encode_tagged(&mut writer);
    }
    buffer
}

/// How many bytes the attributes of an object take in its row.
#[must_use]
pub fn attribute_bytes(object: &Object) -> usize {
    written(object).len()
}

/// The object that [`encode`] has written.
pub(super) fn decode(
    uid: String,
    object_type: ObjectType,
    bytes: &[u8],
) -> Result<Object, FormatError> {
    let mut rest = match bytes.split_first() {
        Some((&FORMAT, rest)) => rest,
        Some((other, _)) => return Err(FormatError::UnknownFormat(*other)),
        None => return Err(kmip_ttlv::Error::Truncated.into()),
    };
    let mut instances = Vec::new();
    let mut index = None;
    while !rest.is_empty() {
        let (item, after) = item::first(rest, VERSION)?;
        rest = after;
        if item.tag == Tag::AttributeIndex {
            index = Some(item.integer()?);
        } else {
            let attribute = Attribute::decode_tagged(item)?;
            instances.push(IndexedAttribute { index: index.take(), attribute });
        }
    }
    if index.is_some() {
        return Err(kmip_ttlv::Error::Truncated.into());
    }
    Ok(Object { uid, object_type, attributes: AttributeSet::from_instances(instances) })
}

/// An entry of the index, as it is kept: a tag and a digest. Values may be long and there are many
/// of them, so only a digest is; whoever finds an object by it still looks at the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// The attribute's tag.
    pub(super) attribute: u32,
    /// The start of the SHA-256 of the value.
    pub(super) digest: [u8; DIGEST_BYTES],
}

impl From<&IndexEntry> for Entry {
    fn from(entry: &IndexEntry) -> Self {
        let hash: [u8; 32] = Sha256::digest(&entry.value).into();
        let mut digest = [0; DIGEST_BYTES];
        digest.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self { attribute: entry.tag, digest }
    }
}

/// The entries that an object is found by, sorted, each once.
pub(super) fn entries(object: &Object) -> Vec<Entry> {
    let mut entries: Vec<_> = object.index_entries().iter().map(Entry::from).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use kmip_ttlv::Value;
    use kmip_ttlv::attribute::{CustomAttribute, Name};
    use kmip_ttlv::enums::{NameType, State};
    use proptest::prelude::*;

    use super::*;

    fn name(value: &str) -> Attribute {
        let kind = NameType::UninterpretedTextString;
        Attribute::Name(Name { value: value.to_owned(), kind })
    }

    fn attribute() -> impl Strategy<Value = Attribute> {
        prop_oneof![
            any::<String>().prop_map(|value| name(&value)),
            (1..7_u32).prop_map(|state| Attribute::State(State::from_number(state))),
            any::<i32>().prop_map(Attribute::CryptographicLength),
            any::<i64>().prop_map(|date| Attribute::ActivationDate(kmip_ttlv::DateTime(date))),
            // Not in 2.x any more.
            any::<String>().prop_map(Attribute::OperationPolicyName),
            (any::<String>(), any::<i64>()).prop_map(|(name, value)| {
                let value = Value::LongInteger(value);
                Attribute::Custom(CustomAttribute { vendor: "x".into(), name, value })
            }),
        ]
    }

    fn object() -> impl Strategy<Value = Object> {
        let instance = (proptest::option::of(any::<i32>()), attribute())
            .prop_map(|(index, attribute)| IndexedAttribute { index, attribute });
        proptest::collection::vec(instance, 0..12).prop_map(|instances| Object {
            uid: "uid".into(),
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeSet::from_instances(instances),
        })
    }

    proptest! {
        /// What is kept is read back unchanged, indexes and attributes of older versions too.
        #[test]
        fn round_trips(object in object()) {
            let bytes = encode(&object);
            prop_assert_eq!(decode(object.uid.clone(), object.object_type, &bytes), Ok(object));
        }

        /// Damaged bytes are an error or another object, never a panic.
        #[test]
        fn damage_is_no_panic(object in object(), at in any::<prop::sample::Index>(), to: u8) {
            let mut bytes = encode(&object);
            let at = at.index(bytes.len());
            bytes[at] = to;
            let _ = decode(object.uid, object.object_type, &bytes);
            let _ = decode(String::new(), object.object_type, &bytes[..at]);
        }
    }

    #[test]
    fn the_form_is_as_documented() {
        let mut object = Object {
            uid: "uid".into(),
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeSet::default(),
        };
        object.attributes.add(name("a"));
        object.attributes.add(name("b"));
        let item = |text| {
            format!(
                "42005301 00000020\
                 \n  42005507 00000001 {text}00000000000000\
                 \n  42005405 00000004 0000000100000000\n"
            )
        };
        let index = "42000902 00000004 0000000100000000";
        let mut expected = format!("01 {} {index} {}", item("61"), item("62"));
        expected.retain(|c| !c.is_whitespace());
        let mut written = String::new();
        for byte in encode(&object) {
            write!(written, "{byte:02x}").expect("writes to memory");
        }
        assert_eq!(written, expected);
    }

    #[test]
    fn a_row_of_a_newer_version_is_refused() {
        let decoded = decode(String::new(), ObjectType::SymmetricKey, &[2]);
        assert_eq!(decoded, Err(FormatError::UnknownFormat(2)));
    }

    #[test]
    fn equal_names_make_one_entry() {
        let mut object = Object {
            uid: "uid".into(),
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeSet::default(),
        };
        object.attributes.add(name("a"));
        object.attributes.add(name("a"));
        object.attributes.add(name("b"));
        assert_eq!(entries(&object).len(), 2);
    }
}
