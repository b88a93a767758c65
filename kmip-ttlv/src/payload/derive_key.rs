//! Derive Key: a key or secret computed from other objects (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14).

use crate::UniqueIdentifier;
use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::{DerivationMethod, ObjectType};
use crate::structure::DerivationParameters;

ttlv_struct! {
    /// Asks for a key or secret derived from others (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14).
    pub struct Request<'a> {
        /// What kind of object it is.
        ObjectType => object_type: ObjectType;
        /// The objects to derive from.
        UniqueIdentifier => uids: Vec<UniqueIdentifier<'a>>;
        /// How to derive.
        DerivationMethod => method: DerivationMethod;
        /// What the method needs besides the base objects.
        DerivationParameters => parameters: DerivationParameters;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: AttributeList;
    }
}

ttlv_struct! {
    /// The object that was derived (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
