//! Check: whether an object may be used as intended (KMIP 1.4 §4.10, KMIP 2.1 §6.1.7).

use crate::codec::ttlv_struct;
use crate::enums::CryptographicUsageMask;
use crate::{Interval, UniqueIdentifier};

ttlv_struct! {
    /// The intended use (KMIP 1.4 §4.10, KMIP 2.1 §6.1.7).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Units the client wants to use.
        UsageLimitsCount => usage_limits_count: Option<i64>;
        /// Uses that the client has in mind.
        CryptographicUsageMask => usage_mask: Option<CryptographicUsageMask>;
        /// Seconds of lease the client wants.
        LeaseTime => lease_time: Option<Interval>;
    }
}

ttlv_struct! {
    /// The object if the use is allowed; otherwise the values that forbid it (KMIP 1.4 §4.10, KMIP
    /// 2.1 §6.1.7).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Units that are left, if they are too few.
        UsageLimitsCount => usage_limits_count: Option<i64>;
        /// Uses that are allowed, if the intended ones are not.
        CryptographicUsageMask => usage_mask: Option<CryptographicUsageMask>;
        /// Seconds of lease that are possible, if fewer.
        LeaseTime => lease_time: Option<Interval>;
    }
}
