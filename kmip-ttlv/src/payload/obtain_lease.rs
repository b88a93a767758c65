//! Obtain Lease: how long an object may be used without asking again (KMIP 1.4 §4.17, KMIP 2.1
//! §6.1.35).

use crate::codec::ttlv_struct;
use crate::{DateTime, Interval, UniqueIdentifier};

ttlv_struct! {
    /// Asks for a new lease (KMIP 1.4 §4.17, KMIP 2.1 §6.1.35).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// The lease (KMIP 1.4 §4.17, KMIP 2.1 §6.1.35).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Seconds that the lease lasts.
        LeaseTime => lease_time: Interval;
        /// When the object last changed.
        LastChangeDate => last_change_date: DateTime;
    }
}
