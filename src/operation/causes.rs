//! Why an operation fails, in the words of the rooms below.

use super::Failure;
use crate::crypto;

impl From<crypto::random::RandomError> for Failure {
    fn from(error: crypto::random::RandomError) -> Self {
        Self::Crypto(error.into())
    }
}

impl From<crate::object::NoSuchStep> for Failure {
    fn from(_: crate::object::NoSuchStep) -> Self {
        Self::WrongState("the object's state does not allow this")
    }
}

impl From<crate::object::WrongOrder> for Failure {
    fn from(order: crate::object::WrongOrder) -> Self {
        Self::InvalidAttributeValue(order.to_string())
    }
}

impl From<crate::object::rekey::NoActivationDate> for Failure {
    fn from(_: crate::object::rekey::NoActivationDate) -> Self {
        Self::NoActivationDate
    }
}

impl From<crate::object::UsedUp> for Failure {
    fn from(_: crate::object::UsedUp) -> Self {
        Self::UsageLimit
    }
}

impl From<crate::access::Denied> for Failure {
    fn from(denied: crate::access::Denied) -> Self {
        match denied {
            crate::access::Denied::Caller(rule) => Self::Forbidden(rule),
            crate::access::Denied::State(rule) => Self::WrongState(rule),
            crate::access::Denied::UsageMask => Self::UsageMask,
            crate::access::Denied::ObjectType(rule) => Self::NotUsable(rule),
        }
    }
}
