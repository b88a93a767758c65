//! Register: an object that the client brings (KMIP 1.4 §4.3, KMIP 2.1 §6.1.43).

use crate::UniqueIdentifier;
use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::ObjectType;
use crate::object::ManagedObject;
use crate::structure::ProtectionStorageMasks;

ttlv_struct! {
    /// Hands an object over to the server (KMIP 1.4 §4.3, KMIP 2.1 §6.1.43).
    pub struct Request {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: AttributeList;
        /// The object itself; its tag says what it is.
        Objects => object: Option<ManagedObject>;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// Where the object is kept now (KMIP 1.4 §4.3, KMIP 2.1 §6.1.43).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
