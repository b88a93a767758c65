//! Interop: marks where an interoperability test begins and ends (KMIP 2.1 §6.1.26).

use crate::codec::ttlv_struct;
use crate::enums::InteropFunction;

ttlv_struct! {
    /// The test and the step (KMIP 2.1 §6.1.26).
    pub struct Request {
        /// Begin, end, or reset.
        InteropFunction => function: InteropFunction;
        /// Name of the test.
        InteropIdentifier => identifier: String;
    }
}

ttlv_struct! {
    /// Nothing but that it was noted (KMIP 2.1 §6.1.26).
    pub struct Response {}
}
