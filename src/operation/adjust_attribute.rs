//! Adjust Attribute (KMIP 2.1 §6.1.3 and §11.1): a value is counted up or down, or negated.
//!
//! The rules are those of Set Attribute, which writes what comes of it.

use kmip_ttlv::attribute::{Attribute, AttributeReference, CustomAttribute};
use kmip_ttlv::enums::AdjustmentType;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::adjust_attribute::{Request, Response};
use kmip_ttlv::{BigInteger, Buffer, Decode, Encode, Error, Tag, Value, Version, Writer, item};

use super::attribute_change as change;
use super::change_attribute::edit;
use super::{Context, Failure, Outcome};
use crate::object::Object;
use crate::object::rules::{self, When};

/// The longest whole number that is counted with, in bytes.
const BIG_BYTES_MAX: usize = 1024;

/// Two's complement of this server comes in whole words.
const WORD_BYTES: usize = 8;

/// Changes the only value of an attribute by an amount, or from nothing.
pub(super) async fn adjust_attribute(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    if let AdjustmentType::Unknown(value) = request.adjustment {
        return Err(Error::UnknownValue { tag: Tag::AdjustmentType, value }.into());
    }
    let (held, mut object) = edit(cx, request.uid.as_ref()).await?;
    check_writable(&request.reference)?;
    let before = value_now(&object, &request.reference, request.value.as_ref())?;
    let after = adjusted(&before, request.adjustment, request.value.as_ref())?;
    let attribute = with_value(&request.reference, &after)?;
    change::put(cx, &mut object, &attribute)?;
    let uid = object.uid.clone();
    let response = ResponsePayload::AdjustAttribute(Response { uid: uid.clone().into() });
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}

/// Read-only attributes are neither added nor changed, whatever else is wrong.
fn check_writable(reference: &AttributeReference) -> Result<(), Failure> {
    let name = || reference.name().into_owned();
    match reference {
        AttributeReference::Custom { .. } => Ok(()),
        AttributeReference::Known(kind) => match rules::rule(*kind) {
            Some(rule) if rule.modify == When::Never => Err(Failure::AttributeNotGiven(name())),
            Some(_) => Ok(()),
            None => Err(Failure::NoSuchAttribute(name())),
        },
        _ => Err(Failure::NoSuchAttribute(name())),
    }
}

/// The value that is there, or the zero that is thought to be.
fn value_now(
    object: &Object,
    reference: &AttributeReference,
    amount: Option<&Value>,
) -> Result<Value, Failure> {
    let mut instances = object.attributes.instances(reference);
    match (instances.next(), instances.next()) {
        (Some(only), None) => value_of(&only.attribute),
        (Some(_), Some(_)) => Err(Failure::AttributeMultiValued(reference.name().into_owned())),
        (None, _) => zero(reference, amount),
    }
}

/// What an attribute begins with that counts: nothing, or false. One of a client's own is of the
/// type of the amount.
fn zero(reference: &AttributeReference, amount: Option<&Value>) -> Result<Value, Failure> {
    let zeros = [
        Value::Integer(0),
        Value::LongInteger(0),
        Value::Interval(0),
        Value::Boolean(false),
        Value::BigInteger(BigInteger::from_signed(&[0])),
    ];
    let fits = |zero: &Value| match reference {
        AttributeReference::Custom { .. } => match amount {
            Some(amount) => amount.kind() == zero.kind(),
            None => true,
        },
        _ => with_value(reference, zero).is_ok(),
    };
    zeros.into_iter().find(fits).ok_or(Failure::NotCountable)
}

/// The value of an attribute as it is sent.
fn value_of(attribute: &Attribute) -> Result<Value, Failure> {
    if let Attribute::Custom(custom) = attribute {
        return Ok(custom.value.clone());
    }
    let mut buffer = Buffer::new();
    attribute.encode_tagged(&mut Writer::new(&mut buffer, Version::V2_1));
    let bytes = buffer.to_vec();
    let (item, _) = item::first(&bytes, Version::V2_1)?;
    Ok(Value::decode(item)?)
}

/// The attribute with this value.
///
/// # Errors
/// [`Failure::NotCountable`] if it cannot have one like this.
fn with_value(reference: &AttributeReference, value: &Value) -> Result<Attribute, Failure> {
    let kind = match reference {
        AttributeReference::Custom { vendor, name } => {
            let (vendor, name, value) = (vendor.clone(), name.clone(), value.clone());
            return Ok(Attribute::Custom(CustomAttribute { vendor, name, value }));
        }
        AttributeReference::Known(kind) => kind,
        _ => return Err(Failure::NoSuchAttribute(reference.name().into_owned())),
    };
    let mut buffer = Buffer::new();
    value.encode(kind.tag(), &mut Writer::new(&mut buffer, Version::V2_1));
    let bytes = buffer.to_vec();
    let (item, _) = item::first(&bytes, Version::V2_1)?;
    Attribute::decode_tagged(item).map_err(|_| Failure::NotCountable)
}

