//! Put: the server pushes an object to the client (KMIP 1.4 §5.2, KMIP 2.1 §6.2.3).

use crate::UniqueIdentifier;
use crate::attribute::InlineAttributes;
use crate::codec::ttlv_struct;
use crate::enums::PutFunction;
use crate::object::ManagedObject;

ttlv_struct! {
    /// The object and what it replaces (KMIP 1.4 §5.2, KMIP 2.1 §6.2.3).
    pub struct Request<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Whether the object is new or replaces another.
        PutFunction => function: PutFunction;
        /// The object that this one replaces, if the function is Replace.
        ReplacedUniqueIdentifier => replaced_uid: Option<UniqueIdentifier<'a>>;
        /// The object itself; its tag says what it is.
        Objects => object: ManagedObject;
        /// Attributes of the object.
        Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: InlineAttributes;
    }
}

ttlv_struct! {
    /// Nothing but that it was taken (KMIP 1.4 §5.2, KMIP 2.1 §6.2.3).
    pub struct Response {}
}
