//! Constraints and defaults for new objects (KMIP 2.1 §6.1.22, §6.1.52, §6.1.53).

#![expect(clippy::unnecessary_wraps, reason = "the fields are optional")]

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList, CryptographicParameters};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption as OnError, BlockCipherMode, CryptographicAlgorithm,
    CryptographicUsageMask, ObjectType, QueryFunction, ResultReason as Reason, SplitKeyMethod,
};
use kmip_ttlv::payload::{
    ResponsePayload, create, get_constraints, query, set_constraints, set_defaults,
};
use kmip_ttlv::structure::{
    Constraint, Constraints, DefaultsInformation, ObjectDefaults, ObjectGroups, ObjectTypes,
};

use super::ask::{self, Request};
use super::certificate::{certify, issued, key_and_request, params, public_key};
use super::split_keys::{join, parts_of, split};
use super::world::{Client, World};
use keystrata::tenant::Role;

fn types(types: &[ObjectType]) -> Option<ObjectTypes> {
    Some(ObjectTypes { types: types.to_vec() })
}

fn groups(group: &str) -> Option<ObjectGroups> {
    (!group.is_empty()).then(|| ObjectGroups { groups: vec![group.into()] })
}

fn bits(bits: i32) -> Attribute {
    Attribute::CryptographicLength(bits)
}

fn keys(group: &str, attributes: Vec<Attribute>) -> Constraint {
    Constraint {
        object_types: types(&[ObjectType::SymmetricKey]),
        object_groups: groups(group),
        attributes: Some(attributes.into_iter().collect()),
    }
}

fn constrain(constraints: Vec<Constraint>) -> Request {
    set_constraints::Request { constraints: Some(Constraints { constraints }) }.into()
}

fn defaults(group: &str, attributes: Vec<Attribute>) -> ObjectDefaults {
    ObjectDefaults {
        object_type: None,
        object_types: types(&[ObjectType::SymmetricKey]),
        attributes: attributes.into_iter().collect(),
        object_groups: groups(group),
    }
}

fn preset(defaults: Vec<ObjectDefaults>) -> Request {
    set_defaults::Request { defaults: Some(DefaultsInformation { defaults }) }.into()
}

/// Create with these attributes and no others.
fn bare(attributes: Vec<Attribute>) -> Request {
    create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<AttributeList>(),
        protection_storage_masks: None,
    }
    .into()
}

async fn constraints(client: &Client<'_>) -> Vec<Constraint> {
    match client.ask(get_constraints::Request {}).await.unwrap() {
        ResponsePayload::GetConstraints(told) => told.constraints.constraints,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_object_keeps_the_constraints_of_its_type_and_groups() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let before = client.create(vec![bits(128)]).await;
    let set = vec![keys("a", vec![bits(256)]), keys("", vec![bits(192)])];
    client.ask(constrain(set.clone())).await.unwrap();
    assert_eq!(constraints(&client).await, set);
    for (group, length, is_good) in [
        ("", 192, true),
        ("", 256, false),
        ("b", 192, true),
        ("b", 128, false),
        ("a", 256, true),
        ("a", 192, false),
    ] {
        let mut given = vec![bits(length)];
        given.extend((!group.is_empty()).then(|| ask::group(group)));
        let answer = client.ask(ask::create(given)).await;
        let expected = if is_good { None } else { Some(Reason::ConstraintViolation) };
        assert_eq!(answer.err(), expected, "{group} {length}");
    }
    assert!(client.ask(ask::opaque(Vec::new())).await.is_ok(), "it is of another type");
    assert!(client.ask(ask::get(&before)).await.is_ok(), "what is there stays");
    assert_eq!(
        client.ask(ask::re_key(&before, None, Vec::new())).await,
        Err(Reason::ConstraintViolation)
    );
    let early = client.speaking(Version::V2_0);
    assert_eq!(early.ask(ask::create(vec![bits(128)])).await, Err(Reason::PermissionDenied));
    client.ask(set_constraints::Request { constraints: None }).await.unwrap();
    assert_eq!(constraints(&client).await, []);
    assert!(client.ask(ask::create(vec![bits(128)])).await.is_ok());
}

#[tokio::test]
async fn constraints_for_all_types_are_for_what_an_object_can_have() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let gcm = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::Gcm),
        ..CryptographicParameters::default()
    };
    let gcm = Attribute::CryptographicParameters(gcm.into());
    let all = Constraint { object_types: None, ..keys("", vec![gcm.clone(), ask::group("a")]) };
    client.ask(constrain(vec![all])).await.unwrap();
    assert_eq!(client.ask(ask::opaque(Vec::new())).await, Err(Reason::ConstraintViolation));
    assert!(client.ask(ask::opaque(vec![ask::group("a")])).await.is_ok(), "it has no parameters");
    let both = vec![gcm, ask::group("a"), ask::group("b")];
    assert!(client.ask(ask::create(both)).await.is_ok());
}

