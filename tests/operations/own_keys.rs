//! The keys of the hierarchy as objects: rotated by the tenant's administrators by Re-key, and ended by
//! Revoke; for a service its own, to encrypt with.

use keystrata::store::{KeyLevel, KeyState};
use keystrata::tenant::{Mode, Role};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference};
use kmip_ttlv::enums::{ResultReason as R, RevocationReasonCode, State};

use super::ask::{
    activate, add, attribute_list, destroy, found, get, group, locate, modify, name, re_key,
    revoke, uid_of,
};
use super::world::{Client, World};

const TENANT_KEY: &str = "keystrata:tenant-key";
const ORDERS_KEY: &str = "keystrata:service-key:orders";

async fn version(client: &Client<'_>, uid: &str) -> Vec<Attribute> {
    let reference = AttributeReference::Custom { vendor: "y".into(), name: "Key-Version".into() };
    client.values(uid, reference).await
}

#[tokio::test]
async fn a_tenants_administrator_sees_its_keys_and_never_their_values() {
    let world = World::new().await;
    let orders = world.client("orders", Version::V1_4).await;
    orders.create(vec![]).await;
    let admin = orders.in_role(Role::TenantAdmin);
    for uid in [TENANT_KEY, ORDERS_KEY] {
        let state = admin.values(uid, AttributeKind::State).await;
        assert_eq!(state, [Attribute::State(State::Active)]);
        let length = admin.values(uid, AttributeKind::CryptographicLength).await;
        assert_eq!(length, [Attribute::CryptographicLength(256)]);
        assert_eq!(version(&admin, uid).await.len(), 1);
        admin.ask(attribute_list(uid)).await.unwrap();
        assert_eq!(admin.ask(get(uid)).await.unwrap_err(), R::Sensitive);
    }
    // They are found when they are asked for, and not among the objects of services.
    assert_eq!(found(admin.ask(locate(vec![])).await).len(), 1);
    let all = found(admin.ask(locate(vec![group("keystrata:keys")])).await);
    assert_eq!(all, [TENANT_KEY, ORDERS_KEY]);
    let uid = Attribute::UniqueIdentifier(ORDERS_KEY.into());
    assert_eq!(found(admin.ask(locate(vec![uid])).await), [ORDERS_KEY]);
    let by_state = vec![group("keystrata:keys"), Attribute::State(State::Compromised)];
    assert!(found(admin.ask(locate(by_state)).await).is_empty());
}

#[tokio::test]
async fn to_everybody_else_there_are_no_such_keys() {
    let world = World::new().await;
    let service = world.client("orders", Version::V1_4).await;
    service.create(vec![]).await;
    world.client_of("tenant-b", "billing", Version::V1_4).await.create(vec![]).await;
    let sibling = world.client("mongodb", Version::V1_4).await;
    for uid in [TENANT_KEY, ORDERS_KEY, "keystrata:service-key:orders:1"] {
        let code = RevocationReasonCode::CessationOfOperation;
        for request in
            [get(uid), re_key(uid, None, vec![]), destroy(uid), activate(uid), revoke(uid, code)]
        {
            assert_eq!(service.ask(request).await.unwrap_err(), R::ItemNotFound, "{uid}");
        }
        assert_eq!(sibling.ask(attribute_list(uid)).await.unwrap_err(), R::ItemNotFound, "{uid}");
    }
    assert_eq!(service.ask(attribute_list(TENANT_KEY)).await.unwrap_err(), R::ItemNotFound);
    // A service finds its own key where it asks for it, and no other.
    assert_eq!(found(service.ask(locate(vec![])).await).len(), 1);
    assert_eq!(found(service.ask(locate(vec![group("keystrata:keys")])).await), [ORDERS_KEY]);
    service.ask(attribute_list(ORDERS_KEY)).await.unwrap();
    // An administrator of another tenant has keys of its own under the same names, and no other's.
    let other = world.client_of("tenant-b", "billing", Version::V1_4).await;
    let other = other.in_role(Role::TenantAdmin);
    assert_eq!(other.ask(re_key(ORDERS_KEY, None, vec![])).await.unwrap_err(), R::ItemNotFound);
    for uid in ["keystrata:service-key:", "keystrata:service-key:A", "keystrata:", "keystrata:x"] {
        assert_eq!(other.ask(re_key(uid, None, vec![])).await.unwrap_err(), R::ItemNotFound);
    }
    let mine = ["keystrata:tenant-key", "keystrata:service-key:billing"];
    assert_eq!(found(other.ask(locate(vec![group("keystrata:keys")])).await), mine);
    other.ask(re_key(TENANT_KEY, None, vec![])).await.unwrap();
    let admin = service.in_role(Role::TenantAdmin);
    admin.ask(re_key(TENANT_KEY, None, vec![])).await.expect("nothing of this tenant is rotated");
}

#[tokio::test]
async fn re_key_begins_one_rotation_and_nothing_else_changes_such_a_key() {
    let world = World::new().await;
    let admin = world.client("orders", Version::V1_4).await.in_role(Role::TenantAdmin);
    admin.create(vec![]).await;
    for uid in [TENANT_KEY, ORDERS_KEY] {
        let changes = [
            destroy(uid),
            activate(uid),
            add(uid, name("mine")),
            modify(uid, None, Attribute::State(State::Active)),
        ];
        for change in changes {
            assert_eq!(admin.ask(change).await.unwrap_err(), R::PermissionDenied, "{uid}");
        }
        let with_attributes = re_key(uid, None, vec![name("other")]);
        assert_eq!(admin.ask(with_attributes).await.unwrap_err(), R::InvalidField);
        assert_eq!(admin.ask(re_key(uid, Some(5), vec![])).await.unwrap_err(), R::InvalidField);
        let reader = admin.in_mode(Mode::ReadOnly);
        let refused = reader.ask(re_key(uid, None, vec![])).await;
        assert_eq!(refused.unwrap_err(), R::PermissionDenied);

        assert_eq!(uid_of(admin.ask(re_key(uid, None, vec![])).await), uid, "the same object");
        let again = admin.ask(re_key(uid, None, vec![])).await;
        assert_eq!(again.unwrap_err(), R::PermissionDenied, "one at a time");
    }
    let begun = world.rotations().await;
    assert_eq!(begun.len(), 2);
    for row in begun {
        assert_eq!((row.from, row.to, row.eager), (1, 2, false));
        assert!(matches!(row.level, KeyLevel::Tenant(_) | KeyLevel::Service(_)));
        let states: Vec<_> = world.keys(row.level).await.iter().map(|row| row.state).collect();
        assert_eq!(states, [KeyState::Active, KeyState::Pending]);
    }
}
