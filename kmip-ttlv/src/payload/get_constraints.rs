//! Get Constraints: which values the server holds objects to (KMIP 2.1 §6.1.22).

use crate::codec::ttlv_struct;
use crate::structure::Constraints;

ttlv_struct! {
    /// Asks for all constraints (KMIP 2.1 §6.1.22).
    pub struct Request {}
}

ttlv_struct! {
    /// The constraints (KMIP 2.1 §6.1.22).
    pub struct Response {
        /// All constraints.
        Constraints => constraints: Constraints;
    }
}
