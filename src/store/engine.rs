//! What a storage engine does. Embedded SQLite and PostgreSQL are held to the same tests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kmip_ttlv::enums::{ObjectType, State};

use super::administration::Census;
use super::backup::Backups;
use super::change::Commit;
use super::hierarchy::Hierarchy;
use super::notes::Notes;
use super::request::Requests;
use super::row::{KeyLevel, KeyRow, ServiceRow, Stored, TenantRow};
use crate::clock::Timestamp;
use crate::object::IndexEntry;
use crate::tenant::{ServiceId, ServiceName, TenantId, TenantName};

/// A future that an engine hands out.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whose objects can be seen. Nothing outside a view exists for its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct View {
    /// The tenant.
    pub tenant: TenantId,
    /// Its one service, or `None` for all services of the tenant.
    pub service: Option<ServiceId>,
}

impl View {
    /// Whether objects of this service of the tenant can be seen.
    #[must_use]
    pub fn has(self, service: ServiceId) -> bool {
        self.service.is_none_or(|seen| seen == service)
    }
}

/// A place in the order in which objects came; later objects have larger positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// Narrows a search to what an index can find. The caller still checks every object it gets: an
/// engine may return more than was asked for, never less.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// Any of these types; empty for all.
    pub object_types: Vec<ObjectType>,
    /// Any of these states as stored, or objects whose state may have changed by time since;
    /// empty for all.
    pub states: Vec<State>,
    /// Objects with this entry (the most selective of the filter's).
    pub entry: Option<IndexEntry>,
}

/// Objects with their places, newest first.
pub type Selected = Vec<(Position, Arc<Stored>)>;

/// An object that is to be rotated by its own attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRotation {
    /// When.
    pub due: Timestamp,
    /// The tenant.
    pub tenant: TenantId,
    /// The object.
    pub uid: String,
    /// The service that owns it.
    pub service: ServiceId,
}

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A row had moved on, or a name was taken: decide again on what is there now.
    #[error("the row was changed by somebody else")]
    Conflict,
    /// The disk is full or the directory cannot be written. Nothing was changed.
    #[error("the store cannot be written: {0}")]
    Unwritable(Arc<str>),
    /// Too much work is queued.
    #[error("the store is overloaded")]
    Overloaded,
    /// The store is damaged, closed or gone.
    #[error("the store failed: {0}")]
    Failed(Arc<str>),
}

/// A storage engine.
pub trait Engine: Backups + Census + Hierarchy + Notes + Requests + std::fmt::Debug {
    /// Makes a commit durable; resolves when it is.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<(), Error>>;

    /// The object with this identifier, if the view has it.
    fn object<'a>(
        &'a self,
        view: View,
        uid: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<Stored>>, Error>>;

    /// At most `limit` objects that `selector` selects, newest first, before `before`.
    fn select(
        &self,
        view: View,
        selector: Selector,
        before: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Selected, Error>>;

    /// The tenant of this name.
    fn tenant<'a>(
        &'a self,
        name: &'a TenantName,
    ) -> BoxFuture<'a, Result<Option<TenantRow>, Error>>;

    /// The service of this name.
    fn service<'a>(
        &'a self,
        tenant: TenantId,
        name: &'a ServiceName,
    ) -> BoxFuture<'a, Result<Option<ServiceRow>, Error>>;

    /// The service of this number, if it is the tenant's.
    fn service_by_id(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<Option<ServiceRow>, Error>>;

    /// All versions of a key, oldest first.
    fn keys(&self, level: KeyLevel) -> BoxFuture<'_, Result<Vec<KeyRow>, Error>>;

    /// Objects that are to be rotated by their own attributes by `now`, in the order in which they are
    /// due: at most `of_tenant` of each tenant, and `limit` in all. Those of whom is not served wait.
    fn due_rotations(
        &self,
        now: Timestamp,
        of_tenant: usize,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DueRotation>, Error>>;

    /// When the next of these objects is due, or has been since. `None` if none is.
    fn next_rotation(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>>;

    /// Whether there is any tenant or key: whether anything may be sealed under a root key.
    fn has_keys(&self) -> BoxFuture<'_, Result<bool, Error>>;

    /// A setting.
    fn setting(&self, name: &'static str) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>>;

    /// Whether changes can be made durable, as far as is known. Costs next to nothing. An engine that
    /// fails call by call has nothing to say.
    ///
    /// # Errors
    /// What has ended the engine for good.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Completes what is queued and ends; what comes after fails. May block. Idempotent. An engine
    /// without threads of its own has nothing to do.
    fn close(&self) {}
}
