//! Re-key (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).

use std::time::Duration;

use keystrata::tenant::Role;
use kmip_ttlv::attribute::{Attribute, AttributeKind, Link, UsageLimits};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, ObjectType, ResultReason,
    SecretDataType, State, UsageLimitsUnit,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData};
use kmip_ttlv::payload::{ResponsePayload, register};
use kmip_ttlv::{Secret, Version};

use super::ask::{add, at, create, custom, found, get, group, locate, name, re_key, uid_of};
use super::world::{Answer, Client, World, text};

use ResultReason as R;

/// The bytes of a key.
fn bytes_of(answer: Answer) -> Vec<u8> {
    let ResponsePayload::Get(response) = answer.unwrap() else { panic!() };
    match response.object.key_block().unwrap().value.as_ref().unwrap() {
        KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. } => bytes.expose().clone(),
        other => panic!("{other:?}"),
    }
}

fn link(kind: LinkType, uid: &str) -> Attribute {
    Attribute::Link(Link { kind, object: uid.into() })
}

#[tokio::test]
async fn the_new_key_takes_over_names_and_attributes_and_each_knows_the_other() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let kept = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(192),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::ENCRYPT),
        group("g"),
        custom("color", "red"),
        Attribute::ContactInformation("somebody".into()),
    ];
    let mut given = kept.to_vec();
    given.extend([name("a"), name("b")]);
    let old = client.create(given).await;
    client.ask(get(&old)).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    let new = uid_of(client.ask(re_key(&old, None, vec![name("c")])).await);

    for attribute in kept {
        let reference = keystrata::object::set::reference(&attribute);
        assert_eq!(client.values(&new, reference.clone()).await, [attribute.clone()]);
        assert_eq!(client.values(&old, reference).await, [attribute]);
    }
    let names = client.values(&new, AttributeKind::Name).await;
    assert_eq!(names, [name("a"), name("b"), name("c")]);
    assert_eq!(client.values(&old, AttributeKind::Name).await, []);
    assert_eq!(found(client.ask(locate(vec![name("a")])).await), [new.clone()]);

    let links = client.values(&old, AttributeKind::Link).await;
    assert_eq!(links, [link(LinkType::ReplacementObjectLink, &new)]);
    let links = client.values(&new, AttributeKind::Link).await;
    assert_eq!(links, [link(LinkType::ReplacedObjectLink, &old)]);

    for kind in [
        AttributeKind::InitialDate,
        AttributeKind::LastChangeDate,
        AttributeKind::OriginalCreationDate,
    ] {
        let date = client.values(&new, kind).await;
        assert_eq!(keystrata::object::date_order::date(&date[0]), Some(at(60).0), "{kind:?}");
    }
    let changed = client.values(&old, AttributeKind::LastChangeDate).await;
    assert_eq!(changed, [Attribute::LastChangeDate(at(60))]);
    assert_eq!(client.values(&new, AttributeKind::Fresh).await, [Attribute::Fresh(true)]);

    let digests = [
        client.values(&old, AttributeKind::Digest).await,
        client.values(&new, AttributeKind::Digest).await,
    ];
    assert_ne!(digests[0], digests[1]);
    let keys = [bytes_of(client.ask(get(&old)).await), bytes_of(client.ask(get(&new)).await)];
    assert_eq!(keys.each_ref().map(Vec::len), [24, 24]);
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn names_grow_along_a_chain_and_only_the_last_key_has_them() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_0).await;
    let mut key = client.create(vec![name("first")]).await;
    for round in 0..3 {
        let next = name(&round.to_string());
        key = uid_of(client.ask(re_key(&key, None, vec![next])).await);
    }
    let names = client.values(&key, AttributeKind::Name).await;
    assert_eq!(names, [name("first"), name("0"), name("1"), name("2")]);
    assert_eq!(found(client.ask(locate(vec![name("first")])).await), [key]);
}

