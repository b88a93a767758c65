//! Usage Limits, streams at their limits, and items that are run again or taken back.

use std::time::Duration;

use keystrata::operation::StreamLimits;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters, RevocationReason, UsageLimits};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, BlockCipherMode as Mode, CryptographicAlgorithm,
    HashingAlgorithm, PaddingMethod as Padding, ResultReason as R, RevocationReasonCode,
    UsageLimitsUnit,
};
use kmip_ttlv::payload::{
    ResponsePayload, decrypt, destroy, encrypt, hash, mac, mac_verify, revoke,
};

use super::ask::{decrypt, encrypt, hash, mac, mac_verify, of_algorithm, parameters, said};
use super::world::{Client, World};

fn limited(total: i64, unit: UsageLimitsUnit) -> Vec<Attribute> {
    vec![Attribute::UsageLimits(UsageLimits { total, count: None, unit })]
}

fn ecb() -> CryptographicParameters {
    parameters(Mode::Ecb, Padding::None)
}

fn whole(key: &str, bytes: usize) -> encrypt::Request<'_> {
    encrypt::Request { parameters: Some(ecb()), data: Some(vec![7; bytes].into()), ..encrypt(key) }
}

fn begin(key: &str, bytes: usize) -> encrypt::Request<'_> {
    encrypt::Request { init: Some(true), ..whole(key, bytes) }
}

fn go_on<'a>(key: &'a str, value: &[u8], bytes: usize) -> encrypt::Request<'a> {
    encrypt::Request { correlation_value: Some(value.to_vec().into()), ..whole(key, bytes) }
}

fn end<'a>(key: &'a str, value: &[u8]) -> encrypt::Request<'a> {
    encrypt::Request { data: None, last: Some(true), ..go_on(key, value, 0) }
}

#[tokio::test]
async fn protecting_takes_units_off_and_processing_does_not() {
    let world = World::new().await;
    for (version, used_up) in
        [(Version::V1_4, R::PermissionDenied), (Version::V2_1, R::UsageLimitExceeded)]
    {
        let client = world.client("orders", version).await;
        let key = client.key(128, limited(48, UsageLimitsUnit::Byte)).await;
        assert!(client.ask(whole(&key, 16)).await.is_ok());
        let request = mac::Request {
            parameters: Some(of_algorithm(CryptographicAlgorithm::HmacSha256)),
            data: Some(vec![7; 16].into()),
            ..mac(&key)
        };
        assert!(client.ask(request.clone()).await.is_ok());
        assert_eq!(client.ask(whole(&key, 32)).await.unwrap_err(), used_up);
        // What failed for another reason has used nothing.
        assert_eq!(client.ask(whole(&key, 15)).await.unwrap_err(), R::CryptographicFailure);
        assert!(client.ask(whole(&key, 16)).await.is_ok());
        assert_eq!(client.ask(whole(&key, 16)).await.unwrap_err(), used_up);
        assert_eq!(client.ask(request).await.unwrap_err(), used_up);
        let request = decrypt::Request {
            parameters: Some(ecb()),
            data: Some(vec![7; 1600].into()),
            ..decrypt(&key)
        };
        assert!(client.ask(request).await.is_ok());
    }
}

#[tokio::test]
async fn a_stream_is_one_object_and_all_of_its_bytes() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let key = client.key(128, limited(1, UsageLimitsUnit::Object)).await;
    let value = said(client.ask(begin(&key, 16)).await).value.unwrap();
    for _ in 0..3 {
        assert!(client.ask(go_on(&key, &value, 16)).await.is_ok());
    }
    assert!(client.ask(end(&key, &value)).await.is_ok());
    assert_eq!(client.ask(begin(&key, 16)).await.unwrap_err(), R::PermissionDenied);

    let key = client.key(128, limited(48, UsageLimitsUnit::Byte)).await;
    let value = said(client.ask(begin(&key, 16)).await).value.unwrap();
    assert!(client.ask(go_on(&key, &value, 16)).await.is_ok());
    assert_eq!(client.ask(go_on(&key, &value, 32)).await.unwrap_err(), R::PermissionDenied);
    let rest = said(client.ask(go_on(&key, &value, 16)).await);
    assert_eq!(rest.data.map(|data| data.len()), Some(16), "the stream was not touched");
    assert!(client.ask(end(&key, &value)).await.is_ok());
}

/// One stream in CBC, byte-limited; what it gave is what the same text gives at once.
async fn stream_under_contention(client: &Client<'_>, key: &str, filling: u8) {
    let wanted = Some(parameters(Mode::Cbc, Padding::None));
    let iv = || Some(vec![filling; 16].into());
    let request = encrypt::Request {
        parameters: wanted.clone(),
        iv: iv(),
        init: Some(true),
        data: Some(vec![filling; 24].into()),
        ..encrypt(key)
    };
    let begun = said(client.ask(request).await);
    let value = begun.value.unwrap();
    let mut data = begun.data.unwrap();
    for _ in 0..4 {
        let request = encrypt::Request {
            data: Some(vec![filling; 24].into()),
            correlation_value: Some(value.clone().into()),
            ..encrypt(key)
        };
        data.extend(said(client.ask(request).await).data.unwrap());
    }
    let request = encrypt::Request {
        data: Some(vec![filling; 24].into()),
        correlation_value: Some(value.into()),
        last: Some(true),
        ..encrypt(key)
    };
    data.extend(said(client.ask(request).await).data.unwrap());
    let request = encrypt::Request {
        parameters: wanted,
        iv: iv(),
        data: Some(vec![filling; 6 * 24].into()),
        ..encrypt(key)
    };
    assert_eq!(said(client.ask(request).await).data, Some(data), "no part was taken in twice");
}

