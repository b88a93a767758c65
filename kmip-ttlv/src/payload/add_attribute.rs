//! Add Attribute: a new attribute or one more instance (KMIP 1.4 §4.14, KMIP 2.1 §6.1.2).

use crate::UniqueIdentifier;
use crate::attribute::IndexedAttribute;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The attribute to add (KMIP 1.4 §4.14, KMIP 2.1 §6.1.2).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The attribute, without index.
        Attribute @ ..=V1_4 | NewAttribute @ V2_0.. => attribute: IndexedAttribute;
    }
}

ttlv_struct! {
    /// The attribute as it was added (KMIP 1.4 §4.14, KMIP 2.1 §6.1.2).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The attribute, with the index that it got.
        Attribute @ ..=V1_4 => attribute: Option<IndexedAttribute>;
    }
}
