//! Clients that were written against `PyKMIP`'s server, and what their tenants are answered otherwise.

use keystrata::operation::Facts;
use keystrata::tenant::TenantName;
use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicParameters};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, DerivationMethod, HashingAlgorithm, ObjectType,
    ResultReason as R, State,
};
use kmip_ttlv::payload::{ResponsePayload, derive_key};
use kmip_ttlv::structure::DerivationParameters;
use kmip_ttlv::{Secret, Version};

use super::ask::{get, name};
use super::world::{Answer, Client, World};

/// Tenant `tenant-a` is answered as by `PyKMIP`'s server, tenant `tenant-b` is not.
async fn world() -> World {
    let pykmip_tenants = vec![TenantName::new("tenant-a").unwrap()];
    World::with_facts(Facts { pykmip_tenants, ..Facts::default() }).await
}

/// The indexes of the names of a new key.
async fn indexes(client: &Client<'_>) -> Vec<Option<i32>> {
    let uid = client.create(vec![name("one"), name("two")]).await;
    let instances = client.instances(&uid, AttributeKind::Name).await;
    instances.into_iter().map(|instance| instance.index).collect()
}

#[tokio::test]
async fn the_first_instance_has_its_index_for_those_who_look_for_it() {
    let world = world().await;
    for version in [Version::V1_0, Version::V1_4] {
        let client = world.client("orders", version).await;
        assert_eq!(indexes(&client).await, [Some(0), Some(1)]);
        let uid = client.create(Vec::new()).await;
        let one = client.instances(&uid, AttributeKind::CryptographicLength).await;
        assert_eq!(one[0].index, None, "there is only ever one");
        let other = world.client_of("tenant-b", "orders", version).await;
        assert_eq!(indexes(&other).await, [None, Some(1)]);
    }
    let newer = world.client("orders", Version::V2_0).await;
    assert_eq!(indexes(&newer).await, [None, None]);
}

#[tokio::test]
async fn a_destroyed_object_is_not_found_by_those_who_expect_that() {
    let world = world().await;
    for (version, usual) in [(Version::V1_4, R::ItemNotFound), (Version::V2_0, R::ObjectDestroyed)]
    {
        for (tenant, reason) in [("tenant-a", R::ItemNotFound), ("tenant-b", usual)] {
            let client = world.client_of(tenant, "orders", version).await;
            let uid = client.key_in(State::Destroyed, Vec::new()).await;
            assert_eq!(client.ask(get(&uid)).await, Err(reason), "{version} {tenant}");
        }
    }
}

/// HMAC-SHA-1 or what goes by that name, under a key that is not Active.
async fn derived(client: &Client<'_>, salt: Option<&[u8]>, bits: i32) -> Answer {
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask::DERIVE_KEY);
    let base = client.create(vec![mask]).await;
    let attributes = [
        Attribute::CryptographicLength(bits),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::ENCRYPT),
    ];
    let request = derive_key::Request {
        object_type: ObjectType::SecretData,
        uids: vec![base.into()],
        method: DerivationMethod::Hmac,
        parameters: DerivationParameters {
            parameters: Some(CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::Sha1),
                ..CryptographicParameters::default()
            }),
            iv: None,
            data: vec![Secret::new(vec![1, 2])],
            salt: salt.map(<[u8]>::to_vec),
            iteration_count: None,
        },
        attributes: attributes.into_iter().collect(),
    };
    client.ask(request).await
}

#[tokio::test]
async fn keys_are_derived_early_and_by_hkdf_for_those_alone_who_expect_that() {
    let world = world().await;
    let client = world.client("orders", Version::V1_4).await;
    let is_made = |answer: &Answer| matches!(answer, Ok(ResponsePayload::DeriveKey(_)));
    assert!(is_made(&derived(&client, None, 160).await));
    assert!(is_made(&derived(&client, Some(b""), 336).await));
    assert_eq!(
        derived(&client, None, 336).await,
        Err(R::CryptographicFailure),
        "HMAC gives no more"
    );
    let other = world.client_of("tenant-b", "orders", Version::V1_4).await;
    for salt in [None, Some(b"".as_slice())] {
        assert_eq!(derived(&other, salt, 160).await, Err(R::InvalidField));
    }
}

/// `PyKMIP` sends this field of 1.2 at every version, and a client of 1.0 that is not `PyKMIP` cannot
/// read it.
#[tokio::test]
async fn an_algorithm_among_parameters_is_read_before_1_2_and_not_shown() {
    let world = World::new().await;
    let of = |cryptographic_algorithm| {
        let parameters = CryptographicParameters {
            cryptographic_algorithm,
            hashing_algorithm: Some(HashingAlgorithm::Sha256),
            ..CryptographicParameters::default()
        };
        Attribute::CryptographicParameters(parameters.into())
    };
    let aes = Some(CryptographicAlgorithm::Aes);
    for (version, shown) in [(Version::V1_0, None), (Version::V1_1, None), (Version::V1_2, aes)] {
        let client = world.client("orders", version).await;
        let uid = client.create(vec![of(aes)]).await;
        let values = client.values(&uid, AttributeKind::CryptographicParameters).await;
        assert_eq!(values, [of(shown)], "{version}");
    }
}
