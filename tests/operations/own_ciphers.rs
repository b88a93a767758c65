//! A service encrypts and decrypts with its own key of the hierarchy (L3), and with no other.

use keystrata::store::{KeyLevel, KeyState};
use keystrata::tenant::{Mode, Role};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicParameters};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicUsageMask, PaddingMethod, ResultReason as R, State,
};
use kmip_ttlv::payload::{ResponsePayload, decrypt, encrypt};

use super::world::{Answer, Client, World, text};

const TENANT_KEY: &str = "keystrata:tenant-key";
const ORDERS_KEY: &str = "keystrata:service-key:orders";
const FIRST: &str = "keystrata:service-key:orders:1";
const PLAIN: &[u8] = b"a key that the service keeps elsewhere";
const AAD: &[u8] = b"row 7";

fn encryption(uid: &str) -> encrypt::Request<'_> {
    encrypt::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: Some(PLAIN.into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: Some(AAD.into()),
    }
}

/// What Encrypt has answered.
#[derive(Debug, Clone)]
struct Sealed {
    uid: String,
    data: Vec<u8>,
    iv: Vec<u8>,
    tag: Vec<u8>,
}

fn sealed(answer: Answer) -> Sealed {
    let Ok(ResponsePayload::Encrypt(response)) = answer else { panic!("{answer:?}") };
    Sealed {
        uid: text(&response.uid),
        data: response.data.as_ref().and_then(|data| data.bytes()).expect("data").to_vec(),
        iv: response.iv.expect("an IV").to_vec(),
        tag: response.tag.expect("a tag").to_vec(),
    }
}

fn decryption<'a>(uid: &'a str, of: &'a Sealed) -> decrypt::Request<'a> {
    decrypt::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: Some(of.data.as_slice().into()),
        iv: Some(of.iv.as_slice().into()),
        correlation_value: None,
        init: None,
        last: None,
        additional_data: Some(AAD.into()),
        tag: Some(of.tag.as_slice().into()),
    }
}

async fn opened(client: &Client<'_>, uid: &str, of: &Sealed) -> Result<Vec<u8>, R> {
    match client.ask(decryption(uid, of)).await? {
        ResponsePayload::Decrypt(response) => {
            assert_eq!(text(&response.uid), FIRST, "the version that has decrypted");
            Ok(response.data.as_ref().and_then(|data| data.bytes()).expect("data").to_vec())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_opens_what_it_has_sealed_and_the_answer_names_the_version() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let one = sealed(client.ask(encryption(ORDERS_KEY)).await);
        assert_eq!((one.uid.as_str(), one.iv.len(), one.tag.len()), (FIRST, 12, 16));
        let other = sealed(client.ask(encryption(FIRST)).await);
        assert_ne!(one.iv, other.iv);
        for uid in [ORDERS_KEY, FIRST] {
            assert_eq!(opened(&client, uid, &one).await.as_deref(), Ok(PLAIN));
        }
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::Gcm),
            random_iv: Some(true),
            ..CryptographicParameters::default()
        };
        let said = encrypt::Request { parameters: Some(parameters), ..encryption(ORDERS_KEY) };
        let said = sealed(client.ask(said).await);
        assert_eq!(opened(&client, ORDERS_KEY, &said).await.as_deref(), Ok(PLAIN));

        let mut changed = one.clone();
        changed.data[0] ^= 1;
        let refused = opened(&client, ORDERS_KEY, &changed).await;
        assert_eq!(refused, opened(&client, FIRST, &changed).await);
        assert!(refused.is_err());
        let elsewhere = decrypt::Request { additional_data: None, ..decryption(ORDERS_KEY, &one) };
        assert!(client.ask(elsewhere).await.is_err());
    }
}

#[tokio::test]
async fn the_version_is_noted_once_as_one_that_is_needed() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let level = KeyLevel::Service(client.caller().service_id);
    let noted =
        async || world.keys(level).await.iter().map(|row| row.client_use).collect::<Vec<_>>();
    assert_eq!(noted().await, [false]);
    client.ask(encryption(ORDERS_KEY)).await.unwrap();
    client.ask(encryption(ORDERS_KEY)).await.unwrap();
    assert_eq!(noted().await, [true]);
    assert_eq!(world.keys(level).await[0].state, KeyState::Active);
}

