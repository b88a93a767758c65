//! Register and Get of keys of DSA and Diffie-Hellman.

use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicDomainParameters, Link};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, KeyFormatType as F, LinkType, ObjectType, ResultReason as R,
    SecretDataType,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData};
use kmip_ttlv::payload::{ResponsePayload, get};
use kmip_ttlv::{Secret, Version};

use super::ask::{activate, uid_of};
use super::pair::{bits, bring, fetch, half, material, of};
use super::vectors::{Case, cases};
use super::world::World;

fn bytes(bytes: Vec<u8>) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::new(bytes))
}

fn q_bits(bits: i32) -> Attribute {
    Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
        q_length: Some(bits),
        recommended_curve: None,
    })
}

fn good() -> impl Iterator<Item = Case> {
    cases("finite.txt").into_iter().filter(|case| case.error().is_none())
}

/// The algorithm of a case, and the formats of its numbers.
fn kind(case: &Case) -> (A, F, F) {
    match case.text("algorithm") {
        Some("DSA") => (A::Dsa, F::TransparentDsaPrivateKey, F::TransparentDsaPublicKey),
        _ => (A::Dh, F::TransparentDhPrivateKey, F::TransparentDhPublicKey),
    }
}

#[tokio::test]
async fn what_comes_in_one_format_is_given_in_the_other_and_brought_again() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for case in good() {
            let (algorithm, of_private, of_public) = kind(&case);
            for (private, encoded, name, numbers) in
                [(true, F::Pkcs8, "PKCS_8", of_private), (false, F::X509, "X_509", of_public)]
            {
                let brought = half(private, encoded, bytes(case.required(name)));
                let uid = uid_of(client.ask(bring(brought, vec![])).await);
                let kind = AttributeKind::CryptographicAlgorithm;
                assert_eq!(client.values(&uid, kind).await, [of(algorithm)]);
                let kind = AttributeKind::CryptographicLength;
                let length = bits(case.number("length").unwrap());
                assert_eq!(client.values(&uid, kind).await, [length]);
                let as_it_came = fetch(&client, &uid, None, None).await.unwrap();
                assert_eq!(material(&as_it_came), &bytes(case.required(name)));

                let transparent = fetch(&client, &uid, Some(numbers), None).await.unwrap();
                assert_eq!(transparent.format, numbers);
                let again = half(private, numbers, material(&transparent).clone());
                let uid = uid_of(client.ask(bring(again, vec![])).await);
                let written = fetch(&client, &uid, Some(encoded), None).await.unwrap();
                let expected = case.bytes(&format!("again_{name}"));
                let expected = expected.unwrap_or_else(|| case.required(name));
                assert_eq!(material(&written), &bytes(expected), "{version:?} {}", case.name());
                for other in [F::Raw, F::Pkcs1, F::TransparentRsaPrivateKey] {
                    let answer = fetch(&client, &uid, Some(other), None).await;
                    assert_eq!(answer, Err(R::KeyFormatTypeNotSupported), "{other:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_said_of_such_a_key_must_be_true() {
    let world = World::new().await;
    let case = good().next().unwrap();
    let key = || half(true, F::Pkcs8, bytes(case.required("PKCS_8")));
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for said in [of(A::Dsa), bits(1024), q_bits(160)] {
            assert!(client.ask(bring(key(), vec![said])).await.is_ok());
        }
        for said in [of(A::Dh), of(A::Rsa), bits(160), bits(2048), q_bits(256), q_bits(-1)] {
            let answer = client.ask(bring(key(), vec![said.clone()])).await;
            assert_eq!(answer, Err(R::InvalidField), "{said:?}");
        }
    }
    // Where no divisor is known, nothing speaks against one.
    let case = good().find(|case| case.text("Q").is_none()).unwrap();
    let key = half(true, F::Pkcs8, bytes(case.required("PKCS_8")));
    let client = world.client("orders", Version::V1_4).await;
    assert!(client.ask(bring(key, vec![q_bits(256)])).await.is_ok());
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_what_has_no_parameters_is_kept_as_it_is() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let mut seen = 0;
        for case in cases("finite.txt") {
            let (Some(error), Some(material)) = (case.error(), case.bytes("material")) else {
                continue;
            };
            let private = case.text("half") == Some("private");
            let format = if private { F::Pkcs8 } else { F::X509 };
            let brought = half(private, format, bytes(material.clone()));
            let answer = client.ask(bring(brought, vec![of(A::Dsa), bits(1024)])).await;
            if error == "Unreadable" {
                let block = fetch(&client, &uid_of(answer), None, None).await.unwrap();
                assert_eq!(block.value, Some(KeyValue::new(bytes(material))));
                seen += 1;
            } else {
                assert_eq!(answer, Err(R::InvalidField), "{}", case.name());
            }
        }
        assert_eq!(seen, 4);
    }
}

/// The second digest is that of the usual format (KMIP 2.1 §4.21, §4.26).
#[tokio::test]
async fn such_a_key_has_two_digests_in_2x() {
    let world = World::new().await;
    for case in good() {
        for (version, digests) in [(Version::V1_4, 1), (Version::V2_1, 2)] {
            let client = world.client("orders", version).await;
            let key = half(true, F::Pkcs8, bytes(case.required("PKCS_8")));
            let uid = uid_of(client.ask(bring(key, vec![])).await);
            let found = client.values(&uid, AttributeKind::Digest).await;
            let formats: Vec<_> = found
                .iter()
                .map(|digest| match digest {
                    Attribute::Digest(digest) => digest.key_format_type.unwrap(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(formats, [F::Pkcs8, kind(&case).1][..digests], "{}", case.name());
        }
    }
}

#[tokio::test]
async fn such_a_key_is_given_in_a_container_of_pkcs12() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let password = Secret::new(b"open sesame".to_vec());
    let key_block = KeyBlock::new(F::Opaque, KeyValue::new(KeyMaterial::Bytes(password)));
    let kind = SecretDataType::Password;
    let object = ManagedObject::SecretData(SecretData { kind, key_block });
    let password = uid_of(client.ask(bring(object, vec![])).await);
    client.ask(activate(&password)).await.unwrap();
    for case in good() {
        let link = Link { kind: LinkType::Pkcs12PasswordLink, object: password.as_str().into() };
        let key = half(true, F::Pkcs8, bytes(case.required("PKCS_8")));
        let uid = uid_of(client.ask(bring(key, vec![Attribute::Link(link)])).await);
        let request =
            get::Request { key_format: Some(F::Pkcs12), ..get::Request::new(uid.as_str()) };
        let Ok(ResponsePayload::Get(response)) = client.ask(request).await else { panic!() };
        assert_eq!(response.object_type, ObjectType::PrivateKey);
        let KeyMaterial::Bytes(container) = material(response.object.key_block().unwrap()) else {
            panic!("no container")
        };
        let bundle = keystrata::crypto::pkcs12::read(container.expose(), "open sesame", None);
        let expected = case.bytes("again_PKCS_8").unwrap_or_else(|| case.required("PKCS_8"));
        assert_eq!(*bundle.unwrap().key, expected, "{}", case.name());
    }
}
