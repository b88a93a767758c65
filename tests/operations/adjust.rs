//! Adjust Attribute (KMIP 2.1 §6.1.3, §11.1).

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, CustomAttribute};
use kmip_ttlv::enums::{AdjustmentType, ResultReason as Reason};
use kmip_ttlv::payload::adjust_attribute;
use kmip_ttlv::{BigInteger, Value, Version};

use super::ask::{self, Request};
use super::world::World;

use AdjustmentType::{Decrement, Increment, Negate};
use Value as V;

fn own() -> AttributeReference {
    AttributeReference::Custom { vendor: "x".into(), name: "count".into() }
}

fn with(value: Value) -> Attribute {
    Attribute::Custom(CustomAttribute { vendor: "x".into(), name: "count".into(), value })
}

fn adjust(
    uid: &str,
    reference: impl Into<AttributeReference>,
    adjustment: AdjustmentType,
    value: Option<Value>,
) -> Request {
    let uid = Some(uid.to_owned().into());
    adjust_attribute::Request { uid, reference: reference.into(), adjustment, value }.into()
}

fn big(bytes: &[u8]) -> Value {
    Value::BigInteger(BigInteger::from_signed(bytes))
}

#[tokio::test]
async fn values_count_up_and_down_by_their_own_type() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let wrong = Err(Reason::InvalidDataType);
    let range = Err(Reason::NumericRange);
    for (before, how, by, after) in [
        (V::Integer(5), Increment, None, Ok(V::Integer(6))),
        (V::Integer(5), Decrement, Some(V::Integer(7)), Ok(V::Integer(-2))),
        (V::Integer(5), Increment, Some(V::Integer(-7)), Ok(V::Integer(-2))),
        (V::Integer(5), Negate, None, Ok(V::Integer(-5))),
        (V::Integer(i32::MAX), Increment, None, range.clone()),
        (V::Integer(i32::MIN), Negate, None, range.clone()),
        (V::Integer(5), Increment, Some(V::LongInteger(1)), wrong.clone()),
        (V::LongInteger(i64::MIN), Decrement, None, range.clone()),
        (
            V::LongInteger(1),
            Decrement,
            Some(V::LongInteger(i64::MAX)),
            Ok(V::LongInteger(1 - i64::MAX)),
        ),
        (V::Interval(5), Decrement, Some(V::Interval(6)), range.clone()),
        (V::Interval(5), Decrement, Some(V::Interval(5)), Ok(V::Interval(0))),
        (V::Interval(5), Negate, None, wrong.clone()),
        (V::DateTime(100), Increment, None, Ok(V::DateTime(101))),
        (V::DateTime(100), Decrement, Some(V::Interval(60)), Ok(V::DateTime(40))),
        (V::DateTimeExtended(100), Increment, None, Ok(V::DateTimeExtended(101))),
        (V::DateTime(100), Negate, None, wrong.clone()),
        (V::Boolean(true), Negate, None, Ok(V::Boolean(false))),
        (V::Boolean(true), Increment, None, wrong.clone()),
        (V::TextString("1".to_owned().into()), Increment, None, wrong.clone()),
        (big(&[0x7f]), Increment, None, Ok(big(&[0x00, 0x80]))),
        (big(&[0x01]), Decrement, Some(big(&[0x03])), Ok(big(&[0xfe]))),
        (big(&[0x01]), Negate, None, Ok(big(&[0xff]))),
        (big(&[0x01]), Increment, Some(V::Integer(1)), wrong.clone()),
    ] {
        let uid = client.create(vec![with(before.clone())]).await;
        let answer = client.ask(adjust(&uid, own(), how, by)).await;
        assert_eq!(answer.as_ref().err(), after.as_ref().err(), "{before:?} {how:?}");
        let now = client.values(&uid, own()).await;
        assert_eq!(now, [with(after.unwrap_or(before))]);
    }
}

#[tokio::test]
async fn what_is_not_there_counts_from_zero() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for (by, after) in [
        (None, Value::Integer(1)),
        (Some(Value::Interval(9)), Value::Interval(9)),
        (Some(big(&[2])), big(&[2])),
    ] {
        let uid = client.create(Vec::new()).await;
        client.ask(adjust(&uid, own(), Increment, by)).await.unwrap();
        assert_eq!(client.values(&uid, own()).await, [with(after)]);
    }
    let uid = client.create(Vec::new()).await;
    let text = Some(Value::TextString("1".to_owned().into()));
    assert_eq!(
        client.ask(adjust(&uid, own(), Increment, text)).await,
        Err(Reason::InvalidDataType)
    );
    let date = client.ask(adjust(&uid, AttributeKind::ActivationDate, Increment, None)).await;
    assert_eq!(date, Err(Reason::InvalidDataType), "a date is no number and begins with nothing");
}

#[tokio::test]
async fn the_rules_of_other_changes_hold() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(vec![Attribute::ActivationDate(ask::at(100)), ask::name("n")]).await;
    let active = AttributeKind::ActivationDate;
    client.ask(adjust(&uid, active, Increment, Some(Value::Interval(50)))).await.unwrap();
    let moved = client.values(&uid, active).await;
    assert_eq!(moved, [Attribute::ActivationDate(ask::at(150))]);
    for (reference, reason) in [
        (AttributeKind::CryptographicLength, Reason::ReadOnlyAttribute),
        (AttributeKind::State, Reason::ReadOnlyAttribute),
        (AttributeKind::RotateInterval, Reason::ReadOnlyAttribute),
        (AttributeKind::Name, Reason::InvalidDataType),
    ] {
        let answer = client.ask(adjust(&uid, reference, Increment, None)).await;
        assert_eq!(answer, Err(reason), "{reference:?}");
    }
    let unknown = AttributeReference::UnknownTag(kmip_ttlv::Tag::Unknown(0x0042_7777));
    assert_eq!(
        client.ask(adjust(&uid, unknown, Increment, None)).await,
        Err(Reason::UnsupportedAttribute)
    );
    client.ask(ask::add(&uid, ask::name("m"))).await.unwrap();
    let two = client.ask(adjust(&uid, AttributeKind::Name, Increment, None)).await;
    assert_eq!(two, Err(Reason::MultiValuedAttribute));
    let strange = adjust(&uid, own(), AdjustmentType::Unknown(9), None);
    assert_eq!(client.ask(strange).await, Err(Reason::UnknownEnumeration));
    client.ask(ask::destroy(&uid)).await.unwrap();
    assert_eq!(
        client.ask(adjust(&uid, own(), Increment, None)).await,
        Err(Reason::ObjectDestroyed)
    );
    let nobody = client.ask(adjust("nobody", own(), Increment, None)).await;
    assert_eq!(nobody, Err(Reason::ItemNotFound));
}
