//! Query Asynchronous Requests: what is still in the works (KMIP 2.1 §6.1.41).

use crate::codec::ttlv_struct;
use crate::structure::{AsynchronousCorrelationValues, AsynchronousRequest, Operations};

ttlv_struct! {
    /// Which requests are meant; all if neither list is there (KMIP 2.1 §6.1.41).
    pub struct Request {
        /// Only these requests.
        AsynchronousCorrelationValues
            => asynchronous_correlation_values: Option<AsynchronousCorrelationValues>;
        /// Only requests for these operations.
        Operations => operations: Option<Operations>;
    }
}

ttlv_struct! {
    /// The requests that are in the works (KMIP 2.1 §6.1.41).
    pub struct Response {
        /// One entry for each request.
        AsynchronousRequest => requests: Vec<AsynchronousRequest>;
    }
}
