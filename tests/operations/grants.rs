//! What a client asks for to go on with a key that it has fetched: leases (KMIP 1.4 §4.17, KMIP 2.1
//! §6.1.35) and usage allocations (KMIP 1.4 §4.18, KMIP 2.1 §6.1.23).

use keystrata::operation::{Facts, Leases};
use keystrata::tenant::{Mode, ServiceName, TenantName};
use kmip_ttlv::attribute::{Attribute, AttributeKind, InlineAttributes, UsageLimits};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, CryptographicUsageMask, ObjectType, OpaqueDataType,
    ResultReason as R, RevocationReasonCode, State, UsageLimitsUnit,
};
use kmip_ttlv::object::{ManagedObject, OpaqueObject};
use kmip_ttlv::payload::{ResponsePayload, check, get_usage_allocation, import, obtain_lease};
use kmip_ttlv::{Interval, Secret, Version};

use super::ask::{activate, at, check, create, custom, modify, opaque, revoke, uid_of};
use super::world::{Answer, World};

fn lease(uid: &str) -> obtain_lease::Request<'static> {
    obtain_lease::Request { uid: (!uid.is_empty()).then(|| uid.to_owned().into()) }
}

fn leased(answer: Answer) -> (u32, i64) {
    match answer.unwrap() {
        ResponsePayload::ObtainLease(response) => {
            (response.lease_time.0, response.last_change_date.0)
        }
        other => panic!("{other:?}"),
    }
}

fn allocation(uid: &str, count: i64) -> get_usage_allocation::Request<'static> {
    let uid = (!uid.is_empty()).then(|| uid.to_owned().into());
    get_usage_allocation::Request { uid, usage_limits_count: count }
}

fn limits(total: i64) -> Attribute {
    let unit = UsageLimitsUnit::Byte;
    Attribute::UsageLimits(UsageLimits { total, count: None, unit })
}

#[tokio::test]
async fn a_lease_says_when_the_object_was_last_changed() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.create(Vec::new()).await;
        let made = leased(client.ask(lease(&uid)).await);
        assert_eq!(made.0, 300);
        world.clock.advance(std::time::Duration::from_secs(7));
        assert_eq!(leased(client.ask(lease(&uid)).await), made, "a lease changes nothing");
        client.ask(activate(&uid)).await.unwrap();
        assert_eq!(leased(client.ask(lease(&uid)).await), (300, made.1 + 7));
        let batch = vec![create(Vec::new()), lease("").into()];
        let answers = client.batch(None, batch).await;
        assert!(matches!(answers[1], Ok(ResponsePayload::ObtainLease(_))), "the placeholder");
    }
}

#[tokio::test]
async fn leases_are_as_long_as_is_said_of_the_service_or_of_the_tenant() {
    let mut leases = Leases::new(Interval(100));
    let (tenant, service) = (TenantName::new("tenant-a").unwrap(), ServiceName::new("b").unwrap());
    leases.set(tenant.clone(), None, Interval(200));
    leases.set(tenant, Some(service), Interval(50));
    let world = World::with_facts(Facts { leases, ..Facts::default() }).await;
    for (tenant, service, seconds) in
        [("tenant-a", "a", 200), ("tenant-a", "b", 50), ("tenant-b", "b", 100)]
    {
        let client = world.client_of(tenant, service, Version::V1_4).await;
        let uid = client.create(Vec::new()).await;
        assert_eq!(leased(client.ask(lease(&uid)).await).0, seconds);
        let kept = client.values(&uid, AttributeKind::LeaseTime).await;
        assert_eq!(kept, [Attribute::LeaseTime(Interval(seconds))]);
    }
}

#[tokio::test]
async fn an_object_that_allows_more_is_lent_and_checked_for_as_long_as_the_server_says() {
    // A lease of zero is none: the client may use the object without limit.
    for (of_server, of_object, expected) in
        [(300, 500, 300), (300, 100, 100), (300, 0, 300), (0, 100, 100), (0, 0, 0)]
    {
        let leases = Leases::new(Interval(of_server));
        let world = World::with_facts(Facts { leases, ..Facts::default() }).await;
        let client = world.client("orders", Version::V2_1).await;
        let uid = format!("from elsewhere {of_object}");
        let object = ManagedObject::OpaqueObject(OpaqueObject {
            kind: OpaqueDataType::Unknown(0x8000_0001),
            value: Secret::new(vec![1; 16]),
        });
        let attributes = [Attribute::LeaseTime(Interval(of_object))].into_iter().collect();
        let request = import::Request {
            uid: uid.clone().into(),
            object_type: Some(ObjectType::OpaqueObject),
            replace_existing: None,
            key_wrap_type: None,
            attributes: InlineAttributes(Some(attributes)),
            object,
        };
        client.ask(request).await.unwrap();
        assert_eq!(leased(client.ask(lease(&uid)).await).0, expected);
        let check = async |seconds| {
            let lease_time = Some(Interval(seconds));
            client.ask(check::Request { lease_time, ..check(&uid) }).await.err()
        };
        assert_eq!(check(expected).await, None);
        let refused = (expected > 0).then_some(R::PermissionDenied);
        assert_eq!(check(expected + 1).await, refused);
        assert_eq!(check(0).await, refused, "without any limit");
    }
}

