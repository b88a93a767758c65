//! What a tenant's policy allows, when keys are made, taken and used.

use keystrata::crypto::policy::Policy;
use keystrata::operation::{Facts, Policies};
use keystrata::tenant::TenantName;
use kmip_ttlv::attribute::{Attribute, AttributeList};
use kmip_ttlv::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    KeyFormatType, ObjectType, PaddingMethod as Padding, ResultReason as R, WrappingMethod,
};
use kmip_ttlv::object::{
    KeyBlock, KeyInformation, KeyMaterial, KeyValue, KeyWrappingSpecification, ManagedObject,
    SymmetricKey,
};
use kmip_ttlv::payload::{
    RequestPayload, create, create_key_pair, decrypt, encrypt, get, import, mac, register,
};
use kmip_ttlv::{Secret, Version};

use super::ask::{decrypt, encrypt, mac, of_algorithm, parameters, said};
use super::pair::list;
use super::world::{Client, World};

const TEXT: &[u8] = &[7; 32];

/// Today's policy of a careful estate.
fn strict() -> Policy {
    Policy {
        legacy: false,
        algorithms: Some(vec![A::Aes, A::Rsa]),
        modes: Some(vec![Mode::Gcm]),
        bits_min: vec![(A::Aes, 256), (A::Rsa, 2048)],
    }
}

fn legacy() -> Policy {
    Policy { legacy: true, ..Policy::default() }
}

fn key(algorithm: A, bits: i32) -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(bits),
        Attribute::CryptographicUsageMask(Mask::ENCRYPT),
    ]
}

fn created(algorithm: A, bits: i32) -> RequestPayload<'static> {
    create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: key(algorithm, bits).into_iter().collect(),
        protection_storage_masks: None,
    }
    .into()
}

fn value(algorithm: A, bits: i32) -> ManagedObject {
    let bytes = vec![0x5b; usize::try_from(bits).unwrap() / 8];
    ManagedObject::SymmetricKey(SymmetricKey {
        key_block: KeyBlock {
            format: KeyFormatType::Raw,
            compression: None,
            value: Some(KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes)))),
            algorithm: Some(algorithm),
            length: Some(bits),
            wrapping: None,
        },
    })
}

fn registered(algorithm: A, bits: i32) -> RequestPayload<'static> {
    let mask = Attribute::CryptographicUsageMask(Mask::ENCRYPT);
    register::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: [mask].into_iter().collect::<AttributeList>(),
        object: Some(value(algorithm, bits)),
        protection_storage_masks: None,
    }
    .into()
}

fn imported(algorithm: A, bits: i32) -> RequestPayload<'static> {
    let mask = Attribute::CryptographicUsageMask(Mask::ENCRYPT);
    import::Request {
        uid: format!("{algorithm:?} {bits}").into(),
        object_type: Some(ObjectType::SymmetricKey),
        replace_existing: None,
        key_wrap_type: None,
        attributes: [mask].into_iter().collect::<AttributeList>().into(),
        object: value(algorithm, bits),
    }
    .into()
}

fn pair(algorithm: A, bits: i32) -> RequestPayload<'static> {
    create_key_pair::Request {
        common: Some(list(vec![
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(bits),
        ])),
        private_key: None,
        public_key: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
    .into()
}

#[tokio::test]
async fn keys_are_made_and_taken_as_the_policy_says() {
    let world = World::with_policy(strict()).await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for (request, is_allowed) in [
            (created(A::Aes, 256), true),
            (created(A::Aes, 128), false),
            (created(A::Camellia, 256), false),
            (created(A::HmacSha256, 256), false),
            (registered(A::Aes, 256), true),
            (registered(A::Aes, 128), false),
            (registered(A::Des3, 192), false),
            (pair(A::Rsa, 1024), false),
            (pair(A::Ec, 256), false),
            (pair(A::ML_KEM_768, 768), false),
            (pair(A::ML_DSA_65, 65), false),
        ] {
            let sent = format!("{version:?} {request:?}");
            let expected = if is_allowed { Ok(()) } else { Err(R::InvalidField) };
            assert_eq!(client.ask(request).await.map(drop), expected, "{sent}");
        }
    }
    let client = world.client("orders", Version::V2_1).await;
    assert!(client.ask(imported(A::Aes, 256)).await.is_ok());
    assert_eq!(client.ask(imported(A::Aes, 128)).await.map(drop), Err(R::InvalidField));
    assert_eq!(client.ask(imported(A::Des3, 192)).await.map(drop), Err(R::InvalidField));
}

