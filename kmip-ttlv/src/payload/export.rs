//! Export: the object with its attributes, for another server (KMIP 1.4 §4.40, KMIP 2.1 §6.1.18).

use crate::UniqueIdentifier;
use crate::attribute::InlineAttributes;
use crate::codec::ttlv_struct;
use crate::enums::{KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};
use crate::object::{KeyWrappingSpecification, ManagedObject};

ttlv_struct! {
    /// Asks for an object, in a form of choice (KMIP 1.4 §4.40, KMIP 2.1 §6.1.18).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The form that the key should have.
        KeyFormatType => key_format: Option<KeyFormatType>;
        /// Whether the key should come as it was registered, or unwrapped.
        KeyWrapType => key_wrap_type: Option<KeyWrapType>;
        /// The compression of an elliptic curve public key.
        KeyCompressionType => key_compression: Option<KeyCompressionType>;
        /// How to wrap the key; it comes in the clear if absent.
        KeyWrappingSpecification => wrapping: Option<Box<KeyWrappingSpecification>>;
    }
}

ttlv_struct! {
    /// The object and its attributes (KMIP 1.4 §4.40, KMIP 2.1 §6.1.18).
    pub struct Response<'a> {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// The attributes.
        Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: InlineAttributes;
        /// The object itself; its tag says what it is.
        Objects => object: ManagedObject;
    }
}
