//! Encrypt and Decrypt in one part.

use keystrata::crypto::cipher::table::{IvRule, Row, SUPPORTED};
use keystrata::crypto::policy::Policy;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, Operation, PaddingMethod, ResultReason,
};
use kmip_ttlv::payload::{decrypt, encrypt};

use super::ask::{decrypt, encrypt, parameters, said};
use super::world::World;

/// 48 bytes: whole blocks, which every padding takes. It does not end in zeros.
const TEXT: &[u8] = b"What is encrypted here is decrypted here again!!";

#[tokio::test]
async fn every_row_of_the_table_goes_there_and_back_in_every_version() {
    let world = World::with_policy(Policy { legacy: true, ..Policy::default() }).await;
    let client = world.client("orders", Version::V1_4).await;
    for row in SUPPORTED {
        for key_bytes in row.key_bytes {
            // Of a byte of a key of 3DES, seven bits count.
            let bits = if row.algorithm == CryptographicAlgorithm::Des3 { 7 } else { 8 };
            let key = client.key(bits * key_bytes, vec![algorithm(row)]).await;
            for (version, padding) in
                [Version::V1_2, Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1]
                    .into_iter()
                    .filter(|version| row.mode.is_in(*version))
                    .flat_map(|version| row.paddings.iter().map(move |padding| (version, *padding)))
            {
                let client = client.speaking(version);
                let wanted = Some(parameters(row.mode, padding));
                let aad = row.authenticates().then(|| b"who".as_slice().into());
                let answer = client
                    .ask(encrypt::Request {
                        parameters: wanted.clone(),
                        data: Some(TEXT.into()),
                        additional_data: aad.clone(),
                        ..encrypt(&key)
                    })
                    .await;
                if row.authenticates() && version < Version::V1_4 {
                    // Additional data have no field yet, and are not sent; neither has the tag.
                    assert_eq!(answer.unwrap_err(), ResultReason::FeatureNotSupported);
                    continue;
                }
                let sealed = said(answer);
                let case = format!("{:?} {padding:?} {key_bytes} {version:?}", row.mode);
                assert_eq!(sealed.uid.as_deref(), Some(key.as_str()), "{case}");
                assert_eq!(sealed.iv.is_some(), row.iv != IvRule::Unused, "{case}");
                assert_eq!(sealed.tag.is_some(), row.authenticates(), "{case}");
                assert_eq!(sealed.value, None, "{case}");
                assert_ne!(sealed.data.as_deref(), Some(TEXT), "{case}");
                let opened = said(
                    client
                        .ask(decrypt::Request {
                            parameters: wanted,
                            data: sealed.data.map(Into::into),
                            iv: sealed.iv.map(Into::into),
                            additional_data: aad,
                            tag: sealed.tag.map(Into::into),
                            ..decrypt(&key)
                        })
                        .await,
                );
                assert_eq!(opened.data.as_deref(), Some(TEXT), "{case}");
            }
        }
    }
}

fn algorithm(row: &Row) -> Attribute {
    Attribute::CryptographicAlgorithm(row.algorithm)
}

#[tokio::test]
async fn without_parameters_it_is_cbc_with_an_iv_that_comes_back_in_every_version() {
    let world = World::new().await;
    let versions = Version::ALL.into_iter().filter(|version| Operation::Encrypt.is_in(*version));
    for version in versions {
        let client = world.client("mongodb", version).await;
        let key = client.key(256, Vec::new()).await;
        let data = Some(b"an audit record".as_slice().into());
        let sealed = said(client.ask(encrypt::Request { data, ..encrypt(&key) }).await);
        assert_eq!(sealed.iv.as_ref().map(Vec::len), Some(16));
        assert_eq!(sealed.data.as_ref().map(Vec::len), Some(16));
        let request = decrypt::Request {
            data: sealed.data.map(Into::into),
            iv: sealed.iv.map(Into::into),
            ..decrypt(&key)
        };
        let opened = said(client.ask(request).await);
        assert_eq!(opened.data.as_deref(), Some(b"an audit record".as_slice()));
    }
}

#[tokio::test]
async fn an_iv_of_the_clients_own_is_not_told_back() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let key = client.key(128, Vec::new()).await;
    for (mode, bytes) in [(BlockCipherMode::Cbc, 16), (BlockCipherMode::Gcm, 12)] {
        let mut wanted = parameters(mode, PaddingMethod::None);
        wanted.random_iv = Some(true);
        let request = encrypt::Request {
            parameters: Some(wanted),
            data: Some([7; 32].as_slice().into()),
            iv: Some(vec![9; bytes].into()),
            ..encrypt(&key)
        };
        assert_eq!(said(client.ask(request).await).iv, None, "{mode:?}");
    }
}

