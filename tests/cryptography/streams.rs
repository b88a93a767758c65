//! Operations in several parts.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm, HashingAlgorithm, PaddingMethod as Padding,
    ResultReason, ValidityIndicator,
};
use kmip_ttlv::payload::{
    RequestPayload, ResponsePayload, decrypt, encrypt, hash, mac, mac_verify,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::ask::{Said, decrypt, encrypt, hash, mac, mac_verify, of_algorithm, parameters, said};
use super::world::{Answer, Client, World};

/// A part of a stream.
struct Part {
    /// Absent where there may be none and is none.
    data: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    /// Whether it is the first; the indicator is left out otherwise.
    init: Option<bool>,
    last: Option<bool>,
}

/// Runs a stream. Returns what all parts said, the data joined.
async fn stream<'a>(
    client: &Client<'_>,
    parts: &[Vec<u8>],
    request: impl Fn(Part) -> RequestPayload<'a>,
) -> Said {
    let mut all = Said::default();
    let mut data = Vec::new();
    let mut value = None;
    for (number, part) in parts.iter().enumerate() {
        let (first, last) = (number == 0, number + 1 == parts.len());
        let part = Part {
            data: Some(part.clone()).filter(|data| !data.is_empty() || !(first || last)),
            value: value.clone(),
            init: first.then_some(true),
            last: last.then_some(true),
        };
        let part = said(client.ask(request(part)).await);
        assert_eq!(part.value.is_some(), !last, "the Correlation Value comes until the last part");
        assert_ne!(part.data.as_deref(), Some([].as_slice()), "no data are no field");
        assert!(first || last || part.value == value, "the Correlation Value stays the same");
        assert!(first || part.iv.is_none(), "the IV is told at the beginning");
        assert!(last || part.tag.is_none(), "the tag is told in the end");
        value = part.value;
        data.extend(part.data.unwrap_or_default());
        all = Said { uid: part.uid, iv: all.iv.or(part.iv), tag: part.tag, ..Said::default() };
    }
    Said { data: Some(data), ..all }
}

fn encrypt_part<'a>(
    key: &'a str,
    wanted: &CryptographicParameters,
    part: Part,
) -> encrypt::Request<'a> {
    encrypt::Request {
        parameters: part.init.map(|_| wanted.clone()),
        data: part.data.map(Into::into),
        correlation_value: part.value.map(Into::into),
        init: part.init,
        last: part.last,
        ..encrypt(key)
    }
}

fn decrypt_part<'a>(
    key: &'a str,
    wanted: &CryptographicParameters,
    sealed: &Said,
    part: Part,
) -> decrypt::Request<'a> {
    let first = part.init.is_some();
    decrypt::Request {
        parameters: first.then(|| wanted.clone()),
        data: part.data.map(Into::into),
        iv: sealed.iv.clone().filter(|_| first).map(Into::into),
        correlation_value: part.value.map(Into::into),
        init: part.init,
        last: part.last,
        tag: sealed.tag.clone().filter(|_| first).map(Into::into),
        ..decrypt(key)
    }
}

fn mac_part(key: &str, part: Part) -> mac::Request<'_> {
    mac::Request {
        parameters: Some(of_algorithm(CryptographicAlgorithm::HmacSha3_256)),
        data: part.data.map(Into::into),
        correlation_value: part.value.map(Into::into),
        init: part.init,
        last: part.last,
        ..mac(key)
    }
}

fn hash_part(part: Part) -> hash::Request<'static> {
    hash::Request {
        data: part.data.map(Into::into),
        correlation_value: part.value.map(Into::into),
        init: part.init,
        last: part.last,
        ..hash(HashingAlgorithm::Sha512)
    }
}

/// Two parts or more, empty ones among them.
fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 2..6)
}

fn cipher() -> impl Strategy<Value = (Mode, Padding)> {
    prop::sample::select(vec![
        (Mode::Cbc, Padding::Pkcs5),
        (Mode::Cbc, Padding::Ansix9_23),
        (Mode::Ecb, Padding::Pkcs5),
        (Mode::Ctr, Padding::None),
        (Mode::Gcm, Padding::None),
    ])
}

