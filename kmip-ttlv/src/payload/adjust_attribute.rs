//! Adjust Attribute: a relative change of an attribute (KMIP 2.1 §6.1.3).

use crate::attribute::AttributeReference;
use crate::codec::ttlv_struct;
use crate::enums::AdjustmentType;
use crate::{UniqueIdentifier, Value};

ttlv_struct! {
    /// The attribute and the change (KMIP 2.1 §6.1.3).
    pub struct Request<'a> {
        /// The object; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// The attribute to change.
        AttributeReference => reference: AttributeReference;
        /// What to do to the value.
        AdjustmentType => adjustment: AdjustmentType;
        /// By how much; a missing value means one, or nothing for Negate.
        AdjustmentValue => value: Option<Value>;
    }
}

ttlv_struct! {
    /// The object that was changed (KMIP 2.1 §6.1.3).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
    }
}
