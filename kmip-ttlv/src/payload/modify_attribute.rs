//! Modify Attribute: a new value for an attribute that is there (KMIP 1.4 §4.15, KMIP 2.1 §6.1.34).

use crate::UniqueIdentifier;
use crate::attribute::IndexedAttribute;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The new value (KMIP 1.4 §4.15, KMIP 2.1 §6.1.34).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The value that the instance has now.
        CurrentAttribute @ V2_0.. => current: Option<IndexedAttribute>;
        /// The new value; in 1.x the index says which instance, the first if absent.
        Attribute @ ..=V1_4 | NewAttribute @ V2_0.. => attribute: IndexedAttribute;
    }
}

ttlv_struct! {
    /// The attribute as it is now (KMIP 1.4 §4.15, KMIP 2.1 §6.1.34).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The attribute with its new value.
        Attribute @ ..=V1_4 => attribute: Option<IndexedAttribute>;
    }
}
