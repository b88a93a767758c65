//! Discover Versions: the protocol versions both sides speak (KMIP 1.4 §4.26 and §5.4, KMIP 2.1
//! §6.1.16 and §6.2.1).

use crate::ProtocolVersion;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The versions that the asker speaks, best first (KMIP 1.4 §4.26 and §5.4, KMIP 2.1 §6.1.16
    /// and §6.2.1).
    pub struct Request {
        /// Versions that the asker speaks, best first; all that the answering side speaks are
        /// returned if empty.
        ProtocolVersion => versions: Vec<ProtocolVersion>;
    }
}

ttlv_struct! {
    /// The versions in common, best first (KMIP 1.4 §4.26 and §5.4, KMIP 2.1 §6.1.16 and §6.2.1).
    pub struct Response {
        /// Versions, best first.
        ProtocolVersion => versions: Vec<ProtocolVersion>;
    }
}
