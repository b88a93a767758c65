//! Delegated Login: a ticket with chosen rights for somebody else (KMIP 2.1 §6.1.12).

use crate::LeaseTime;
use crate::attribute::UsageLimits;
use crate::codec::ttlv_struct;
use crate::structure::{Rights, Ticket};

ttlv_struct! {
    /// The rights and their limits (KMIP 2.1 §6.1.12).
    pub struct Request<'a> {
        /// How long the ticket should last.
        LeaseTime => lease_time: Option<LeaseTime>;
        /// How many requests the ticket is good for.
        RequestCount => request_count: Option<i32>;
        /// How much may be used under the ticket.
        UsageLimits => usage_limits: Option<UsageLimits>;
        /// What the ticket allows.
        Rights => rights: Rights<'a>;
    }
}

ttlv_struct! {
    /// The ticket to pass on (KMIP 2.1 §6.1.12).
    pub struct Response {
        /// The ticket.
        Ticket => ticket: Ticket;
    }
}