#[tokio::test]
async fn a_usage_mask_has_the_bits_that_it_must_have() {
    use CryptographicUsageMask as Mask;
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mask = |mask| Attribute::CryptographicUsageMask(mask);
    client.ask(constrain(vec![keys("", vec![mask(Mask::ENCRYPT)])])).await.unwrap();
    let both = mask(Mask::ENCRYPT.union(Mask::DECRYPT));
    assert!(client.ask(ask::create(vec![both])).await.is_ok());
    let other = client.ask(ask::create(vec![mask(Mask::DECRYPT)])).await;
    assert_eq!(other, Err(Reason::ConstraintViolation));
}

#[tokio::test]
async fn a_service_sets_for_itself_and_an_administrator_for_the_tenant() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let sibling = world.client("billing", Version::V2_1).await;
    let stranger = world.client_of("tenant-b", "orders", Version::V2_1).await;
    let aes = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes);
    client.ask(constrain(vec![keys("", vec![bits(256)])])).await.unwrap();
    assert!(sibling.ask(ask::create(Vec::new())).await.is_ok());
    let admin = sibling.in_role(Role::TenantAdmin);
    admin.ask(constrain(vec![keys("", vec![aes.clone(), ask::group("a")])])).await.unwrap();
    assert!(stranger.ask(ask::create(Vec::new())).await.is_ok());
    assert_eq!(sibling.ask(ask::create(Vec::new())).await, Err(Reason::ConstraintViolation));
    assert!(sibling.ask(ask::create(vec![ask::group("a")])).await.is_ok());
    let of_both = client.ask(ask::create(vec![ask::group("a")])).await;
    assert_eq!(of_both, Err(Reason::ConstraintViolation));
    assert!(client.ask(ask::create(vec![ask::group("a"), bits(256)])).await.is_ok());
    assert_eq!(constraints(&client).await.len(), 2);
    assert_eq!(constraints(&admin).await.len(), 1);
    assert_eq!(constraints(&stranger).await, []);
    client.ask(set_constraints::Request { constraints: None }).await.unwrap();
    assert_eq!(constraints(&client).await.len(), 1, "a service does not lift its tenant's");
}

#[tokio::test]
async fn what_cannot_be_is_no_constraint() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let strange = types(&[ObjectType::Unknown(0x77)]);
    let strange = Constraint { object_types: strange, ..keys("", vec![bits(1)]) };
    assert_eq!(client.ask(constrain(vec![strange])).await, Err(Reason::InvalidObjectType));
    let many = (0..65).map(|_| keys("", vec![bits(1)])).collect();
    assert_eq!(client.ask(constrain(many)).await, Err(Reason::ServerLimitExceeded));
    let long = keys(&"x".repeat(70_000), vec![bits(1)]);
    assert_eq!(client.ask(constrain(vec![long])).await, Err(Reason::ServerLimitExceeded));
    assert_eq!(constraints(&client).await, []);
}

#[tokio::test]
async fn items_of_a_batch_see_the_constraints_of_the_items_before() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let items = || vec![constrain(vec![keys("", vec![bits(256)])]), ask::create(vec![bits(128)])];
    let undone = client.batch(Some(OnError::Undo), items()).await;
    assert_eq!(undone[1], Err(Reason::ConstraintViolation));
    assert_eq!(constraints(&client).await, []);
    let stopped = client.batch(None, items()).await;
    assert!(stopped[0].is_ok());
    assert_eq!(stopped[1], Err(Reason::ConstraintViolation));
}

