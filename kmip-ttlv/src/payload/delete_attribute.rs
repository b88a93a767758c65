//! Delete Attribute: one instance less (KMIP 1.4 §4.16, KMIP 2.1 §6.1.13).

use crate::UniqueIdentifier;
use crate::attribute::{AttributeReference, IndexedAttribute};
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// Which instance to delete (KMIP 1.4 §4.16, KMIP 2.1 §6.1.13).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The value that the instance has now.
        CurrentAttribute @ V2_0.. => current: Option<IndexedAttribute>;
        /// The attribute, by name alone.
        AttributeName @ ..=V1_4 | AttributeReference @ V2_0..
            => reference: Option<AttributeReference>;
        /// Which instance; the first if absent.
        AttributeIndex @ ..=V1_4 => index: Option<i32>;
    }
}

ttlv_struct! {
    /// The attribute as it was (KMIP 1.4 §4.16, KMIP 2.1 §6.1.13).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The instance that is gone.
        Attribute @ ..=V1_4 => attribute: Option<IndexedAttribute>;
    }
}
