//! Create Key Pair: a private and a public key made by the server (KMIP 1.4 §4.2, KMIP 2.1 §6.1.9).

use crate::UniqueIdentifier;
use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::structure::ProtectionStorageMasks;

ttlv_struct! {
    /// Asks for a new key pair (KMIP 1.4 §4.2, KMIP 2.1 §6.1.9).
    pub struct Request {
        /// Attributes of both keys.
        CommonTemplateAttribute @ ..=V1_4 | CommonAttributes @ V2_0..
            => common: Option<AttributeList>;
        /// Attributes of the private key alone.
        PrivateKeyTemplateAttribute @ ..=V1_4 | PrivateKeyAttributes @ V2_0..
            => private_key: Option<AttributeList>;
        /// Attributes of the public key alone.
        PublicKeyTemplateAttribute @ ..=V1_4 | PublicKeyAttributes @ V2_0..
            => public_key: Option<AttributeList>;
        /// Acceptable kinds of storage for both keys.
        CommonProtectionStorageMasks @ V2_0..
            => common_protection_storage_masks: Option<ProtectionStorageMasks>;
        /// Acceptable kinds of storage for the private key.
        PrivateProtectionStorageMasks @ V2_0..
            => private_protection_storage_masks: Option<ProtectionStorageMasks>;
        /// Acceptable kinds of storage for the public key.
        PublicProtectionStorageMasks @ V2_0..
            => public_protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The two keys that were made (KMIP 1.4 §4.2, KMIP 2.1 §6.1.9).
    pub struct Response<'a> {
        /// The private key.
        PrivateKeyUniqueIdentifier => private_key_uid: UniqueIdentifier<'a>;
        /// The public key.
        PublicKeyUniqueIdentifier => public_key_uid: UniqueIdentifier<'a>;
        /// Attributes of the private key alone.
        PrivateKeyTemplateAttribute @ ..=V1_4 => private_key: Option<AttributeList>;
        /// Attributes of the public key alone.
        PublicKeyTemplateAttribute @ ..=V1_4 => public_key: Option<AttributeList>;
    }
}