#[tokio::test]
async fn a_key_that_is_replaced_again_names_its_newest_replacement_only() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let old = client.create(Vec::new()).await;
        let mut made = Vec::new();
        for _ in 0..3 {
            let new = uid_of(client.ask(re_key(&old, None, Vec::new())).await);
            let links = client.values(&old, AttributeKind::Link).await;
            assert_eq!(links, [link(LinkType::ReplacementObjectLink, &new)]);
            made.push(new);
        }
        for new in made {
            let links = client.values(&new, AttributeKind::Link).await;
            assert_eq!(links, [link(LinkType::ReplacedObjectLink, &old)]);
        }
        // Links that a client has added make way, too; others stay.
        let base = link(LinkType::DerivationBaseObjectLink, "p");
        for more in [base.clone(), link(LinkType::ReplacementObjectLink, "x")] {
            client.ask(add(&old, more)).await.unwrap();
        }
        let new = uid_of(client.ask(re_key(&old, None, Vec::new())).await);
        let links = client.values(&old, AttributeKind::Link).await;
        assert_eq!(links, [link(LinkType::ReplacementObjectLink, &new), base]);
    }
}

#[tokio::test]
async fn a_key_in_any_state_with_a_value_can_be_replaced_and_stays_as_it_is() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_0).await;
    for (state, expected) in [
        (State::PreActive, State::PreActive),
        (State::Active, State::Active),
        // Revoke has set the Deactivation Date, which is copied.
        (State::Deactivated, State::Deactivated),
        (State::Compromised, State::PreActive),
    ] {
        let old = client.key_in(state, Vec::new()).await;
        let new = uid_of(client.ask(re_key(&old, None, Vec::new())).await);
        assert_eq!(client.state(&old).await, state);
        assert_eq!(client.state(&new).await, expected, "from {state:?}");
        for kind in [
            AttributeKind::RevocationReason,
            AttributeKind::CompromiseDate,
            AttributeKind::CompromiseOccurrenceDate,
        ] {
            assert_eq!(client.values(&new, kind).await, [], "from {state:?}");
        }
        client.ask(get(&old)).await.unwrap();
    }
}

/// The four dates of a key, in seconds after the start.
async fn dates(client: &Client<'_>, uid: &str) -> [Option<i64>; 4] {
    let mut dates = [None; 4];
    for (date, kind) in dates.iter_mut().zip(keystrata::object::rekey::DATES) {
        let values = client.values(uid, *kind).await;
        let seconds = values.first().and_then(keystrata::object::date_order::date);
        *date = seconds.map(|seconds| seconds - at(0).0);
    }
    dates
}