#[tokio::test]
async fn a_policy_names_sets_of_ml_kem_and_ml_dsa_one_by_one() {
    let policy = Policy {
        algorithms: Some(vec![A::ML_KEM_768, A::ML_DSA_65, A::Aes]),
        bits_min: vec![(A::ML_DSA_65, 66)],
        ..Policy::default()
    };
    let world = World::with_policy(policy).await;
    let client = world.client("orders", Version::V2_1).await;
    for (request, is_allowed) in [
        (pair(A::ML_KEM_768, 768), true),
        (pair(A::ML_KEM_512, 512), false),
        (pair(A::ML_KEM_1024, 1024), false),
        (pair(A::ML_DSA_87, 87), false),
        (pair(A::ML_DSA_65, 65), false),
    ] {
        assert_eq!(client.ask(request.clone()).await.is_ok(), is_allowed, "{request:?}");
    }
}

async fn encrypts(client: &Client<'_>, key: &str, mode: Mode) -> Result<(), R> {
    let request = encrypt::Request {
        parameters: Some(parameters(mode, Padding::None)),
        data: Some(TEXT.into()),
        ..encrypt(key)
    };
    client.ask(request).await.map(drop)
}

#[tokio::test]
async fn a_mode_that_is_not_allowed_is_not_used() {
    let world = World::with_policy(strict()).await;
    for (version, reason) in
        [(Version::V1_4, R::InvalidField), (Version::V2_1, R::UnsupportedCryptographicParameters)]
    {
        let client = world.client("orders", version).await;
        let key = client.key(256, Vec::new()).await;
        assert_eq!(encrypts(&client, &key, Mode::Gcm).await, Ok(()));
        for mode in [Mode::Ecb, Mode::Cbc, Mode::Ctr, Mode::Ccm] {
            assert_eq!(encrypts(&client, &key, mode).await, Err(reason), "{mode:?}");
        }
        let wanted = Some(parameters(Mode::Ecb, Padding::None));
        let request =
            decrypt::Request { parameters: wanted, data: Some(TEXT.into()), ..decrypt(&key) };
        assert_eq!(client.ask(request).await.map(drop), Err(reason));
        let wanted = Some(parameters(Mode::Cmac, Padding::None));
        let request = mac::Request { parameters: wanted, data: Some(TEXT.into()), ..mac(&key) };
        assert_eq!(client.ask(request).await.map(drop), Err(reason));
    }
}

#[tokio::test]
async fn a_mac_is_made_by_an_algorithm_that_is_allowed_whatever_the_key_is_for() {
    let policy = Policy { algorithms: Some(vec![A::Aes, A::HmacSha256]), ..Policy::default() };
    let world = World::with_policy(policy).await;
    for (version, reason) in
        [(Version::V1_4, R::InvalidField), (Version::V2_1, R::UnsupportedCryptographicParameters)]
    {
        let client = world.client("orders", version).await;
        let key = client.key(256, Vec::new()).await;
        for (algorithm, expected) in [(A::HmacSha256, Ok(())), (A::HmacSha1, Err(reason))] {
            let wanted = Some(of_algorithm(algorithm));
            let request = mac::Request { parameters: wanted, data: Some(TEXT.into()), ..mac(&key) };
            assert_eq!(client.ask(request).await.map(drop), expected, "{algorithm:?}");
        }
    }
}

