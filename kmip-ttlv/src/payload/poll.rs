//! Poll: fetches the result of an asynchronous request (KMIP 1.4 §4.28, KMIP 2.1 §6.1.38).

use std::borrow::Cow;

use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The request whose result is wanted (KMIP 1.4 §4.28, KMIP 2.1 §6.1.38).
    pub struct Request<'a> {
        /// The value that the server gave when it answered Pending.
        AsynchronousCorrelationValue => asynchronous_correlation_value: Cow<'a, [u8]>;
    }
}
