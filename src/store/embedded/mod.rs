//! The embedded engine: SQLite in one directory, for one node.
//!
//! One thread writes ([`committer`]), a few read ([`readers`]); nothing here blocks a task. The
//! directory holds `lock`, the database with its log, and usually the audit trail.

mod administer;
mod committer;
mod connection;
mod copy;
mod database;
mod delivery;
mod hierarchy;
mod ledger;
mod notes;
mod outbox;
mod prepare;
mod read;
mod readers;
mod registry;
mod requests;
mod restore;
mod rotating;
mod schema;
mod select;
mod write;
mod write_key;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::Semaphore;

use self::committer::{Committer, Request, Surroundings};
pub use self::copy::{Verified, verify};
use self::database::open_database;
use self::delivery::Waiting;
use self::prepare::Prepared;
use self::readers::{Readers, closed};
pub use self::restore::{Begun, Places, RestoreError, ShredAgain, Sign, begin};
use super::audit_log::{AuditLog, AuditSettings, TrailError};
use super::cache::Cache;
use super::lock::{DirectoryLock, LockError};
use super::queue::{Queue, Refused};
use super::row::{KeyLevel, KeyRow, ServiceRow, Stored, TenantRow};
use super::step::Observer;
use super::{BoxFuture, Commit, DueRotation, Engine, Error, Position, Selected, Selector, View};
use crate::clock::{Clock, Timestamp};
use crate::metrics::{CommitFailure, Metrics};
use crate::tenant::{ServiceId, ServiceName, TenantId, TenantName};

/// How many commits may wait. Beyond this they are refused.
const COMMITS_WAITING_MAX: usize = 16 * 1024;

/// About how many bytes the commits that are not answered yet may write. A request, and so a row,
/// may have a megabyte.
const COMMITS_WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a store could not be opened. `Display` is one line for an operator.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// Another process has it, or the directory cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The audit trail is the trouble.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// A newer server has written it.
    #[error(
        "the store in {} has schema version {found}, this keystrata knows versions up to {known}: \
         use the newer keystrata",
        .directory.display()
    )]
    Newer {
        /// The directory.
        directory: PathBuf,
        /// The store's schema version.
        found: i64,
        /// The newest that this server knows.
        known: i64,
    },
    /// The database file is another program's.
    #[error("{} is not a keystrata store", .0.display())]
    Foreign(PathBuf),
    /// The database can be read, but not written.
    #[error("{} cannot be written: give its owner the right to write, or use another store", .0.display())]
    ReadOnly(PathBuf),
    /// The database cannot be read or written.
    #[error("the store in {} cannot be opened: {text}", .directory.display())]
    Database {
        /// The directory.
        directory: PathBuf,
        /// What SQLite says.
        text: String,
    },
    /// A thread could not be started.
    #[error("no thread for the store: {0}")]
    Thread(Arc<std::io::Error>),
}

/// Where an embedded store is and how it works.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// The directory; it is made if it is not there.
    pub directory: PathBuf,
    /// Threads that read.
    pub readers: usize,
}

/// What an engine shares with the rest of the store.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The cache, which the engine keeps right.
    pub cache: Arc<Cache>,
    /// For durations.
    pub clock: Arc<dyn Clock>,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Told of every step.
    pub observer: Observer,
}

/// The engine.
#[derive(Debug)]
pub struct Embedded {
    commits: Arc<Queue<Request>>,
    /// What is left of [`COMMITS_WAITING_BYTES_MAX`].
    commit_bytes: Arc<Semaphore>,
    committer: Mutex<Option<JoinHandle<()>>>,
    /// Why the committer commits nothing any more, if so.
    broken: Arc<OnceLock<Error>>,
    readers: Readers,
    audit: Arc<AuditLog>,
    shared: Shared,
    directory: PathBuf,
    /// Whether the store is being copied.
    copying: Arc<AtomicBool>,
    _lock: DirectoryLock,
}

