//! Activate: from Pre-Active to Active (KMIP 1.4 §4.19, KMIP 2.1 §6.1.1).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The object to activate (KMIP 1.4 §4.19, KMIP 2.1 §6.1.1).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// The object that was activated (KMIP 1.4 §4.19, KMIP 2.1 §6.1.1).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
