//! Set Endpoint Role: who sends requests on this connection (KMIP 2.1 §6.1.54 and §6.2.5).

use crate::codec::ttlv_struct;
use crate::enums::EndpointRole;

ttlv_struct! {
    /// The role that the sender wants (KMIP 2.1 §6.1.54 and §6.2.5).
    pub struct Request {
        /// Client sends requests, server answers them.
        EndpointRole => role: EndpointRole;
    }
}

ttlv_struct! {
    /// The role that the sender has now (KMIP 2.1 §6.1.54 and §6.2.5).
    pub struct Response {
        /// Client sends requests, server answers them.
        EndpointRole => role: EndpointRole;
    }
}
