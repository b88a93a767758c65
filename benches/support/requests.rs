//! The requests that are measured, as bytes, and what is read from their answers.

use kmip_ttlv::attribute::{CryptographicParameters, Name};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType,
    PaddingMethod, ResultStatus,
};
use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage, ResponseMessage};
use kmip_ttlv::payload::{activate, create, encrypt, get};
use kmip_ttlv::structure::Data;
use kmip_ttlv::{Attribute, RequestPayload, ResponsePayload, UniqueIdentifier, Version};

/// The version that the benches speak: the newest with which all that is measured is possible in
/// one message, and the newest that most clients know.
const VERSION: Version = Version::V1_4;

/// How much is encrypted at once.
const PLAIN_BYTES: usize = 1024;

fn bytes<'a>(payload: impl Into<RequestPayload<'a>>) -> Vec<u8> {
    let header = RequestHeader::new(VERSION.into(), 1);
    let message = RequestMessage { header, items: vec![RequestItem::new(payload)] };
    message.to_bytes().expect("a served version").to_vec()
}

/// Create: an AES-256 key with a name, for encryption and decryption.
pub(crate) fn create() -> Vec<u8> {
    let usage = CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::DECRYPT;
    let name = Name { value: "bench".into(), kind: NameType::UninterpretedTextString };
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(usage),
        Attribute::Name(name),
    ];
    bytes(create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect(),
        protection_storage_masks: None,
    })
}

/// Activate.
pub(crate) fn activate(uid: &str) -> Vec<u8> {
    bytes(activate::Request { uid: Some(uid.into()) })
}

/// Get, of the whole value, in the format that it has.
pub(crate) fn get(uid: &str) -> Vec<u8> {
    bytes(get::Request::new(uid))
}

/// Encrypt 1 KiB with AES-GCM; the server chooses the IV.
pub(crate) fn encrypt_gcm(uid: &str) -> Vec<u8> {
    encrypt(uid, BlockCipherMode::Gcm, None, Some(16))
}

/// Encrypt 1 KiB with AES-CBC and PKCS#5 padding; the server chooses the IV.
pub(crate) fn encrypt_cbc(uid: &str) -> Vec<u8> {
    encrypt(uid, BlockCipherMode::Cbc, Some(PaddingMethod::Pkcs5), None)
}

fn encrypt(
    uid: &str,
    mode: BlockCipherMode,
    padding: Option<PaddingMethod>,
    tag_bytes: Option<i32>,
) -> Vec<u8> {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(mode),
        padding_method: padding,
        cryptographic_algorithm: Some(CryptographicAlgorithm::Aes),
        random_iv: Some(true),
        tag_length: tag_bytes,
        ..CryptographicParameters::default()
    };
    bytes(encrypt::Request {
        uid: Some(uid.into()),
        parameters: Some(parameters),
        data: Some(Data::from(vec![0x5a; PLAIN_BYTES])),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    })
}

/// The identifier in the answer to Create.
pub(crate) fn created(answer: &[u8]) -> String {
    match payload(answer) {
        ResponsePayload::Create(create::Response { uid: UniqueIdentifier::Text(uid), .. }) => {
            uid.into_owned()
        }
        other => panic!("not the answer to Create: {other:?}"),
    }
}

/// Checks, once, that an answer is a success.
pub(crate) fn check(answer: &[u8]) {
    drop(payload(answer));
}

fn payload(answer: &[u8]) -> ResponsePayload<'_> {
    let message = ResponseMessage::from_bytes(answer).expect("the answer is a message");
    let item = message.items.into_iter().next().expect("one item was asked for");
    assert_eq!(item.status, ResultStatus::Success, "{:?}: {:?}", item.reason, item.message);
    item.payload.expect("an operation that was done has an answer")
}
