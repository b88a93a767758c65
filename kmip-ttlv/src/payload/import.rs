//! Import: an object with its attributes, from another server (KMIP 1.4 §4.41, KMIP 2.1 §6.1.25).

use crate::UniqueIdentifier;
use crate::attribute::InlineAttributes;
use crate::codec::ttlv_struct;
use crate::enums::{KeyWrapType, ObjectType};
use crate::object::ManagedObject;

ttlv_struct! {
    /// The object and its attributes (KMIP 1.4 §4.41, KMIP 2.1 §6.1.25).
    pub struct Request<'a> {
        /// The identifier that the object has and keeps.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// What kind of object it is.
        ObjectType @ V2_0.. => object_type: Option<ObjectType>;
        /// Whether an object of this identifier may be overwritten.
        ReplaceExisting => replace_existing: Option<bool>;
        /// Whether the key should come as it was registered, or unwrapped.
        KeyWrapType => key_wrap_type: Option<KeyWrapType>;
        /// Attributes of the object.
        Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: InlineAttributes;
        /// The object itself; its tag says what it is.
        Objects => object: ManagedObject;
    }
}

ttlv_struct! {
    /// The object that was taken over (KMIP 1.4 §4.41, KMIP 2.1 §6.1.25).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
