//! Message Extension (KMIP 1.4 §6.16, KMIP 2.1 §9.13).

use crate::Value;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// Something beyond the specification that a vendor adds to a batch item (KMIP 1.4 §6.16, KMIP
    /// 2.1 §9.13).
    pub struct MessageExtension {
        /// Who defines what the extension means.
        VendorIdentification => vendor: String;
        /// Whether the batch item must fail if the receiver does not understand the extension.
        CriticalityIndicator => critical: bool;
        /// The extension: a structure.
        VendorExtension => extension: Value;
    }
}
