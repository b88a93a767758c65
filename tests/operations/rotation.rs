//! Rotation of objects by their own attributes (KMIP 2.1 §4.48 to §4.54).

use std::time::Duration;

use keystrata::crypto::x509::Certificate;
use keystrata::store::TenantState;
use keystrata::tenant::Role;
use kmip_ttlv::attribute::{Attribute, AttributeKind, RotateName};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, LinkType, ResultReason as Reason, RotateNameType, State,
};
use kmip_ttlv::payload::{create_key_pair, re_certify};
use kmip_ttlv::{Interval, Version};

use super::ask;
use super::certificate::{certify, fetch, issued};
use super::pair::{self, of, pair_of};
use super::world::{Client, World};

const HOUR: u32 = 3600;

fn hourly() -> Vec<Attribute> {
    vec![Attribute::RotateAutomatic(true), Attribute::RotateInterval(Interval(HOUR))]
}

fn ed25519(more: Vec<Attribute>) -> create_key_pair::Request {
    pair::create(more.into_iter().chain([of(CryptographicAlgorithm::Ed25519)]).collect())
}

fn pass(world: &World, seconds: u32) {
    world.clock.advance(Duration::from_secs(seconds.into()));
}

async fn linked(client: &Client<'_>, uid: &str, kind: LinkType) -> Option<String> {
    client.values(uid, AttributeKind::Link).await.into_iter().find_map(|link| match link {
        Attribute::Link(link) if link.kind == kind => link.object.text().map(str::to_owned),
        _ => None,
    })
}

async fn replacement(client: &Client<'_>, uid: &str) -> String {
    linked(client, uid, LinkType::ReplacementObjectLink).await.expect("was replaced")
}

#[tokio::test]
async fn a_key_is_replaced_each_time_its_interval_has_passed() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let value = RotateName { value: "set".into(), kind: RotateNameType::UninterpretedTextString };
    let mut more = hourly();
    more.extend([Attribute::RotateName(value.clone()), ask::name("key")]);
    let mut uid = client.create(more).await;
    pass(&world, HOUR - 1);
    assert_eq!(world.service.rotate_due().await, 0);
    for generation in 1..4 {
        pass(&world, 1);
        assert_eq!(world.service.rotate_due().await, 1);
        assert_eq!(world.service.rotate_due().await, 0, "once");
        let new = replacement(&client, &uid).await;
        for (object, latest) in [(&uid, false), (&new, true)] {
            let now = client.values(object, AttributeKind::RotateLatest).await;
            assert_eq!(now, [Attribute::RotateLatest(latest)]);
        }
        let date = Attribute::RotateDate(ask::at(i64::from(HOUR) * generation));
        assert_eq!(client.values(&uid, AttributeKind::RotateDate).await, [date]);
        assert_eq!(client.values(&new, AttributeKind::RotateDate).await, []);
        let count = Attribute::RotateGeneration(i32::try_from(generation).unwrap());
        assert_eq!(client.values(&new, AttributeKind::RotateGeneration).await, [count]);
        assert_eq!(client.values(&new, AttributeKind::Name).await, [ask::name("key")]);
        let set = Attribute::RotateName(value.clone());
        assert_eq!(ask::found(client.ask(ask::locate(vec![set])).await), {
            let mut all = vec![new.clone(), uid.clone()];
            let mut earlier = uid.clone();
            while let Some(old) = linked(&client, &earlier, LinkType::ReplacedObjectLink).await {
                all.push(old.clone());
                earlier = old;
            }
            all
        });
        uid = new;
        pass(&world, HOUR - 1);
    }
}

#[tokio::test]
async fn the_server_rests_until_the_next_is_due() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let all_the_time = Duration::from_secs(10);
    assert_eq!(world.service.rotate_and_plan().await, all_the_time);
    let uid = client.create(hourly()).await;
    assert_eq!(world.service.rotate_and_plan().await, all_the_time);
    pass(&world, HOUR - 3);
    assert_eq!(world.service.rotate_and_plan().await, Duration::from_secs(3));
    assert_eq!(linked(&client, &uid, LinkType::ReplacementObjectLink).await, None);
    pass(&world, 3);
    assert_eq!(world.service.rotate_and_plan().await, all_the_time);
    replacement(&client, &uid).await;
}

