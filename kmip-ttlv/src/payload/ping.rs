//! Ping: whether the server is there (KMIP 2.1 §6.1.36).

use crate::codec::ttlv_struct;

ttlv_struct! {
    /// Asks for a sign of life (KMIP 2.1 §6.1.36).
    pub struct Request {}
}

ttlv_struct! {
    /// The sign of life (KMIP 2.1 §6.1.36).
    pub struct Response {}
}
