//! Register and Get of PGP Keys.

use kmip_ttlv::attribute::{Attribute, AttributeKind as K};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, KeyFormatType, ObjectType, ResultReason as R, State,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PgpKey};
use kmip_ttlv::payload::{ResponsePayload, register};
use kmip_ttlv::{Secret, Version};

use super::ask::{Request, destroy, get, uid_of};
use super::world::World;

/// The beginning of a public key of RSA, 2048 bits, in version 4.
const KEY: &[u8] = &[0x99, 0x01, 0x0d, 4, 0x54, 0x70, 0x3f, 0x75, 1, 0x08, 0x00, 0xab];

fn bring(version: i32, key: &[u8], more: Vec<Attribute>) -> Request {
    let key_block = KeyBlock {
        format: KeyFormatType::Raw,
        compression: None,
        value: Some(KeyValue::new(KeyMaterial::Bytes(Secret::new(key.to_vec())))),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    register::Request {
        object_type: ObjectType::PgpKey,
        attributes: more.into_iter().collect(),
        object: Some(ManagedObject::PgpKey(PgpKey { version, key_block })),
        protection_storage_masks: None,
    }
    .into()
}

#[tokio::test]
async fn a_pgp_key_says_what_it_is_and_is_given_back_as_it_was_brought() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V2_1] {
        let client = world.client("orders", version).await;
        let uid = uid_of(client.ask(bring(4, KEY, vec![])).await);
        let rsa = [Attribute::CryptographicAlgorithm(A::Rsa)];
        assert_eq!(client.values(&uid, K::CryptographicAlgorithm).await, rsa);
        let bits = [Attribute::CryptographicLength(2048)];
        assert_eq!(client.values(&uid, K::CryptographicLength).await, bits);
        assert_eq!(client.values(&uid, K::Digest).await.len(), 1);
        match client.ask(get(&uid)).await.unwrap() {
            ResponsePayload::Get(response) => match response.object {
                ManagedObject::PgpKey(key) => {
                    let value = key.key_block.value.unwrap();
                    assert_eq!(value.bytes().unwrap().expose(), KEY);
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
        client.ask(destroy(&uid)).await.unwrap();
        assert_eq!(client.state(&uid).await, State::Destroyed);
    }
}

#[tokio::test]
async fn what_is_said_of_a_pgp_key_must_be_true_and_of_an_unknown_one_must_be_said() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let (rsa, bits) = (Attribute::CryptographicAlgorithm(A::Rsa), Attribute::CryptographicLength);
    for request in [
        bring(3, KEY, vec![]),
        bring(4, KEY, vec![Attribute::CryptographicAlgorithm(A::Dsa)]),
        bring(4, KEY, vec![bits(1024)]),
        bring(4, b"sealed", vec![]),
        bring(4, b"sealed", vec![rsa.clone()]),
    ] {
        assert_eq!(client.ask(request).await, Err(R::InvalidField));
    }
    assert!(client.ask(bring(4, b"sealed", vec![rsa, bits(2048)])).await.is_ok());
}
