//! A store in memory for tests of the hierarchy: settings, tenants, services and keys; no objects.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use keystrata::audit::Record;
use keystrata::clock::Timestamp;
use keystrata::store::{
    ActiveKey, Backups, BoxFuture, Census, Change, Commit, Counts, Due, DueRotation, Engine,
    Envelopes, Error, HeldObject, Hierarchy, KeyLevel, KeyRow, KeyState, NewKey, NewRoot, NodeRow,
    Note, NoteKey, NoteKind, Notes, Owner, Position, RequestCounts, RequestKey, RequestRow,
    Requests, RotationRow, Scanned, Sealed, Selector, ServiceRow, Stored, Target, TenantRow,
    TenantState, View,
};
use keystrata::tenant::{ServiceId, ServiceName, TenantId, TenantName};

/// What is in the store.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) settings: BTreeMap<&'static str, Vec<u8>>,
    pub(crate) tenants: Vec<TenantRow>,
    pub(crate) services: Vec<ServiceRow>,
    pub(crate) keys: Vec<KeyRow>,
}

/// The store. Commits are atomic; faults can be switched on.
#[derive(Debug, Default)]
pub(crate) struct MemoryEngine {
    rows: Mutex<Rows>,
    /// Every commit fails as if the disk were full.
    pub(crate) full: AtomicBool,
    /// Every look-up fails.
    pub(crate) broken: AtomicBool,
    /// Commits that were made.
    pub(crate) commits: AtomicUsize,
    /// The records that were committed, in order.
    pub(crate) trail: Mutex<Vec<Record>>,
    /// Done, once, just before the next commit: somebody else is faster.
    pub(crate) rival: Mutex<Option<Commit>>,
}

impl MemoryEngine {
    /// The rows, to look at and to change behind the server's back.
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    fn read<'a, T: Send + 'a>(
        &'a self,
        read: impl FnOnce(&Rows) -> T + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Error>> {
        Box::pin(async move {
            // Others may run in between, as with a real store.
            tokio::task::yield_now().await;
            if self.broken.load(Ordering::SeqCst) {
                return Err(Error::Failed("switched off".into()));
            }
            Ok(read(&self.rows()))
        })
    }

    fn write(&self, commit: &Commit) -> Result<(), Error> {
        let mut rows = self.rows();
        for change in &commit.changes {
            check(&rows, change)?;
        }
        for change in &commit.changes {
            apply(&mut rows, change);
        }
        self.trail.lock().unwrap().extend(commit.audit.iter().cloned());
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn check(rows: &Rows, change: &Change) -> Result<(), Error> {
    let taken = match change {
        Change::NewTenant { name, .. } => rows.tenants.iter().any(|row| row.name == *name),
        Change::NewService { tenant, name, .. } => {
            rows.services.iter().any(|row| row.tenant == *tenant && row.name == *name)
        }
        Change::NewSetting { name, .. } => rows.settings.contains_key(name),
        Change::NewVersion { level, version, .. } => {
            rows.keys.iter().any(|row| row.level == *level && row.version >= *version)
        }
        other => panic!("the hierarchy does not make {other:?}"),
    };
    if taken { Err(Error::Conflict) } else { Ok(()) }
}

fn apply(rows: &mut Rows, change: &Change) {
    match change.clone() {
        Change::NewTenant { name, root, key, created } => {
            let id = TenantId(i64::try_from(rows.tenants.len()).unwrap() + 1);
            if let Some(NewRoot { version, check }) = root {
                add_version(rows, KeyLevel::OwnRoot(id), version, check);
            }
            rows.tenants.push(TenantRow {
                id,
                name,
                state: TenantState::Active,
                strict: false,
                destroy_hold: 0,
                legacy: None,
                created,
            });
            add_key(rows, KeyLevel::Tenant(id), key);
        }
        Change::NewService { tenant, name, mode, role, key, created } => {
            let id = ServiceId(i64::try_from(rows.services.len()).unwrap() + 1);
            let state = TenantState::Active;
            let operations = None;
            rows.services.push(ServiceRow {
                id,
                tenant,
                name,
                state,
                mode,
                role,
                operations,
                created,
            });
            add_key(rows, KeyLevel::Service(id), key);
        }
        Change::NewSetting { name, value } => {
            rows.settings.insert(name, value);
        }
        Change::NewVersion { level, version, state, sealed, created } => {
            rows.keys.push(KeyRow {
                level,
                version,
                state,
                sealed,
                compromised: false,
                client_use: false,
                created,
            });
        }
        other => panic!("the hierarchy does not make {other:?}"),
    }
}

fn add_key(rows: &mut Rows, level: KeyLevel, key: NewKey) {
    add_version(rows, level, 1, key.sealed);
}

fn add_version(rows: &mut Rows, level: KeyLevel, version: u32, sealed: Sealed) {
    let (state, created) = (KeyState::Active, Timestamp::default());
    let (compromised, client_use) = (false, false);
    rows.keys.push(KeyRow { level, version, state, sealed, compromised, client_use, created });
}

/// No rotation is ever under way here.
impl Hierarchy for MemoryEngine {
    fn tenants(&self, _: TenantId, _: usize) -> BoxFuture<'_, Result<Vec<TenantRow>, Error>> {
        self.read(|rows| rows.tenants.clone())
    }

    fn services(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<ServiceRow>, Error>> {
        self.read(move |rows| {
            rows.services.iter().filter(|row| row.tenant == tenant).cloned().collect()
        })
    }

    fn owner(&self, _: KeyLevel) -> BoxFuture<'_, Result<Option<Owner>, Error>> {
        self.read(|_| None)
    }

    fn envelopes(&self, _: KeyLevel) -> BoxFuture<'_, Result<Vec<Envelopes>, Error>> {
        self.read(|_| Vec::new())
    }

    fn rotations(&self) -> BoxFuture<'_, Result<Vec<RotationRow>, Error>> {
        self.read(|_| Vec::new())
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeRow>, Error>> {
        self.read(|_| Vec::new())
    }

    fn acknowledged(&self, _: KeyLevel, _: u32) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        self.read(|_| Vec::new())
    }