#[tokio::test]
async fn a_server_that_was_away_rotates_once_and_goes_on_from_there() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(hourly()).await;
    pass(&world, 5 * HOUR);
    assert_eq!(world.service.rotate_due().await, 1);
    assert_eq!(world.service.rotate_due().await, 0);
    let new = replacement(&client, &uid).await;
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 1);
    assert!(linked(&client, &new, LinkType::ReplacementObjectLink).await.is_some());
}

#[tokio::test]
async fn the_offset_is_that_of_re_key() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut more = hourly();
    more.extend([
        Attribute::RotateOffset(Interval(60)),
        Attribute::ActivationDate(ask::at(-100)),
        Attribute::DeactivationDate(ask::at(10_000)),
    ]);
    let uid = client.create(more).await;
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 1);
    let new = replacement(&client, &uid).await;
    let active = client.values(&new, AttributeKind::ActivationDate).await;
    assert_eq!(active, [Attribute::ActivationDate(ask::at(3660))]);
    let ended = client.values(&new, AttributeKind::DeactivationDate).await;
    assert_eq!(ended, [Attribute::DeactivationDate(ask::at(3660 + 10_100))]);
    assert_eq!(client.state(&new).await, State::PreActive);
    assert_eq!(client.state(&uid).await, State::Active);
}

#[tokio::test]
async fn what_has_ended_or_was_replaced_by_its_owner_rests() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for state in [State::Deactivated, State::Compromised, State::Destroyed] {
        client.key_in(state, hourly()).await;
    }
    let mut deactivates = hourly();
    deactivates
        .extend([Attribute::ActivationDate(ask::at(0)), Attribute::DeactivationDate(ask::at(10))]);
    client.create(deactivates).await;
    client.create(vec![Attribute::RotateInterval(Interval(HOUR))]).await;
    client.create(vec![Attribute::RotateAutomatic(true)]).await;
    let uid = client.create(hourly()).await;
    pass(&world, HOUR / 2);
    let new = ask::uid_of(client.ask(ask::re_key(&uid, None, Vec::new())).await);
    let count = client.values(&new, AttributeKind::RotateGeneration).await;
    assert_eq!(count, [Attribute::RotateGeneration(1)]);
    pass(&world, HOUR / 2);
    assert_eq!(world.service.rotate_due().await, 0, "the replacement is half an hour old");
    pass(&world, HOUR / 2);
    assert_eq!(world.service.rotate_due().await, 1);
}

#[tokio::test]
async fn what_cannot_be_rotated_keeps_nobody_else_from_it_and_is_tried_again_later() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut more = hourly();
    // There is nothing from which this date could be moved.
    more.extend([
        Attribute::RotateOffset(Interval(60)),
        Attribute::DeactivationDate(ask::at(99_999)),
    ]);
    let stuck = client.create(more).await;
    let other = client.create(hourly()).await;
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 1);
    replacement(&client, &other).await;
    assert_eq!(linked(&client, &stuck, LinkType::ReplacementObjectLink).await, None);
    client
        .ask(ask::set(&stuck, Attribute::ActivationDate(ask::at(i64::from(HOUR)))))
        .await
        .unwrap();
    pass(&world, HOUR - 1);
    assert_eq!(world.service.rotate_due().await, 0, "it rests");
    pass(&world, 1);
    assert_eq!(world.service.rotate_due().await, 2, "it, and the replacement of the other");
    replacement(&client, &stuck).await;
}

#[tokio::test]
async fn clients_say_once_and_for_all_how_an_object_is_rotated() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(hourly()).await;
    let other = Attribute::RotateInterval(Interval(1));
    assert_eq!(client.ask(ask::set(&uid, other)).await, Err(Reason::ReadOnlyAttribute));
    let own = vec![Attribute::RotateGeneration(7)];
    assert_eq!(client.ask(ask::create(own)).await, Err(Reason::ReadOnlyAttribute));
    let plain = client.create(Vec::new()).await;
    for attribute in hourly() {
        client.ask(ask::add(&plain, attribute)).await.unwrap();
    }
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 2);
    let old = client.speaking(Version::V2_0);
    assert_eq!(old.values(&uid, AttributeKind::Link).await.len(), 1);
}

