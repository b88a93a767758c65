//! What kinds of services may do, and what they know of each other.

use keystrata::tenant::{Mode, Role};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::{ResultReason, RevocationReasonCode};
use kmip_ttlv::payload::{RequestPayload, decrypt, discover_versions, encrypt};

use super::ask::{
    Request, activate, add, attribute_list, attributes, check, create, custom, delete, destroy,
    found, get, locate, modify, name, re_key, revoke, set, uid_of,
};
use super::world::World;

use ResultReason as R;

fn encrypt(uid: &str) -> Request {
    let request = encrypt::Request {
        uid: Some(uid.to_owned().into()),
        parameters: None,
        data: Some(vec![0; 16].into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    };
    request.into()
}

fn decrypt(uid: &str) -> Request {
    let request = decrypt::Request {
        uid: Some(uid.to_owned().into()),
        parameters: None,
        data: Some(vec![0; 16].into()),
        iv: Some(vec![0; 16].into()),
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
        tag: None,
    };
    request.into()
}

/// Every operation on an object, with what a mode allows: `r` for read-only, `w` for write-only.
fn operations(uid: &str) -> Vec<(&'static str, Request)> {
    let compromised = RevocationReasonCode::KeyCompromise;
    let names = AttributeKind::Name.into();
    vec![
        ("r", get(uid)),
        ("rw", attributes(uid, &[])),
        ("rw", attribute_list(uid)),
        ("rw", locate(Vec::new()).into()),
        ("rw", check(uid).into()),
        ("r", decrypt(uid)),
        ("rw", discover_versions::Request { versions: Vec::new() }.into()),
        ("w", encrypt(uid)),
        ("w", create(Vec::new())),
        ("w", add(uid, name("n"))),
        ("w", set(uid, custom("color", "red"))),
        ("w", modify(uid, None, custom("color", "blue"))),
        ("w", delete(uid, names, None)),
        ("w", re_key(uid, None, Vec::new())),
        ("w", revoke(uid, compromised)),
        ("w", destroy(uid)),
        ("w", activate(uid)),
    ]
}

#[tokio::test]
async fn a_mode_allows_its_operations_and_no_others() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for (mode, letter) in [(Mode::ReadOnly, 'r'), (Mode::WriteOnly, 'w')] {
        let uid = client.key(128, Vec::new()).await;
        let held = client.in_mode(mode);
        for (allowed, request) in operations(&uid) {
            let what = format!("{request:?} in {mode:?}");
            let answer = held.ask(request).await;
            if allowed.contains(letter) {
                assert_ne!(answer, Err(R::PermissionDenied), "{what}");
            } else {
                assert_eq!(answer, Err(R::PermissionDenied), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn who_only_writes_reads_a_key_in_the_batch_that_made_it_and_never_again() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await.in_mode(Mode::WriteOnly);
    let answers = client.batch(None, vec![create(Vec::new()), get("")]).await;
    let uids: Vec<String> = answers.into_iter().map(uid_of).collect();
    assert_eq!(client.ask(get(&uids[0])).await, Err(R::PermissionDenied));
    let replaced = vec![re_key(&uids[0], None, Vec::new()), get(""), get(&uids[0])];
    let answers = client.batch(None, replaced).await;
    let reasons: Vec<_> = answers.into_iter().map(Result::err).collect();
    assert_eq!(reasons, [None, None, Some(R::PermissionDenied)]);
}

/// Requests that name an object, of every operation that can.
fn naming(uid: &str) -> Vec<Request> {
    let named = |(_, request): (&str, Request)| {
        let without =
            matches!(request, RequestPayload::Create(_) | RequestPayload::DiscoverVersions(_));
        (!without).then_some(request)
    };
    operations(uid).into_iter().filter_map(named).collect()
}

#[tokio::test]
async fn an_object_of_somebody_else_is_answered_like_one_that_does_not_exist() {
    let world = World::new().await;
    let nowhere = "018bcfe5-6800-7000-8000-000000000000";
    for version in Version::ALL {
        let owner = world.client_of("tenant-a", "orders", version).await;
        let uid = owner.key(128, vec![name("n")]).await;
        let destroyed = owner.create(Vec::new()).await;
        owner.ask(destroy(&destroyed)).await.unwrap();
        for stranger in [
            world.client_of("tenant-a", "billing", version).await,
            world.client_of("tenant-b", "orders", version).await,
            world.client_of("tenant-b", "admin", version).await.in_role(Role::TenantAdmin),
        ] {
            for theirs in [&uid, &destroyed] {
                let pairs = naming(theirs).into_iter().zip(naming(nowhere));
                for (foreign, missing) in pairs {
                    let what = format!("{foreign:?}");
                    let foreign = stranger.answer(&stranger.request(vec![foreign])).await;
                    let missing = stranger.answer(&stranger.request(vec![missing])).await;
                    assert_eq!(foreign, missing, "{what}");
                }
            }
            assert_eq!(found(stranger.ask(locate(vec![name("n")])).await), Vec::<String>::new());
        }
        // Nothing of what the strangers tried has touched it.
        owner.ask(get(&uid)).await.unwrap();
        assert_eq!(owner.values(&uid, AttributeKind::Name).await, [name("n")]);
    }
}

#[tokio::test]
async fn an_administrator_reaches_all_services_of_the_tenant_and_no_other() {
    let world = World::new().await;
    let version = Version::V1_4;
    let mut uids = Vec::new();
    for service in ["orders", "billing"] {
        uids.insert(0, world.client(service, version).await.create(Vec::new()).await);
    }
    world.client_of("tenant-b", "orders", version).await.create(Vec::new()).await;
    let admin = world.client("admin", version).await.in_role(Role::TenantAdmin);
    assert_eq!(found(admin.ask(locate(Vec::new())).await), uids);
    for uid in uids {
        admin.ask(get(&uid)).await.unwrap();
    }
}
