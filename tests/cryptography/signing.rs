//! Sign and Signature Verify.

use kmip_ttlv::attribute::{
    Attribute, AttributeKind, AttributeReference, CryptographicParameters, UsageLimits,
};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, CryptographicUsageMask as Mask, HashingAlgorithm as H,
    PaddingMethod as P, ResultReason as R, UsageLimitsUnit, ValidityIndicator,
};
use kmip_ttlv::payload::{
    ResponsePayload, activate, create_key_pair, get_attributes, sign, signature_verify,
};
use kmip_ttlv::{DateTime, Version};

use super::pair::{list, of, pair};
use super::world::{Answer, START, World, text};

const DATA: &[u8] = b"what is signed is signed for good";

pub(crate) fn sign(uid: &str) -> sign::Request<'_> {
    sign::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: Some(DATA.into()),
        digested_data: None,
        correlation_value: None,
        init: None,
        last: None,
    }
}

pub(crate) fn verify<'a>(uid: &'a str, signature: &'a [u8]) -> signature_verify::Request<'a> {
    signature_verify::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: Some(DATA.into()),
        digested_data: None,
        signature: Some(signature.into()),
        correlation_value: None,
        init: None,
        last: None,
    }
}

pub(crate) fn signed(answer: Answer) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    match answer {
        Ok(ResponsePayload::Sign(response)) => (
            response.signature.map(std::borrow::Cow::into_owned),
            response.correlation_value.map(std::borrow::Cow::into_owned),
        ),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn verdict(answer: Answer) -> (Option<ValidityIndicator>, Option<Vec<u8>>) {
    match answer {
        Ok(ResponsePayload::SignatureVerify(response)) => {
            (response.validity, response.correlation_value.map(std::borrow::Cow::into_owned))
        }
        other => panic!("{other:?}"),
    }
}

/// Algorithms and parameters that go together, in the version that has them all.
fn schemes(version: Version) -> Vec<(A, CryptographicParameters)> {
    let mut schemes = vec![
        (A::Rsa, of(Some(P::Pkcs1V1_5), Some(H::Sha256))),
        (A::Rsa, of(Some(P::Pss), Some(H::Sha256))),
        (A::Rsa, of(Some(P::Pss), Some(H::Sha1))),
        (A::Ecdsa, of(None, Some(H::Sha256))),
        (A::Ec, of(None, Some(H::Sha512))),
        (A::ML_DSA_44, of(None, None)),
        (A::ML_DSA_87, of(None, None)),
    ];
    if version.is_2x() {
        schemes.extend([A::Ed25519, A::Ed448].map(|algorithm| (algorithm, of(None, None))));
    }
    schemes
}

#[tokio::test]
async fn a_signature_is_valid_for_its_data_and_for_no_other() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        for (algorithm, parameters) in schemes(version) {
            let (private, public) = pair(&client, algorithm, Vec::new()).await;
            let wanted = Some(parameters.clone());
            let request = sign::Request { parameters: wanted.clone(), ..sign(&private) };
            let (signature, _) = signed(client.ask(request).await);
            let signature = signature.unwrap();
            let ask = |signature| signature_verify::Request {
                parameters: wanted.clone(),
                ..verify(&public, signature)
            };
            let (valid, value) = verdict(client.ask(ask(&signature)).await);
            assert_eq!((valid, value), (Some(ValidityIndicator::Valid), None), "{algorithm:?}");
            let mut changed = signature.clone();
            *changed.last_mut().unwrap() ^= 1;
            for bad in [changed.as_slice(), &signature[1..], &[]] {
                let (valid, _) = verdict(client.ask(ask(bad)).await);
                assert_eq!(valid, Some(ValidityIndicator::Invalid), "{algorithm:?}");
            }
            let other =
                signature_verify::Request { data: Some(b"x".as_slice().into()), ..ask(&signature) };
            assert_eq!(verdict(client.ask(other).await).0, Some(ValidityIndicator::Invalid));
        }
    }
}

#[tokio::test]
async fn the_parameters_of_the_key_count_where_the_request_has_none() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let own = Attribute::CryptographicParameters(of(Some(P::Pss), Some(H::Sha256)).into());
    let (private, public) = pair(&client, A::Rsa, vec![own]).await;
    let signature = signed(client.ask(sign(&private)).await).0.unwrap();
    assert_eq!(verdict(client.ask(verify(&public, &signature)).await).0, Some(VALID));
    for other in [of(Some(P::Pkcs1V1_5), Some(H::Sha256)), of(None, Some(H::Sha1))] {
        let request =
            signature_verify::Request { parameters: Some(other), ..verify(&public, &signature) };
        assert_eq!(verdict(client.ask(request).await).0, Some(ValidityIndicator::Invalid));
    }
}

const VALID: ValidityIndicator = ValidityIndicator::Valid;

