//! RNG Seed: entropy from the client (KMIP 1.4 §4.36, KMIP 2.1 §6.1.50).

use crate::codec::ttlv_struct;
use crate::structure::Data;

ttlv_struct! {
    /// The entropy offered (KMIP 1.4 §4.36, KMIP 2.1 §6.1.50).
    pub struct Request<'a> {
        /// The entropy.
        Data => data: Data<'a>;
    }
}

ttlv_struct! {
    /// How much of it was taken (KMIP 1.4 §4.36, KMIP 2.1 §6.1.50).
    pub struct Response {
        /// Number of bytes.
        DataLength => data_length: i32;
    }
}