impl Embedded {
    /// Opens a store, making it if there is none, and takes over into the audit trail what a crash
    /// has kept from it.
    ///
    /// # Errors
    /// [`OpenError`]. A store that is in use, newer or somebody else's is not touched.
    pub fn open(
        settings: &EmbeddedSettings,
        audit: &AuditSettings,
        shared: Shared,
    ) -> Result<Self, OpenError> {
        let directory = settings.directory.as_path();
        let lock = DirectoryLock::take(directory)?;
        let database = |error: rusqlite::Error| OpenError::Database {
            directory: directory.to_owned(),
            text: error.to_string(),
        };
        let db = open_database(directory)?;
        let known = outbox::known(&db).map_err(database)?;
        let groups = outbox::groups(&db).map_err(database)?;
        let last = groups.last().map_or(0, |group| group.commit).max(known.number);
        let (metrics, observer) = (shared.metrics.clone(), shared.observer.clone());
        let audit = Arc::new(AuditLog::open(audit, known.anchor, &groups, metrics, observer)?);
        let next = last.max(audit.durable().mark.commit) + 1;

        let readers = (0..settings.readers.max(1)).map(|_| connection::reader(directory));
        let readers = readers.collect::<rusqlite::Result<Vec<_>>>().map_err(database)?;
        let readers = Readers::start(readers).map_err(|e| OpenError::Thread(e.into()))?;
        let commits = Arc::new(Queue::new(COMMITS_WAITING_MAX));
        let commit_bytes = Arc::new(Semaphore::new(COMMITS_WAITING_BYTES_MAX));
        let broken = Arc::new(OnceLock::new());
        let copying = Arc::new(AtomicBool::new(false));
        let around = Surroundings {
            queue: commits.clone(),
            cache: shared.cache.clone(),
            audit: audit.clone(),
            clock: shared.clock.clone(),
            metrics: shared.metrics.clone(),
            observer: shared.observer.clone(),
            copying: copying.clone(),
            broken: broken.clone(),
        };
        let committer = Committer::new(db, around, next);
        let thread = std::thread::Builder::new().name("store-commit".into());
        let thread =
            thread.spawn(|| committer.run()).map_err(|error| OpenError::Thread(error.into()))?;
        let committer = Mutex::new(Some(thread));
        Ok(Self {
            commits,
            commit_bytes,
            committer,
            broken,
            readers,
            audit,
            shared,
            directory: directory.to_owned(),
            copying,
            _lock: lock,
        })
    }

    /// The audit trail.
    #[must_use]
    pub fn audit(&self) -> &Arc<AuditLog> {
        &self.audit
    }

    async fn push(&self, commit: Commit) -> Result<(), Error> {
        let prepared = Prepared::new(commit, &self.audit);
        let bytes =
            u32::try_from(prepared.bytes.min(COMMITS_WAITING_BYTES_MAX)).unwrap_or(u32::MAX);
        let Ok(bytes) = Arc::clone(&self.commit_bytes).try_acquire_many_owned(bytes) else {
            return Err(self.overloaded());
        };
        let (waiting, answered) = Waiting::new(bytes);
        let request = Request { prepared, waiting };
        self.commits.try_push(request).map_err(|refused| match refused {
            Refused::Closed => closed(),
            Refused::Full => self.overloaded(),
        })?;
        answered.await.map_err(|_| closed())?
    }

    fn overloaded(&self) -> Error {
        self.shared.metrics.commit_failed(CommitFailure::Overloaded);
        Error::Overloaded
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.close();
    }
}

