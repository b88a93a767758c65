//! RNG Retrieve: random bytes from the server (KMIP 1.4 §4.35, KMIP 2.1 §6.1.49).

use crate::codec::ttlv_struct;
use crate::structure::Data;

ttlv_struct! {
    /// How many bytes are wanted (KMIP 1.4 §4.35, KMIP 2.1 §6.1.49).
    pub struct Request {
        /// Number of bytes.
        DataLength => data_length: i32;
    }
}

ttlv_struct! {
    /// The bytes (KMIP 1.4 §4.35, KMIP 2.1 §6.1.49).
    pub struct Response<'a> {
        /// The random bytes.
        Data => data: Data<'a>;
    }
}
