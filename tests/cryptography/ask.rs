//! Requests with nothing in them but the key, to be completed, and answers taken apart.

use std::borrow::Cow;

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, KeyFormatType, ObjectType,
    PaddingMethod, SecretDataType,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData};
use kmip_ttlv::payload::{ResponsePayload, decrypt, encrypt, hash, mac, mac_verify, register};

use super::world::{Answer, Client, text};

pub(crate) fn encrypt(uid: &str) -> encrypt::Request<'_> {
    encrypt::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: None,
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    }
}

pub(crate) fn decrypt(uid: &str) -> decrypt::Request<'_> {
    decrypt::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: None,
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
        tag: None,
    }
}

pub(crate) fn mac(uid: &str) -> mac::Request<'_> {
    mac::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: None,
        correlation_value: None,
        init: None,
        last: None,
    }
}

pub(crate) fn mac_verify(uid: &str) -> mac_verify::Request<'_> {
    mac_verify::Request {
        uid: Some(uid.into()),
        parameters: None,
        data: None,
        mac: None,
        correlation_value: None,
        init: None,
        last: None,
    }
}

pub(crate) fn hash(algorithm: HashingAlgorithm) -> hash::Request<'static> {
    hash::Request {
        parameters: CryptographicParameters {
            hashing_algorithm: Some(algorithm),
            ..CryptographicParameters::default()
        },
        data: None,
        correlation_value: None,
        init: None,
        last: None,
    }
}

pub(crate) fn parameters(mode: BlockCipherMode, padding: PaddingMethod) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        padding_method: (padding != PaddingMethod::None).then_some(padding),
        ..CryptographicParameters::default()
    }
}

pub(crate) fn of_algorithm(algorithm: CryptographicAlgorithm) -> CryptographicParameters {
    CryptographicParameters {
        cryptographic_algorithm: Some(algorithm),
        ..CryptographicParameters::default()
    }
}

/// What an answer says, whatever the operation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) uid: Option<String>,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) iv: Option<Vec<u8>>,
    pub(crate) tag: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
}

/// A successful answer of an operation that gives data, MAC or hash.
pub(crate) fn said(answer: Answer) -> Said {
    let own = |bytes: Option<Cow<'_, [u8]>>| bytes.map(Cow::into_owned);
    match answer {
        Ok(ResponsePayload::Encrypt(response)) => Said {
            uid: Some(text(&response.uid)),
            data: response.data.map(|data| data.bytes().unwrap().to_vec()),
            iv: own(response.iv),
            tag: own(response.tag),
            value: own(response.correlation_value),
        },
        Ok(ResponsePayload::Decrypt(response)) => Said {
            uid: Some(text(&response.uid)),
            data: response.data.map(|data| data.bytes().unwrap().to_vec()),
            value: own(response.correlation_value),
            ..Said::default()
        },
        Ok(ResponsePayload::Mac(response)) => Said {
            uid: Some(text(&response.uid)),
            data: own(response.mac),
            value: own(response.correlation_value),
            ..Said::default()
        },
        Ok(ResponsePayload::Hash(response)) => Said {
            data: response.data.map(|data| data.bytes().unwrap().to_vec()),
            value: own(response.correlation_value),
            ..Said::default()
        },
        other => panic!("{other:?}"),
    }
}

/// A seed of these bytes, with these attributes.
pub(crate) async fn secret(client: &Client<'_>, bytes: &[u8], more: Vec<Attribute>) -> String {
    let value = KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes.to_vec())));
    let key_block = KeyBlock::new(KeyFormatType::Opaque, value);
    let object = ManagedObject::SecretData(SecretData { kind: SecretDataType::Seed, key_block });
    let request = register::Request {
        object_type: ObjectType::SecretData,
        attributes: more.into_iter().collect(),
        object: Some(object),
        protection_storage_masks: None,
    };
    match client.ask(request).await {
        Ok(ResponsePayload::Register(response)) => text(&response.uid),
        other => panic!("{other:?}"),
    }
}
