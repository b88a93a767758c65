//! The key hierarchy: root (L1, shared or a tenant's own) → tenant (L2) → service (L3) → data (L4).
//!
//! [`Keyring`] is what the rest of the house talks to; [`envelope`] is the form of every sealed
//! key and value; [`RootKey`] is what a provider of the root key implements.

mod authority;
mod client_issuer;
mod copy;
pub mod env_root;
pub mod envelope;
mod error;
pub mod events;
pub mod install;
mod keyring;
mod loaded;
pub mod memory;
mod opening;
mod own_roots;
mod register;
mod root;
mod root_set;
pub mod rotation;
mod rules;
pub mod secret_file;
mod service_key;
mod standing;
pub mod statement;
mod switches;
mod tenant_keys;
mod watch;
mod windows;

pub use client_issuer::{ClientIssuer, ClientIssuerError, ClientIssuerSettings, ClientIssuers};
pub use copy::{prove_sample, sample_provider};
pub use env_root::EnvRoot;
pub use envelope::Purpose;
pub use error::{Error, OpenError};
pub use keyring::{Keyring, KeyringSettings, RootStatus, Touched};
pub use own_roots::{OwnRoot, OwnRootStatus, OwnRoots};
pub use register::AutoRegister;
pub use root::{BoxFuture, Provider, ROOT_PLAIN_BYTES_MAX, Random, RootError, RootKey, Whose};
pub use rules::check_served;
pub use service_key::ServiceKey;
pub use standing::Standing;
pub use switches::active_version;
