//! Encrypt and Decrypt with RSA keys.

use keystrata::crypto::policy::Policy;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, CryptographicUsageMask as Mask, HashingAlgorithm as H,
    PaddingMethod as P, ResultReason as R, ValidityIndicator as V,
};
use kmip_ttlv::payload::{decrypt, encrypt, sign, signature_verify};

use super::ask::{decrypt, encrypt, said};
use super::pair::{of, pair};
use super::signing::{sign, signed, verdict, verify};
use super::world::World;

fn oaep(hash: H) -> CryptographicParameters {
    of(Some(P::Oaep), Some(hash))
}

#[tokio::test]
async fn a_text_is_encrypted_with_one_half_and_decrypted_with_the_other() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (private, public) = pair(&client, A::Rsa, Vec::new()).await;
        let request = encrypt::Request {
            parameters: Some(oaep(H::Sha256)),
            data: Some(b"a key".as_slice().into()),
            ..encrypt(&public)
        };
        let cipher = said(client.ask(request).await).data.unwrap();
        assert_eq!(cipher.len(), 256);
        let ask = |parameters, data: &[u8]| decrypt::Request {
            parameters: Some(parameters),
            data: Some(data.to_vec().into()),
            ..decrypt(&private)
        };
        let plain = said(client.ask(ask(oaep(H::Sha256), &cipher)).await);
        assert_eq!(plain.data.as_deref(), Some(b"a key".as_slice()));
        let failed = Err(R::CryptographicFailure);
        assert_eq!(client.ask(ask(oaep(H::Sha1), &cipher)).await, failed);
        assert_eq!(client.ask(ask(oaep(H::Sha256), &cipher[1..])).await, failed);
    }
}

/// The lengths of the vectors are tried there; here is that the service makes such a pair, too.
#[tokio::test]
async fn a_pair_of_3072_bits_is_made_and_used() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (private, public) = pair(&client, A::Rsa, vec![Attribute::CryptographicLength(3072)]).await;
    let request = encrypt::Request {
        parameters: Some(oaep(H::Sha384)),
        data: Some(b"a key".as_slice().into()),
        ..encrypt(&public)
    };
    let cipher = said(client.ask(request).await).data.unwrap();
    assert_eq!(cipher.len(), 384);
    let request = decrypt::Request {
        parameters: Some(oaep(H::Sha384)),
        data: Some(cipher.into()),
        ..decrypt(&private)
    };
    let plain = said(client.ask(request).await);
    assert_eq!(plain.data.as_deref(), Some(b"a key".as_slice()));
    for padding in [P::Pkcs1V1_5, P::Pss] {
        let parameters = || Some(of(Some(padding), Some(H::Sha384)));
        let request = sign::Request { parameters: parameters(), ..sign(&private) };
        let signature = signed(client.ask(request).await).0.unwrap();
        assert_eq!(signature.len(), 384);
        let wrong = [&signature[1..], &[0]].concat();
        for (signature, expected) in [(signature, V::Valid), (wrong, V::Invalid)] {
            let request = signature_verify::Request {
                parameters: parameters(),
                ..verify(&public, &signature)
            };
            assert_eq!(verdict(client.ask(request).await).0, Some(expected), "{padding:?}");
        }
    }
}

#[tokio::test]
async fn what_rsa_does_not_encrypt_is_refused() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let (_, public) = pair(&client, A::Rsa, Vec::new()).await;
        let good = || encrypt::Request {
            parameters: Some(oaep(H::Sha256)),
            data: Some(b"a key".as_slice().into()),
            ..encrypt(&public)
        };
        let long = vec![0; 191];
        for (request, reason) in [
            (
                encrypt::Request { parameters: None, ..good() },
                pick(R::InvalidField, R::BadCryptographicParameters),
            ),
            (encrypt::Request { init: Some(true), ..good() }, Err(R::FeatureNotSupported)),
            (
                encrypt::Request { additional_data: Some(vec![1].into()), ..good() },
                pick(R::InvalidField, R::BadCryptographicParameters),
            ),
            (
                encrypt::Request { data: Some(long.as_slice().into()), ..good() },
                pick(R::GeneralFailure, R::ServerLimitExceeded),
            ),
        ] {
            assert_eq!(client.ask(request).await, reason, "{version:?}");
        }
        let request = decrypt::Request {
            parameters: Some(oaep(H::Sha256)),
            data: Some(b"text".as_slice().into()),
            ..decrypt(&public)
        };
        let reason = pick(R::PermissionDenied, R::InvalidObjectType);
        assert_eq!(client.ask(request).await, reason);
        let (ec, _) =
            pair(&client, A::Ec, vec![Attribute::CryptographicUsageMask(Mask::DECRYPT)]).await;
        let request = decrypt::Request {
            parameters: Some(oaep(H::Sha256)),
            data: Some(b"text".as_slice().into()),
            ..decrypt(&ec)
        };
        let reason = pick(R::InvalidField, R::BadCryptographicParameters);
        assert_eq!(client.ask(request).await, reason);
    }
}

#[tokio::test]
async fn pkcs1_v1_5_is_decrypted_for_old_estates_alone() {
    for legacy in [false, true] {
        let world = World::with_policy(Policy { legacy, ..Policy::default() }).await;
        let client = world.client("orders", Version::V2_1).await;
        let (private, public) = pair(&client, A::Rsa, Vec::new()).await;
        let parameters = || Some(of(Some(P::Pkcs1V1_5), None));
        let request = encrypt::Request {
            parameters: parameters(),
            data: Some(b"a key".as_slice().into()),
            ..encrypt(&public)
        };
        let cipher = said(client.ask(request).await).data.unwrap();
        let request = decrypt::Request {
            parameters: parameters(),
            data: Some(cipher.as_slice().into()),
            ..decrypt(&private)
        };
        let answer = client.ask(request).await;
        if legacy {
            assert_eq!(said(answer).data.as_deref(), Some(b"a key".as_slice()));
        } else {
            assert_eq!(answer, Err(R::UnsupportedCryptographicParameters));
        }
    }
}
