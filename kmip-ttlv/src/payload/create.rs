//! Create: a new symmetric key made by the server (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8).

use crate::UniqueIdentifier;
use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::ObjectType;
use crate::structure::ProtectionStorageMasks;

ttlv_struct! {
    /// Asks for a new key (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8).
    pub struct Request {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: AttributeList;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The key that was made (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8).
    pub struct Response<'a> {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// The new key.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose; never sent unasked (libkmip stops at names it does not
        /// know).
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
