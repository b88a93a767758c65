//! Notify: the server tells that attributes have changed (KMIP 1.4 §5.1, KMIP 2.1 §6.2.2).

use crate::UniqueIdentifier;
use crate::attribute::{AttributeReference, InlineAttributes};
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// The object and its changed attributes (KMIP 1.4 §5.1, KMIP 2.1 §6.2.2).
    pub struct Request<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that have changed, with their new values.
        Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: InlineAttributes;
        /// Attributes that are gone.
        AttributeReference @ V2_0.. => references: Vec<AttributeReference>;
    }
}

ttlv_struct! {
    /// Nothing but that it was heard (KMIP 1.4 §5.1, KMIP 2.1 §6.2.2).
    pub struct Response {}
}
