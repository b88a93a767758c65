//! Who may do what to which object. Pure rules: mode and operation list of the caller, state and
//! usage mask of the object, time.

mod mode;
#[cfg(test)]
mod tests;
mod usage;

pub use mode::{check_operation, check_value, is_harmless};
pub use usage::{Usage, allows, can_protect, check_purpose, check_usage, protects_now};

/// Why something is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The caller's mode or list of operations does not allow it.
    #[error("{0}")]
    Caller(&'static str),
    /// Objects of this type are not for this use.
    #[error("{0}")]
    ObjectType(&'static str),
    /// The object's state or dates do not allow it.
    #[error("{0}")]
    State(&'static str),
    /// The object's usage mask does not allow it.
    #[error("the Cryptographic Usage Mask does not allow this")]
    UsageMask,
}
