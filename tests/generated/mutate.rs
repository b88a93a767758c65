//! Changes that make a request wrong, or odd.

use kmip_ttlv::{ItemType, Tag, Value, Version, codec};
use zeroize::Zeroizing;

use super::fill;
use super::generate::{self, Choices};
use super::known::Known;

/// How many bytes a field is blown up to.
const HUGE: usize = 100_000;

/// Changes something at some depth of a structure.
pub(crate) fn change(tree: &mut Value, version: Version, known: &Known, choices: &mut Choices<'_>) {
    let Value::Structure(fields) = tree else { return };
    if fields.is_empty() {
        return fields.push(field(version, choices));
    }
    let at = choices.below(fields.len());
    let (tag, value) = &mut fields[at];
    if matches!(value, Value::Structure(inner) if !inner.is_empty()) && choices.below(4) != 0 {
        return change(value, version, known, choices);
    }
    match choices.below(9) {
        0 => drop(fields.remove(at)),
        1 => fields.insert(at, fields[at].clone()),
        2 => *value = of_other_type(version, choices),
        3 => fields.insert(at, field(version, choices)),
        4 => fields.swap(at, 0),
        5 => blow_up(value),
        6 => *tag = field(version, choices).0,
        7 => nest(value),
        _ => fill::leaf(*tag, value, version, known, choices),
    }
}

/// A field of any kind.
fn field(version: Version, choices: &mut Choices<'_>) -> (Tag, Value) {
    let tag = Tag::ALL[(256 * choices.below(256) + choices.below(256)) % Tag::ALL.len()];
    (tag, of_other_type(version, choices))
}

fn of_other_type(version: Version, choices: &mut Choices<'_>) -> Value {
    let kind = ItemType::ALL[choices.below(ItemType::ALL.len())];
    let mut buffer = kmip_ttlv::Buffer::new();
    let tag = Tag::AttributeValue;
    generate::leaf_of(kind, tag, choices, &mut kmip_ttlv::Writer::new(&mut buffer, version));
    codec::decode(tag, &buffer, version).unwrap()
}

fn blow_up(value: &mut Value) {
    match value {
        Value::TextString(text) => *text = Zeroizing::new("x".repeat(HUGE)),
        Value::ByteString(bytes) => *bytes = Zeroizing::new(vec![0x55; HUGE]),
        Value::Structure(fields) => {
            let first = fields.first().cloned();
            fields.extend(std::iter::repeat_n(first, 500).flatten());
        }
        Value::Integer(number) => *number = i32::MAX,
        Value::LongInteger(number) => *number = i64::MAX,
        other => *other = Value::ByteString(Zeroizing::new(vec![0x55; HUGE])),
    }
}

fn nest(value: &mut Value) {
    for _ in 0..40 {
        *value = Value::Structure(vec![(Tag::AttributeValue, value.clone())]);
    }
}

/// Damages a message on its way.
pub(crate) fn damage(bytes: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = (256 * choices.below(256) + choices.below(256)) % bytes.len().max(1);
    match choices.below(4) {
        0 => bytes.truncate(at),
        1 => bytes.extend([0; 8]),
        2 => {
            // A length that is more than there is.
            let at = at / 8 * 8 + 4;
            let length = [0x7fff_ffff_u32, u32::MAX, 0x00ff_ffff, 8][choices.below(4)];
            if let Some(place) = bytes.get_mut(at..at + 4) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
        _ => {
            let flip = u8::try_from(1 + choices.below(255)).unwrap();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= flip;
            }
        }
    }
}
