//! Notify and Put (KMIP 1.4 §5, KMIP 2.1 §6.2) to a client that has given the server the client's
//! role (KMIP 2.1 §6.1.54), connection by connection.

use std::time::Duration;

use keystrata::service::Heard;
use keystrata::tenant::Mode;
use kmip_ttlv::attribute::{Attribute, AttributeReference};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, EndpointRole, PutFunction, ResultReason as R,
    RevocationReasonCode, State,
};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload, notify};
use kmip_ttlv::{Buffer, DateTime, Interval, Version};

use super::ask::{
    Request, activate, add, create, custom, delete, destroy, get, modify_from, re_key, revoke,
    uid_of,
};
use super::line::{Line, role};
use super::world::{START, World, text};

fn last_change() -> Attribute {
    Attribute::LastChangeDate(DateTime(START))
}

#[tokio::test]
async fn whoever_listens_is_told_of_new_objects_and_of_what_changes() {
    let world = World::new().await;
    for version in [Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let mut line = Line::listening(&client).await;
        assert_eq!(line.told().await, None);
        let uid = client.create(vec![custom("a", "1")]).await;
        let put = line.put().await;
        assert_eq!((text(&put.uid), put.function), (uid.clone(), PutFunction::New));
        assert!(put.attributes.iter().any(|attribute| *attribute == custom("a", "1")));
        let Ok(ResponsePayload::Get(got)) = client.ask(get(&uid)).await else { panic!() };
        assert_eq!(got.object, put.object);
        let handed_out = vec![Attribute::Fresh(false), last_change()];
        assert_eq!(line.changed().await, (handed_out, vec![]));

        client.ask(add(&uid, custom("b", "2"))).await.unwrap();
        assert_eq!(line.changed().await, (vec![custom("b", "2"), last_change()], vec![]));
        client.ask(modify_from(&uid, custom("a", "1"), custom("a", "3"))).await.unwrap();
        assert_eq!(line.changed().await, (vec![custom("a", "3"), last_change()], vec![]));
        let meant = AttributeReference::Custom { vendor: "x".into(), name: "a".into() };
        client.ask(delete(&uid, meant.clone(), None)).await.unwrap();
        assert_eq!(line.changed().await, (vec![last_change()], vec![meant]));
        client.ask(activate(&uid)).await.unwrap();
        let (changed, _) = line.changed().await;
        assert!(changed.contains(&Attribute::State(State::Active)), "{changed:?}");

        let new = uid_of(client.ask(re_key(&uid, None, Vec::new())).await);
        let mut told = Vec::new();
        while let Some(one) = line.told().await {
            told.push(one);
        }
        let is_replacement = |one: &Request| match one {
            RequestPayload::Put(put) => {
                put.function == PutFunction::Replace
                    && text(&put.uid) == new
                    && put.replaced_uid.as_ref().is_some_and(|replaced| text(replaced) == uid)
            }
            _ => false,
        };
        assert!(told.iter().any(is_replacement), "{told:?}");
        client.ask(revoke(&new, RevocationReasonCode::Superseded)).await.unwrap();
        let (changed, _) = line.changed().await;
        assert!(changed.contains(&Attribute::State(State::Deactivated)), "{changed:?}");
        client.ask(destroy(&new)).await.unwrap();
        let (changed, _) = line.changed().await;
        assert!(changed.contains(&Attribute::State(State::Destroyed)), "{changed:?}");
        assert_eq!(line.told().await, None);
    }
}