/// What is encrypted in these parts decrypts at once, and the other way round.
async fn parts_equal_the_whole(
    client: &Client<'_>,
    key: &str,
    wanted: &CryptographicParameters,
    parts: &[Vec<u8>],
) {
    let text = parts.concat();
    let sealed = stream(client, parts, |part| encrypt_part(key, wanted, part).into()).await;
    assert_eq!(sealed.uid.as_deref(), Some(key));
    let whole = Part { data: sealed.data.clone(), value: None, init: Some(true), last: Some(true) };
    let opened = said(client.ask(decrypt_part(key, wanted, &sealed, whole)).await);
    assert_eq!(opened.data.as_deref(), Some(text.as_slice()));

    let whole = Part { data: Some(text.clone()), value: None, init: Some(true), last: Some(true) };
    let sealed = said(client.ask(encrypt_part(key, wanted, whole)).await);
    let data = sealed.data.clone().unwrap();
    let pieces: Vec<Vec<u8>> =
        data.chunks(data.len() / parts.len() + 1).map(<[u8]>::to_vec).chain([Vec::new()]).collect();
    let pieces = if pieces.len() < 2 { vec![Vec::new(), Vec::new()] } else { pieces };
    let opened =
        stream(client, &pieces, |part| decrypt_part(key, wanted, &sealed, part).into()).await;
    assert_eq!(opened.data.as_deref(), Some(text.as_slice()));
}

#[test]
fn a_stream_comes_to_the_same_as_everything_at_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let world = runtime.block_on(World::new());
    let client = runtime.block_on(world.client("orders", Version::V1_4));
    let key = runtime.block_on(client.key(256, Vec::new()));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    let strategy = (parts(), cipher(), any::<bool>());
    let law = runner.run(&strategy, |(parts, (mode, padding), newer)| {
        let client = client.speaking(if newer { Version::V2_1 } else { Version::V1_4 });
        runtime.block_on(async {
            parts_equal_the_whole(&client, &key, &parameters(mode, padding), &parts).await;
            let whole = || Part { data: Some(parts.concat()), value: None, init: None, last: None };
            let at_once = said(client.ask(mac_part(&key, whole())).await).data;
            let streamed = stream(&client, &parts, |part| mac_part(&key, part).into()).await;
            assert_eq!(streamed.data, at_once);
            let at_once = said(client.ask(hash_part(whole())).await).data;
            let streamed = stream(&client, &parts, |part| hash_part(part).into()).await;
            assert_eq!(streamed.data, at_once);
            assert_eq!(streamed.uid, None);
        });
        Ok(())
    });
    law.unwrap();
}

fn first(data: &[u8]) -> Part {
    Part { data: Some(data.to_vec()), value: None, init: Some(true), last: None }
}

fn next(value: &[u8], data: &[u8]) -> Part {
    Part { data: Some(data.to_vec()), value: Some(value.to_vec()), init: None, last: None }
}

fn last(value: &[u8]) -> Part {
    Part { data: None, value: Some(value.to_vec()), init: None, last: Some(true) }
}

#[tokio::test]
async fn nothing_is_released_before_its_tag_is_checked() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let key = client.key(256, Vec::new()).await;
    let gcm = parameters(Mode::Gcm, Padding::None);
    let whole = Part { data: Some(vec![7; 64]), value: None, init: Some(true), last: Some(true) };
    let mut sealed = said(client.ask(encrypt_part(&key, &gcm, whole)).await);
    let data = sealed.data.clone().unwrap();
    for good in [true, false] {
        if !good {
            sealed.tag.as_mut().unwrap()[0] ^= 1;
        }
        let begun = said(client.ask(decrypt_part(&key, &gcm, &sealed, first(&data[..32]))).await);
        assert_eq!(begun.data, None);
        let value = begun.value.unwrap();
        let gone_on = next(&value, &data[32..]);
        assert_eq!(said(client.ask(decrypt_part(&key, &gcm, &sealed, gone_on)).await).data, None);
        let ended = client.ask(decrypt_part(&key, &gcm, &sealed, last(&value))).await;
        if good {
            assert_eq!(said(ended).data, Some(vec![7; 64]));
        } else {
            assert_eq!(ended.unwrap_err(), ResultReason::CryptographicFailure);
        }
        // Either way the stream is over.
        let again = client.ask(decrypt_part(&key, &gcm, &sealed, last(&value))).await;
        assert_eq!(again.unwrap_err(), ResultReason::ItemNotFound);
    }
}

