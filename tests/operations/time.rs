//! What time alone changes: nobody calls, the clock moves.

use std::time::Duration;

use keystrata::store::TenantState;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicParameters};
use kmip_ttlv::enums::{BlockCipherMode, ResultReason, State};
use kmip_ttlv::payload::{decrypt, encrypt};

use super::ask::{activate, add, at, create, destroy, found, locate, name};
use super::world::{Client, World};

use ResultReason as R;

/// Whether the key encrypts and decrypts now: `e`, `d`, both or nothing.
async fn uses(client: &Client<'_>, uid: &str) -> String {
    let parameters = Some(CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::Ecb),
        ..CryptographicParameters::default()
    });
    let encrypts = client
        .ask(encrypt::Request {
            uid: Some(uid.into()),
            parameters: parameters.clone(),
            data: Some(vec![0; 16].into()),
            iv: None,
            correlation_value: None,
            init: None,
            last: None,
            additional_data: None,
        })
        .await;
    let decrypts = client
        .ask(decrypt::Request {
            uid: Some(uid.into()),
            parameters,
            data: Some(vec![0; 16].into()),
            iv: None,
            correlation_value: None,
            init: None,
            last: None,
            additional_data: None,
            tag: None,
        })
        .await;
    for answer in [&encrypts, &decrypts] {
        assert!(matches!(answer, Ok(_) | Err(R::WrongKeyLifecycleState)), "{answer:?}");
    }
    let done = [("e", encrypts.is_ok()), ("d", decrypts.is_ok())];
    done.into_iter().filter_map(|(letter, done)| done.then_some(letter)).collect()
}

#[tokio::test]
async fn a_key_lives_by_its_dates() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client
        .key(
            128,
            vec![
                Attribute::ActivationDate(at(10)),
                Attribute::ProcessStartDate(at(20)),
                Attribute::ProtectStopDate(at(30)),
                Attribute::DeactivationDate(at(40)),
            ],
        )
        .await;
    // the second, what the key is, what it is good for, when it last changed
    let table = [
        (0, State::PreActive, "", 0),
        (9, State::PreActive, "", 0),
        (10, State::Active, "e", 10),
        (19, State::Active, "e", 10),
        (20, State::Active, "ed", 10),
        (29, State::Active, "ed", 10),
        (30, State::Active, "d", 10),
        (39, State::Active, "d", 10),
        (40, State::Deactivated, "d", 40),
        (1000, State::Deactivated, "d", 40),
    ];
    let mut now = 0;
    for (second, state, allowed, changed) in table {
        world.clock.advance(Duration::from_secs(second - now));
        now = second;
        assert_eq!(client.state(&uid).await, state, "at {second}");
        assert_eq!(uses(&client, &uid).await, allowed, "at {second}");
        let date = client.values(&uid, AttributeKind::LastChangeDate).await;
        assert_eq!(date, [Attribute::LastChangeDate(at(changed))], "at {second}");
    }
}

#[tokio::test]
async fn a_step_is_taken_from_the_state_that_the_dates_have_led_to() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let dates = vec![Attribute::ActivationDate(at(10)), Attribute::DeactivationDate(at(20))];
    let uid = client.create(dates).await;
    world.clock.advance(Duration::from_secs(15));
    let refused = Err(R::WrongKeyLifecycleState);
    assert_eq!(client.ask(activate(&uid)).await, refused, "it is Active by itself");
    assert_eq!(client.ask(destroy(&uid)).await, refused);
    // A change in between is kept with the state of its time, and time goes on from there.
    client.ask(add(&uid, name("n"))).await.unwrap();
    assert_eq!(client.state(&uid).await, State::Active);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(client.state(&uid).await, State::Deactivated);
    client.ask(destroy(&uid)).await.unwrap();
}

#[tokio::test]
async fn a_new_object_with_dates_in_the_past_starts_where_they_lead() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_0).await;
    for (activation, deactivation, state) in [
        (-10, 10, State::Active),
        (0, 10, State::Active),
        (1, 10, State::PreActive),
        (-10, -5, State::Deactivated),
        (-10, 0, State::Deactivated),
    ] {
        let uid = client
            .create(vec![
                Attribute::ActivationDate(at(activation)),
                Attribute::DeactivationDate(at(deactivation)),
            ])
            .await;
        assert_eq!(client.state(&uid).await, state, "{activation} {deactivation}");
    }
}

#[tokio::test]
async fn what_a_suspended_tenant_has_asked_for_waits_after_a_restart_too() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    client.later(create(vec![name("waiting")])).await;
    world.switch("tenant-a", TenantState::Suspended).await;
    let world = world.restarted().await;
    world.clock.advance(Duration::from_secs(2));
    assert!(!world.service.do_due().await);
    world.switch("tenant-a", TenantState::Active).await;
    assert!(world.service.do_due().await);
    let client = world.client("orders", Version::V2_1).await;
    assert_eq!(found(client.ask(locate(vec![name("waiting")])).await).len(), 1);
}