#[tokio::test]
async fn nobody_is_told_of_what_is_not_theirs_or_not_to_be_read() {
    let world = World::new().await;
    let version = Version::V2_1;
    let client = world.client("orders", version).await;
    let mut line = Line::listening(&client).await;
    let sibling = world.client("mongodb", version).await;
    sibling.create(Vec::new()).await;
    let foreign = world.client_of("tenant-b", "orders", version).await;
    foreign.create(Vec::new()).await;
    let hidden = client.create(vec![Attribute::Sensitive(true)]).await;
    assert_eq!(line.told().await, None);
    client.ask(add(&hidden, custom("a", "1"))).await.unwrap();
    assert_eq!(line.changed().await.0, [custom("a", "1"), last_change()]);

    let mut writer = Line::listening(&client.in_mode(Mode::WriteOnly)).await;
    let uid = client.create(Vec::new()).await;
    assert_eq!(writer.told().await, None, "it may not read keys");
    client.ask(activate(&uid)).await.unwrap();
    assert!(writer.told().await.is_some());
    let mut reader = Line::new(&client.in_mode(Mode::ReadOnly));
    assert!(reader.ask(role(EndpointRole::Client)).await.is_ok());

    // What is undone or refused has not happened.
    let mut line = Line::listening(&client).await;
    let undo = Some(BatchErrorContinuationOption::Undo);
    client.batch(undo, vec![create(Vec::new()), get("nobody")]).await;
    assert!(client.ask(add("nobody", custom("a", "2"))).await.is_err());
    assert_eq!(line.told().await, None);
    client.batch(undo, vec![create(Vec::new()), activate("")]).await;
    let put = line.put().await;
    assert!(put.attributes.iter().any(|one| *one == Attribute::State(State::Active)));
    assert_eq!(line.told().await, None, "it is new as it is in the end");
}

#[tokio::test]
async fn each_side_keeps_to_its_role() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut line = Line::listening(&client).await;
    let request = client.request(vec![get("x")]).to_bytes().unwrap();
    let mut response = Buffer::new();
    assert_eq!(line.hear(&request, &mut response).await, Heard::OutOfTurn);
    assert!(response.is_empty());
    let unasked: Request = notify::Request {
        uid: "x".into(),
        attributes: kmip_ttlv::attribute::InlineAttributes(None),
        references: Vec::new(),
    }
    .into();
    assert_eq!(line.answer(&unasked).await, Heard::OutOfTurn, "nothing was asked");
    let mut line = Line::new(&client);
    assert_eq!(line.answer(&unasked).await, Heard::OutOfTurn);
    assert!(line.ask(unasked).await.is_err(), "only servers notify");
    assert!(line.ask(role(EndpointRole::Server)).await.is_ok(), "it has that role");
    assert!(!line.session.listens());
    assert_eq!(line.ask(role(EndpointRole::Unknown(7))).await, Err(R::UnknownEnumeration));
    let undo = Some(BatchErrorContinuationOption::Undo);
    let both = vec![create(Vec::new()), role(EndpointRole::Client)];
    let answers = client.batch(undo, both).await;
    assert!(answers.contains(&Err(R::FeatureNotSupported)), "{answers:?}");
    let old = world.client("orders", Version::V1_4).await;
    let answer = old.ask(role(EndpointRole::Client)).await;
    assert!(answer.is_err(), "1.4 has no roles: {answer:?}");
}

#[tokio::test]
async fn listening_has_its_limits() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut lines = Vec::new();
    for _ in 0..16 {
        lines.push(Line::listening(&client).await);
    }
    let mut more = Line::new(&client);
    assert_eq!(more.ask(role(EndpointRole::Client)).await, Err(R::ServerLimitExceeded));
    let other = world.client("mongodb", Version::V2_1).await;
    Line::listening(&other).await;
    lines.pop();
    let mut line = Line::listening(&client).await;
    // Who does not listen in time is told what there is room for, and then that it is too late.
    for _ in 0..65 {
        client.create(Vec::new()).await;
    }
    for _ in 0..64 {
        assert!(line.told().await.is_some());
    }
    assert_eq!(line.session.next().await, None);
}

/// What is done later is told as what is done at once.
#[tokio::test]
async fn whoever_listens_is_told_of_what_is_done_later() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut line = Line::listening(&client).await;
    client.later(create(vec![custom("a", "1")])).await;
    assert_eq!(line.told().await, None);
    world.clock.advance(Duration::from_secs(1));
    assert!(world.service.do_due().await);
    assert_eq!(line.put().await.function, PutFunction::New);
}

/// What the server does by itself is told as what the client asks for.
#[tokio::test]
async fn whoever_listens_is_told_of_keys_that_are_rotated_on_time() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let interval = Attribute::RotateInterval(Interval(60));
    let uid = client.create(vec![Attribute::RotateAutomatic(true), interval]).await;
    let mut line = Line::listening(&client).await;
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.service.rotate_due().await, 1);
    let put = line.put().await;
    assert!(text(&put.uid) != uid, "{put:?}");
    let (changed, _) = line.changed().await;
    assert!(changed.contains(&Attribute::RotateLatest(false)), "{changed:?}");
}
