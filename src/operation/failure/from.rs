//! Failures of other rooms, as operations say them.

use super::Failure;
use crate::keys;

impl From<crate::crypto::random::RandomError> for Failure {
    fn from(error: crate::crypto::random::RandomError) -> Self {
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

impl Failure {
    /// A failure of the hierarchy; a client may know that it is suspended.
    pub(crate) fn of_keys(error: keys::Error) -> Self {
        use keys::Error as E;
        match error {
            E::TenantSuspended(_) | E::ServiceSuspended(..) => {
                Self::Forbidden("the tenant or service is suspended")
            }
            E::TenantShredded(_) | E::ServiceShredded(..) => {
                Self::Forbidden("the keys of the tenant or service are gone for good")
            }
            other => Self::Keys(other),
        }
    }
}
