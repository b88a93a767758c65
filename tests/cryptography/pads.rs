//! One-time pads: data and pad added without carry.

use keystrata::crypto::policy::Policy;
use keystrata::tenant::Mode;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod, ResultReason as R};
use kmip_ttlv::payload::{decrypt, encrypt, get};
use kmip_ttlv::{DateTime, Version};

use super::ask::{self, decrypt, encrypt, parameters, said};
use super::world::{Client, START, World, every_use};

const PAD: &[u8] = &[0x11, 0x22, 0x44, 0x88];

async fn world(legacy: bool) -> World {
    World::with_policy(Policy { legacy, ..Policy::default() }).await
}

/// A Secret Data whose algorithm is this, Active and for every use.
async fn secret(client: &Client<'_>, algorithm: Option<CryptographicAlgorithm>) -> String {
    let mut attributes = vec![
        Attribute::CryptographicUsageMask(every_use()),
        Attribute::ActivationDate(DateTime(START - 100)),
    ];
    attributes.extend(algorithm.map(Attribute::CryptographicAlgorithm));
    ask::secret(client, PAD, attributes).await
}

#[tokio::test]
async fn a_pad_encrypts_and_decrypts_what_is_not_longer_than_itself() {
    let world = world(true).await;
    let client = world.client("orders", Version::V1_4).await;
    let pad = secret(&client, Some(CryptographicAlgorithm::OneTimePad)).await;
    for (data, sum) in [
        (&[0xff, 0xff, 0xff, 0xff][..], &[0xee, 0xdd, 0xbb, 0x77][..]),
        (&[0x11, 0x22], &[0, 0]),
        (&[], &[]),
    ] {
        let request = encrypt::Request { data: Some(data.into()), ..encrypt(&pad) };
        assert_eq!(said(client.ask(request).await).data.as_deref(), Some(sum));
        let request = decrypt::Request { data: Some(sum.into()), ..decrypt(&pad) };
        assert_eq!(said(client.ask(request).await).data.as_deref(), Some(data));
    }
    let long = || Some([0; 5].as_slice().into());
    let longer = encrypt::Request { data: long(), ..encrypt(&pad) };
    assert_eq!(client.ask(longer).await, Err(R::CryptographicFailure));
    let longer = decrypt::Request { data: long(), ..decrypt(&pad) };
    assert_eq!(client.ask(longer).await, Err(R::CryptographicFailure));
}

#[tokio::test]
async fn a_pad_is_refused_where_it_is_not_allowed_or_not_meant() {
    for (legacy, parameters, init, reason) in [
        (false, None, None, R::UnsupportedCryptographicParameters),
        (
            true,
            Some(parameters(BlockCipherMode::Ctr, PaddingMethod::None)),
            None,
            R::BadCryptographicParameters,
        ),
        (true, None, Some(true), R::FeatureNotSupported),
    ] {
        let world = world(legacy).await;
        let client = world.client("orders", Version::V2_1).await;
        let pad = secret(&client, Some(CryptographicAlgorithm::OneTimePad)).await;
        let data = || Some(b"text".as_slice().into());
        let request = encrypt::Request {
            parameters: parameters.clone(),
            init,
            data: data(),
            ..encrypt(&pad)
        };
        assert_eq!(client.ask(request).await, Err(reason));
        let request = decrypt::Request { parameters, init, data: data(), ..decrypt(&pad) };
        assert_eq!(client.ask(request).await, Err(reason));
    }
}

#[tokio::test]
async fn a_secret_that_is_no_pad_encrypts_nothing() {
    let world = world(true).await;
    let client = world.client("orders", Version::V2_1).await;
    for algorithm in [None, Some(CryptographicAlgorithm::Aes)] {
        let uid = secret(&client, algorithm).await;
        let request = encrypt::Request { data: Some(b"text".as_slice().into()), ..encrypt(&uid) };
        assert_eq!(client.ask(request).await, Err(R::InvalidObjectType));
    }
}

#[tokio::test]
async fn a_pad_is_handed_out_to_nobody_nor_shown_by_encryption_to_those_who_only_write() {
    let world = world(true).await;
    let client = world.client("orders", Version::V2_1).await;
    let pad = secret(&client, Some(CryptographicAlgorithm::OneTimePad)).await;
    let request = get::Request {
        uid: Some(pad.as_str().into()),
        key_format: None,
        key_wrap_type: None,
        key_compression: None,
        wrapping: None,
    };
    assert_eq!(client.ask(request).await, Err(R::PermissionDenied));
    let writer = client.in_mode(Mode::WriteOnly);
    let request = encrypt::Request { data: Some([0; 4].as_slice().into()), ..encrypt(&pad) };
    assert_eq!(writer.ask(request).await, Err(R::PermissionDenied));
}