#[tokio::test]
async fn a_part_without_a_key_means_the_streams_and_another_key_has_no_such_stream() {
    let world = World::new().await;
    for version in [Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1] {
        let unknown = if version.is_2x() {
            ResultReason::InvalidCorrelationValue
        } else {
            ResultReason::ItemNotFound
        };
        let client = world.client("orders", version).await;
        let stranger = world.client("mongodb", version).await;
        let key = client.key(128, Vec::new()).await;
        let other = client.key(128, Vec::new()).await;
        let ecb = parameters(Mode::Ecb, Padding::None);
        let begun = said(client.ask(encrypt_part(&key, &ecb, first(&[7; 8]))).await);
        assert_eq!(begun.data, None, "no whole block");
        let value = begun.value.unwrap();
        let refused = |answer: Answer| assert_eq!(answer.unwrap_err(), unknown, "{version:?}");
        refused(client.ask(encrypt_part(&other, &ecb, last(&value))).await);
        refused(client.ask(encrypt_part(&key, &ecb, last(b"no such stream"))).await);
        refused(client.ask(decrypt_part(&key, &ecb, &Said::default(), last(&value))).await);
        refused(client.ask(mac_part(&key, last(&value))).await);
        refused(client.ask(hash_part(last(&value))).await);
        refused(stranger.ask(hash_part(last(&value))).await);
        let unnamed = encrypt::Request { uid: None, ..encrypt_part(&key, &ecb, last(&value)) };
        refused(stranger.ask(unnamed).await);
        let unnamed =
            encrypt::Request { uid: None, ..encrypt_part(&key, &ecb, next(&value, &[7; 8])) };
        let gone_on = said(client.ask(unnamed).await);
        assert_eq!(gone_on.uid.as_deref(), Some(key.as_str()));
        assert_eq!(gone_on.data.map(|data| data.len()), Some(16));
        let ended = said(client.ask(encrypt_part(&key, &ecb, last(&value))).await);
        assert_eq!(ended, Said { uid: Some(key), ..Said::default() }, "nothing was left");
    }
}

#[tokio::test]
async fn indicators_that_contradict_each_other_end_no_stream() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let key = client.key(128, Vec::new()).await;
    let ecb = parameters(Mode::Ecb, Padding::None);
    let value = said(client.ask(encrypt_part(&key, &ecb, first(&[]))).await).value.unwrap();
    let init = Some(true);
    let wrong = [
        encrypt_part(&key, &ecb, Part { init, ..next(&value, &[7; 16]) }),
        encrypt_part(&key, &ecb, Part { value: None, ..last(&value) }),
        encrypt_part(&key, &ecb, Part { data: None, ..next(&value, &[]) }),
        encrypt::Request {
            additional_data: Some(b"late".as_slice().into()),
            ..encrypt_part(&key, &ecb, next(&value, &[7; 16]))
        },
    ];
    for wrong in wrong {
        assert_eq!(client.ask(wrong).await.unwrap_err(), ResultReason::InvalidMessage);
    }
    let ended = Part { data: Some(vec![7; 16]), ..last(&value) };
    let ended = said(client.ask(encrypt_part(&key, &ecb, ended)).await);
    assert_eq!(ended.data.map(|data| data.len()), Some(16));
    // Before 1.3 there are no streams, and their fields are not known.
    let older = client.speaking(Version::V1_2);
    let whole = Part { data: Some(vec![7; 16]), value: None, init: None, last: None };
    assert!(older.ask(encrypt_part(&key, &ecb, whole)).await.is_ok());
}

#[tokio::test]
async fn a_code_to_be_verified_may_come_with_any_part() {
    let world = World::new().await;
    for version in [Version::V1_3, Version::V2_1] {
        let client = world.client("orders", version).await;
        let key = client.key(256, Vec::new()).await;
        let whole = Part { data: Some(b"onetwo".to_vec()), value: None, init: None, last: None };
        let code = said(client.ask(mac_part(&key, whole)).await).data.unwrap();
        for (early, late, verdict) in [
            (Some(code.clone()), None, Some(ValidityIndicator::Valid)),
            (None, Some(code.clone()), Some(ValidityIndicator::Valid)),
            (Some(code.clone()), Some(vec![0; 32]), Some(ValidityIndicator::Invalid)),
            (None, None, None),
        ] {
            let request = |part: Part, code: Option<Vec<u8>>| mac_verify::Request {
                parameters: Some(of_algorithm(CryptographicAlgorithm::HmacSha3_256)),
                data: part.data.map(Into::into),
                mac: code.map(Into::into),
                correlation_value: part.value.map(Into::into),
                init: part.init,
                last: part.last,
                ..mac_verify(&key)
            };
            let begun = client.ask(request(first(b"one"), early)).await;
            let Ok(ResponsePayload::MacVerify(begun)) = begun else { panic!("{begun:?}") };
            assert_eq!(begun.validity, None, "there is no verdict yet");
            let value = begun.correlation_value.unwrap();
            let end = Part { data: Some(b"two".to_vec()), ..last(&value) };
            match client.ask(request(end, late)).await {
                Ok(ResponsePayload::MacVerify(end)) => assert_eq!(end.validity, verdict),
                end => {
                    assert_eq!(verdict, None);
                    assert_eq!(end.unwrap_err(), ResultReason::InvalidMessage);
                }
            }
        }
    }
}
