//! What tests of wrapped keys ask and read.

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters};
use kmip_ttlv::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm, CryptographicUsageMask as Mask,
    EncodingOption as Encoding, HashingAlgorithm, KeyFormatType, KeyWrapType, PaddingMethod,
    ResultReason as R, WrappingMethod as Method,
};
use kmip_ttlv::object::{
    KeyBlock, KeyInformation, KeyMaterial, KeyValue, KeyWrappingSpecification, ManagedObject,
    SymmetricKey,
};
use kmip_ttlv::payload::{ResponsePayload, get};

use super::ask::uid_of;
use super::pair::bring;
use super::world::{Client, START};

pub(crate) const KEY: [u8; 16] = [0xc5; 16];

pub(crate) fn both() -> Mask {
    Mask::WRAP_KEY.union(Mask::UNWRAP_KEY)
}

pub(crate) fn mode(mode: Mode) -> CryptographicParameters {
    CryptographicParameters { block_cipher_mode: Some(mode), ..CryptographicParameters::default() }
}

pub(crate) fn padded(
    padding: PaddingMethod,
    hash: Option<HashingAlgorithm>,
) -> CryptographicParameters {
    CryptographicParameters {
        padding_method: Some(padding),
        hashing_algorithm: hash,
        ..CryptographicParameters::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a field may be absent")]
pub(crate) fn with(
    uid: &str,
    cryptographic_parameters: Option<CryptographicParameters>,
) -> Option<KeyInformation> {
    Some(KeyInformation { uid: uid.into(), cryptographic_parameters })
}

/// Encrypted under a key, in No Encoding.
pub(crate) fn under(
    uid: &str,
    parameters: Option<CryptographicParameters>,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        method: Method::Encrypt,
        encryption_key: with(uid, parameters),
        mac_signature_key: None,
        attribute_names: Vec::new(),
        encoding_option: Some(Encoding::NoEncoding),
    }
}

pub(crate) fn key_wrap(uid: &str) -> KeyWrappingSpecification {
    under(uid, Some(mode(Mode::NistKeyWrap)))
}

pub(crate) fn get(
    uid: &str,
    key_wrap_type: Option<KeyWrapType>,
    wrapping: Option<KeyWrappingSpecification>,
) -> get::Request<'static> {
    let wrapping = wrapping.map(Box::new);
    get::Request { key_wrap_type, wrapping, ..get::Request::new(uid.to_owned()) }
}

/// A symmetric key as it stands in a message.
pub(crate) fn key_of(block: KeyBlock) -> ManagedObject {
    ManagedObject::SymmetricKey(SymmetricKey { key_block: block })
}

/// What an unwrapped key of these bytes looks like.
pub(crate) fn plain(bytes: &[u8]) -> KeyBlock {
    KeyBlock {
        format: KeyFormatType::Raw,
        compression: None,
        value: Some(KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes.to_vec())))),
        algorithm: Some(CryptographicAlgorithm::Aes),
        length: Some(i32::try_from(8 * bytes.len()).unwrap()),
        wrapping: None,
    }
}

impl Client<'_> {
    /// An Active AES key that may wrap and unwrap.
    pub(crate) async fn kek(&self, parameters: Vec<CryptographicParameters>) -> String {
        let parameters =
            parameters.into_iter().map(|it| Attribute::CryptographicParameters(it.into()));
        let mask = Attribute::CryptographicUsageMask(both());
        self.key(256, [mask].into_iter().chain(parameters).collect()).await
    }

    /// The Key Block of an object, in this form.
    pub(crate) async fn block(
        &self,
        uid: &str,
        wrap_type: Option<KeyWrapType>,
        wrapping: Option<KeyWrappingSpecification>,
    ) -> Result<KeyBlock, R> {
        match self.ask(get(uid, wrap_type, wrapping)).await? {
            ResponsePayload::Get(response) => Ok(response.object.key_block().unwrap().clone()),
            other => panic!("{other:?}"),
        }
    }

    /// Registers a key in this form, Active, for encryption.
    pub(crate) async fn bring(&self, block: KeyBlock) -> String {
        let attributes = vec![
            Attribute::CryptographicUsageMask(Mask::ENCRYPT),
            Attribute::ActivationDate(kmip_ttlv::DateTime(START - 100)),
        ];
        uid_of(self.ask(bring(key_of(block), attributes)).await)
    }
}
