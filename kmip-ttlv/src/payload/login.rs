//! Login: a ticket in place of a credential (KMIP 2.1 §6.1.30).

use crate::LeaseTime;
use crate::attribute::UsageLimits;
use crate::codec::ttlv_struct;
use crate::structure::Ticket;

ttlv_struct! {
    /// The limits that the ticket should have (KMIP 2.1 §6.1.30).
    pub struct Request {
        /// How long the ticket should last.
        LeaseTime => lease_time: Option<LeaseTime>;
        /// How many requests the ticket is good for.
        RequestCount => request_count: Option<i32>;
        /// How much may be used under the ticket.
        UsageLimits => usage_limits: Option<UsageLimits>;
    }
}

ttlv_struct! {
    /// The ticket (KMIP 2.1 §6.1.30).
    pub struct Response {
        /// The ticket.
        Ticket => ticket: Ticket;
    }
}
