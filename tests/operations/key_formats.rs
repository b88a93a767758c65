//! Register and Get of the halves of a key pair.

use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, HashingAlgorithm, KeyCompressionType, KeyFormatType as F,
    RecommendedCurve as C, ResultReason as R, State,
};
use kmip_ttlv::object::{KeyMaterial, TransparentRsaPrivateKey};
use kmip_ttlv::payload::create_key_pair;
use kmip_ttlv::{Secret, Version};

use super::ask::{activate, destroy, uid_of};
use super::pair::{bits, bring, create, fetch, half, list, material, of, on, pair_of, re_key};
use super::world::World;

#[tokio::test]
async fn what_is_not_said_of_a_key_is_read_from_it_and_what_is_said_must_be_true() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (a, b) = pair_of(client.ask(create(vec![of(A::Ecdsa)])).await);
        let key = material(&fetch(&client, &a, Some(F::Pkcs8), None).await.unwrap()).clone();
        let public = material(&fetch(&client, &b, Some(F::X509), None).await.unwrap()).clone();
        let one = || half(true, F::Pkcs8, key.clone());
        let other = || half(false, F::X509, public.clone());
        for object in [one(), other()] {
            let uid = uid_of(client.ask(bring(object, vec![])).await);
            let algorithm = if version < Version::V1_2 { A::Ecdsa } else { A::Ec };
            let found = client.values(&uid, AttributeKind::CryptographicAlgorithm).await;
            assert_eq!(found, [of(algorithm)]);
            assert_eq!(client.values(&uid, AttributeKind::CryptographicLength).await, [bits(256)]);
        }
        for said in [of(A::Rsa), of(A::Aes), bits(255), bits(384), on(C::P384)] {
            for object in [one(), other()] {
                let answer = client.ask(bring(object, vec![said.clone()])).await;
                assert_eq!(answer, Err(R::InvalidField), "{said:?}");
            }
        }
        for said in [of(A::Ecdsa), of(A::Ecdh), bits(256), on(C::P256)] {
            assert!(client.ask(bring(one(), vec![said])).await.is_ok());
        }
    }
}

#[tokio::test]
async fn what_is_no_key_of_its_format_is_refused() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let bytes = |bytes: &[u8]| KeyMaterial::Bytes(Secret::new(bytes.to_vec()));
    for (private, format, reason) in [
        (true, F::Pkcs1, R::InvalidField),
        (true, F::Pkcs8, R::InvalidField),
        (true, F::EcPrivateKey, R::InvalidField),
        (false, F::Pkcs1, R::InvalidField),
        (false, F::X509, R::InvalidField),
        (true, F::X509, R::KeyFormatTypeNotSupported),
        (false, F::Pkcs8, R::KeyFormatTypeNotSupported),
        (false, F::EcPrivateKey, R::KeyFormatTypeNotSupported),
        (true, F::TransparentSymmetricKey, R::KeyFormatTypeNotSupported),
    ] {
        let said = vec![of(A::Rsa), bits(2048)];
        let answer = client.ask(bring(half(private, format, bytes(b"no key")), said)).await;
        assert_eq!(answer, Err(reason), "{private} {format:?}");
    }
}

/// A transparent RSA key says by one of three ways what is private of it (KMIP 1.4 §2.1.7.4).
#[tokio::test]
async fn what_has_no_private_part_is_no_private_key() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let (a, _) = pair_of(client.ask(create(vec![of(A::Rsa), bits(2048)])).await);
    let key = fetch(&client, &a, Some(F::TransparentRsaPrivateKey), None).await.unwrap();
    let KeyMaterial::RsaPrivateKey(whole) = material(&key).clone() else { panic!() };
    let bare = TransparentRsaPrivateKey {
        modulus: whole.modulus.clone(),
        public_exponent: whole.public_exponent.clone(),
        private_exponent: None,
        p: None,
        q: None,
        prime_exponent_p: None,
        prime_exponent_q: None,
        crt_coefficient: None,
    };
    let (d, p, q) = (whole.private_exponent, whole.p, whole.q);
    let (dp, dq, inverse) = (whole.prime_exponent_p, whole.prime_exponent_q, whole.crt_coefficient);
    let with = |change: &dyn Fn(&mut TransparentRsaPrivateKey)| {
        let mut key = bare.clone();
        change(&mut key);
        let material = KeyMaterial::RsaPrivateKey(Box::new(key));
        let said = vec![of(A::Rsa), bits(2048)];
        client.ask(bring(half(true, F::TransparentRsaPrivateKey, material), said))
    };
    assert_eq!(with(&|_| {}).await, Err(R::InvalidField));
    assert_eq!(with(&|key| key.p.clone_from(&p)).await, Err(R::InvalidField));
    assert_eq!(with(&|key| key.prime_exponent_q.clone_from(&dq)).await, Err(R::InvalidField));
    assert_eq!(with(&|key| key.crt_coefficient.clone_from(&inverse)).await, Err(R::InvalidField));
    assert!(with(&|key| key.private_exponent.clone_from(&d)).await.is_ok());
    assert!(with(&|key| (key.p, key.q) = (p.clone(), q.clone())).await.is_ok());
    let exponents = |key: &mut TransparentRsaPrivateKey| {
        (key.prime_exponent_p, key.prime_exponent_q) = (dp.clone(), dq.clone());
    };
    assert!(with(&exponents).await.is_ok());
}

