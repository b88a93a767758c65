//! Log: a message for the server's log (KMIP 2.1 §6.1.29).

use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The message (KMIP 2.1 §6.1.29).
    pub struct Request {
        /// Text for the log.
        LogMessage => message: String;
    }
}

ttlv_struct! {
    /// Nothing but that it was noted (KMIP 2.1 §6.1.29).
    pub struct Response {}
}
