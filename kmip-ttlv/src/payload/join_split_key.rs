//! Join Split Key: a key from its parts (KMIP 1.4 §4.39, KMIP 2.1 §6.1.27).

use crate::UniqueIdentifier;
use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::{ObjectType, SecretDataType};
use crate::structure::ProtectionStorageMasks;

ttlv_struct! {
    /// The parts and what they should become (KMIP 1.4 §4.39, KMIP 2.1 §6.1.27).
    pub struct Request<'a> {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// The parts.
        UniqueIdentifier => uids: Vec<UniqueIdentifier<'a>>;
        /// What the joined secret is, if it becomes secret data.
        SecretDataType => secret_data_type: Option<SecretDataType>;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: Option<AttributeList>;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The object that was joined (KMIP 1.4 §4.39, KMIP 2.1 §6.1.27).
    pub struct Response<'a> {
        /// What kind of object it is.
        ObjectType @ ..=V1_2 => object_type: Option<ObjectType>;
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