    fn due(&self, _: Due) -> BoxFuture<'_, Result<Vec<ActiveKey>, Error>> {
        self.read(|_| Vec::new())
    }

    fn services_with_retired(&self, _: usize) -> BoxFuture<'_, Result<Vec<KeyLevel>, Error>> {
        self.read(|_| Vec::new())
    }

    fn stale(
        &self,
        _: TenantId,
        _: ServiceId,
        _: u32,
        _: Position,
        _: usize,
    ) -> BoxFuture<'_, Result<Scanned, Error>> {
        self.read(|_| Scanned::default())
    }
}

impl Census for MemoryEngine {
    fn tenants_by_name(
        &self,
        _: Option<TenantName>,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<TenantRow>, Error>> {
        self.read(|rows| rows.tenants.clone())
    }

    fn services_by_name(
        &self,
        tenant: TenantId,
        _: Option<ServiceName>,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<ServiceRow>, Error>> {
        self.read(move |rows| {
            rows.services.iter().filter(|row| row.tenant == tenant).cloned().collect()
        })
    }

    fn counts(&self, _: Target) -> BoxFuture<'_, Result<Counts, Error>> {
        self.read(|_| Counts::default())
    }

    fn held(&self, _: TenantId, _: String) -> BoxFuture<'_, Result<Option<HeldObject>, Error>> {
        self.read(|_| None)
    }

    fn held_until(
        &self,
        _: Timestamp,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<(TenantId, String)>, Error>> {
        self.read(|_| Vec::new())
    }

    fn statements(&self, _: TenantId) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        self.read(|_| Vec::new())
    }
}

/// Nobody asks for asynchronous requests here.
impl Requests for MemoryEngine {
    fn request(&self, _: RequestKey) -> BoxFuture<'_, Result<Option<RequestRow>, Error>> {
        self.read(|_| None)
    }

    fn requests(&self, _: TenantId, _: ServiceId) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        self.read(|_| Vec::new())
    }

    fn request_counts(
        &self,
        _: TenantId,
        _: ServiceId,
    ) -> BoxFuture<'_, Result<RequestCounts, Error>> {
        self.read(|_| RequestCounts::default())
    }

    fn due_requests(
        &self,
        _: Timestamp,
        _: usize,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        self.read(|_| Vec::new())
    }

    fn ended_requests(
        &self,
        _: Timestamp,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        self.read(|_| Vec::new())
    }

    fn stale_requests(
        &self,
        _: TenantId,
        _: ServiceId,
        _: u32,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        self.read(|_| Vec::new())
    }
}

impl Backups for MemoryEngine {}

impl Engine for MemoryEngine {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.full.load(Ordering::SeqCst) {
                return Err(Error::Unwritable("no space left".into()));
            }
            let rival = self.rival.lock().unwrap().take();
            if let Some(rival) = rival {
                self.write(&rival).unwrap();
            }
            self.write(&commit)
        })
    }

    fn object<'a>(
        &'a self,
        _: View,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<Stored>>, Error>> {
        self.read(|_| None)
    }

    fn select(
        &self,
        _: View,
        _: Selector,
        _: Option<Position>,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, Arc<Stored>)>, Error>> {
        self.read(|_| Vec::new())
    }

    fn tenant<'a>(
        &'a self,
        name: &'a TenantName,
    ) -> BoxFuture<'a, Result<Option<TenantRow>, Error>> {
        self.read(move |rows| rows.tenants.iter().find(|row| row.name == *name).cloned())
    }

    fn service<'a>(
        &'a self,
        tenant: TenantId,
        name: &'a ServiceName,
    ) -> BoxFuture<'a, Result<Option<ServiceRow>, Error>> {
        self.read(move |rows| {
            let mut own = rows.services.iter().filter(|row| row.tenant == tenant);
            own.find(|row| row.name == *name).cloned()
        })
    }

    fn service_by_id(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<Option<ServiceRow>, Error>> {
        self.read(move |rows| {
            let mut own = rows.services.iter().filter(|row| row.tenant == tenant);
            own.find(|row| row.id == service).cloned()
        })
    }

    fn keys(&self, level: KeyLevel) -> BoxFuture<'_, Result<Vec<KeyRow>, Error>> {
        self.read(move |rows| rows.keys.iter().filter(|row| row.level == level).cloned().collect())
    }

    fn due_rotations(
        &self,
        _: Timestamp,
        _: usize,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<DueRotation>, Error>> {
        self.read(|_| Vec::new())
    }

    fn next_rotation(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        self.read(|_| None)
    }

    fn has_keys(&self) -> BoxFuture<'_, Result<bool, Error>> {
        self.read(|rows| !rows.tenants.is_empty())
    }

    fn setting(&self, name: &'static str) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>> {
        self.read(move |rows| rows.settings.get(name).cloned())
    }

    fn close(&self) {}
}

/// No client is ever remembered here.
impl Notes for MemoryEngine {
    fn note(&self, _: NoteKey) -> BoxFuture<'_, Result<Option<Note>, Error>> {
        self.read(|_| None)
    }

    fn count_notes(
        &self,
        _: TenantId,
        _: ServiceId,
        _: NoteKind,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        self.read(|_| 0)
    }
}
