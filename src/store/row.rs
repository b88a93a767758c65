//! What the store keeps, as values.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::object::Object;
use crate::tenant::{Mode, Role, ServiceId, ServiceName, TenantId, TenantName, Whose};

/// The setting that names the provider of the root key (the install lock).
pub const PROVIDER_SETTING: &str = "root.provider";
/// The setting that proves the root key: its check value.
pub const CHECK_SETTING: &str = "root.check";

/// Where an envelope says whose root key sealed it, if one did.
pub(crate) const PROVIDER_AT: usize = 2;
/// The bit there of a root key of the tenant's own.
pub(crate) const OWN_ROOT: u8 = 0x80;
/// Where an envelope says which version of its parent sealed it.
pub(crate) const PARENT_VERSION_AT: usize = 3;

/// An envelope: bytes that only `keys` can make and open. The store never sees a plain key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Arc<[u8]>);

impl Sealed {
    /// Wraps the bytes of an envelope. Called by `keys` when it seals and by an engine when it
    /// reads; `tests/architecture.rs` holds everybody else off.
    #[must_use]
    pub fn from_envelope(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The version of the key that sealed it, as the envelope says: its bytes 4 to 7, big-endian
    /// (`keys/envelope.rs`). `None` for what is no envelope.
    #[must_use]
    pub fn parent_version(&self) -> Option<u32> {
        let bytes = self.0.get(PARENT_VERSION_AT..PARENT_VERSION_AT + size_of::<u32>())?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Whose root key sealed it, as the envelope says. Without meaning for what no root key sealed.
    #[must_use]
    pub fn whose(&self) -> Whose {
        match self.0.get(PROVIDER_AT) {
            Some(provider) if provider & OWN_ROOT != 0 => Whose::Own,
            _ => Whose::Shared,
        }
    }

    /// The envelope.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A managed object as it is kept: attributes in the clear, value sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The service that owns it.
    pub service: ServiceId,
    /// What is known of it.
    pub object: Object,
    /// Its value, sealed; gone once it is destroyed.
    pub sealed: Option<Sealed>,
    /// Counts the row's changes, from 1. A change names the revision that it was decided on.
    pub revision: u64,
}

/// Whether a tenant or service is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantState {
    /// Served.
    Active,
    /// Its keys are out of memory and its requests are refused, until it is resumed.
    Suspended,
    /// Its keys are gone for good.
    Shredded,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Its number.
    pub id: TenantId,
    /// Its name.
    pub name: TenantName,
    /// Whether it is served.
    pub state: TenantState,
    /// Whether its compromised objects refuse everything, and not only what protects anew.
    pub strict: bool,
    /// Seconds from Destroy to the erasure of the value; 0 erases at once.
    pub destroy_hold: u32,
    /// Whether it may what only old estates need; as configured, if absent.
    pub legacy: Option<bool>,
    /// When it was registered.
    pub created: Timestamp,
}

/// A service of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    /// Its number.
    pub id: ServiceId,
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// Its name.
    pub name: ServiceName,
    /// Whether it is served.
    pub state: TenantState,
    /// The kind of work it may do.
    pub mode: Mode,
    /// Its reach.
    pub role: Role,
    /// If present, the only operations it may call, by their numbers.
    pub operations: Option<Vec<u32>>,
    /// When it was registered.
    pub created: Timestamp,
}

/// Which key of the hierarchy a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyLevel {
    /// L1, the root that tenants share. Its rows hold check values in place of keys: envelopes that
    /// it sealed itself.
    Root,
    /// L1, a root of the tenant's own, with rows like those of the shared one. While a version of it is
    /// active it seals all that the tenant's key has; without one, the shared root does. In a rotation
    /// of it, [`SHARED_ROOT`] stands for that.
    OwnRoot(TenantId),
    /// L2, the tenant's key.
    Tenant(TenantId),
    /// L3, the service's key.
    Service(ServiceId),
}

/// In a rotation of a tenant's own root: the root that tenants share. No version has this number.
pub const SHARED_ROOT: u32 = 0;

/// The life of one version of a key (design: pending → active → retired → destroyed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Exists, is loaded by the nodes, seals nothing yet.
    Pending,
    /// Seals and opens. Exactly one version of a key is active.
    Active,
    /// Opens old envelopes and seals nothing.
    Retired,
    /// Gone.
    Destroyed,
}

/// One version of a key: L2 and L3 sealed by its parent, L1 as a check value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Whose key it is.
    pub level: KeyLevel,
    /// Its version, from 1, never reused.
    pub version: u32,
    /// Where it is in its life.
    pub state: KeyState,
    /// The key in an envelope of the parent (which names the parent's version); empty once it is
    /// destroyed, and of a root key once its provider has it no more, either.
    pub sealed: Sealed,
    /// Somebody says that others may know it.
    pub compromised: bool,
    /// A client has encrypted with it itself: what it keeps needs the version, and is counted nowhere.
    pub client_use: bool,
    /// When it was made.
    pub created: Timestamp,
}