#[tokio::test]
async fn parts_make_the_same_signature_and_the_verdict_comes_with_the_last_one() {
    let world = World::new().await;
    for version in [Version::V1_3, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for (algorithm, parameters) in schemes(version) {
            let (private, public) = pair(&client, algorithm, Vec::new()).await;
            let parts: Vec<&[u8]> = DATA.chunks(10).collect();
            let mut value = None;
            let mut signature = None;
            for (number, part) in parts.iter().enumerate() {
                let (first, last) = (number == 0, number + 1 == parts.len());
                let request = sign::Request {
                    parameters: first.then(|| parameters.clone()),
                    data: Some((*part).into()),
                    correlation_value: value.clone().map(Vec::into),
                    init: first.then_some(true),
                    last: last.then_some(true),
                    ..sign(&private)
                };
                (signature, value) = signed(client.ask(request).await);
                assert_eq!((signature.is_some(), value.is_some()), (last, !last), "{version:?}");
            }
            let signature = signature.unwrap();
            let whole = signature_verify::Request {
                parameters: Some(parameters.clone()),
                ..verify(&public, &signature)
            };
            assert_eq!(verdict(client.ask(whole).await).0, Some(VALID), "{algorithm:?}");
            // The signature may come with any part.
            for carrier in 0..parts.len() {
                let mut value = None;
                for (number, part) in parts.iter().enumerate() {
                    let (first, last) = (number == 0, number + 1 == parts.len());
                    let request = signature_verify::Request {
                        parameters: first.then(|| parameters.clone()),
                        data: Some((*part).into()),
                        signature: (number == carrier).then(|| signature.as_slice().into()),
                        correlation_value: value.clone().map(Vec::into),
                        init: first.then_some(true),
                        last: last.then_some(true),
                        ..verify(&public, &signature)
                    };
                    let (valid, next) = verdict(client.ask(request).await);
                    assert_eq!(valid, last.then_some(VALID), "{version:?}");
                    value = next;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_digest_is_signed_as_its_data_are() {
    let world = World::new().await;
    let digest = keystrata::crypto::hash::hash(H::Sha256, DATA).unwrap();
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let parameters = || Some(of(None, Some(H::Sha256)));
        for algorithm in [A::Rsa, A::Ec] {
            let (private, public) = pair(&client, algorithm, Vec::new()).await;
            let request = sign::Request {
                parameters: parameters(),
                data: None,
                digested_data: Some(digest.as_slice().into()),
                ..sign(&private)
            };
            let signature = signed(client.ask(request).await).0.unwrap();
            let of_data = signature_verify::Request {
                parameters: parameters(),
                ..verify(&public, &signature)
            };
            assert_eq!(verdict(client.ask(of_data.clone()).await).0, Some(VALID));
            let of_digest = signature_verify::Request {
                data: None,
                digested_data: Some(digest.as_slice().into()),
                ..of_data
            };
            assert_eq!(verdict(client.ask(of_digest).await).0, Some(VALID));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_refused_by_its_own_reason() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let (private, public) = pair(&client, A::Ec, Vec::new()).await;
        let hashed = || Some(of(None, Some(H::Sha256)));
        let good = || sign::Request { parameters: hashed(), ..sign(&private) };
        let digest = || Some([7_u8; 32].as_slice().into());
        let bad_parameters = pick(R::InvalidField, R::BadCryptographicParameters);
        let unsupported = pick(R::InvalidField, R::UnsupportedCryptographicParameters);
        for (request, reason) in [
            (
                sign::Request { uid: Some(public.as_str().into()), ..good() },
                pick(R::PermissionDenied, R::InvalidObjectType),
            ),
            (
                sign::Request { uid: Some("nothing".into()), ..good() },
                pick(R::ItemNotFound, R::ObjectNotFound),
            ),
            (sign::Request { parameters: None, ..good() }, bad_parameters.clone()),
            (
                sign::Request { parameters: Some(of(Some(P::Pss), Some(H::Sha256))), ..good() },
                bad_parameters.clone(),
            ),
            (
                sign::Request { parameters: Some(of(None, Some(H::Md5))), ..good() },
                Err(R::InvalidField),
            ),
            (sign::Request { data: None, ..good() }, Err(R::InvalidMessage)),
            (sign::Request { digested_data: digest(), ..good() }, Err(R::InvalidMessage)),
            (
                sign::Request { data: None, digested_data: digest(), init: Some(true), ..good() },
                Err(R::InvalidMessage),
            ),
            (
                sign::Request {
                    data: None,
                    digested_data: Some([7_u8; 20].as_slice().into()),
                    ..good()
                },
                Err(R::CryptographicFailure),
            ),
            (sign::Request { last: Some(true), ..good() }, Err(R::InvalidMessage)),
            (
                sign::Request { correlation_value: Some(vec![1; 16].into()), ..good() },
                pick(R::ItemNotFound, R::InvalidCorrelationValue),
            ),
        ] {
            assert_eq!(client.ask(request.clone()).await, reason, "{version:?} {request:?}");
        }
        let (rsa, _) = pair(&client, A::Rsa, Vec::new()).await;
        let padded = of(Some(P::Oaep), Some(H::Sha256));
        let request = sign::Request { parameters: Some(padded), ..sign(&rsa) };
        assert_eq!(client.ask(request).await, unsupported);
        let other = world.client_of("tenant-b", "orders", version).await;
        assert_eq!(other.ask(good()).await, pick(R::ItemNotFound, R::ObjectNotFound), "foreign");
        let nothing = signature_verify::Request { signature: None, ..verify(&public, &[]) };
        assert_eq!(client.ask(nothing).await, Err(R::InvalidMessage));
        let long = vec![0; 8 * 1024 + 1];
        assert_eq!(client.ask(verify(&public, &long)).await, Err(R::InvalidField));
        let edge =
            signature_verify::Request { parameters: hashed(), ..verify(&public, &long[1..]) };
        assert_eq!(verdict(client.ask(edge).await).0, Some(ValidityIndicator::Invalid));
        let masked = vec![Attribute::CryptographicUsageMask(Mask::KEY_AGREEMENT)];
        let (masked, _) = pair(&client, A::Ec, masked).await;
        let request = sign::Request { parameters: hashed(), ..sign(&masked) };
        let reason = pick(R::PermissionDenied, R::IncompatibleCryptographicUsageMask);
        assert_eq!(client.ask(request).await, reason);
    }
}

#[tokio::test]
async fn ml_dsa_signs_the_message_itself_and_nothing_in_its_place() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let bad_parameters = pick(R::InvalidField, R::BadCryptographicParameters);
        let (private, public) = pair(&client, A::ML_DSA_65, Vec::new()).await;
        let named = |algorithm| CryptographicParameters {
            cryptographic_algorithm: Some(algorithm),
            ..CryptographicParameters::default()
        };
        let with = |parameters| sign::Request { parameters: Some(parameters), ..sign(&private) };
        let digest =
            sign::Request { data: None, digested_data: Some(DATA.into()), ..sign(&private) };
        for request in [
            digest,
            with(of(None, Some(H::Sha512))),
            with(of(Some(P::Pss), None)),
            with(named(A::Rsa)),
            with(named(A::ML_KEM_768)),
        ] {
            let sent = format!("{version:?} {:?}", request.parameters);
            assert_eq!(client.ask(request).await, bad_parameters, "{sent}");
        }
        let request =
            with(CryptographicParameters { padding_method: Some(P::None), ..named(A::ML_DSA_65) });
        let signature = signed(client.ask(request).await).0.unwrap();
        assert_eq!(signature.len(), 3309);
        assert_eq!(verdict(client.ask(verify(&public, &signature)).await).0, Some(VALID));
        let digest = signature_verify::Request {
            data: None,
            digested_data: Some(DATA.into()),
            ..verify(&public, &signature)
        };
        assert_eq!(client.ask(digest).await, bad_parameters);
        // A key that encapsulates does neither.
        let may = Mask::SIGN.union(Mask::VERIFY);
        let may = vec![Attribute::CryptographicUsageMask(may)];
        let (private, public) = pair(&client, A::ML_KEM_768, may).await;
        assert_eq!(client.ask(sign(&private)).await, bad_parameters);
        assert_eq!(client.ask(verify(&public, &signature)).await, bad_parameters);
    }
}

#[tokio::test]
async fn a_key_signs_while_it_is_active_and_takes_what_it_signs_off_its_limits() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let later = vec![Attribute::ActivationDate(DateTime(START + 100))];
    let request = |uid: &str| sign::Request {
        uid: Some(uid.to_owned().into()),
        parameters: Some(of(None, Some(H::Sha256))),
        ..sign("")
    };
    // The second date is one too many, so the pair is made without the helper's.
    let not_yet = create_key_pair::Request {
        common: Some(list([vec![Attribute::CryptographicAlgorithm(A::Ec)], later].concat())),
        private_key: None,
        public_key: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let ResponsePayload::CreateKeyPair(early) = client.ask(not_yet).await.unwrap() else {
        panic!()
    };
    let early = text(&early.private_key_uid);
    assert_eq!(client.ask(request(&early)).await, Err(R::WrongKeyLifecycleState));
    client.ask(activate::Request { uid: Some(early.as_str().into()) }).await.unwrap();
    assert!(client.ask(request(&early)).await.is_ok());

    let limits = UsageLimits { total: 2, count: None, unit: UsageLimitsUnit::Object };
    let (private, public) = pair(&client, A::Ec, vec![Attribute::UsageLimits(limits)]).await;
    let signature = signed(client.ask(request(&private)).await).0.unwrap();
    signed(client.ask(request(&private)).await);
    assert_eq!(client.ask(request(&private)).await, Err(R::UsageLimitExceeded));
    for _ in 0..3 {
        let ask = signature_verify::Request {
            parameters: Some(of(None, Some(H::Sha256))),
            ..verify(&public, &signature)
        };
        assert_eq!(verdict(client.ask(ask).await).0, Some(VALID), "verifying costs nothing");
    }
    let kind = AttributeReference::Known(AttributeKind::UsageLimits);
    let ask = get_attributes::Request { uid: Some(public.as_str().into()), references: vec![kind] };
    let ResponsePayload::GetAttributes(left) = client.ask(ask).await.unwrap() else { panic!() };
    assert!(format!("{left:?}").contains("count: Some(2)"), "{left:?}");
}
