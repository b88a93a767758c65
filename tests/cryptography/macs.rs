//! MAC, MAC Verify, Hash and RNG Retrieve in one part.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, PaddingMethod, ResultReason,
    ValidityIndicator,
};
use kmip_ttlv::payload::{ResponsePayload, hash, mac, mac_verify, rng_retrieve};

use super::ask::{hash, mac, mac_verify, of_algorithm, parameters, said};
use super::world::{Answer, Client, World};

const DATA: &[u8] = b"what do ya want for nothing?";

fn verdict(answer: Answer) -> Option<ValidityIndicator> {
    match answer {
        Ok(ResponsePayload::MacVerify(response)) => response.validity,
        other => panic!("{other:?}"),
    }
}

/// RFC 4231, test case 2.
fn expected() -> Vec<u8> {
    let halves = [
        0x5bdc_c146_bf60_754e_6a04_2426_0895_75c7_u128,
        0x5a00_3f08_9d27_3983_9dec_58b9_64ec_3843_u128,
    ];
    halves.iter().flat_map(|half| half.to_be_bytes()).collect()
}

async fn verify(client: &Client<'_>, key: &str, code: &[u8]) -> Option<ValidityIndicator> {
    let parameters = Some(of_algorithm(CryptographicAlgorithm::HmacSha256));
    let request = mac_verify::Request {
        parameters,
        data: Some(DATA.into()),
        mac: Some(code.into()),
        ..mac_verify(key)
    };
    verdict(client.ask(request).await)
}

#[tokio::test]
async fn the_algorithm_comes_from_the_request_or_the_keys_parameters() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let own = of_algorithm(CryptographicAlgorithm::HmacSha256);
        let more = vec![Attribute::CryptographicParameters(own.clone().into())];
        let with = client.register(Some(b"Jefe"), more).await;
        let without = client.register(Some(b"Jefe"), Vec::new()).await;
        for (key, parameters) in [
            (&with, None),
            (&without, Some(own)),
            (&with, Some(of_algorithm(CryptographicAlgorithm::HmacSha256))),
        ] {
            let request = mac::Request { parameters, data: Some(DATA.into()), ..mac(key) };
            let answer = said(client.ask(request).await);
            assert_eq!(answer.data, Some(expected()));
            assert_eq!(answer.uid.as_deref(), Some(key.as_str()));
        }
        // An AES key alone names no MAC.
        let request = mac::Request { data: Some(DATA.into()), ..mac(&without) };
        let reason = client.ask(request).await.unwrap_err();
        let in_2x = ResultReason::BadCryptographicParameters;
        assert_eq!(reason, if version.is_2x() { in_2x } else { ResultReason::InvalidField });
    }
}

#[tokio::test]
async fn a_code_that_does_not_match_is_invalid_and_no_failure() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_2).await;
    let key = client.register(Some(b"Jefe"), Vec::new()).await;
    let good = expected();
    assert_eq!(verify(&client, &key, &good).await, Some(ValidityIndicator::Valid));
    let mut changed = good.clone();
    changed[31] ^= 1;
    for bad in [&changed[..], &good[..31], &[], &[good.as_slice(), &[0]].concat()] {
        assert_eq!(verify(&client, &key, bad).await, Some(ValidityIndicator::Invalid));
    }
    let request = mac_verify::Request { data: Some(DATA.into()), ..mac_verify(&key) };
    let request = mac_verify::Request {
        parameters: Some(of_algorithm(CryptographicAlgorithm::HmacSha256)),
        ..request
    };
    assert_eq!(client.ask(request).await.unwrap_err(), ResultReason::InvalidMessage);
}

#[tokio::test]
async fn a_hash_needs_no_key() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let data = Some(b"abc".as_slice().into());
        let request = hash::Request { data, ..hash(HashingAlgorithm::Sha1) };
        let answer = said(client.ask(request).await);
        // FIPS 180, Appendix A.1.
        let expected = [0xa999_3e36_u32, 0x4706_816a, 0xba3e_2571, 0x7850_c26c, 0x9cd0_d89d];
        let expected: Vec<u8> = expected.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(answer.data, Some(expected));
        assert_eq!((answer.uid, answer.value), (None, None));
        let data = Some(b"abc".as_slice().into());
        let request = hash::Request { data, ..hash(HashingAlgorithm::Md5) };
        assert_eq!(client.ask(request).await.unwrap_err(), ResultReason::InvalidField);
        let mut request = hash(HashingAlgorithm::Sha1);
        request.parameters.hashing_algorithm = None;
        request.data = Some(b"abc".as_slice().into());
        assert_eq!(client.ask(request).await.unwrap_err(), ResultReason::InvalidField);
    }
}

async fn random(client: &Client<'_>, data_length: i32) -> Result<Vec<u8>, ResultReason> {
    match client.ask(rng_retrieve::Request { data_length }).await? {
        ResponsePayload::RngRetrieve(response) => Ok(response.data.bytes().unwrap().to_vec()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn random_bytes_are_as_many_as_were_asked_for() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V2_1] {
        let client = world.client("orders", version).await;
        for bytes in [1, 32, 64 * 1024] {
            let given = random(&client, bytes).await.unwrap().len();
            assert_eq!(i32::try_from(given), Ok(bytes));
        }
        assert_ne!(random(&client, 32).await, random(&client, 32).await);
        for bytes in [0, -1, i32::MIN] {
            assert_eq!(random(&client, bytes).await, Err(ResultReason::InvalidField));
        }
        let too_many = random(&client, 64 * 1024 + 1).await.unwrap_err();
        let in_2x = ResultReason::ServerLimitExceeded;
        assert_eq!(too_many, if version.is_2x() { in_2x } else { ResultReason::PermissionDenied });
    }
}

/// RFC 4493 §4, example 2.
#[tokio::test]
async fn an_aes_key_makes_a_mac_where_the_mode_is_cmac() {
    let world = World::new().await;
    let bytes = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
    let data = 0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a_u128.to_be_bytes();
    let code = 0x070a_16b4_6b4d_4144_f79b_dd9d_d04a_287c_u128.to_be_bytes();
    let parameters = Some(parameters(BlockCipherMode::Cmac, PaddingMethod::None));
    for version in [Version::V1_2, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let key = client.register(Some(&bytes), Vec::new()).await;
        let whole = mac::Request {
            parameters: parameters.clone(),
            data: Some(data.as_slice().into()),
            ..mac(&key)
        };
        assert_eq!(said(client.ask(whole).await).data.as_deref(), Some(code.as_slice()));
        for (code, verdict_is) in
            [(code, ValidityIndicator::Valid), ([7; 16], ValidityIndicator::Invalid)]
        {
            let request = mac_verify::Request {
                parameters: parameters.clone(),
                data: Some(data.as_slice().into()),
                mac: Some(code.as_slice().into()),
                ..mac_verify(&key)
            };
            assert_eq!(verdict(client.ask(request).await), Some(verdict_is));
        }
    }
}
