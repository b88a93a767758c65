//! Recover: back from off-line storage (KMIP 1.4 §4.23, KMIP 2.1 §6.1.42).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The object to bring back (KMIP 1.4 §4.23, KMIP 2.1 §6.1.42).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// The object that is on line again (KMIP 1.4 §4.23, KMIP 2.1 §6.1.42).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