#[tokio::test]
async fn no_lease_is_given_for_what_is_compromised_or_gone() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for (state, expected) in [
            (State::PreActive, None),
            (State::Active, None),
            (State::Deactivated, None),
            (State::Compromised, Some(R::PermissionDenied)),
            (State::Destroyed, Some(gone(version))),
            (State::DestroyedCompromised, Some(gone(version))),
        ] {
            let uid = client.key_in(state, Vec::new()).await;
            let answer = client.ask(lease(&uid)).await;
            assert_eq!(answer.err(), expected, "{state} {version:?}");
        }
        let missing = if version.is_2x() { R::ObjectNotFound } else { R::ItemNotFound };
        assert_eq!(client.ask(lease("nobody")).await, Err(missing));
        let of_other = world.client("other", version).await.create(Vec::new()).await;
        assert_eq!(client.ask(lease(&of_other)).await, Err(missing));
        // Only cryptographic objects have leases in 1.x.
        let uid = uid_of(client.ask(opaque(Vec::new())).await);
        let expected = (!version.is_2x()).then_some(R::PermissionDenied);
        assert_eq!(client.ask(lease(&uid)).await.err(), expected);
    }
}

fn gone(version: Version) -> R {
    if version.is_2x() { R::ObjectDestroyed } else { R::ItemNotFound }
}

#[tokio::test]
async fn an_allocation_counts_as_used_until_nothing_is_left() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.key_in(State::Active, vec![limits(1000)]).await;
        let used_up = if version.is_2x() { R::UsageLimitExceeded } else { R::PermissionDenied };
        world.clock.advance(std::time::Duration::from_secs(5));
        let before = leased(client.ask(lease(&uid)).await).1;
        for (count, expected) in [
            (600, None),
            (401, Some(used_up)),
            (-1, Some(R::InvalidField)),
            (400, None),
            (0, None),
            (1, Some(used_up)),
            (i64::MAX, Some(used_up)),
        ] {
            let answer = client.ask(allocation(&uid, count)).await;
            assert_eq!(answer.err(), expected, "{count} {version:?}");
        }
        let unit = UsageLimitsUnit::Byte;
        let left = UsageLimits { total: 1000, count: Some(0), unit };
        let kept = client.values(&uid, AttributeKind::UsageLimits).await;
        assert_eq!(kept, [Attribute::UsageLimits(left)]);
        assert_eq!(leased(client.ask(lease(&uid)).await).1, before + 5, "the object was changed");
        // What was given out cannot be taken back.
        let answer = client.ask(modify(&uid, None, limits(5000))).await;
        assert!(answer.is_err(), "{version:?}");
    }
}

#[tokio::test]
async fn nothing_is_allocated_of_what_has_no_limits_or_protects_nothing() {
    let world = World::new().await;
    let verifies = Attribute::CryptographicUsageMask(CryptographicUsageMask::DECRYPT);
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let (no_limits, no_key) = if version.is_2x() {
            (R::AttributeNotFound, R::InvalidObjectType)
        } else {
            (R::IllegalOperation, R::IllegalOperation)
        };
        let unlimited = client.key_in(State::Active, Vec::new()).await;
        assert_eq!(client.ask(allocation(&unlimited, 1)).await, Err(no_limits));
        let reader = client.key_in(State::Active, vec![verifies.clone(), limits(9)]).await;
        assert_eq!(client.ask(allocation(&reader, 1)).await, Err(no_key));
        let thing = uid_of(client.ask(opaque(vec![custom("a", "b")])).await);
        assert_eq!(client.ask(allocation(&thing, 1)).await, Err(no_key));
    }
}

#[tokio::test]
async fn nothing_is_allocated_before_or_after_the_time_of_protection() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for state in [State::PreActive, State::Deactivated, State::Compromised] {
            let uid = client.key_in(state, vec![limits(9)]).await;
            let answer = client.ask(allocation(&uid, 1)).await;
            assert_eq!(answer, Err(R::PermissionDenied), "{state} {version:?}");
        }
        let stopped =
            vec![limits(9), Attribute::ActivationDate(at(-10)), Attribute::ProtectStopDate(at(-5))];
        let uid = client.create(stopped).await;
        assert_eq!(client.state(&uid).await, State::Active);
        assert_eq!(client.ask(allocation(&uid, 1)).await, Err(R::PermissionDenied));
        let uid = client.key_in(State::Destroyed, vec![limits(9)]).await;
        assert_eq!(client.ask(allocation(&uid, 1)).await, Err(gone(version)));
    }
}

#[tokio::test]
async fn who_only_reads_gets_leases_and_no_allocations() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.key_in(State::Active, vec![limits(9)]).await;
    let reader = client.in_mode(Mode::ReadOnly);
    assert_eq!(leased(reader.ask(lease(&uid)).await).0, 300);
    assert_eq!(reader.ask(allocation(&uid, 1)).await, Err(R::PermissionDenied));
}

#[tokio::test]
async fn an_allocation_of_a_batch_that_is_undone_is_not_used() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.key_in(State::Active, vec![limits(9)]).await;
    let batch = vec![
        allocation(&uid, 5).into(),
        allocation(&uid, 4).into(),
        revoke("nobody", RevocationReasonCode::Unspecified),
    ];
    let undo = Some(BatchErrorContinuationOption::Undo);
    assert_eq!(client.batch(undo, batch).await.len(), 3);
    client.ask(allocation(&uid, 9)).await.unwrap();
}
