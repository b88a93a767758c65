//! The Digest of Secret Data (KMIP 1.4 §3.17): a password can be found by it, so it is for those
//! alone who may read the password.

use keystrata::tenant::Mode;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference};
use kmip_ttlv::enums::{
    CryptographicUsageMask, HashingAlgorithm, KeyFormatType, ObjectType, SecretDataType,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData};
use kmip_ttlv::payload::{ResponsePayload, register};
use kmip_ttlv::{Secret, Version};

use super::ask::{attribute_list, attributes, destroy};
use super::world::{Client, World, text};

const DIGEST: AttributeReference = AttributeReference::Known(AttributeKind::Digest);

async fn password(client: &Client<'_>, password: &[u8]) -> String {
    let key_block = KeyBlock {
        format: KeyFormatType::Raw,
        compression: None,
        value: Some(KeyValue::new(KeyMaterial::Bytes(Secret::new(password.to_vec())))),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    let mask = CryptographicUsageMask::default();
    let request = register::Request {
        object_type: ObjectType::SecretData,
        attributes: [Attribute::CryptographicUsageMask(mask)].into_iter().collect(),
        object: Some(ManagedObject::SecretData(SecretData {
            kind: SecretDataType::Password,
            key_block,
        })),
        protection_storage_masks: None,
    };
    match client.ask(request).await {
        Ok(ResponsePayload::Register(response)) => text(&response.uid),
        other => panic!("{other:?}"),
    }
}

/// The digests among all attributes, and whether the list of attributes names one.
async fn among_all(client: &Client<'_>, uid: &str) -> (usize, bool) {
    let Ok(ResponsePayload::GetAttributes(all)) = client.ask(attributes(uid, &[])).await else {
        panic!("no attributes")
    };
    let all = all.attributes.0.unwrap().attributes;
    let digests = all.iter().filter(|one| one.attribute.kind() == AttributeKind::Digest).count();
    match client.ask(attribute_list(uid)).await.unwrap() {
        ResponsePayload::GetAttributeList(list) => (digests, list.references.contains(&DIGEST)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_digest_of_a_password_is_for_those_who_may_read_the_password() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V2_1] {
        let reader = world.client("orders", version).await;
        let uid = password(&reader, b"hunter2").await;
        let expected = keystrata::crypto::hash::hash(HashingAlgorithm::Sha256, b"hunter2").unwrap();
        match reader.values(&uid, AttributeKind::Digest).await.as_slice() {
            [Attribute::Digest(digest)] => assert_eq!(digest.value.as_ref(), Some(&expected)),
            other => panic!("{other:?}"),
        }
        assert_eq!(among_all(&reader, &uid).await, (1, true));
        let writer = reader.in_mode(Mode::WriteOnly);
        assert!(writer.values(&uid, AttributeKind::Digest).await.is_empty());
        assert_eq!(among_all(&writer, &uid).await, (0, false));
        reader.ask(destroy(&uid)).await.unwrap();
        assert_eq!(among_all(&reader, &uid).await, (0, false));
    }
}

#[tokio::test]
async fn the_digest_of_a_password_is_not_in_the_store() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    password(&client, b"hunter2").await;
    let key = client.key(128, Vec::new()).await;
    let of_key = match client.values(&key, AttributeKind::Digest).await.remove(0) {
        Attribute::Digest(digest) => digest.value.unwrap(),
        other => panic!("{other:?}"),
    };
    let of_password = keystrata::crypto::hash::hash(HashingAlgorithm::Sha256, b"hunter2").unwrap();
    let files = world.close();
    let is_kept = |digest: &[u8]| {
        files.iter().any(|file| file.windows(digest.len()).any(|window| window == digest))
    };
    assert!(is_kept(&of_key), "what is looked for is found where it is kept");
    assert!(!is_kept(&of_password));
}
