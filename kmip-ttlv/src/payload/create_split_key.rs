//! Create Split Key: the parts of a key, made or split by the server (KMIP 1.4 §4.38, KMIP 2.1
//! §6.1.10).

use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::{ObjectType, SplitKeyMethod};
use crate::structure::ProtectionStorageMasks;
use crate::{BigInteger, UniqueIdentifier};

ttlv_struct! {
    /// How to split, and which key, if it exists already (KMIP 1.4 §4.38, KMIP 2.1 §6.1.10).
    pub struct Request<'a> {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// The key to split; a new one is made if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// How many parts there are in all.
        SplitKeyParts => parts: i32;
        /// How many parts are enough.
        SplitKeyThreshold => threshold: i32;
        /// How the key is split.
        SplitKeyMethod => method: SplitKeyMethod;
        /// The prime, if the method works in a prime field.
        PrimeFieldSize => prime_field_size: Option<BigInteger>;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: AttributeList;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The parts (KMIP 1.4 §4.38, KMIP 2.1 §6.1.10).
    pub struct Response<'a> {
        /// What kind of object it is.
        ObjectType @ ..=V1_2 => object_type: Option<ObjectType>;
        /// The parts.
        UniqueIdentifier => uids: Vec<UniqueIdentifier<'a>>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
