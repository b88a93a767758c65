//! Re-key: a replacement for a symmetric key (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).

use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::structure::ProtectionStorageMasks;
use crate::{Interval, UniqueIdentifier};

ttlv_struct! {
    /// Asks for the key that replaces an old one (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).
    pub struct Request<'a> {
        /// The key to replace; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Seconds from the initial date to the activation date of the replacement.
        Offset => offset: Option<Interval>;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: Option<AttributeList>;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The replacement (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
