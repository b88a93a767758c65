//! Cancel: gives up an asynchronous request (KMIP 1.4 §4.27, KMIP 2.1 §6.1.5).

use std::borrow::Cow;

use crate::codec::ttlv_struct;
use crate::enums::CancellationResult;

ttlv_struct! {
    /// The request to give up (KMIP 1.4 §4.27, KMIP 2.1 §6.1.5).
    pub struct Request<'a> {
        /// The value that the server gave when it answered Pending.
        AsynchronousCorrelationValue => asynchronous_correlation_value: Cow<'a, [u8]>;
    }
}

ttlv_struct! {
    /// Whether it could still be stopped (KMIP 1.4 §4.27, KMIP 2.1 §6.1.5).
    pub struct Response<'a> {
        /// The value that the server gave when it answered Pending.
        AsynchronousCorrelationValue => asynchronous_correlation_value: Cow<'a, [u8]>;
        /// What came of the cancellation.
        CancellationResult => result: CancellationResult;
    }
}