#[tokio::test]
async fn defaults_are_given_where_the_client_gives_nothing() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let usage = Attribute::CryptographicUsageMask(CryptographicUsageMask::ENCRYPT);
    let aes = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes);
    assert_eq!(client.ask(bare(Vec::new())).await, Err(Reason::InvalidField));
    let set = vec![
        defaults("", vec![aes.clone(), bits(128), usage.clone(), ask::group("b"), ask::group("c")]),
        defaults("a", vec![bits(256)]),
    ];
    client.ask(preset(set)).await.unwrap();
    for (given, length, group) in [
        (Vec::new(), 128, vec!["b", "c"]),
        (vec![bits(192)], 192, vec!["b", "c"]),
        (vec![ask::group("a")], 256, vec!["a"]),
        (vec![ask::group("a"), bits(192)], 192, vec!["a"]),
    ] {
        let uid = ask::uid_of(client.ask(bare(given)).await);
        assert_eq!(client.values(&uid, AttributeKind::CryptographicLength).await, [bits(length)]);
        let group: Vec<_> = group.into_iter().map(ask::group).collect();
        assert_eq!(client.values(&uid, AttributeKind::ObjectGroup).await, group);
    }
    let brought = client.register(Some(&[1; 32]), Vec::new()).await;
    assert_eq!(client.values(&brought, AttributeKind::CryptographicLength).await, [bits(256)]);
    let sibling = world.client("billing", Version::V2_1).await;
    assert_eq!(sibling.ask(bare(Vec::new())).await, Err(Reason::InvalidField));
    sibling
        .in_role(Role::TenantAdmin)
        .ask(preset(vec![defaults("", vec![aes, usage, bits(256)])]))
        .await
        .unwrap();
    let uid = ask::uid_of(sibling.ask(bare(Vec::new())).await);
    assert_eq!(sibling.values(&uid, AttributeKind::CryptographicLength).await, [bits(256)]);
    let uid = ask::uid_of(client.ask(bare(Vec::new())).await);
    let own = "a service's own come first";
    assert_eq!(client.values(&uid, AttributeKind::CryptographicLength).await, [bits(128)], "{own}");
    client.ask(set_defaults::Request { defaults: None }).await.unwrap();
    let uid = ask::uid_of(client.ask(bare(Vec::new())).await);
    assert_eq!(client.values(&uid, AttributeKind::CryptographicLength).await, [bits(256)]);
}

#[tokio::test]
async fn what_cannot_be_given_is_no_default() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let strange = types(&[ObjectType::Unknown(0x77)]);
    let strange = ObjectDefaults { object_types: strange, ..defaults("", vec![bits(128)]) };
    assert_eq!(client.ask(preset(vec![strange])).await, Err(Reason::InvalidObjectType));
    let nothing = ObjectDefaults { object_types: None, ..defaults("", vec![bits(128)]) };
    assert_eq!(client.ask(preset(vec![nothing])).await, Err(Reason::InvalidField));
    let fresh = defaults("", vec![Attribute::AlwaysSensitive(true)]);
    assert_eq!(client.ask(preset(vec![fresh])).await, Err(Reason::ReadOnlyAttribute));
    let bad = defaults("", vec![bits(0)]);
    assert_eq!(client.ask(preset(vec![bad])).await, Err(Reason::InvalidAttributeValue));
}

