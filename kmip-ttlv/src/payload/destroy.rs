//! Destroy: the end of key material (KMIP 1.4 §4.21, KMIP 2.1 §6.1.15).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The object to destroy (KMIP 1.4 §4.21, KMIP 2.1 §6.1.15).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// The object that was destroyed (KMIP 1.4 §4.21, KMIP 2.1 §6.1.15).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
