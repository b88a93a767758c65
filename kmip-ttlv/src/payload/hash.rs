//! Hash: a digest of data (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24).

use std::borrow::Cow;

use crate::attribute::CryptographicParameters;
use crate::codec::ttlv_struct;
use crate::structure::Data;

ttlv_struct! {
    /// The data to digest, whole or in parts (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24).
    pub struct Request<'a> {
        /// Algorithm, mode and the like; those of the object if absent.
        CryptographicParameters => parameters: CryptographicParameters;
        /// The data, or this part of it.
        Data => data: Option<Data<'a>>;
        /// Ties the parts of one stream together.
        CorrelationValue @ V1_3.. => correlation_value: Option<Cow<'a, [u8]>>;
        /// Whether this is the first part of a stream.
        InitIndicator @ V1_3.. => init: Option<bool>;
        /// Whether this is the last part of a stream.
        FinalIndicator @ V1_3.. => last: Option<bool>;
    }
}

ttlv_struct! {
    /// The digest (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24).
    pub struct Response<'a> {
        /// The digest.
        Data => data: Option<Data<'a>>;
        /// Ties the parts of one stream together.
        CorrelationValue @ V1_3.. => correlation_value: Option<Cow<'a, [u8]>>;
    }
}