#[tokio::test]
async fn however_many_are_due_they_are_rotated_in_their_own_tenants() {
    let world = World::new().await;
    let many = world.client("orders", Version::V2_1).await;
    let items = (0..40).map(|_| ask::create(hourly())).collect();
    assert!(many.batch(None, items).await.iter().all(Result::is_ok));
    let few = world.client_of("tenant-b", "orders", Version::V2_1).await;
    let uid = few.create(hourly()).await;
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 41);
    assert_eq!(ask::found(few.ask(ask::locate(Vec::new())).await).len(), 2);
    assert_eq!(ask::found(many.ask(ask::locate(Vec::new())).await).len(), 80);
    replacement(&few, &uid).await;
}

#[tokio::test]
async fn an_archived_key_waits_until_it_is_recovered() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(hourly()).await;
    client.ask(ask::archive(&uid)).await.unwrap();
    pass(&world, 2 * HOUR);
    assert_eq!(world.service.rotate_due().await, 0);
    client.ask(ask::recover(&uid)).await.unwrap();
    assert_eq!(world.service.rotate_due().await, 1);
    replacement(&client, &uid).await;
}

#[tokio::test]
async fn the_keys_of_a_suspended_tenant_wait_and_nobody_elses() {
    let world = World::new().await;
    let suspended = world.client("orders", Version::V2_1).await;
    let uid = suspended.create(hourly()).await;
    let other = world.client_of("tenant-b", "orders", Version::V2_1).await;
    other.create(hourly()).await;
    world.switch("tenant-a", TenantState::Suspended).await;
    let world = world.restarted().await;
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 1);
    world.switch("tenant-a", TenantState::Active).await;
    assert_eq!(world.service.rotate_due().await, 1);
    let client = world.client("orders", Version::V2_1).await;
    replacement(&client, &uid).await;
}

#[tokio::test]
async fn a_pair_is_rotated_by_its_private_key_and_its_certificate_by_itself() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (private, public) = pair_of(client.ask(ed25519(hourly())).await);
    let certificate = issued(client.ask(certify(&public, None, hourly())).await);
    let again = re_certify::Request {
        uid: Some(certificate.into()),
        certificate_request_uid: None,
        certificate_request_type: None,
        certificate_request: None,
        offset: None,
        attributes: None,
        protection_storage_masks: None,
    };
    let renewed = issued(client.ask(again).await);
    let count = Attribute::RotateGeneration(1);
    assert_eq!(client.values(&renewed, AttributeKind::RotateGeneration).await, [count]);
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 2);
    for uid in [&private, &public, &renewed] {
        let new = replacement(&client, uid).await;
        let latest = client.values(&new, AttributeKind::RotateLatest).await;
        assert_eq!(latest, [Attribute::RotateLatest(true)]);
    }
    let new = fetch(&client, &replacement(&client, &renewed).await).await;
    let (old, new) = (Certificate::read(&fetch(&client, &renewed).await), Certificate::read(&new));
    let (old, new) = (old.unwrap(), new.unwrap());
    assert_eq!(old.public_key, new.public_key);
    assert_eq!(new.not_before - old.not_before, i64::from(HOUR));
}

#[tokio::test]
async fn the_authority_is_not_rotated_whatever_its_attributes_say() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (_, public) = pair_of(client.ask(ed25519(Vec::new())).await);
    issued(client.ask(certify(&public, None, Vec::new())).await);
    let admin = client.in_role(Role::TenantAdmin);
    let key = "keystrata:authority-key";
    for attribute in hourly() {
        admin.ask(ask::add(key, attribute)).await.unwrap();
    }
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 0);
    assert_eq!(linked(&admin, key, LinkType::ReplacementObjectLink).await, None);
}

/// What nobody has asked for just now is recorded as the server's doing, for the service.
#[tokio::test]
async fn rotation_is_recorded_as_the_servers_own() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(hourly()).await;
    pass(&world, HOUR);
    assert_eq!(world.service.rotate_due().await, 1);
    let new = replacement(&client, &uid).await;
    let files = world.close();
    let trail: Vec<_> = files.iter().filter_map(|file| std::str::from_utf8(file).ok()).collect();
    let mut records = trail.iter().flat_map(|file| file.lines());
    let record = records.find(|record| record.contains("\"ReKey\"")).expect("is recorded");
    for part in [
        r#""actor":"server","tenant":"tenant-a","service":"orders","detail":"automatic rotation""#,
        &format!(r#""{new}""#),
        r#""result":"Success""#,
    ] {
        assert!(record.contains(part), "{part} in {record}");
    }
    assert!(!record.contains("correlation") && !record.contains("certificate"), "{record}");
}
