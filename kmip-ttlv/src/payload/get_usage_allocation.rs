//! Get Usage Allocation: a share of the usage limit (KMIP 1.4 §4.18, KMIP 2.1 §6.1.23).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// How much the client wants to use (KMIP 1.4 §4.18, KMIP 2.1 §6.1.23).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Units that the client wants to use.
        UsageLimitsCount => usage_limits_count: i64;
    }
}

ttlv_struct! {
    /// The object whose budget was reduced (KMIP 1.4 §4.18, KMIP 2.1 §6.1.23).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