#[tokio::test]
async fn query_tells_the_defaults_in_the_words_of_the_version() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let set = vec![defaults("", vec![bits(128)]), defaults("a", vec![bits(256)])];
    client.ask(preset(set.clone())).await.unwrap();
    let told = async |version, group: &str| {
        let functions = vec![QueryFunction::QueryDefaultsInformation];
        let request = query::Request { functions, object_groups: groups(group) };
        match client.speaking(version).ask(request).await.unwrap() {
            ResponsePayload::Query(told) => told.defaults.unwrap().defaults,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(Version::V2_1, "").await, set);
    let asked = async |group: &str| {
        let functions = vec![QueryFunction::QueryDefaultsInformation];
        client.ask(query::Request { functions, object_groups: groups(group) }).await.err()
    };
    assert_eq!(told(Version::V2_1, "a").await, set);
    // A group that no defaults are for is known by its members only.
    assert_eq!(asked("b").await, Some(Reason::UnknownObjectGroup));
    let member = vec![Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes), bits(128)];
    let member = client.create([member, vec![ask::group("b")]].concat()).await;
    assert_eq!(told(Version::V2_1, "b").await, [set[0].clone()]);
    client.ask(ask::destroy(&member)).await.unwrap();
    assert_eq!(asked("b").await, Some(Reason::UnknownObjectGroup));
    let single = ObjectDefaults {
        object_type: Some(ObjectType::SymmetricKey),
        object_types: None,
        ..set[0].clone()
    };
    assert_eq!(told(Version::V2_0, "").await, [single]);
}

#[tokio::test]
async fn parts_and_what_is_joined_of_them_have_defaults_too() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let usage = Attribute::CryptographicUsageMask(CryptographicUsageMask::ENCRYPT);
    let aes = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes);
    let new = || split(None, SplitKeyMethod::Xor);
    assert_eq!(client.ask(new()).await, Err(Reason::InvalidField), "it says no algorithm");
    let before = client.create(vec![bits(128)]).await;
    let of_parts = ObjectDefaults {
        object_types: types(&[ObjectType::SplitKey]),
        ..defaults("", vec![aes.clone(), bits(256), usage.clone(), ask::group("parts")])
    };
    let of_keys = defaults("", vec![ask::group("joined"), bits(192)]);
    client.ask(preset(vec![of_parts, of_keys])).await.unwrap();

    let told = async |uid: &str| {
        let kinds = [AttributeKind::CryptographicLength, AttributeKind::ObjectGroup];
        (client.values(uid, kinds[0]).await, client.values(uid, kinds[1]).await)
    };
    let parts = parts_of(client.ask(new()).await);
    for part in &parts {
        assert_eq!(told(part).await, (vec![bits(256)], vec![ask::group("parts")]));
    }
    let request = join(ObjectType::SymmetricKey, &parts.iter().collect::<Vec<_>>());
    let joined = ask::uid_of(client.ask(request).await);
    assert_eq!(told(&joined).await, (vec![bits(256)], vec![ask::group("joined")]));
    // What a key says of itself, or does not, no default says.
    let parts = parts_of(client.ask(split(Some(&before), SplitKeyMethod::Xor)).await);
    assert_eq!(told(&parts[0]).await, (vec![bits(128)], vec![ask::group("parts")]));
    let blob = ask::uid_of(client.ask(ask::opaque(Vec::new())).await);
    let parts = parts_of(client.ask(split(Some(&blob), SplitKeyMethod::Xor)).await);
    assert_eq!(told(&parts[0]).await, (vec![bits(128)], vec![ask::group("parts")]));
    assert_eq!(client.values(&parts[0], AttributeKind::CryptographicAlgorithm).await, []);
    // A key that takes the place of another has what that has.
    let again = ask::uid_of(client.ask(ask::re_key(&before, None, Vec::new())).await);
    assert_eq!(told(&again).await, (vec![bits(128)], Vec::new()));
}

#[tokio::test]
async fn a_certificate_that_is_issued_has_defaults_too() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (key, request) = key_and_request(&params("one"));
    let public = public_key(&client, &key).await;
    let of_certificates = ObjectDefaults {
        object_types: types(&[ObjectType::Certificate]),
        // What the certificate says of itself no default says otherwise.
        ..defaults("", vec![ask::group("issued"), bits(4096)])
    };
    client.ask(preset(vec![of_certificates])).await.unwrap();
    let told = async |uid: &str| client.values(uid, AttributeKind::ObjectGroup).await;
    let uid = issued(client.ask(certify(&public, Some(&request), Vec::new())).await);
    assert_eq!(told(&uid).await, [ask::group("issued")]);
    assert_eq!(client.values(&uid, AttributeKind::CryptographicLength).await, [bits(256)]);
    let given = vec![ask::group("own")];
    let own = issued(client.ask(certify(&public, Some(&request), given)).await);
    assert_eq!(told(&own).await, [ask::group("own")]);
}