fn adjusted(
    before: &Value,
    adjustment: AdjustmentType,
    amount: Option<&Value>,
) -> Result<Value, Failure> {
    let negative = match adjustment {
        AdjustmentType::Negate => return negated(before),
        AdjustmentType::Decrement => true,
        _ => false,
    };
    if let Value::BigInteger(before) = before {
        let one = BigInteger::from_signed(&[1]);
        let amount = match amount {
            None => &one,
            Some(Value::BigInteger(amount)) => amount,
            Some(_) => return Err(Failure::NotCountable),
        };
        let amount = if negative { opposite(amount)? } else { amount.clone() };
        return Ok(Value::BigInteger(sum(before, &amount)?));
    }
    let count = number(before).ok_or(Failure::NotCountable)?;
    let amount = match amount {
        None => 1,
        Some(amount) if counts(before, amount) => number(amount).ok_or(Failure::NotCountable)?,
        Some(_) => return Err(Failure::NotCountable),
    };
    number_like(before, if negative { count - amount } else { count + amount })
}

fn negated(before: &Value) -> Result<Value, Failure> {
    match before {
        Value::Boolean(value) => Ok(Value::Boolean(!value)),
        Value::BigInteger(value) => Ok(Value::BigInteger(opposite(value)?)),
        Value::Integer(value) => number_like(before, -i128::from(*value)),
        Value::LongInteger(value) => number_like(before, -i128::from(*value)),
        _ => Err(Failure::NotCountable),
    }
}

/// Whether a value can be changed by such an amount: by one of its own type, and dates by numbers
/// and intervals.
fn counts(value: &Value, amount: &Value) -> bool {
    let is_date = matches!(value, Value::DateTime(_) | Value::DateTimeExtended(_));
    let is_span = matches!(amount, Value::Integer(_) | Value::LongInteger(_) | Value::Interval(_));
    value.kind() == amount.kind() || is_date && is_span
}

fn number(value: &Value) -> Option<i128> {
    Some(match value {
        Value::Integer(value) => i128::from(*value),
        Value::Interval(value) => i128::from(*value),
        Value::LongInteger(value) | Value::DateTime(value) | Value::DateTimeExtended(value) => {
            i128::from(*value)
        }
        _ => return None,
    })
}

/// A number as a value of the same type as another.
///
/// # Errors
/// [`Failure::NumericRange`] if there is none.
fn number_like(like: &Value, number: i128) -> Result<Value, Failure> {
    let value = match like {
        Value::Integer(_) => i32::try_from(number).map(Value::Integer),
        Value::Interval(_) => u32::try_from(number).map(Value::Interval),
        Value::LongInteger(_) => i64::try_from(number).map(Value::LongInteger),
        Value::DateTime(_) => i64::try_from(number).map(Value::DateTime),
        Value::DateTimeExtended(_) => i64::try_from(number).map(Value::DateTimeExtended),
        _ => return Err(Failure::NotCountable),
    };
    value.map_err(|_| Failure::NumericRange)
}

/// Two's complement with a word more than it needs, least significant byte first.
fn widened(number: &BigInteger, bytes: usize) -> Vec<u8> {
    let signed = number.as_signed();
    let sign = if signed.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide: Vec<u8> = signed.iter().rev().copied().collect();
    wide.resize(bytes, sign);
    wide
}

/// The number of two's complement, in as few words as it needs.
fn narrowed(mut wide: Vec<u8>) -> Result<BigInteger, Failure> {
    wide.reverse();
    let is_spare = |bytes: &[u8]| match bytes {
        [0, next, ..] => next & 0x80 == 0,
        [0xff, next, ..] => next & 0x80 != 0,
        _ => false,
    };
    let mut bytes = wide.as_slice();
    while is_spare(bytes) {
        bytes = bytes.split_first().map_or(bytes, |(_, rest)| rest);
    }
    if bytes.len() > BIG_BYTES_MAX {
        return Err(Failure::NumericRange);
    }
    Ok(BigInteger::from_signed(bytes))
}

fn sum(one: &BigInteger, other: &BigInteger) -> Result<BigInteger, Failure> {
    let bytes = one.as_signed().len().max(other.as_signed().len()) + WORD_BYTES;
    let (mut total, mut carry) = (Vec::with_capacity(bytes), 0_u16);
    for (one, other) in widened(one, bytes).into_iter().zip(widened(other, bytes)) {
        let [high, low] = (u16::from(one) + u16::from(other) + carry).to_be_bytes();
        total.push(low);
        carry = u16::from(high);
    }
    narrowed(total)
}

fn opposite(number: &BigInteger) -> Result<BigInteger, Failure> {
    let bytes = number.as_signed().len() + WORD_BYTES;
    let inverted = widened(number, bytes).into_iter().map(|byte| !byte).collect();
    sum(&narrowed(inverted)?, &BigInteger::from_signed(&[1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn big(number: i128) -> BigInteger {
        BigInteger::from_signed(&number.to_be_bytes())
    }

    fn same(number: &BigInteger, expected: i128) -> bool {
        widened(number, 32) == widened(&big(expected), 32)
    }

    proptest! {
        #[test]
        fn whole_numbers_of_any_length_count_as_others_do(one: i64, other: i64, near in -3_i64..3) {
            for (one, other) in [(one, other), (one, near), (i64::MAX, near), (i64::MIN, near)] {
                let (one, other) = (i128::from(one), i128::from(other));
                prop_assert!(same(&sum(&big(one), &big(other)).unwrap(), one + other));
                prop_assert!(same(&opposite(&big(one)).unwrap(), -one));
            }
        }
    }

    #[test]
    fn a_whole_number_does_not_grow_without_end() {
        let mut longest = vec![0xff; BIG_BYTES_MAX];
        longest[0] = 0x7f;
        let longest = BigInteger::from_signed(&longest);
        assert!(sum(&longest, &big(-1)).is_ok());
        assert!(matches!(sum(&longest, &big(1)), Err(Failure::NumericRange)));
    }
}
