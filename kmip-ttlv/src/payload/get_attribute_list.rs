//! Get Attribute List: names of attributes (KMIP 1.4 §4.13, KMIP 2.1 §6.1.21).

use crate::UniqueIdentifier;
use crate::attribute::AttributeReference;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// Asks which attributes an object has (KMIP 1.4 §4.13, KMIP 2.1 §6.1.21).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// The names of its attributes (KMIP 1.4 §4.13, KMIP 2.1 §6.1.21).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The attributes meant.
        AttributeName @ ..=V1_4 | AttributeReference @ V2_0..
            => references: Vec<AttributeReference>;
    }
}