#[tokio::test]
async fn a_key_that_the_server_cannot_read_is_kept_and_given_back_as_it_is() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let opaque = || half(true, F::Opaque, KeyMaterial::Bytes(Secret::new(b"sealed".to_vec())));
    assert_eq!(client.ask(bring(opaque(), vec![of(A::Rsa)])).await, Err(R::InvalidField));
    let uid = uid_of(client.ask(bring(opaque(), vec![of(A::Rsa), bits(2048)])).await);
    let block = fetch(&client, &uid, None, None).await.unwrap();
    assert_eq!(material(&block), &KeyMaterial::Bytes(Secret::new(b"sealed".to_vec())));
    let other = fetch(&client, &uid, Some(F::Pkcs8), None).await;
    assert_eq!(other, Err(R::KeyFormatTypeNotSupported));
}

#[tokio::test]
async fn a_point_is_compressed_as_is_asked_for_and_nothing_else_is() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (a, b) = pair_of(client.ask(create(vec![of(A::Ecdsa)])).await);
        let compressed = Some(KeyCompressionType::EcPublicKeyTypeX9_62CompressedPrime);
        let block = fetch(&client, &b, Some(F::Raw), compressed).await.unwrap();
        assert_eq!(block.compression, compressed);
        assert!(matches!(material(&block), KeyMaterial::Bytes(key) if key.len() == 33));
        let chosen = KeyCompressionType::EcPublicKeyTypeX9_62CompressedChar2;
        for (uid, compression) in [(&a, compressed), (&b, Some(chosen))] {
            let answer = fetch(&client, uid, None, compression).await;
            assert_eq!(answer, Err(R::KeyCompressionTypeNotSupported));
        }
    }
}

#[tokio::test]
async fn a_key_in_another_format_than_the_usual_has_two_digests_in_2x() {
    let world = World::new().await;
    for (version, digests) in [(Version::V1_4, 1), (Version::V2_1, 2)] {
        let client = world.client("orders", version).await;
        let (a, _) = pair_of(client.ask(create(vec![of(A::Ecdsa)])).await);
        assert_eq!(client.values(&a, AttributeKind::Digest).await.len(), 1);
        let key = material(&fetch(&client, &a, Some(F::Pkcs8), None).await.unwrap()).clone();
        let uid = uid_of(client.ask(bring(half(true, F::Pkcs8, key), vec![])).await);
        let found = client.values(&uid, AttributeKind::Digest).await;
        let formats: Vec<_> = found
            .iter()
            .map(|digest| match digest {
                Attribute::Digest(digest) => {
                    assert_eq!(digest.hashing_algorithm, HashingAlgorithm::Sha256);
                    digest.key_format_type.unwrap()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(formats, [F::Pkcs8, F::TransparentEcPrivateKey][..digests]);
    }
}

#[tokio::test]
async fn a_key_of_a_pair_lives_and_ends_by_itself() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let (a, b) = pair_of(client.ask(create(vec![of(A::Ec)])).await);
    client.ask(activate(&a)).await.unwrap();
    assert_eq!(client.state(&a).await, State::Active);
    assert_eq!(client.state(&b).await, State::PreActive);
    client.ask(destroy(&b)).await.unwrap();
    assert_eq!(client.ask(destroy(&a)).await, Err(R::PermissionDenied), "it is active");
}

#[tokio::test]
async fn a_pair_is_made_in_the_formats_that_are_asked_for_or_not_at_all() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let format = |format| list(vec![Attribute::KeyFormatType(format)]);
    let request = |private, public| create_key_pair::Request {
        private_key: Some(format(private)),
        public_key: Some(format(public)),
        ..create(vec![of(A::Ec)])
    };
    let (a, b) = pair_of(client.ask(request(F::Pkcs8, F::X509)).await);
    let (next, _) = pair_of(client.ask(re_key(&a)).await);
    for (uid, expected) in [(&a, F::Pkcs8), (&b, F::X509), (&next, F::Pkcs8)] {
        assert_eq!(fetch(&client, uid, None, None).await.unwrap().format, expected);
        let kind = AttributeKind::KeyFormatType;
        assert_eq!(client.values(uid, kind).await, [Attribute::KeyFormatType(expected)]);
        assert_eq!(client.values(uid, AttributeKind::Digest).await.len(), 2);
    }
    for (private, public) in [(F::Pkcs1, F::X509), (F::Pkcs8, F::Pkcs8), (F::X509, F::X509)] {
        let answer = client.ask(request(private, public)).await;
        assert_eq!(answer, Err(R::KeyFormatTypeNotSupported), "{private:?} {public:?}");
    }
}
