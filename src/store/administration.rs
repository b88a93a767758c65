//! What administrators change and ask for: tenants, services, and what is left of them.

use super::engine::{BoxFuture, Error};
use super::row::{ServiceRow, TenantRow};
use crate::clock::Timestamp;
use crate::object::Object;
use crate::tenant::{ServiceId, ServiceName, TenantId, TenantName};

/// A change that an administrator makes.
#[derive(Debug, Clone)]
pub enum Administration {
    /// Another state or policy of a tenant. A conflict if its row is another one than `from`.
    Tenant {
        /// The row that it was decided on.
        from: TenantRow,
        /// The row as it shall be; number and name stay.
        to: TenantRow,
    },
    /// Another state, mode, role or list of operations of a service. A conflict if its row is
    /// another one than `from`.
    Service {
        /// The row that it was decided on.
        from: ServiceRow,
        /// The row as it shall be; number, tenant and name stay.
        to: ServiceRow,
    },
    /// Ends every key of a tenant and of its services, or of one service: the envelopes are written
    /// over. The tenant or service is shredded from then on. A conflict if it is already.
    Shred {
        /// Whose keys.
        target: Target,
        /// The signed statement about it, kept for good.
        statement: String,
    },
    /// An object is destroyed for everybody (by another change of the commit), and its value is kept
    /// until `due`, so that an administrator can undo it.
    Hold {
        /// The tenant.
        tenant: TenantId,
        /// When the value is erased.
        due: Timestamp,
        /// The object as it was.
        before: Box<Object>,
    },
    /// An object is held no more: it is erased or restored by another change of the commit. A conflict
    /// if it is not held.
    Release {
        /// The tenant.
        tenant: TenantId,
        /// The object.
        uid: String,
    },
    /// Takes the values of some objects whose keys are shredded.
    Erase {
        /// Whose objects.
        target: Target,
        /// How many at most.
        limit: u32,
    },
}

impl Administration {
    /// Whose envelopes are taken out, if any are.
    pub(super) fn erases(&self) -> Option<Target> {
        match self {
            Self::Shred { target, .. } | Self::Erase { target, .. } => Some(*target),
            Self::Tenant { .. }
            | Self::Service { .. }
            | Self::Hold { .. }
            | Self::Release { .. } => None,
        }
    }
}

/// A tenant with all that it has, or one service of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The tenant.
    pub tenant: TenantId,
    /// The service, if it is only that.
    pub service: Option<ServiceId>,
}

/// A destroyed object whose value is still there.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldObject {
    /// When the value is erased.
    pub due: Timestamp,
    /// The object as it was before it was destroyed.
    pub before: Object,
}

/// How many objects a target has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All, destroyed ones too.
    pub objects: u64,
    /// Those whose value is there.
    pub values: u64,
}

/// What administrators ask an engine.
pub trait Census: Send + Sync {
    /// At most `limit` tenants in the order of their names, after `after`.
    fn tenants_by_name(
        &self,
        after: Option<TenantName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<TenantRow>, Error>>;

    /// At most `limit` services of a tenant in the order of their names, after `after`.
    fn services_by_name(
        &self,
        tenant: TenantId,
        after: Option<ServiceName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServiceRow>, Error>>;

    /// How many objects there are. Takes time in proportion to them.
    fn counts(&self, target: Target) -> BoxFuture<'_, Result<Counts, Error>>;

    /// A destroyed object whose value is still there, if it is.
    fn held(
        &self,
        tenant: TenantId,
        uid: String,
    ) -> BoxFuture<'_, Result<Option<HeldObject>, Error>>;

    /// At most `limit` destroyed objects whose values are to be erased by `now`.
    fn held_until(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(TenantId, String)>, Error>>;

    /// The statements about what was shredded of a tenant, oldest first.
    fn statements(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<String>, Error>>;
}
