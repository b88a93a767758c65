//! Revoke of a key of the hierarchy by a tenant's administrator suspends whoever has it.

use keystrata::store::TenantState;
use keystrata::tenant::{Mode, Role};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{ResultReason as R, RevocationReasonCode as Code, State};

use super::ask::{get, revoke};
use super::world::World;

const TENANT_KEY: &str = "keystrata:tenant-key";
const ORDERS_KEY: &str = "keystrata:service-key:orders";

#[tokio::test]
async fn a_service_whose_key_is_revoked_is_suspended_at_once() {
    let world = World::new().await;
    let orders = world.client("orders", Version::V2_1).await;
    let uid = orders.create(vec![]).await;
    let sibling = world.client("mongodb", Version::V2_1).await;
    let own = sibling.create(vec![]).await;
    let admin = sibling.in_role(Role::TenantAdmin);
    for refused in [
        admin.in_mode(Mode::ReadOnly).ask(revoke(ORDERS_KEY, Code::Superseded)).await,
        admin.ask(revoke("keystrata:service-key:orders:1", Code::Superseded)).await,
    ] {
        assert_eq!(refused.unwrap_err(), R::PermissionDenied);
    }
    let unknown = admin.ask(revoke("keystrata:service-key:nobody", Code::Superseded)).await;
    assert_eq!(unknown.unwrap_err(), R::ObjectNotFound);
    let bad = admin.ask(revoke(ORDERS_KEY, Code::Unknown(99))).await;
    assert_eq!(bad.unwrap_err(), R::InvalidField);
    orders.ask(get(&uid)).await.expect("nothing has happened yet");

    admin.ask(revoke(ORDERS_KEY, Code::CessationOfOperation)).await.unwrap();
    assert_eq!(orders.ask(get(&uid)).await.unwrap_err(), R::PermissionDenied);
    assert!(world.admitted("tenant-a", "orders", Version::V2_1, &[]).await.is_err());
    sibling.ask(get(&own)).await.expect("it is served");
    let refused = admin.ask(get(&uid)).await;
    assert_eq!(refused.unwrap_err(), R::PermissionDenied, "its keys open for nobody");
    let state = admin.values(ORDERS_KEY, AttributeKind::State).await;
    assert_eq!(state, [Attribute::State(State::Deactivated)]);
    let again = admin.ask(revoke(ORDERS_KEY, Code::CessationOfOperation)).await;
    assert_eq!(again.unwrap_err(), R::WrongKeyLifecycleState);

    let trail = String::from_utf8_lossy(&world.close().concat()).into_owned();
    let of = |operation: &str| {
        let name = format!("\"operation\":\"{operation}\"");
        // The lines of the trail's files, and not what the store keeps until they are written.
        let lines = trail.lines().filter(|line| line.starts_with('{') && line.contains(&name));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let suspensions = of("service suspend");
    assert_eq!(suspensions.len(), 1, "{suspensions:?}");
    assert!(suspensions[0].contains("\"service\":\"orders\""), "{suspensions:?}");
    let revoked = of("Revoke");
    let done: Vec<_> = revoked.iter().filter(|line| line.contains("Success")).collect();
    assert!(done.len() == 1 && done[0].contains(ORDERS_KEY), "{revoked:?}");
}

#[tokio::test]
async fn a_tenant_whose_key_is_revoked_is_suspended_with_all_its_services_and_no_other() {
    let world = World::new().await;
    let orders = world.client("orders", Version::V1_4).await;
    let uid = orders.create(vec![]).await;
    let admin = world.client("mongodb", Version::V1_4).await.in_role(Role::TenantAdmin);
    let other = world.client_of("tenant-b", "orders", Version::V1_4).await;
    let theirs = other.create(vec![]).await;
    // In a batch, what follows is refused already.
    let answers = admin.batch(None, vec![revoke(TENANT_KEY, Code::KeyCompromise), get(&uid)]).await;
    assert!(answers[0].is_ok(), "{answers:?}");
    assert_eq!(answers[1].as_ref().err(), Some(&R::PermissionDenied));
    for client in [&orders, &admin] {
        assert_eq!(client.ask(get(&uid)).await.unwrap_err(), R::PermissionDenied);
    }
    other.ask(get(&theirs)).await.expect("another tenant");
    world.switch("tenant-a", TenantState::Active).await;
    let resumed = world.restarted().await;
    let orders = resumed.client("orders", Version::V1_4).await;
    orders.ask(get(&uid)).await.expect("nothing is lost");
}
