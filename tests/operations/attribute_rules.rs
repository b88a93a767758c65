//! Who may change which attribute, and when (the rule tables of KMIP 1.4 §3 and KMIP 2.1 §4).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{
    ApplicationSpecificInformation, Attribute, AttributeKind, AttributeReference, UsageLimits,
};
use kmip_ttlv::enums::{CryptographicUsageMask, ResultReason, State, UsageLimitsUnit};

use super::ask::{add, at, create, custom, delete, delete_value, found, locate, modify, name};
use super::ask::{opaque, re_key, set, uid_of};
use super::world::World;

use ResultReason as R;

/// The states of the columns below.
const STATES: [State; 4] =
    [State::PreActive, State::Active, State::Deactivated, State::Compromised];

/// What a client that modifies an attribute gets in each state: `+` done, `s` refused because of
/// the state, `r` refused because the attribute is not the client's.
fn table() -> Vec<(&'static str, Attribute, Attribute)> {
    let limits = |total| {
        let unit = UsageLimitsUnit::Byte;
        Attribute::UsageLimits(UsageLimits { total, count: None, unit })
    };
    let mask = Attribute::CryptographicUsageMask;
    vec![
        // states  as it was                                 as it shall be
        ("++++", name("old"), name("new")),
        ("++++", custom("color", "red"), custom("color", "blue")),
        ("++++", Attribute::Comment("a".into()), Attribute::Comment("b".into())),
        ("++++", Attribute::Sensitive(false), Attribute::Sensitive(true)),
        ("+ss-", Attribute::ActivationDate(at(500)), Attribute::ActivationDate(at(400))),
        ("++ss", Attribute::DeactivationDate(at(900)), Attribute::DeactivationDate(at(800))),
        ("++ss", Attribute::ProcessStartDate(at(600)), Attribute::ProcessStartDate(at(700))),
        ("++ss", Attribute::ProtectStopDate(at(600)), Attribute::ProtectStopDate(at(500))),
        ("ssss", Attribute::ProtectStopDate(at(-1)), Attribute::ProtectStopDate(at(500))),
        ("++++", limits(100), limits(200)),
        ("rrrr", Attribute::CryptographicLength(128), Attribute::CryptographicLength(256)),
        ("rrrr", mask(CryptographicUsageMask::ENCRYPT), mask(CryptographicUsageMask::DECRYPT)),
    ]
}

#[tokio::test]
async fn an_attribute_can_be_modified_in_the_states_of_its_rule() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for (expected, old, new) in table() {
            for (state, expected) in STATES.iter().zip(expected.chars()) {
                let by_state = if version == Version::V2_1 {
                    R::WrongKeyLifecycleState
                } else {
                    R::PermissionDenied
                };
                let read_only =
                    if version.is_2x() { R::AttributeReadOnly } else { R::PermissionDenied };
                let expected = match expected {
                    '+' => None,
                    's' => Some(by_state),
                    'r' => Some(read_only),
                    _ => continue,
                };
                let uid = client.key_in(*state, vec![old.clone()]).await;
                let answer = client.ask(modify(&uid, None, new.clone())).await;
                let what = format!("{new:?} in {state:?} of {version:?}");
                assert_eq!(answer.err(), expected, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_a_destroyed_object_can_be_changed() {
    let world = World::new().await;
    for (version, reason) in [(Version::V1_4, R::ItemNotFound), (Version::V2_1, R::ObjectDestroyed)]
    {
        let client = world.client("orders", version).await;
        let uid = client.key_in(State::Destroyed, vec![custom("color", "red")]).await;
        let color = AttributeReference::Custom { vendor: "x".into(), name: "color".into() };
        for request in [
            add(&uid, name("late")),
            modify(&uid, None, custom("color", "blue")),
            delete(&uid, color, None),
        ] {
            assert_eq!(client.ask(request).await, Err(reason));
        }
    }
}

#[tokio::test]
async fn what_belongs_to_the_server_cannot_be_given_changed_or_deleted() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let (given, changed) = if version.is_2x() {
            (R::ReadOnlyAttribute, R::AttributeReadOnly)
        } else {
            (R::PermissionDenied, R::PermissionDenied)
        };
        let client = world.client("orders", version).await;
        let uid = client.create(Vec::new()).await;
        for attribute in [
            Attribute::State(State::Active),
            Attribute::InitialDate(at(0)),
            Attribute::LastChangeDate(at(0)),
            Attribute::DestroyDate(at(0)),
            Attribute::AlwaysSensitive(true),
            Attribute::NeverExtractable(true),
        ] {
            let what = format!("{attribute:?} in {version:?}");
            let kind = AttributeReference::Known(attribute.kind());
            let created = client.ask(create(vec![attribute.clone()])).await;
            assert_eq!(created, Err(given), "{what}");
            assert_eq!(client.ask(add(&uid, attribute.clone())).await, Err(given), "{what}");
            let modified = client.ask(modify(&uid, None, attribute.clone())).await;
            assert_eq!(modified, Err(changed), "{what}");
            assert_eq!(client.ask(delete(&uid, kind, None)).await, Err(changed), "{what}");
            if version.is_2x() {
                assert_eq!(client.ask(set(&uid, attribute)).await, Err(given), "{what}");
            }
        }
        let length = AttributeReference::Known(AttributeKind::CryptographicLength);
        assert_eq!(client.ask(delete(&uid, length, None)).await, Err(changed));
    }
}

#[tokio::test]
async fn a_key_that_was_once_readable_is_known_as_that_for_ever() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(vec![Attribute::Sensitive(true), Attribute::Extractable(false)]).await;
    let of = |kind| client.values(&uid, kind);
    assert_eq!(of(AttributeKind::AlwaysSensitive).await, [Attribute::AlwaysSensitive(true)]);
    assert_eq!(of(AttributeKind::NeverExtractable).await, [Attribute::NeverExtractable(true)]);
    for attribute in [
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ] {
        client.ask(set(&uid, attribute)).await.unwrap();
    }
    assert_eq!(of(AttributeKind::AlwaysSensitive).await, [Attribute::AlwaysSensitive(false)]);
    assert_eq!(of(AttributeKind::NeverExtractable).await, [Attribute::NeverExtractable(false)]);
}