#[tokio::test]
async fn a_key_is_wrapped_in_a_mode_that_is_allowed() {
    let wrap = Attribute::CryptographicUsageMask(Mask::WRAP_KEY);
    for modes in [vec![Mode::Gcm], vec![Mode::NistKeyWrap], vec![Mode::AesKeyWrapPadding]] {
        let policy = Policy { modes: Some(modes.clone()), ..Policy::default() };
        let world = World::with_policy(policy).await;
        let client = world.client("orders", Version::V1_4).await;
        let wrapping = client.key(256, vec![wrap.clone()]).await;
        let key = client.key(256, Vec::new()).await;
        for mode in [Mode::Gcm, Mode::NistKeyWrap, Mode::AesKeyWrapPadding, Mode::Cbc] {
            let information = KeyInformation {
                uid: wrapping.as_str().into(),
                cryptographic_parameters: Some(parameters(mode, Padding::None)),
            };
            let specification = KeyWrappingSpecification {
                method: WrappingMethod::Encrypt,
                encryption_key: Some(information),
                mac_signature_key: None,
                attribute_names: Vec::new(),
                encoding_option: None,
            };
            let wrapped = get::Request {
                wrapping: Some(Box::new(specification)),
                ..get::Request::new(key.as_str())
            };
            let is_done = client.ask(wrapped).await.is_ok();
            assert_eq!(is_done, modes.contains(&mode), "{mode:?} where {modes:?} are allowed");
        }
    }
}

#[tokio::test]
async fn short_rsa_keys_are_made_for_old_estates_alone() {
    for (policy, expected) in [(Policy::default(), Err(R::InvalidField)), (legacy(), Ok(()))] {
        let world = World::with_policy(policy).await;
        let client = world.client("orders", Version::V1_4).await;
        assert_eq!(client.ask(pair(A::Rsa, 1024)).await.map(drop), expected);
        assert_eq!(client.ask(pair(A::Rsa, 2048)).await.map(drop), Ok(()));
    }
}

#[tokio::test]
async fn a_key_that_is_there_already_is_held_to_the_policy() {
    let world = World::with_policy(legacy()).await;
    let client = world.client("orders", Version::V2_1).await;
    let old = client.register_as(A::Des3, &[0x5b; 24], Vec::new()).await;
    let short = client.key(128, Vec::new()).await;
    assert_eq!(encrypts(&client, &old, Mode::Ecb).await, Ok(()));
    drop(client);
    let world = world.restarted_with_policy(Policy::default()).await;
    let client = world.client("orders", Version::V2_1).await;
    let reason = Err(R::UnsupportedCryptographicParameters);
    assert_eq!(encrypts(&client, &old, Mode::Ecb).await, reason);
    assert_eq!(encrypts(&client, &short, Mode::Ecb).await, Ok(()));
    let old_client = client.speaking(Version::V1_4);
    assert_eq!(encrypts(&old_client, &old, Mode::Ecb).await, Err(R::InvalidField));
    drop((client, old_client));
    let policy = Policy { bits_min: vec![(A::Aes, 256)], ..Policy::default() };
    let world = world.restarted_with_policy(policy).await;
    let client = world.client("orders", Version::V2_1).await;
    assert_eq!(encrypts(&client, &short, Mode::Ecb).await, reason);
}

#[tokio::test]
async fn a_tenant_has_a_policy_of_its_own() {
    let mut policies = Policies::new(Policy::default());
    policies.set(TenantName::new("archive").unwrap(), legacy());
    let world = World::with_facts(Facts { policies, ..Facts::default() }).await;
    let archive = world.client_of("archive", "tapes", Version::V1_4).await;
    let other = world.client_of("tenant-a", "tapes", Version::V1_4).await;
    let old = archive.register_as(A::Des3, &[0x5b; 24], Vec::new()).await;
    let wanted = Some(parameters(Mode::Cbc, Padding::None));
    let request = encrypt::Request { parameters: wanted, data: Some(TEXT.into()), ..encrypt(&old) };
    let sealed = said(archive.ask(request).await);
    assert_eq!(sealed.iv.map(|iv| iv.len()), Some(8));
    assert_eq!(other.ask(registered(A::Des3, 192)).await.map(drop), Err(R::InvalidField));
    assert_eq!(other.ask(created(A::Des3, 168)).await.map(drop), Err(R::InvalidField));
}
