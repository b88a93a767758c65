//! States and the operations that lead from one to another (KMIP 1.4 §3.22, KMIP 2.1 §4.57).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{ResultReason, RevocationReasonCode, State};

use super::ask::{activate, at, destroy, get, opaque, revoke, uid_of};
use super::world::World;

use ResultReason as R;
use State::{Active, Compromised, Deactivated, Destroyed, DestroyedCompromised, PreActive};

/// The state after each operation; where there is none, the operation is refused.
#[rustfmt::skip]
const STEPS: &[(State, [Option<State>; 4])] = &[
    // from                Activate      Revoke             Revoke, compromised         Destroy
    (PreActive,            [Some(Active), None,              Some(Compromised),          Some(Destroyed)]),
    (Active,               [None,         Some(Deactivated), Some(Compromised),          None]),
    (Deactivated,          [None,         None,              Some(Compromised),          Some(Destroyed)]),
    (Compromised,          [None,         None,              None,                       Some(DestroyedCompromised)]),
    (Destroyed,            [None,         None,              Some(DestroyedCompromised), None]),
    (DestroyedCompromised, [None,         None,              None,                       None]),
];

#[tokio::test]
async fn every_state_lets_through_the_steps_of_the_table_and_no_other() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        for (from, steps) in STEPS {
            for (step, expected) in steps.iter().enumerate() {
                let uid = client.key_in(*from, Vec::new()).await;
                let request = match step {
                    0 => activate(&uid),
                    1 => revoke(&uid, RevocationReasonCode::CessationOfOperation),
                    2 => revoke(&uid, RevocationReasonCode::KeyCompromise),
                    _ => destroy(&uid),
                };
                let answer = client.ask(request).await;
                let what = format!("step {step} from {from:?} in {version:?}: {answer:?}");
                assert_eq!(answer.is_ok(), expected.is_some(), "{what}");
                assert_eq!(client.state(&uid).await, expected.unwrap_or(*from), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_step_has_the_reason_of_the_version() {
    let world = World::new().await;
    for (version, by_state, destroyed) in [
        (Version::V1_0, R::PermissionDenied, R::ItemNotFound),
        (Version::V1_4, R::PermissionDenied, R::ItemNotFound),
        (Version::V2_0, R::PermissionDenied, R::ObjectDestroyed),
        (Version::V2_1, R::WrongKeyLifecycleState, R::ObjectDestroyed),
    ] {
        let client = world.client("orders", version).await;
        let active = client.key_in(Active, Vec::new()).await;
        assert_eq!(client.ask(destroy(&active)).await, Err(by_state));
        assert_eq!(client.ask(activate(&active)).await, Err(by_state));
        let gone = client.key_in(Destroyed, Vec::new()).await;
        assert_eq!(client.ask(get(&gone)).await, Err(destroyed));
        assert_eq!(client.ask(destroy(&gone)).await, Err(destroyed));
    }
}

#[tokio::test]
async fn a_value_can_be_had_in_every_state_until_it_is_destroyed() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for (from, _) in STEPS {
        let uid = client.key_in(*from, Vec::new()).await;
        let is_gone = matches!(from, Destroyed | DestroyedCompromised);
        assert_eq!(client.ask(get(&uid)).await.is_err(), is_gone, "{from:?}");
    }
}

#[tokio::test]
async fn in_1x_an_opaque_object_has_no_state_to_be_changed_but_can_be_ended() {
    use RevocationReasonCode::{CessationOfOperation, KeyCompromise};
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let expected = (!version.is_2x()).then_some(R::IllegalOperation);
        let uid = uid_of(client.ask(opaque(Vec::new())).await);
        assert_eq!(client.ask(activate(&uid)).await.err(), expected, "{version}");
        let revoked = client.ask(revoke(&uid, CessationOfOperation)).await;
        assert_eq!(revoked.err(), expected, "{version}");
        // PyKMIP cleans up like this.
        let other = uid_of(client.ask(opaque(Vec::new())).await);
        client.ask(revoke(&other, KeyCompromise)).await.unwrap();
        for uid in [uid, other] {
            client.ask(destroy(&uid)).await.unwrap();
            assert!(client.ask(get(&uid)).await.is_err());
        }
    }
    // One that a client of 2.x has activated does not outlive its owner's wish in 1.x.
    let client = world.client("orders", Version::V2_1).await;
    let uid = uid_of(client.ask(opaque(vec![Attribute::ActivationDate(at(0))])).await);
    assert_eq!(client.ask(destroy(&uid)).await, Err(R::WrongKeyLifecycleState));
    client.speaking(Version::V1_4).ask(destroy(&uid)).await.unwrap();
}

#[tokio::test]
async fn a_destroyed_object_says_so_whatever_its_value_was_allowed_to_do() {
    let world = World::new().await;
    for (version, reason) in [(Version::V1_4, R::ItemNotFound), (Version::V2_1, R::ObjectDestroyed)]
    {
        let client = world.client("orders", version).await;
        for kept_in in [Attribute::Sensitive(true), Attribute::Extractable(false)] {
            let uid = client.key_in(Destroyed, vec![kept_in]).await;
            assert_eq!(client.ask(get(&uid)).await, Err(reason));
        }
    }
}

/// The columns `attribute_changes` of the specification's transitions.
#[tokio::test]
async fn each_step_notes_what_has_happened_and_when() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(Vec::new()).await;
    let mut seconds = 0;
    let steps = [
        (activate(&uid), vec![Attribute::ActivationDate(at(10))]),
        (revoke(&uid, RevocationReasonCode::Superseded), vec![Attribute::DeactivationDate(at(20))]),
        (
            revoke(&uid, RevocationReasonCode::CaCompromise),
            vec![
                Attribute::CompromiseDate(at(30)),
                // Nobody said when it happened: it may have been at any time.
                Attribute::CompromiseOccurrenceDate(at(0)),
            ],
        ),
        (destroy(&uid), vec![Attribute::DestroyDate(at(40))]),
    ];
    for (request, noted) in steps {
        seconds += 10;
        world.clock.advance(std::time::Duration::from_secs(10));
        client.ask(request).await.unwrap();
        for attribute in noted {
            assert_eq!(client.values(&uid, attribute.kind()).await, [attribute]);
        }
        let changed = client.values(&uid, AttributeKind::LastChangeDate).await;
        assert_eq!(changed, [Attribute::LastChangeDate(at(seconds))]);
    }
    match client.values(&uid, AttributeKind::RevocationReason).await.as_slice() {
        [Attribute::RevocationReason(reason)] => {
            assert_eq!(reason.code, RevocationReasonCode::CaCompromise);
        }
        other => panic!("{other:?}"),
    }
}
