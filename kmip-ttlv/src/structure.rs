//! Structures that several operations share and that are neither attributes nor objects.

mod any;
mod asynchronous;
mod constraint;
mod credential;
mod data;
mod derivation;
mod query;
mod rights;

pub use any::AnyItems;
pub use asynchronous::{AsynchronousCorrelationValues, AsynchronousRequest, Operations};
pub use constraint::{
    Constraint, Constraints, DefaultsInformation, ObjectDefaults, ObjectGroups, ObjectTypes,
    ProtectionStorageMasks,
};
pub use credential::{
    AttestationCredential, Authentication, Credential, DeviceCredential, HashedPassword, Nonce,
    OneTimePassword, Ticket, TicketCredential, UsernameAndPassword,
};
pub use data::{Data, SecretBytes};
pub use derivation::DerivationParameters;
pub use query::{
    CapabilityInformation, ExtensionInformation, ExtensionType, ProfileInformation, ProfileVersion,
    ServerInformation, ValidationInformation,
};
pub use rights::{Objects, Right, Rights};
