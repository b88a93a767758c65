//! What is refused, and the reason that each version has for it.

use kmip_ttlv::attribute::{Attribute, KeyValueLocation, RevocationReason};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, KeyValueLocationType,
    ObjectType, OpaqueDataType, PaddingMethod, ResultReason as R, RevocationReasonCode,
};
use kmip_ttlv::object::{ManagedObject, OpaqueObject};
use kmip_ttlv::payload::{ResponsePayload, decrypt, destroy, encrypt, mac, register, revoke};
use kmip_ttlv::{DateTime, Secret, Version};

use super::ask::{decrypt, encrypt, mac, of_algorithm, parameters, said};
use super::world::{Client, START, World, every_use, text};

const TEXT: &[u8] = &[7; 32];

/// Versions that answer differently, and which of the reasons is theirs.
const VERSIONS: [(Version, usize); 3] =
    [(Version::V1_4, 0), (Version::V2_0, 1), (Version::V2_1, 2)];

async fn encrypts(client: &Client<'_>, key: &str) -> Result<(), R> {
    client.ask(encrypt::Request { data: Some(TEXT.into()), ..encrypt(key) }).await.map(drop)
}

async fn decrypts(client: &Client<'_>, key: &str) -> Result<(), R> {
    let mode = parameters(BlockCipherMode::Ecb, PaddingMethod::None);
    let request =
        decrypt::Request { parameters: Some(mode), data: Some(TEXT.into()), ..decrypt(key) };
    client.ask(request).await.map(drop)
}

async fn revoked(client: &Client<'_>, code: RevocationReasonCode) -> String {
    let key = client.key(128, Vec::new()).await;
    let reason = RevocationReason { code, message: None };
    let uid = Some(key.as_str().into());
    let request = revoke::Request { uid, reason, compromise_occurrence_date: None };
    client.ask(request).await.unwrap();
    key
}

#[tokio::test]
async fn state_and_dates_forbid_what_they_should() {
    let world = World::new().await;
    let at = |seconds| DateTime(START + seconds);
    for (version, column) in VERSIONS {
        let client = world.client("orders", version).await;
        let state = [R::PermissionDenied, R::PermissionDenied, R::WrongKeyLifecycleState][column];
        let later = client.key(128, vec![Attribute::ActivationDate(at(1_000))]).await;
        assert_eq!(encrypts(&client, &later).await, Err(state), "Pre-Active");
        assert_eq!(decrypts(&client, &later).await, Err(state), "Pre-Active");
        let stopped = client.key(128, vec![Attribute::ProtectStopDate(at(0))]).await;
        assert_eq!(encrypts(&client, &stopped).await, Err(state), "past Protect Stop");
        assert_eq!(decrypts(&client, &stopped).await, Ok(()));
        let ahead = client.key(128, vec![Attribute::ProcessStartDate(at(1))]).await;
        assert_eq!(encrypts(&client, &ahead).await, Ok(()));
        assert_eq!(decrypts(&client, &ahead).await, Err(state), "before Process Start");
        for code in [RevocationReasonCode::Unspecified, RevocationReasonCode::KeyCompromise] {
            let key = revoked(&client, code).await;
            assert_eq!(encrypts(&client, &key).await, Err(state), "{code:?}");
            assert_eq!(decrypts(&client, &key).await, Ok(()), "{code:?}");
            client.ask(destroy::Request { uid: Some(key.as_str().into()) }).await.unwrap();
            let gone = [R::ItemNotFound, R::ObjectDestroyed, R::ObjectDestroyed][column];
            assert_eq!(decrypts(&client, &key).await, Err(gone), "{code:?} and Destroyed");
        }
    }
}

#[tokio::test]
async fn a_key_is_used_for_what_its_mask_says() {
    let world = World::new().await;
    for (version, column) in VERSIONS {
        let client = world.client("orders", version).await;
        let mask = |mask| vec![Attribute::CryptographicUsageMask(mask)];
        let reason = [
            R::PermissionDenied,
            R::IncompatibleCryptographicUsageMask,
            R::IncompatibleCryptographicUsageMask,
        ][column];
        let one_way = client.key(128, mask(CryptographicUsageMask::ENCRYPT)).await;
        assert_eq!(encrypts(&client, &one_way).await, Ok(()));
        assert_eq!(decrypts(&client, &one_way).await, Err(reason));
        let request = mac::Request {
            parameters: Some(of_algorithm(CryptographicAlgorithm::HmacSha256)),
            data: Some(TEXT.into()),
            ..mac(&one_way)
        };
        assert_eq!(client.ask(request).await.unwrap_err(), reason);
    }
}

#[tokio::test]
async fn a_foreign_key_is_answered_like_one_that_does_not_exist() {
    let world = World::new().await;
    for (version, column) in VERSIONS {
        let owner = world.client("orders", version).await;
        let stranger = world.client("mongodb", version).await;
        let key = owner.key(128, Vec::new()).await;
        let reason = [R::ItemNotFound, R::ObjectNotFound, R::ObjectNotFound][column];
        for uid in [key.as_str(), "no such key"] {
            assert_eq!(encrypts(&stranger, uid).await, Err(reason));
            assert_eq!(decrypts(&stranger, uid).await, Err(reason));
        }
    }
}

