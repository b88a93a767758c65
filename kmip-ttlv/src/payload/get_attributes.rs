//! Get Attributes: values of attributes (KMIP 1.4 §4.12, KMIP 2.1 §6.1.20).

use crate::UniqueIdentifier;
use crate::attribute::{AttributeReference, InlineAttributes};
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// Which attributes are wanted; all if none is named (KMIP 1.4 §4.12, KMIP 2.1 §6.1.20).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The attributes meant.
        AttributeName @ ..=V1_4 | AttributeReference @ V2_0..
            => references: Vec<AttributeReference>;
    }
}

ttlv_struct! {
    /// The attributes that the object has (KMIP 1.4 §4.12, KMIP 2.1 §6.1.20).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The attributes.
        Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: InlineAttributes;
    }
}