/// All parts change the same key, so most of them are run again.
#[tokio::test]
async fn a_stream_goes_on_once_however_often_an_item_is_run() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let total = 4 * 2 * 6 * 24;
    let key = client.key(128, limited(total, UsageLimitsUnit::Byte)).await;
    tokio::join!(
        stream_under_contention(&client, &key, 1),
        stream_under_contention(&client, &key, 2),
        stream_under_contention(&client, &key, 3),
        stream_under_contention(&client, &key, 4),
    );
    assert_eq!(client.ask(whole(&key, 16)).await.unwrap_err(), R::PermissionDenied);
    assert!(client.ask(whole(&key, 0)).await.is_ok(), "exactly everything was used");
}

#[tokio::test]
async fn a_stream_ends_when_its_key_may_not_be_used_any_more() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key(128, Vec::new()).await;
    let value = said(client.ask(begin(&key, 16)).await).value.unwrap();
    let request = revoke::Request {
        uid: Some(key.as_str().into()),
        reason: RevocationReason { code: RevocationReasonCode::Unspecified, message: None },
        compromise_occurrence_date: None,
    };
    client.ask(request).await.unwrap();
    assert_eq!(client.ask(go_on(&key, &value, 16)).await.unwrap_err(), R::WrongKeyLifecycleState);
    client.ask(destroy::Request { uid: Some(key.as_str().into()) }).await.unwrap();
    assert_eq!(client.ask(end(&key, &value)).await.unwrap_err(), R::ObjectDestroyed);
}

#[tokio::test]
async fn a_service_has_so_many_streams_and_so_much_time() {
    let limits = StreamLimits { service_streams_max: 2, ..StreamLimits::default() };
    let world = World::with_streams(limits).await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key(128, Vec::new()).await;
    let one = said(client.ask(begin(&key, 16)).await).value.unwrap();
    let two = said(client.ask(begin(&key, 16)).await).value.unwrap();
    assert_ne!(one, two);
    assert_eq!(client.ask(begin(&key, 16)).await.unwrap_err(), R::ServerLimitExceeded);
    let request = hash::Request { init: Some(true), ..hash(HashingAlgorithm::Sha256) };
    let other = world.client("mongodb", Version::V2_1).await;
    assert!(other.ask(request).await.is_ok(), "another service has its own");
    assert!(client.ask(end(&key, &one)).await.is_ok());
    assert!(client.ask(begin(&key, 16)).await.is_ok());

    let seconds = u64::try_from(limits.idle_seconds_max).unwrap();
    world.clock.advance(Duration::from_secs(seconds - 1));
    assert!(client.ask(go_on(&key, &two, 16)).await.is_ok());
    world.clock.advance(Duration::from_secs(seconds));
    let late = client.ask(end(&key, &two)).await;
    assert_eq!(late.unwrap_err(), R::InvalidCorrelationValue);
}

#[tokio::test]
async fn what_can_be_undone_cannot_go_on_with_a_stream() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key(128, Vec::new()).await;
    let value = said(client.ask(begin(&key, 16)).await).value.unwrap();
    let undo = Some(BatchErrorContinuationOption::Undo);
    let items = || vec![whole(&key, 16).into(), go_on(&key, &value, 16).into()];
    let answers = client.batch(undo, items()).await;
    assert_eq!(answers.len(), 2);
    assert_eq!(*answers[1].as_ref().unwrap_err(), R::FeatureNotSupported);
    assert!(answers[0].is_err(), "undone");
    let answers = client.batch(Some(BatchErrorContinuationOption::Stop), items()).await;
    assert!(answers.iter().all(Result::is_ok));
    let Ok(ResponsePayload::Encrypt(_)) = client.ask(end(&key, &value)).await else { panic!() };
}

/// What a stream would only find out at its end, and keep until then.
#[tokio::test]
async fn a_tag_or_mac_that_cannot_be_right_is_refused_at_once() {
    let world = World::with_streams(StreamLimits { streams_max: 1, ..StreamLimits::default() });
    let world = world.await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key(128, Vec::new()).await;
    let begin = |tag_bytes: usize| decrypt::Request {
        parameters: Some(parameters(Mode::Gcm, Padding::None)),
        data: Some(vec![7; 16].into()),
        iv: Some(vec![7; 12].into()),
        tag: Some(vec![7; tag_bytes].into()),
        init: Some(true),
        ..decrypt(&key)
    };
    for bytes in [0, 12, 15, 17, 500_000] {
        let refused = client.ask(begin(bytes)).await.unwrap_err();
        assert_eq!(refused, R::CryptographicFailure, "{bytes}");
    }
    let verify = |mac_bytes: usize, init: Option<bool>| mac_verify::Request {
        parameters: Some(of_algorithm(CryptographicAlgorithm::HmacSha256)),
        data: Some(vec![7; 16].into()),
        mac: Some(vec![7; mac_bytes].into()),
        init,
        ..mac_verify(&key)
    };
    for init in [None, Some(true)] {
        assert_eq!(client.ask(verify(65, init)).await.unwrap_err(), R::InvalidField);
    }
    assert!(client.ask(verify(64, None)).await.is_ok(), "it is only wrong");
    assert!(client.ask(begin(16)).await.is_ok(), "none of those is an open stream");
}