#[tokio::test]
async fn what_is_no_key_or_not_here_cannot_be_computed_with() {
    let world = World::new().await;
    for (version, column) in VERSIONS {
        let client = world.client("orders", version).await;
        let request = register::Request {
            object_type: ObjectType::OpaqueObject,
            attributes: [Attribute::CryptographicUsageMask(every_use())].into_iter().collect(),
            object: Some(ManagedObject::OpaqueObject(OpaqueObject {
                kind: OpaqueDataType::Unknown(0x8000_0001),
                value: Secret::new(vec![7; 16]),
            })),
            protection_storage_masks: None,
        };
        let Ok(ResponsePayload::Register(opaque)) = client.ask(request).await else { panic!() };
        let reason = [R::PermissionDenied, R::InvalidObjectType, R::InvalidObjectType][column];
        assert_eq!(encrypts(&client, &text(&opaque.uid)).await, Err(reason));

        let elsewhere = Attribute::KeyValueLocation(KeyValueLocation {
            value: "in the safe".into(),
            kind: KeyValueLocationType::UninterpretedTextString,
        });
        let absent = client.register(None, vec![elsewhere]).await;
        assert_eq!(encrypts(&client, &absent).await, Err(R::KeyValueNotPresent));
    }
}

/// Encrypts and decrypts with GCM, the answer spoiled before it is handed back.
async fn spoiled(client: &Client<'_>, spoil: impl FnOnce(&mut decrypt::Request<'_>)) -> R {
    let key = client.key(256, Vec::new()).await;
    let mode = Some(parameters(BlockCipherMode::Gcm, PaddingMethod::None));
    let request = encrypt::Request {
        parameters: mode.clone(),
        data: Some(TEXT.into()),
        additional_data: Some(b"who".as_slice().into()),
        ..encrypt(&key)
    };
    let sealed = said(client.ask(request).await);
    let mut request = decrypt::Request {
        parameters: mode,
        data: sealed.data.map(Into::into),
        iv: sealed.iv.map(Into::into),
        additional_data: Some(b"who".as_slice().into()),
        tag: sealed.tag.map(Into::into),
        ..decrypt(&key)
    };
    spoil(&mut request);
    client.ask(request).await.unwrap_err()
}

#[tokio::test]
async fn whatever_is_authenticated_is_noticed_when_it_changes() {
    let world = World::new().await;
    for (version, _) in VERSIONS {
        let client = &world.client("orders", version).await;
        let changed = [
            spoiled(client, |request| request.data = Some(TEXT.into())).await,
            spoiled(client, |request| request.iv = Some(vec![0; 12].into())).await,
            spoiled(client, |request| request.additional_data = None).await,
            spoiled(client, |request| request.tag = Some(vec![0; 16].into())).await,
            spoiled(client, |request| request.tag.as_mut().unwrap().to_mut().truncate(12)).await,
        ];
        assert_eq!(changed, [R::CryptographicFailure; 5]);
        let missing = [
            spoiled(client, |request| request.tag = None).await,
            spoiled(client, |request| request.iv = None).await,
        ];
        assert_eq!(missing, [R::InvalidMessage; 2]);
    }
}

#[tokio::test]
async fn parameters_that_make_no_sense_say_so() {
    let world = World::new().await;
    for (version, column) in VERSIONS {
        let client = world.client("orders", version).await;
        let key = client.key(128, Vec::new()).await;
        let gcm = parameters(BlockCipherMode::Gcm, PaddingMethod::None);
        let unsupported = R::UnsupportedCryptographicParameters;
        let bad = R::BadCryptographicParameters;
        let failed = [R::CryptographicFailure; 3];
        let cases = [
            (
                parameters(BlockCipherMode::Pcbc, PaddingMethod::None),
                [R::InvalidField, unsupported, unsupported],
            ),
            (of_algorithm(CryptographicAlgorithm::Des3), [R::InvalidField, bad, bad]),
            (
                parameters(BlockCipherMode::Cbc, PaddingMethod::Oaep),
                [R::InvalidField, unsupported, unsupported],
            ),
        ];
        for (parameters, reasons) in cases {
            let request = encrypt::Request {
                parameters: Some(parameters.clone()),
                data: Some(TEXT.into()),
                ..encrypt(&key)
            };
            let reason = client.ask(request).await.unwrap_err();
            assert_eq!(reason, reasons[column], "{parameters:?}");
        }
        for tag_length in [-1, 0, 1, 11, 17, 32] {
            let mut gcm = gcm.clone();
            gcm.tag_length = Some(tag_length);
            let request = encrypt::Request {
                parameters: Some(gcm),
                data: Some(TEXT.into()),
                ..encrypt(&key)
            };
            let reason = client.ask(request).await.unwrap_err();
            assert_eq!(reason, R::GeneralFailure, "Tag Length {tag_length}");
        }
        let cbc = || Some(parameters(BlockCipherMode::Cbc, PaddingMethod::None));
        let short = Some(b"short".as_slice().into());
        let request = encrypt::Request { parameters: cbc(), data: short, ..encrypt(&key) };
        assert_eq!(client.ask(request).await.unwrap_err(), failed[column], "not whole blocks");
        let request = decrypt::Request { data: Some(TEXT.into()), ..decrypt(&key) };
        assert_eq!(client.ask(request).await.unwrap_err(), R::InvalidMessage, "no IV");
        let request = encrypt::Request {
            parameters: cbc(),
            data: Some(TEXT.into()),
            additional_data: Some(b"who".as_slice().into()),
            ..encrypt(&key)
        };
        let reason = client.ask(request).await.unwrap_err();
        assert_eq!(reason, [R::InvalidField, bad, bad][column], "nothing authenticates in CBC");
        let mut refused = parameters(BlockCipherMode::Cbc, PaddingMethod::None);
        refused.random_iv = Some(false);
        let data = Some(TEXT.into());
        let request = encrypt::Request { parameters: Some(refused), data, ..encrypt(&key) };
        assert_eq!(client.ask(request).await.unwrap_err(), R::InvalidMessage, "no IV to be made");
        assert_eq!(client.ask(encrypt(&key)).await.unwrap_err(), R::InvalidMessage, "no data");
    }
}
