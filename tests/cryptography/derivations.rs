//! What a tenant's policy allows when keys are derived.

use keystrata::crypto::policy::Policy;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters};
use kmip_ttlv::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    DerivationMethod as Method, HashingAlgorithm, ObjectType, PaddingMethod as Padding,
    ResultReason as R,
};
use kmip_ttlv::payload::{RequestPayload, derive_key};
use kmip_ttlv::structure::DerivationParameters;
use kmip_ttlv::{DateTime, Secret, Version};

use super::ask::{of_algorithm, parameters, secret};
use super::world::{START, World};

const TEXT: &[u8] = &[7; 32];

/// What asks Derive Key for 128 bits by a method, of a base and with parameters.
fn derived(
    base: &str,
    method: Method,
    parameters: Option<CryptographicParameters>,
) -> RequestPayload<'static> {
    derive_key::Request {
        object_type: ObjectType::SecretData,
        uids: vec![base.to_owned().into()],
        method,
        parameters: DerivationParameters {
            parameters,
            iv: None,
            data: vec![Secret::new(TEXT.to_vec())],
            salt: (method == Method::Pbkdf2).then(|| TEXT.to_vec()),
            iteration_count: (method == Method::Pbkdf2).then_some(1),
        },
        attributes: [Attribute::CryptographicLength(128)].into_iter().collect(),
    }
    .into()
}

fn of_hash(hash: HashingAlgorithm) -> CryptographicParameters {
    CryptographicParameters { hashing_algorithm: Some(hash), ..CryptographicParameters::default() }
}

#[tokio::test]
async fn keys_are_derived_by_functions_that_are_allowed_however_they_are_named() {
    let policy = Policy { algorithms: Some(vec![A::Aes, A::HmacSha256]), ..Policy::default() };
    let world = World::with_policy(policy).await;
    let derives = Attribute::CryptographicUsageMask(Mask::DERIVE_KEY);
    let methods = [
        Method::Hmac,
        Method::Pbkdf2,
        Method::Hkdf,
        Method::Nist800_108C,
        Method::Nist800_108F,
        Method::Nist800_108Dpi,
    ];
    for (version, reason) in
        [(Version::V1_4, R::InvalidField), (Version::V2_1, R::UnsupportedCryptographicParameters)]
    {
        let client = world.client("orders", version).await;
        let key = client.key(256, vec![derives.clone()]).await;
        let methods = methods.iter().filter(|method| method.is_in(version));
        for method in methods {
            for (named, expected) in [
                (of_hash(HashingAlgorithm::Sha256), Ok(())),
                (of_hash(HashingAlgorithm::Sha1), Err(reason)),
                (of_hash(HashingAlgorithm::Sha512), Err(reason)),
                (of_algorithm(A::HmacSha256), Ok(())),
                (of_algorithm(A::HmacSha1), Err(reason)),
            ] {
                let answer = client.ask(derived(&key, *method, Some(named.clone()))).await;
                assert_eq!(answer.map(drop), expected, "{version:?} {method:?} {named:?}");
            }
        }
        for (hash, expected) in [
            (HashingAlgorithm::Sha256, Ok(())),
            (HashingAlgorithm::Sha1, Err(reason)),
            (HashingAlgorithm::Sha512_256, Err(reason)),
        ] {
            let answer = client.ask(derived(&key, Method::Hash, Some(of_hash(hash)))).await;
            assert_eq!(answer.map(drop), expected, "{version:?} {hash:?}");
        }
        // HMAC-SHA-1 is what PBKDF2 means where nobody says.
        let answer = client.ask(derived(&key, Method::Pbkdf2, None)).await;
        assert_eq!(answer.map(drop), Err(reason));
    }
}

#[tokio::test]
async fn signing_keys_of_aws_are_derived_where_hmac_sha_256_is_allowed() {
    let derives = Attribute::CryptographicUsageMask(Mask::DERIVE_KEY);
    let refused = Err(R::UnsupportedCryptographicParameters);
    for (algorithms, expected) in
        [(vec![A::Aes, A::HmacSha256], Ok(())), (vec![A::Aes, A::HmacSha512], refused)]
    {
        let policy = Policy { algorithms: Some(algorithms), ..Policy::default() };
        let world = World::with_policy(policy).await;
        let client = world.client("orders", Version::V2_1).await;
        let key = client.key(256, vec![derives.clone()]).await;
        let answer = client.ask(derived(&key, Method::AwsSignatureVersion4, None)).await;
        assert_eq!(answer.map(drop), expected);
    }
}

/// A secret does not say what it is for, so that the request alone names the cipher.
#[tokio::test]
async fn what_is_derived_by_encryption_is_encrypted_as_the_policy_says() {
    let old = CryptographicParameters {
        cryptographic_algorithm: Some(A::Des3),
        ..parameters(Mode::Ecb, Padding::None)
    };
    let refused = Err(R::UnsupportedCryptographicParameters);
    for (legacy, expected) in [(true, Ok(())), (false, refused)] {
        let world = World::with_policy(Policy { legacy, ..Policy::default() }).await;
        let client = world.client("orders", Version::V2_1).await;
        let attributes = vec![
            Attribute::CryptographicUsageMask(Mask::DERIVE_KEY),
            Attribute::ActivationDate(DateTime(START - 100)),
        ];
        let base = secret(&client, &[0x5b; 24], attributes).await;
        let answer = client.ask(derived(&base, Method::Encrypt, Some(old.clone()))).await;
        assert_eq!(answer.map(drop), expected);
    }
}