impl Engine for Embedded {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.push(commit))
    }

    fn object<'a>(
        &'a self,
        view: View,
        uid: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<Stored>>, Error>> {
        let (cache, wanted) = (self.shared.cache.clone(), uid.to_owned());
        Box::pin(self.readers.run(move |db| {
            let ticket = cache.miss(view.tenant, &wanted);
            let Some(found) = read::object(db, view, &wanted)? else { return Ok(None) };
            cache.keep(ticket, view.tenant, &found.stored, found.row_bytes);
            Ok(Some(found.stored))
        }))
    }

    fn select(
        &self,
        view: View,
        selector: Selector,
        before: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Selected, Error>> {
        Box::pin(self.readers.run(move |db| {
            let found = select::select(db, view, &selector, before, limit)?;
            Ok(found.into_iter().map(|(position, found)| (position, found.stored)).collect())
        }))
    }

    fn tenant<'a>(
        &'a self,
        name: &'a TenantName,
    ) -> BoxFuture<'a, Result<Option<TenantRow>, Error>> {
        let name = name.clone();
        Box::pin(self.readers.run(move |db| read::tenant(db, &name)))
    }

    fn service<'a>(
        &'a self,
        tenant: TenantId,
        name: &'a ServiceName,
    ) -> BoxFuture<'a, Result<Option<ServiceRow>, Error>> {
        let name = name.clone();
        Box::pin(self.readers.run(move |db| read::service(db, tenant, &name)))
    }

    fn service_by_id(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<Option<ServiceRow>, Error>> {
        Box::pin(self.readers.run(move |db| read::service_by_id(db, tenant, service)))
    }

    fn keys(&self, level: KeyLevel) -> BoxFuture<'_, Result<Vec<KeyRow>, Error>> {
        Box::pin(self.readers.run(move |db| read::keys(db, level)))
    }

    fn due_rotations(
        &self,
        now: Timestamp,
        of_tenant: usize,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DueRotation>, Error>> {
        Box::pin(self.readers.run(move |db| rotating::due(db, now, of_tenant, limit)))
    }

    fn next_rotation(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        Box::pin(self.readers.run(|db| rotating::next(db)))
    }

    fn has_keys(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.readers.run(|db| read::has_keys(db)))
    }

    fn setting(&self, name: &'static str) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>> {
        Box::pin(self.readers.run(move |db| read::setting(db, name)))
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(error) = self.broken.get() {
            return Err(error.clone());
        }
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        match &*committer {
            Some(thread) if !thread.is_finished() => Ok(()),
            _ => Err(closed()),
        }
    }

    fn close(&self) {
        self.commits.close();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(committer) = committer {
            let _ = committer.join();
        }
        self.readers.close();
    }
}

/// The place in the audit trail that a store remembers; for verifying the trail, also while a
/// server has the store open.
///
/// # Errors
/// [`OpenError::Database`] if there is no store that can be read.
pub fn remembered(directory: &Path) -> Result<crate::audit::Anchor, OpenError> {
    let read = || outbox::known(&connection::reader(directory)?);
    let known = read().map_err(|error| OpenError::Database {
        directory: directory.to_owned(),
        text: error.to_string(),
    })?;
    Ok(known.anchor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::metrics::MetricsSettings;

    #[tokio::test]
    async fn a_committer_that_gave_up_is_not_ready_and_refuses() {
        let directory = tempfile::tempdir().expect("a directory");
        let settings = EmbeddedSettings { directory: directory.path().to_owned(), readers: 1 };
        let audit = AuditSettings::new(&directory.path().join("audit"));
        let shared = Shared {
            cache: Arc::new(Cache::new(1 << 20)),
            clock: Arc::new(SystemClock::new()),
            metrics: Metrics::new(&MetricsSettings::default()),
            observer: Observer::default(),
        };
        let engine = Embedded::open(&settings, &audit, shared).expect("opens");
        engine.check().expect("is ready");
        engine.broken.set(Error::Failed("a sync failed".into())).expect("is whole");
        let error = engine.check().expect_err("gave up");
        assert_eq!(error.to_string(), "the store failed: a sync failed");
        let refused = engine.commit(Commit::default()).await.expect_err("gave up");
        assert_eq!(refused.to_string(), error.to_string());
    }
}