#[tokio::test]
async fn it_is_by_gcm_in_one_part_under_an_iv_of_the_servers() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let in_mode = |mode, padding| {
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(mode),
            padding_method: padding,
            ..CryptographicParameters::default()
        };
        encrypt::Request {
            parameters: Some(parameters),
            additional_data: None,
            ..encryption(ORDERS_KEY)
        }
    };
    for (mode, padding) in [
        (BlockCipherMode::Cbc, Some(PaddingMethod::Pkcs5)),
        (BlockCipherMode::Ecb, Some(PaddingMethod::Pkcs5)),
        (BlockCipherMode::Ctr, None),
        (BlockCipherMode::Ccm, None),
    ] {
        let refused = client.ask(in_mode(mode, padding)).await.unwrap_err();
        assert_eq!(refused, R::UnsupportedCryptographicParameters, "{mode:?}");
    }
    let gcm = |iv_length, tag_length| {
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::Gcm),
            iv_length,
            tag_length,
            random_iv: Some(true),
            ..CryptographicParameters::default()
        };
        encrypt::Request { parameters: Some(parameters), ..encryption(ORDERS_KEY) }
    };
    for (iv, tag) in [(Some(64), None), (None, Some(12)), (Some(128), Some(16))] {
        assert!(client.ask(gcm(iv, tag)).await.is_err(), "{iv:?} {tag:?}");
    }
    sealed(client.ask(gcm(Some(96), Some(16))).await);
    let given = encrypt::Request { iv: Some(vec![0; 12].into()), ..encryption(ORDERS_KEY) };
    assert_eq!(client.ask(given).await.unwrap_err(), R::InvalidField);
    let first = encrypt::Request { init: Some(true), ..encryption(ORDERS_KEY) };
    assert_eq!(client.ask(first).await.unwrap_err(), R::FeatureNotSupported);
    let old = client.speaking(Version::V1_3);
    let old = encrypt_without_aad(&old).await;
    assert_eq!(old.unwrap_err(), R::FeatureNotSupported, "its answer has no field for the tag");
    let mask = client.values(ORDERS_KEY, AttributeKind::CryptographicUsageMask).await;
    let uses = CryptographicUsageMask::ENCRYPT.union(CryptographicUsageMask::DECRYPT);
    assert_eq!(mask, [Attribute::CryptographicUsageMask(uses)]);
    let state = client.values(FIRST, AttributeKind::State).await;
    assert_eq!(state, [Attribute::State(State::Active)]);
}

async fn encrypt_without_aad(client: &Client<'_>) -> Answer {
    let request = encrypt::Request { additional_data: None, ..encryption(ORDERS_KEY) };
    client.ask(request).await
}

#[tokio::test]
async fn nobody_else_can_and_each_only_what_its_mode_allows() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let one = sealed(client.ask(encryption(ORDERS_KEY)).await);
    let writer = client.in_mode(Mode::WriteOnly);
    let written = sealed(writer.ask(encryption(ORDERS_KEY)).await);
    assert_eq!(opened(&writer, ORDERS_KEY, &written).await, Err(R::PermissionDenied));
    let reader = client.in_mode(Mode::ReadOnly);
    assert_eq!(opened(&reader, ORDERS_KEY, &written).await.as_deref(), Ok(PLAIN));
    let refused = reader.ask(encryption(ORDERS_KEY)).await;
    assert_eq!(refused.unwrap_err(), R::PermissionDenied);

    let sibling = world.client("mongodb", Version::V2_1).await;
    let stranger = world.client_of("tenant-b", "orders", Version::V2_1).await;
    for uid in [ORDERS_KEY, FIRST, TENANT_KEY, "keystrata:service-key:orders:2"] {
        assert_eq!(sibling.ask(encryption(uid)).await.unwrap_err(), unknown(&sibling).await);
        assert_eq!(opened(&sibling, uid, &one).await, Err(unknown(&sibling).await));
    }
    assert_eq!(client.ask(encryption(TENANT_KEY)).await.unwrap_err(), unknown(&client).await);
    // Another tenant has a key of its own under this name, and no other.
    assert!(opened(&stranger, ORDERS_KEY, &one).await.is_err());
    sealed(stranger.ask(encryption(ORDERS_KEY)).await);
    // Administrators see the keys of their services, and use only their own.
    let admin = sibling.in_role(Role::TenantAdmin);
    assert_eq!(admin.ask(encryption(ORDERS_KEY)).await.unwrap_err(), R::PermissionDenied);
    assert_eq!(opened(&admin, FIRST, &one).await, Err(R::PermissionDenied));
    assert_eq!(admin.ask(encryption(TENANT_KEY)).await.unwrap_err(), R::PermissionDenied);
    admin.ask(encryption("keystrata:service-key:mongodb")).await.unwrap();
}

/// What is answered for an identifier that nobody has.
async fn unknown(client: &Client<'_>) -> R {
    client.ask(encryption("keystrata:nothing")).await.unwrap_err()
}
