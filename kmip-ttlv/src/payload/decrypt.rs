//! Decrypt: under a key that stays in the server (KMIP 1.4 §4.30, KMIP 2.1 §6.1.11).

use std::borrow::Cow;

use crate::UniqueIdentifier;
use crate::attribute::CryptographicParameters;
use crate::codec::ttlv_struct;
use crate::structure::Data;

ttlv_struct! {
    /// The ciphertext, whole or in parts (KMIP 1.4 §4.30, KMIP 2.1 §6.1.11).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Algorithm, mode and the like; those of the object if absent.
        CryptographicParameters => parameters: Option<CryptographicParameters>;
        /// The ciphertext, or this part of it.
        Data => data: Option<Data<'a>>;
        /// Initialization vector, counter or nonce.
        IvCounterNonce => iv: Option<Cow<'a, [u8]>>;
        /// Ties the parts of one stream together.
        CorrelationValue @ V1_3.. => correlation_value: Option<Cow<'a, [u8]>>;
        /// Whether this is the first part of a stream.
        InitIndicator @ V1_3.. => init: Option<bool>;
        /// Whether this is the last part of a stream.
        FinalIndicator @ V1_3.. => last: Option<bool>;
        /// Data that is authenticated but not encrypted.
        AuthenticatedEncryptionAdditionalData @ V1_4.. => additional_data: Option<Cow<'a, [u8]>>;
        /// The tag that authenticates the ciphertext.
        AuthenticatedEncryptionTag @ V1_4.. => tag: Option<Cow<'a, [u8]>>;
    }
}

ttlv_struct! {
    /// The plaintext, or the part that is ready (KMIP 1.4 §4.30, KMIP 2.1 §6.1.11).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The plaintext, or this part of it.
        Data => data: Option<Data<'a>>;
        /// Ties the parts of one stream together.
        CorrelationValue @ V1_3.. => correlation_value: Option<Cow<'a, [u8]>>;
    }
}
