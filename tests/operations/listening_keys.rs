//! What clients that listen are told of the keys of the hierarchy, by Notify.

use keystrata::keys::events::EventKind;
use keystrata::store::KeyLevel;
use keystrata::tenant::{Mode, Role};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, CustomAttribute};
use kmip_ttlv::enums::{Operation, RevocationReasonCode as Code, State};
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::{DateTime, Value};

use super::ask::{at, re_key, revoke};
use super::line::Line;
use super::world::{START, World, text};

const TENANT_KEY: &str = "keystrata:tenant-key";
const ORDERS_KEY: &str = "keystrata:service-key:orders";
const MONGODB_KEY: &str = "keystrata:service-key:mongodb";

/// The key and the attributes that the next message tells.
async fn told(line: &mut Line<'_>) -> (String, Vec<Attribute>) {
    match line.told().await {
        Some(RequestPayload::Notify(notify)) => {
            assert!(notify.references.is_empty());
            (text(&notify.uid), notify.attributes.iter().cloned().collect())
        }
        other => panic!("{other:?}"),
    }
}

fn last_change() -> Attribute {
    Attribute::LastChangeDate(DateTime(START))
}

fn rotated(version: i32, since: DateTime) -> Vec<Attribute> {
    let (vendor, name) = ("y".into(), "Key-Version".into());
    let number = CustomAttribute { vendor, name, value: Value::Integer(version) };
    vec![Attribute::Custom(number), Attribute::ActivationDate(since), last_change()]
}

fn state(state: State) -> Vec<Attribute> {
    vec![Attribute::State(state), last_change()]
}

#[tokio::test]
async fn a_service_is_told_of_its_own_key_and_an_administrator_of_all() {
    let world = World::new().await;
    for version in [Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let sibling = world.client("mongodb", version).await;
        let stranger = world.client_of("tenant-b", "orders", version).await;
        let (caller, tenant) = (client.caller(), KeyLevel::Tenant(client.caller().tenant_id));
        let mut own = Line::listening(&client).await;
        let mut other = Line::listening(&sibling).await;
        let mut admin = Line::listening(&sibling.in_role(Role::TenantAdmin)).await;
        let mut foreign = Line::listening(&stranger.in_role(Role::TenantAdmin)).await;

        let orders = KeyLevel::Service(caller.service_id);
        world.tell(orders, EventKind::KeyRotation, 2, START).await;
        let wanted = (ORDERS_KEY.to_owned(), rotated(2, at(0)));
        assert_eq!(told(&mut own).await, wanted);
        assert_eq!(told(&mut admin).await, wanted);
        world.tell(tenant, EventKind::KeyRotation, 3, START).await;
        assert_eq!(told(&mut admin).await, (TENANT_KEY.to_owned(), rotated(3, at(0))));

        // For later, and taken back: it is as it was.
        world.tell(orders, EventKind::KeyRotation, 2, START + 1000).await;
        world.tell(orders, EventKind::KeyRotationCancelled, 2, START + 1000).await;
        for told_of in [rotated(2, at(1000)), rotated(1, at(0))] {
            let wanted = (ORDERS_KEY.to_owned(), told_of);
            assert_eq!(told(&mut own).await, wanted);
            assert_eq!(told(&mut admin).await, wanted);
        }
        for line in [&mut own, &mut other, &mut admin, &mut foreign] {
            assert_eq!(line.told().await, None, "nothing else");
        }

        // What happens to the tenant happens to the keys of its services.
        for (kind, as_told) in
            [(EventKind::Suspension, State::Deactivated), (EventKind::Resumption, State::Active)]
        {
            world.tell(tenant, kind, 1, START).await;
            assert_eq!(told(&mut own).await, (ORDERS_KEY.to_owned(), state(as_told)));
            assert_eq!(told(&mut other).await, (MONGODB_KEY.to_owned(), state(as_told)));
            assert_eq!(told(&mut admin).await, (TENANT_KEY.to_owned(), state(as_told)));
        }
        assert_eq!(foreign.told().await, None);
    }
}

#[tokio::test]
async fn a_service_that_is_suspended_is_told_of_that_and_of_nothing_else() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut own = Line::listening(&client).await;
    let mut writer = Line::listening(&client.in_mode(Mode::WriteOnly)).await;
    let admin = world.client("mongodb", Version::V2_1).await.in_role(Role::TenantAdmin);
    let mut line = Line::listening(&admin).await;
    admin.ask(re_key(ORDERS_KEY, None, vec![])).await.unwrap();
    assert_eq!(own.told().await, None, "no version seals yet that did not before");
    admin.ask(revoke(ORDERS_KEY, Code::CessationOfOperation)).await.unwrap();
    let wanted = (ORDERS_KEY.to_owned(), state(State::Deactivated));
    for line in [&mut own, &mut writer, &mut line] {
        assert_eq!(told(line).await, wanted);
    }
    let orders = KeyLevel::Service(client.caller().service_id);
    let tenant = KeyLevel::Tenant(client.caller().tenant_id);
    // The tenant goes on, the service does not.
    world.tell(tenant, EventKind::Resumption, 1, START).await;
    assert_eq!(told(&mut own).await, wanted);
    assert_eq!(told(&mut line).await, (TENANT_KEY.to_owned(), state(State::Active)));
    world.tell(orders, EventKind::Shredding, 1, START).await;
    let wanted = (ORDERS_KEY.to_owned(), state(State::Destroyed));
    assert_eq!(told(&mut own).await, wanted);
    assert_eq!(told(&mut line).await, wanted);
}

#[tokio::test]
async fn whoever_does_not_take_notify_or_may_not_read_attributes_is_not_told() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut line = Line::listening(&client).await;
    line.operations = Some(vec![Operation::Put]);
    let orders = KeyLevel::Service(client.caller().service_id);
    world.tell(orders, EventKind::KeyRotation, 2, START).await;
    assert_eq!(line.told().await, None);
    let mut line = Line::new(&client);
    world.tell(orders, EventKind::KeyRotation, 2, START).await;
    assert_eq!(line.told().await, None, "it has not asked to be told");
}
