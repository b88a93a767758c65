//! What the store knows of the key hierarchy beside the keys themselves: how many envelopes name
//! each version, which rotations are under way, and which nodes there are.

use std::sync::Arc;

use super::engine::{BoxFuture, Error, Position};
use super::row::{KeyLevel, KeyRow, SHARED_ROOT, ServiceRow, Stored, TenantRow};
use crate::clock::Timestamp;
use crate::tenant::{ServiceId, TenantId};

/// How many envelopes a version of a key has sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelopes {
    /// The version.
    pub version: u32,
    /// Envelopes that name it now.
    pub living: u64,
    /// Envelopes that it has ever sealed.
    pub sealed: u64,
}

/// Where a rotation is. What is between the phases is done again after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The new version exists, pending; nodes load it and acknowledge.
    Announced,
    /// The new version is active; what the old one sealed is sealed anew.
    Switched,
}

/// A rotation under way. A key has at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationRow {
    /// The key.
    pub level: KeyLevel,
    /// The version that was active before; of a tenant's own root maybe [`SHARED_ROOT`].
    ///
    /// [`SHARED_ROOT`]: super::SHARED_ROOT
    pub from: u32,
    /// The new version, with the same exception.
    pub to: u32,
    /// Where it is.
    pub phase: Phase,
    /// The old version is compromised: what it sealed is sealed anew at full speed, and then it is
    /// destroyed.
    pub compromised: bool,
    /// What the old version sealed is sealed anew now, and not when it is used or there is time.
    pub eager: bool,
    /// It goes back to the version of before, because somebody aborted it.
    pub reverting: bool,
    /// When it began, or may begin: what is announced for later waits for it.
    pub started: Timestamp,
}

impl RotationRow {
    /// Whether it moves a tenant between the shared root and its own: then envelopes of both are good.
    #[must_use]
    pub fn is_move(&self) -> bool {
        matches!(self.level, KeyLevel::OwnRoot(_))
            && (self.from == SHARED_ROOT || self.to == SHARED_ROOT)
    }
}

/// A node and what it last said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// When it was last heard.
    pub heard: Timestamp,
    /// The versions of the root key that it has.
    pub roots: Vec<u32>,
    /// How many keys of the hierarchy it had open.
    pub open: OpenKeys,
}

/// How many keys of the hierarchy a node has open, each version counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenKeys {
    /// Of tenants (L2).
    pub tenant: u32,
    /// Of services (L3).
    pub service: u32,
}

/// A part of a service's objects, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// Those whose envelopes name another version than was given.
    pub stale: Vec<Arc<Stored>>,
    /// Where the next part begins; `None` after the last.
    pub next: Option<Position>,
}

/// Whose a key is: a tenant's, or a service's of a tenant.
pub type Owner = (TenantRow, Option<ServiceRow>);

/// Which active versions are due to be rotated.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The level: 1, 2 or 3, or 4 for roots of tenants' own.
    pub level: u8,
    /// Those that were made before this.
    pub made_before: Option<Timestamp>,
    /// Those that have sealed so many envelopes.
    pub seals: Option<u64>,
}

/// An active version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveKey {
    /// Whose key it is.
    pub level: KeyLevel,
    /// The version.
    pub version: u32,
    /// When it was made.
    pub created: Timestamp,
    /// How many envelopes it has ever sealed.
    pub sealed: u64,
}

/// Reads for rotation and for its reports.
pub trait Hierarchy: Send + Sync {
    /// At most `limit` tenants with larger numbers than `after`, in order.
    fn tenants(
        &self,
        after: TenantId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<TenantRow>, Error>>;

    /// All services of a tenant, in order.
    fn services(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<ServiceRow>, Error>>;

    /// Whose key it is. The root key that tenants share is nobody's.
    fn owner(&self, level: KeyLevel) -> BoxFuture<'_, Result<Option<Owner>, Error>>;

    /// How many envelopes each version of a key has sealed. Versions that never sealed anything
    /// may be missing. Costs the same for any number of envelopes.
    fn envelopes(&self, level: KeyLevel) -> BoxFuture<'_, Result<Vec<Envelopes>, Error>>;

    /// Every rotation that is under way.
    fn rotations(&self) -> BoxFuture<'_, Result<Vec<RotationRow>, Error>>;

    /// Every node that was ever heard.
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeRow>, Error>>;

    /// The nodes that have loaded this version of a key.
    fn acknowledged(
        &self,
        level: KeyLevel,
        version: u32,
    ) -> BoxFuture<'_, Result<Vec<String>, Error>>;

    /// The active versions that are due, in no order. Looks at every key of the level.
    fn due(&self, due: Due) -> BoxFuture<'_, Result<Vec<ActiveKey>, Error>>;

    /// Every version of the shared root and of tenants' own that has a check value: also those that are
    /// destroyed, and that their provider may have still.
    fn root_keys(&self) -> BoxFuture<'_, Result<Vec<KeyRow>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// At most `limit` services with objects that a version sealed that is retired.
    fn services_with_retired(&self, limit: usize) -> BoxFuture<'_, Result<Vec<KeyLevel>, Error>>;

    /// Looks at the `limit` oldest objects of a service after a position for those that are not
    /// sealed under `version`.
    fn stale(
        &self,
        tenant: TenantId,
        service: ServiceId,
        version: u32,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Scanned, Error>>;
}
