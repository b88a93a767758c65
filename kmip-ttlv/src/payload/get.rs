//! Get: the object itself (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).

use crate::UniqueIdentifier;
use crate::codec::ttlv_struct;
use crate::enums::{KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};
use crate::object::{KeyWrappingSpecification, ManagedObject};

ttlv_struct! {
    /// Asks for an object, in a form of choice (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The form that the key should have.
        KeyFormatType => key_format: Option<KeyFormatType>;
        /// Whether the key should come as it was registered, or unwrapped.
        KeyWrapType @ V1_4.. => key_wrap_type: Option<KeyWrapType>;
        /// The compression of an elliptic curve public key.
        KeyCompressionType => key_compression: Option<KeyCompressionType>;
        /// How to wrap the key; it comes in the clear if absent.
        KeyWrappingSpecification => wrapping: Option<Box<KeyWrappingSpecification>>;
    }
}

impl<'a> Request<'a> {
    /// Asks for an object in whatever form the server keeps it.
    pub fn new(uid: impl Into<UniqueIdentifier<'a>>) -> Self {
        Self {
            uid: Some(uid.into()),
            key_format: None,
            key_wrap_type: None,
            key_compression: None,
            wrapping: None,
        }
    }
}

ttlv_struct! {
    /// The object (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).
    pub struct Response<'a> {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The object itself; its tag says what it is.
        Objects => object: ManagedObject;
    }
}
