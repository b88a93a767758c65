//! Re-Provision: a new credential for the client itself (KMIP 2.1 §6.1.48).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;
use crate::object::{Certificate, CertificateRequest};

ttlv_struct! {
    /// What the new credential is to be made from (KMIP 2.1 §6.1.48).
    pub struct Request {
        /// A request to be certified.
        CertificateRequest => certificate_request: Option<CertificateRequest>;
        /// A certificate to be used from now on.
        Certificate => certificate: Option<Certificate>;
    }
}

ttlv_struct! {
    /// The new credential's certificate (KMIP 2.1 §6.1.48).
    pub struct Response<'a> {
        /// The certificate to use from now on.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
    }
}
