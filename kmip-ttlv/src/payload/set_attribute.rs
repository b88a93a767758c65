//! Set Attribute: a value, whether or not there was one (KMIP 2.1 §6.1.51).

use crate::UniqueIdentifier;
use crate::attribute::IndexedAttribute;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The value to set (KMIP 2.1 §6.1.51).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The attribute with its new value.
        NewAttribute => attribute: IndexedAttribute;
    }
}

ttlv_struct! {
    /// The object that was changed (KMIP 2.1 §6.1.51).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
