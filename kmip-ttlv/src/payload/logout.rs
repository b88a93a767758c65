//! Logout: the end of a ticket (KMIP 2.1 §6.1.31).

use crate::codec::ttlv_struct;
use crate::structure::Ticket;

ttlv_struct! {
    /// The ticket to end (KMIP 2.1 §6.1.31).
    pub struct Request {
        /// The ticket.
        Ticket => ticket: Ticket;
    }
}

ttlv_struct! {
    /// Nothing but that it ended (KMIP 2.1 §6.1.31).
    pub struct Response {}
}