#[tokio::test]
async fn the_keys_own_parameters_hold_where_the_request_has_none() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_3).await;
    let own =
        |mode| Attribute::CryptographicParameters(parameters(mode, PaddingMethod::None).into());
    // FIPS 197, Appendix C.1; the first of two instances counts.
    let bytes: Vec<u8> = (0..16).collect();
    let more = vec![own(BlockCipherMode::Ecb), own(BlockCipherMode::Cbc)];
    let key = client.register(Some(&bytes), more).await;
    let text: Vec<u8> = (0..16).map(|nibble| 0x11 * nibble).collect();
    let request = encrypt::Request { data: Some(text.clone().into()), ..encrypt(&key) };
    let sealed = said(client.ask(request).await);
    let expected = 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128.to_be_bytes();
    assert_eq!(sealed.data.as_deref(), Some(expected.as_slice()));
    assert_eq!(sealed.iv, None);
    // No padding is named, so there is none.
    let request = encrypt::Request { data: Some(b"short".as_slice().into()), ..encrypt(&key) };
    assert_eq!(client.ask(request).await.unwrap_err(), ResultReason::CryptographicFailure);
}

#[tokio::test]
async fn a_wrong_iv_garbles_the_first_block_and_is_no_failure() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key(256, Vec::new()).await;
    let wanted = Some(parameters(BlockCipherMode::Cbc, PaddingMethod::Pkcs5));
    let request = encrypt::Request {
        parameters: wanted.clone(),
        data: Some(TEXT.into()),
        iv: Some(vec![1; 16].into()),
        ..encrypt(&key)
    };
    let sealed = said(client.ask(request).await);
    let request = decrypt::Request {
        parameters: wanted,
        data: sealed.data.map(Into::into),
        iv: Some(vec![2; 16].into()),
        ..decrypt(&key)
    };
    let opened = said(client.ask(request).await).data.unwrap();
    assert_ne!(opened[..16], TEXT[..16]);
    assert_eq!(opened[16..], TEXT[16..]);
}

#[tokio::test]
async fn a_short_tag_is_as_long_as_was_asked_for() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let key = client.key(256, Vec::new()).await;
    let mut wanted = parameters(BlockCipherMode::Gcm, PaddingMethod::None);
    for bytes in 12..=16 {
        wanted.tag_length = Some(bytes);
        let request = encrypt::Request {
            parameters: Some(wanted.clone()),
            data: Some(TEXT.into()),
            ..encrypt(&key)
        };
        let sealed = said(client.ask(request).await);
        assert_eq!(sealed.tag.as_ref().map(Vec::len), usize::try_from(bytes).ok());
        let request = decrypt::Request {
            parameters: Some(wanted.clone()),
            data: sealed.data.map(Into::into),
            iv: sealed.iv.map(Into::into),
            tag: sealed.tag.map(Into::into),
            ..decrypt(&key)
        };
        assert_eq!(said(client.ask(request).await).data.as_deref(), Some(TEXT));
    }
}

const GMAC: u128 = 0xccfa_1af0_1c7a_ffbe_38b3_eba9_240d_8192;

/// GMAC (SP 800-38D §3) is GCM of additional data alone. The answer is OpenSSL's.
#[tokio::test]
async fn additional_data_alone_give_a_tag() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let key = client.register(Some(&[0; 16]), Vec::new()).await;
    let wanted = Some(parameters(BlockCipherMode::Gcm, PaddingMethod::None));
    let request = encrypt::Request {
        parameters: wanted.clone(),
        data: Some(b"".as_slice().into()),
        iv: Some(vec![0; 12].into()),
        additional_data: Some(b"who".as_slice().into()),
        ..encrypt(&key)
    };
    let sealed = said(client.ask(request).await);
    assert_eq!(sealed.data.as_deref(), Some(b"".as_slice()));
    let tag = GMAC.to_be_bytes();
    assert_eq!(sealed.tag.as_deref(), Some(tag.as_slice()));
    let opens = async |aad: &[u8]| {
        let request = decrypt::Request {
            parameters: wanted.clone(),
            data: Some(b"".as_slice().into()),
            iv: Some(vec![0; 12].into()),
            additional_data: Some(aad.into()),
            tag: Some(tag.as_slice().into()),
            ..decrypt(&key)
        };
        client.ask(request).await.map(drop)
    };
    assert_eq!(opens(b"who").await, Ok(()));
    assert_eq!(opens(b"why").await, Err(ResultReason::CryptographicFailure));
}
