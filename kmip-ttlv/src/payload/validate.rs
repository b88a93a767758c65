//! Validate: a certificate chain (KMIP 1.4 §4.24, KMIP 2.1 §6.1.57).

use crate::codec::ttlv_struct;
use crate::enums::ValidityIndicator;
use crate::object::Certificate;
use crate::{DateTime, UniqueIdentifier};

ttlv_struct! {
    /// The chain and the moment to judge it at (KMIP 1.4 §4.24, KMIP 2.1 §6.1.57).
    pub struct Request<'a> {
        /// Certificates given by value.
        Certificate => certificates: Vec<Certificate>;
        /// Certificates that the server keeps.
        UniqueIdentifier => uids: Vec<UniqueIdentifier<'a>>;
        /// The moment at which the chain must be valid; now if absent.
        ValidityDate => validity_date: Option<DateTime>;
    }
}

ttlv_struct! {
    /// The verdict (KMIP 1.4 §4.24, KMIP 2.1 §6.1.57).
    pub struct Response {
        /// Valid, invalid, or unknown.
        ValidityIndicator => validity: ValidityIndicator;
    }
}
