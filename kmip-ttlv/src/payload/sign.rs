//! Sign: under a private key that stays in the server (KMIP 1.4 §4.31, KMIP 2.1 §6.1.55).

use std::borrow::Cow;

use crate::UniqueIdentifier;
use crate::attribute::CryptographicParameters;
use crate::codec::ttlv_struct;
use crate::structure::Data;

ttlv_struct! {
    /// The data to sign, whole or in parts, or its digest (KMIP 1.4 §4.31, KMIP 2.1 §6.1.55).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Algorithm, mode and the like; those of the object if absent.
        CryptographicParameters => parameters: Option<CryptographicParameters>;
        /// The data, or this part of it.
        Data => data: Option<Data<'a>>;
        /// The digest, if the client has already made it.
        DigestedData @ V1_4.. => digested_data: Option<Cow<'a, [u8]>>;
        /// Ties the parts of one stream together.
        CorrelationValue @ V1_3.. => correlation_value: Option<Cow<'a, [u8]>>;
        /// Whether this is the first part of a stream.
        InitIndicator @ V1_3.. => init: Option<bool>;
        /// Whether this is the last part of a stream.
        FinalIndicator @ V1_3.. => last: Option<bool>;
    }
}

ttlv_struct! {
    /// The signature (KMIP 1.4 §4.31, KMIP 2.1 §6.1.55).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The signature.
        SignatureData => signature: Option<Cow<'a, [u8]>>;
        /// Ties the parts of one stream together.
        CorrelationValue @ V1_3.. => correlation_value: Option<Cow<'a, [u8]>>;
    }
}
