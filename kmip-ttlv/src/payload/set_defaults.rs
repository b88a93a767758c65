//! Set Defaults: attribute values for objects made without them (KMIP 2.1 §6.1.53).

use crate::codec::ttlv_struct;
use crate::structure::DefaultsInformation;

ttlv_struct! {
    /// The defaults; none resets them (KMIP 2.1 §6.1.53).
    pub struct Request {
        /// Attribute values for objects made without them.
        DefaultsInformation => defaults: Option<DefaultsInformation>;
    }
}

ttlv_struct! {
    /// Nothing but that they hold (KMIP 2.1 §6.1.53).
    pub struct Response {}
}
