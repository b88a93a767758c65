//! What tests of key pairs ask and read.

use keystrata::crypto::key::{Hint, PrivateKey, PublicKey};
use kmip_ttlv::attribute::{Attribute, AttributeList, CryptographicDomainParameters, Link};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, KeyCompressionType, KeyFormatType as F, LinkType,
    RecommendedCurve as C, ResultReason as R,
};
use kmip_ttlv::object::{self, KeyBlock, KeyMaterial, KeyValue, ManagedObject};
use kmip_ttlv::payload::{ResponsePayload, create_key_pair, get, re_key_key_pair, register};

use super::world::{Answer, Client, text};

pub(crate) fn list(attributes: Vec<Attribute>) -> AttributeList {
    AttributeList {
        templates: Vec::new(),
        attributes: attributes.into_iter().map(Into::into).collect(),
    }
}

pub(crate) fn of(algorithm: A) -> Attribute {
    Attribute::CryptographicAlgorithm(algorithm)
}

pub(crate) fn bits(bits: i32) -> Attribute {
    Attribute::CryptographicLength(bits)
}

pub(crate) fn on(curve: C) -> Attribute {
    Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
        q_length: None,
        recommended_curve: Some(curve),
    })
}

pub(crate) fn create(common: Vec<Attribute>) -> create_key_pair::Request {
    create_key_pair::Request {
        common: Some(list(common)),
        private_key: None,
        public_key: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
}

pub(crate) fn re_key(private: &str) -> re_key_key_pair::Request<'static> {
    re_key_key_pair::Request {
        private_key_uid: Some(private.to_owned().into()),
        offset: None,
        common: None,
        private_key: None,
        public_key: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
}

/// The identifiers of the private and of the public key.
pub(crate) fn pair_of(answer: Answer) -> (String, String) {
    match answer.unwrap() {
        ResponsePayload::CreateKeyPair(response) => {
            (text(&response.private_key_uid), text(&response.public_key_uid))
        }
        ResponsePayload::ReKeyKeyPair(response) => {
            (text(&response.private_key_uid), text(&response.public_key_uid))
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn link(kind: LinkType, uid: &str) -> Attribute {
    Attribute::Link(Link { kind, object: uid.into() })
}

pub(crate) async fn fetch(
    client: &Client<'_>,
    uid: &str,
    key_format: Option<F>,
    key_compression: Option<KeyCompressionType>,
) -> Result<KeyBlock, R> {
    let request = get::Request { key_format, key_compression, ..get::Request::new(uid.to_owned()) };
    match client.ask(request).await? {
        ResponsePayload::Get(response) => Ok(response.object.key_block().unwrap().clone()),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn material(block: &KeyBlock) -> &KeyMaterial {
    match block.value.as_ref().unwrap() {
        KeyValue::Plain { material, .. } => material,
        KeyValue::Wrapped(_) => panic!("wrapped"),
    }
}

pub(crate) fn private(block: &KeyBlock) -> PrivateKey {
    PrivateKey::read(block.format, material(block), Hint::default()).unwrap()
}

pub(crate) fn public(block: &KeyBlock) -> PublicKey {
    PublicKey::read(block.format, material(block), Hint::default()).unwrap()
}

pub(crate) fn bring(object: ManagedObject, attributes: Vec<Attribute>) -> register::Request {
    register::Request {
        object_type: object.object_type(),
        attributes: list(attributes),
        object: Some(object),
        protection_storage_masks: None,
    }
}

pub(crate) fn half(private: bool, format: F, material: KeyMaterial) -> ManagedObject {
    let key_block = KeyBlock {
        format,
        compression: None,
        value: Some(KeyValue::new(material)),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    if private {
        ManagedObject::PrivateKey(object::PrivateKey { key_block })
    } else {
        ManagedObject::PublicKey(object::PublicKey { key_block })
    }
}