fn given(dates: [Option<i64>; 4]) -> Vec<Attribute> {
    let [activation, start, stop, deactivation] = dates;
    [
        activation.map(|date| Attribute::ActivationDate(at(date))),
        start.map(|date| Attribute::ProcessStartDate(at(date))),
        stop.map(|date| Attribute::ProtectStopDate(at(date))),
        deactivation.map(|date| Attribute::DeactivationDate(at(date))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn dates_are_copied_moved_by_an_offset_or_given() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let all = [Some(1000), Some(1100), Some(1200), Some(1300)];
    // old, offset, given, new; each new key is made a hundred seconds later than the last
    let table = [
        (all, None, [None; 4], Ok(all)),
        (all, Some(0), [None; 4], Ok([Some(200), Some(300), Some(400), Some(500)])),
        (all, Some(1000), [None; 4], Ok([Some(1300), Some(1400), Some(1500), Some(1600)])),
        ([None; 4], Some(10), [None; 4], Ok([Some(410), None, None, None])),
        ([None; 4], None, [None; 4], Ok([None; 4])),
        (
            all,
            None,
            [Some(2000), Some(2000), Some(3000), Some(3000)],
            Ok([Some(2000), Some(2000), Some(3000), Some(3000)]),
        ),
        (all, None, [None, None, None, Some(2000)], Ok([all[0], all[1], all[2], Some(2000)])),
        (all, None, [None, None, None, Some(1150)], Err(R::InvalidField)),
        (all, Some(0), [Some(2000), None, None, None], Err(R::InvalidMessage)),
        (all, Some(0), [None, None, Some(2000), None], Err(R::InvalidMessage)),
        ([None, None, None, Some(1300)], Some(0), [None; 4], Err(R::IllegalOperation)),
    ];
    for (old, offset, asked, expected) in table {
        let old = client.create(given(old)).await;
        world.clock.advance(Duration::from_secs(100));
        let answer = client.ask(re_key(&old, offset, given(asked))).await;
        match expected {
            Ok(expected) => assert_eq!(dates(&client, &uid_of(answer)).await, expected),
            Err(reason) => assert_eq!(answer, Err(reason)),
        }
    }
}

#[tokio::test]
async fn usage_limits_start_anew() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let limits = |count| {
        let unit = UsageLimitsUnit::Byte;
        Attribute::UsageLimits(UsageLimits { total: 64, count, unit })
    };
    let old = client.key(128, vec![limits(None)]).await;
    let data = kmip_ttlv::payload::encrypt::Request {
        uid: Some(old.as_str().into()),
        parameters: None,
        data: Some(vec![0; 48].into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    };
    client.ask(data).await.unwrap();
    assert_eq!(client.values(&old, AttributeKind::UsageLimits).await, [limits(Some(16))]);
    let new = uid_of(client.ask(re_key(&old, None, Vec::new())).await);
    assert_eq!(client.values(&new, AttributeKind::UsageLimits).await, [limits(Some(64))]);
}

#[tokio::test]
async fn what_is_no_key_or_has_no_value_cannot_be_replaced() {
    let world = World::new().await;
    let material = KeyMaterial::Bytes(Secret::new(vec![1; 16]));
    let key_block = KeyBlock {
        format: kmip_ttlv::enums::KeyFormatType::Raw,
        compression: None,
        value: Some(KeyValue::new(material)),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    let secret = SecretData { kind: SecretDataType::Seed, key_block };
    for (version, not_usable, destroyed, read_only) in [
        (Version::V1_4, R::PermissionDenied, R::ItemNotFound, R::InvalidField),
        (Version::V2_1, R::InvalidObjectType, R::ObjectDestroyed, R::InvalidField),
    ] {
        let client = world.client("orders", version).await;
        let registered = client
            .ask(register::Request {
                object_type: ObjectType::SecretData,
                attributes: kmip_ttlv::attribute::AttributeList::default(),
                object: Some(ManagedObject::SecretData(secret.clone())),
                protection_storage_masks: None,
            })
            .await;
        let Ok(ResponsePayload::Register(response)) = registered else { panic!() };
        let answer = client.ask(re_key(&text(&response.uid), None, Vec::new())).await;
        assert_eq!(answer, Err(not_usable));
        let gone = client.key_in(State::Destroyed, Vec::new()).await;
        assert_eq!(client.ask(re_key(&gone, None, Vec::new())).await, Err(destroyed));
        let key = client.create(vec![name("n")]).await;
        let other_length = vec![Attribute::CryptographicLength(256)];
        assert_eq!(client.ask(re_key(&key, None, other_length)).await, Err(read_only));
        // A refused Re-key leaves the name where it was.
        assert_eq!(client.values(&key, AttributeKind::Name).await, [name("n")]);
    }
}

#[tokio::test]
async fn the_new_key_is_the_one_that_the_rest_of_the_batch_means() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let batch =
        vec![create(vec![name("n")]), re_key("", None, vec![]), re_key("", None, vec![]), get("")];
    let answers = client.batch(None, batch).await;
    let uids: Vec<String> = answers.into_iter().map(uid_of).collect();
    assert_eq!(uids[2], uids[3]);
    assert!(uids[0] != uids[1] && uids[1] != uids[2]);
}

#[tokio::test]
async fn a_key_that_an_administrator_replaces_still_belongs_to_its_service() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let old = client.create(vec![name("n")]).await;
    let admin = world.client("admin", Version::V1_4).await.in_role(Role::TenantAdmin);
    let new = uid_of(admin.ask(re_key(&old, None, Vec::new())).await);
    assert_eq!(found(client.ask(locate(vec![name("n")])).await), [new.clone()]);
    client.ask(get(&new)).await.unwrap();
}
