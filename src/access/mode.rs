//! Modes and operation lists: what kind of work a caller may ask for at all.

use kmip_ttlv::enums::Operation;

use super::Denied;
use crate::tenant::{Caller, Mode};

/// What an operation does, as far as modes care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Tells about the server, or computes without a managed object.
    Harmless,
    /// Reads attributes, or checks with a key.
    Inspect,
    /// Hands out a value, or opens what a key has sealed.
    Reveal,
    /// Makes, changes or ends objects, or seals with a key.
    Change,
}

/// The kind of an operation; whatever is not known to be milder counts as a change.
fn kind(operation: Operation) -> Kind {
    match operation {
        Operation::Query
        | Operation::DiscoverVersions
        | Operation::Ping
        | Operation::Interop
        | Operation::Log
        // What they are about was weighed, and is weighed again.
        | Operation::Poll
        | Operation::Cancel
        | Operation::Process
        | Operation::QueryAsynchronousRequests
        | Operation::GetConstraints
        // Its functions reach no object.
        | Operation::Pkcs11
        | Operation::Hash
        | Operation::RngRetrieve
        | Operation::RngSeed
        // Tickets allow no more than the certificate does.
        | Operation::Login
        | Operation::Logout
        | Operation::DelegatedLogin => Kind::Harmless,
        Operation::Locate
        | Operation::Check
        | Operation::ObtainLease
        | Operation::GetAttributes
        | Operation::GetAttributeList
        | Operation::MacVerify
        | Operation::SignatureVerify
        | Operation::Validate
        // What is then sent is weighed each time.
        | Operation::SetEndpointRole
        // Get of a key that the same batch has made is weighed when the key is at hand.
        | Operation::Get => Kind::Inspect,
        Operation::Decrypt | Operation::Export => Kind::Reveal,
        _ => Kind::Change,
    }
}

/// Whether this caller may call this operation at all.
///
/// # Errors
/// [`Denied::Caller`] with the rule that says no.
pub fn check_operation(caller: &Caller, operation: Operation) -> Result<(), Denied> {
    if let Some(allowed) = &caller.operations
        && !allowed.contains(&operation)
    {
        return Err(Denied::Caller("the operation is not on the service's list"));
    }
    match (caller.mode, kind(operation)) {
        (Mode::ReadOnly, Kind::Change) => Err(Denied::Caller("the service is read-only")),
        (Mode::WriteOnly, Kind::Reveal) => Err(Denied::Caller("the service is write-only")),
        _ => Ok(()),
    }
}

/// Whether an operation neither reaches nor makes objects, and changes nothing for others.
#[must_use]
pub fn is_harmless(operation: Operation) -> bool {
    kind(operation) == Kind::Harmless
}

/// Whether this caller may read the value of an object, or do with its key what comes to the same
/// as decrypting; `made_here` says that the batch at hand
/// has made it.
///
/// # Errors
/// [`Denied::Caller`] if the caller only writes.
pub fn check_value(caller: &Caller, made_here: bool) -> Result<(), Denied> {
    if caller.mode == Mode::WriteOnly && !made_here {
        return Err(Denied::Caller("the service is write-only"));
    }
    Ok(())
}
