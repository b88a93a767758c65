//! Archive: off-line storage (KMIP 1.4 §4.22, KMIP 2.1 §6.1.4).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The object to archive (KMIP 1.4 §4.22, KMIP 2.1 §6.1.4).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// The object that was archived (KMIP 1.4 §4.22, KMIP 2.1 §6.1.4).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
