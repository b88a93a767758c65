//! Process: finishes an asynchronous request now (KMIP 2.1 §6.1.39).

use std::borrow::Cow;

use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The request to finish (KMIP 2.1 §6.1.39).
    pub struct Request<'a> {
        /// The value that the server gave when it answered Pending.
        AsynchronousCorrelationValue => asynchronous_correlation_value: Cow<'a, [u8]>;
    }
}

ttlv_struct! {
    /// The result, as if the request had been synchronous (KMIP 2.1 §6.1.39).
    pub struct Response {}
}