#[tokio::test]
async fn dates_out_of_order_are_refused_unless_they_were_so_before() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let crossed = vec![Attribute::ActivationDate(at(200)), Attribute::DeactivationDate(at(100))];
    assert_eq!(client.ask(create(crossed)).await, Err(R::InvalidAttributeValue));
    let uid = client.create(vec![Attribute::DeactivationDate(at(100))]).await;
    let late = Attribute::ProtectStopDate(at(101));
    assert_eq!(client.ask(add(&uid, late)).await, Err(R::InvalidAttributeValue));
    // Revoke moves the deactivation before the Protect Stop Date, and other attributes still work.
    let uid = client.key_in(State::Deactivated, vec![Attribute::ProtectStopDate(at(1000))]).await;
    client.ask(add(&uid, name("late"))).await.unwrap();
    client.ask(delete_value(&uid, name("late"))).await.unwrap();
}

#[tokio::test]
async fn attributes_of_other_types_of_objects_cannot_be_added() {
    let world = World::new().await;
    for (version, reason) in
        [(Version::V1_4, R::PermissionDenied), (Version::V2_1, R::ReadOnlyAttribute)]
    {
        let client = world.client("orders", version).await;
        let uid = client.create(Vec::new()).await;
        let attribute = Attribute::CertificateLength(1);
        assert_eq!(client.ask(add(&uid, attribute)).await, Err(reason));
    }
}

#[tokio::test]
async fn the_server_makes_up_no_application_data() {
    let world = World::new().await;
    let information = |data: Option<&str>| {
        Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
            namespace: "ssl".into(),
            data: data.map(Into::into),
        })
    };
    let refused = Some(ResultReason::ApplicationNamespaceNotSupported);
    for version in [Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        assert_eq!(client.ask(create(vec![information(None)])).await.err(), refused);
        assert_eq!(client.ask(opaque(vec![information(None)])).await.err(), refused);
        let uid = client.create(vec![information(Some("a"))]).await;
        assert_eq!(client.ask(re_key(&uid, None, vec![information(None)])).await.err(), refused);
        assert_eq!(client.ask(add(&uid, information(None))).await.err(), refused);
        let asked = modify(&uid, None, information(None));
        assert_eq!(client.ask(asked).await.err(), refused);
        if version.is_2x() {
            assert_eq!(client.ask(set(&uid, information(None))).await.err(), refused);
        }
        // Whoever looks for a namespace need not know the data.
        let here = found(client.ask(locate(vec![information(None)])).await);
        assert!(here.contains(&uid), "{version}");
    }
}

/// KMIP 1.4 §3.43, KMIP 2.1 §4.38.
#[tokio::test]
async fn what_the_server_makes_was_created_when_it_came_to_the_server() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let early = || vec![Attribute::OriginalCreationDate(at(-60))];
        let made = client.create(early()).await;
        let again = uid_of(client.ask(re_key(&made, None, early())).await);
        for uid in [made, again] {
            let created = client.values(&uid, AttributeKind::OriginalCreationDate).await;
            assert_eq!(created, [Attribute::OriginalCreationDate(at(0))]);
        }
        let brought = uid_of(client.ask(opaque(early())).await);
        assert_eq!(client.values(&brought, AttributeKind::OriginalCreationDate).await, early());
    }
}
