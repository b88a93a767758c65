//! The store as the service uses it: an engine with a cache before it.

use std::path::Path;
use std::sync::Arc;

use super::alarm::Alarm;
use super::audit_log::{AuditLog, AuditSettings};
use super::cache::Cache;
use super::embedded::{Embedded, EmbeddedSettings, OpenError, Shared};
use super::note_cache::NoteCache;
use super::notes::{Note, NoteKey};
use super::row::{KeyLevel, KeyRow, ServiceRow, Stored, TenantRow};
use super::step::Observer;
use super::{Change, Commit, Engine, Error, Position, Selected, Selector, View};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::tenant::{ServiceId, ServiceName, TenantId, TenantName};

/// How a store is kept.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The embedded engine.
    pub embedded: EmbeddedSettings,
    /// The audit trail.
    pub audit: AuditSettings,
    /// About how much memory the cache of objects takes. 2 KiB hold a usual one.
    pub cache_bytes: u64,
    /// Told of every step towards durability; for tests and simulation.
    pub observer: Observer,
}

impl StoreSettings {
    /// The defaults: everything in `directory`, two readers, a cache of 256 MiB.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            embedded: EmbeddedSettings { directory: directory.to_owned(), readers: 2 },
            audit: AuditSettings::new(&directory.join("audit")),
            cache_bytes: 256 * 1024 * 1024,
            observer: Observer::default(),
        }
    }
}

/// The store.
#[derive(Debug)]
pub struct Store {
    engine: Arc<dyn Engine>,
    cache: Arc<Cache>,
    notes: NoteCache,
    audit: Arc<AuditLog>,
    alarm: Alarm,
    metrics: Arc<Metrics>,
}

impl Store {
    /// Opens the store, making it if there is none.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        settings: &StoreSettings,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        let cache = Arc::new(Cache::new(settings.cache_bytes));
        let shared = Shared {
            cache: cache.clone(),
            clock,
            metrics: metrics.clone(),
            observer: settings.observer.clone(),
        };
        let embedded = Embedded::open(&settings.embedded, &settings.audit, shared)?;
        let audit = embedded.audit().clone();
        let (notes, alarm) = (NoteCache::default(), Alarm::default());
        Ok(Self { engine: Arc::new(embedded), cache, notes, audit, alarm, metrics })
    }

    /// The object, if it is in the cache and the view has it. Never waits. What has been
    /// acknowledged to anybody is seen here.
    #[must_use]
    pub fn cached(&self, view: View, uid: &str) -> Option<Arc<Stored>> {
        let found = self.cache.find(view, uid);
        match &found {
            Some(_) => self.metrics.cache_hit(),
            None => self.metrics.cache_miss(),
        }
        found
    }

    /// The object with this identifier, if the view has it.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn object(&self, view: View, uid: &str) -> Result<Option<Arc<Stored>>, Error> {
        match self.cached(view, uid) {
            Some(stored) => Ok(Some(stored)),
            None => self.engine.object(view, uid).await,
        }
    }

    /// At most `limit` objects that `selector` selects, newest first, before `before`; see
    /// [`Engine::select`].
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn select(
        &self,
        view: View,
        selector: Selector,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Selected, Error> {
        self.engine.select(view, selector, before, limit).await
    }

    /// Makes changes and audit records durable together; resolves when they are. A commit that was
    /// handed over happens even if nobody waits for it any more.
    ///
    /// # Errors
    /// [`Error`]; then nothing of the commit was made, except that after [`Error::Failed`] it is
    /// not known.
    pub async fn commit(&self, commit: Commit) -> Result<(), Error> {
        let note = |change: &Change| match change {
            Change::Note(note) if NoteCache::keeps(&note.key) => Some(note.key.clone()),
            _ => None,
        };
        let notes: Vec<_> = commit.changes.iter().filter_map(note).collect();
        let due = Alarm::earliest(&commit.changes);
        let done = self.engine.commit(commit).await;
        for key in &notes {
            self.notes.changed(key);
        }
        if let Some(due) = due {
            self.alarm.committed(due);
        }
        done
    }

    /// A note, expired ones too.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn note(&self, key: &NoteKey) -> Result<Option<Arc<Note>>, Error> {
        let read = || async { Ok(self.engine.note(key.clone()).await?.map(Arc::new)) };
        if !NoteCache::keeps(key) {
            return read().await;
        }
        let miss = match self.notes.find(key) {
            Ok(found) => return Ok(found),
            Err(miss) => miss,
        };
        let found = read().await?;
        self.notes.keep(miss, key, found.clone());
        Ok(found)
    }

    /// The tenant of this name.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn tenant(&self, name: &TenantName) -> Result<Option<TenantRow>, Error> {
        self.engine.tenant(name).await
    }

    /// The service of this name.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn service(
        &self,
        tenant: TenantId,
        name: &ServiceName,
    ) -> Result<Option<ServiceRow>, Error> {
        self.engine.service(tenant, name).await
    }

    /// The service of this number, if it is the tenant's.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn service_by_id(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> Result<Option<ServiceRow>, Error> {
        self.engine.service_by_id(tenant, service).await
    }

    /// All versions of a key, oldest first.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn keys(&self, level: KeyLevel) -> Result<Vec<KeyRow>, Error> {
        self.engine.keys(level).await
    }

    /// A setting.
    ///
    /// # Errors
    /// [`Error::Overloaded`] or [`Error::Failed`].
    pub async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>, Error> {
        self.engine.setting(name).await
    }

    /// The engine, for rooms that need no cache.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// What wakes the rotation of objects.
    #[must_use]
    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// The audit trail.
    #[must_use]
    pub fn audit(&self) -> &Arc<AuditLog> {
        &self.audit
    }

    /// Resolves when the trail's files have the records of all that was answered.
    ///
    /// # Errors
    /// The store or the trail cannot be written.
    pub async fn sync_trail(&self) -> Result<(), Error> {
        // The committer hands over what it has answered before it takes more.
        self.engine.commit(Commit::default()).await?;
        let synced = self.audit.sync().await;
        synced.map_err(|error| Error::Unwritable(error.to_string().into()))
    }

    /// Whether changes can be made durable, as far as is known; see [`Engine::check`].
    ///
    /// # Errors
    /// [`Error::Failed`], for good.
    pub fn check(&self) -> Result<(), Error> {
        self.engine.check()
    }

    /// Completes what is queued and closes. Blocks; also done when the store is dropped.
    pub fn close(&self) {
        self.engine.close();
    }
}
