//! Set Constraints: which values the server shall hold objects to (KMIP 2.1 §6.1.52).

use crate::codec::ttlv_struct;
use crate::structure::Constraints;

ttlv_struct! {
    /// The constraints, which replace those before (KMIP 2.1 §6.1.52).
    pub struct Request {
        /// All constraints, old ones to be kept included; none lifts them all.
        // The specification requires it; the official case TC-MD-24-21 leaves it out.
        Constraints => constraints: Option<Constraints>;
    }
}

ttlv_struct! {
    /// Nothing but that they hold (KMIP 2.1 §6.1.52).
    pub struct Response {}
}
