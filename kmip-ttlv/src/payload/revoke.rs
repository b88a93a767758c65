//! Revoke: no longer to be used for protection (KMIP 1.4 §4.20, KMIP 2.1 §6.1.44).

use crate::attribute::RevocationReason;
use crate::codec::ttlv_struct;
use crate::{DateTime, UniqueIdentifier};

ttlv_struct! {
    /// The object to revoke, and why (KMIP 1.4 §4.20, KMIP 2.1 §6.1.44).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Why.
        RevocationReason => reason: RevocationReason;
        /// When the key was first believed to be compromised.
        CompromiseOccurrenceDate => compromise_occurrence_date: Option<DateTime>;
    }
}

ttlv_struct! {
    /// The object that was revoked (KMIP 1.4 §4.20, KMIP 2.1 §6.1.44).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
