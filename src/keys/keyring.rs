//! The keyring: opens tenant and service keys when they are needed and keeps them in memory.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, mpsc};

use super::envelope::{self, EnvelopeError, Header};
use super::error::{Error, OpenError};
use super::events::Events;
use super::install::{self, Installed};
use super::own_roots::OwnTable;
use super::root::{Provider, Random, RootError, RootKey};
use super::root_set::RootSet;
use super::rules::{active, check_service, check_tenant, service_key_place, usable};
use super::service_key::ServiceKey;
use super::standing::Standing;
use super::switches::Dependents;
use super::watch::WatchedRoot;
use crate::clock::Clock;
use crate::crypto::aead::Key;
use crate::metrics::{ColdKey, Metrics};
use crate::store::{Engine, KeyLevel, KeyRow, ServiceRow, Target, TenantRow};
use crate::tenant::{Caller, ServiceId, TenantId};

/// Bounds of the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyringSettings {
    /// How many opened tenant keys (L2) are kept, each version counted.
    pub tenant_keys_max: usize,
    /// How many opened service keys (L3) are kept.
    pub service_keys_max: usize,
    /// How many opened versions of service keys (L3) are kept that seal nothing.
    pub retired_keys_max: usize,
    /// How long opened keys are used while the root key is out of reach. Then nothing is served.
    pub outage_grace: Duration,
}

impl Default for KeyringSettings {
    fn default() -> Self {
        Self {
            tenant_keys_max: 10_000,
            service_keys_max: 50_000,
            retired_keys_max: 10_000,
            outage_grace: Duration::from_mins(15),
        }
    }
}

/// What is known of the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootStatus {
    /// Where it is.
    pub provider: Provider,
    /// The version that seals.
    pub active: u32,
    /// The versions that the provider has, ascending.
    pub versions: Vec<u32>,
}

/// All keys of the hierarchy that are open. One per process (or per simulated node).
#[derive(Debug)]
pub struct Keyring {
    pub(super) roots: ArcSwap<RootSet>,
    pub(super) own: OwnTable,
    pub(super) installed: ArcSwap<Installed>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// Held while something is registered, so that a crowd of new connections makes one key.
    pub(super) registering: Mutex<()>,
    pub(super) metrics: Arc<Metrics>,
    settings: KeyringSettings,
    pub(super) standing: Standing,
    pub(super) events: Events,
    pub(super) dependents: Dependents,
    pub(super) tenants: Cache<(TenantId, u32), Arc<Key>>,
    /// The active versions.
    pub(super) services: Cache<(TenantId, ServiceId), Arc<ServiceKey>>,
    /// Other versions: retired ones that open what is old.
    pub(super) retired: Cache<(TenantId, ServiceId, u32), Arc<ServiceKey>>,
    /// Objects that were opened with a retired version, to be sealed anew when there is time.
    pub(super) touched: mpsc::Sender<Touched>,
    touched_end: StdMutex<Option<mpsc::Receiver<Touched>>>,
}

/// An object that was opened with a retired version of its service's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its service.
    pub service: ServiceId,
    /// Its identifier.
    pub uid: String,
}

/// How many touched objects may wait. Beyond that the background scrubber finds them.
const TOUCHED_WAITING_MAX: usize = 4096;

impl Keyring {
    /// Proves that `root` is the root key of the store behind `engine`, or makes it so at the
    /// first start.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was written.
    pub async fn open(
        root: Arc<dyn RootKey>,
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: Arc<Metrics>,
        settings: KeyringSettings,
    ) -> Result<Self, OpenError> {
        Self::open_with(root, None, engine, clock, random, metrics, settings).await
    }

    /// Like [`Keyring::open`]; `window` is the other provider, while the root moves from one to the
    /// other.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was written.
    pub async fn open_with(
        root: Arc<dyn RootKey>,
        window: Option<Arc<dyn RootKey>>,
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: Arc<Metrics>,
        settings: KeyringSettings,
    ) -> Result<Self, OpenError> {
        let watched =
            |root| Arc::new(WatchedRoot::new(root, None, Arc::clone(&clock), Arc::clone(&metrics)));
        let roots = RootSet { primary: watched(root), window: window.map(watched) };
        let installed = install::install(&roots, &*engine, clock.now()).await?;
        let roots = ArcSwap::from_pointee(roots.sealing(installed.provider));
        let (touched, touched_end) = mpsc::channel(TOUCHED_WAITING_MAX);
        Ok(Self {
            roots,
            own: OwnTable::default(),
            installed: ArcSwap::from_pointee(installed),
            engine,
            clock,
            random,
            registering: Mutex::new(()),
            events: Events::new(Arc::clone(&metrics)),
            metrics,
            settings,
            standing: Standing::default(),
            dependents: Dependents::default(),
            tenants: Cache::new(settings.tenant_keys_max),
            services: Cache::new(settings.service_keys_max),
            retired: Cache::new(settings.retired_keys_max),
            touched,
            touched_end: StdMutex::new(Some(touched_end)),
        })
    }

    /// Asks the root key to prove itself again. To be called every few seconds, for readiness: an
    /// outage is noticed here even if every key that is asked for is open. While the grace time
    /// lasts the server is ready: whoever sent its clients elsewhere would make the outage theirs.
    ///
    /// # Errors
    /// [`OpenError::Root`] after the grace time, [`OpenError::WrongRoot`] if the key was exchanged.
    pub async fn probe(&self) -> Result<(), OpenError> {
        let (root, installed) = (self.root(), self.installed.load_full());
        let proved = install::prove(&*root, "", installed.version, &installed.check).await;
        let outage = root.outage().unwrap_or_default();
        self.metrics.root_grace(self.settings.outage_grace.saturating_sub(outage));
        self.check()?;
        match proved {
            Err(OpenError::Root(RootError::Unavailable(_) | RootError::Overloaded)) => Ok(()),
            proved => proved,
        }
    }

    /// What is known of the root key.
    #[must_use]
    pub fn root_status(&self) -> RootStatus {
        RootStatus {
            provider: self.root().provider(),
            active: self.installed.load().version,
            versions: self.root().versions(),
        }
    }

    /// What comes of [`Touched`]; once.
    pub(super) fn take_touched(&self) -> Option<mpsc::Receiver<Touched>> {
        self.touched_end.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether anything may be served. Costs next to nothing; to be asked before every operation,
    /// as not every one needs a key. Once the root key has been out of reach for longer than the
    /// grace time, this fails until [`Keyring::probe`] reaches it, and every open key is dropped.
    ///
    /// # Errors
    /// [`RootError::Unavailable`].
    pub fn check(&self) -> Result<(), RootError> {
        match self.roots.load().primary.outage() {
            Some(outage) if outage > self.settings.outage_grace => {
                self.services.clear();
                self.retired.clear();
                self.tenants.clear();
                Err(RootError::Unavailable(format!(
                    "it has been out of reach for {} s",
                    outage.as_secs()
                )))
            }
            _ => Ok(()),
        }
    }

    /// The key of service `owner` of the caller's tenant. The caller's right to it is not checked
    /// here; that `owner` belongs to the caller's tenant is.
    ///
    /// However many ask at once for a key that is not in memory, it is opened once.
    ///
    /// # Errors
    /// [`Error`]: suspended or shredded, no such service, or root key or store in trouble.
    pub async fn service_key(
        &self,
        caller: &Caller,
        owner: ServiceId,
    ) -> Result<Arc<ServiceKey>, Error> {
        self.check()?;
        self.check_caller(caller)?;
        let id = (caller.tenant_id, owner);
        if let Some(key) = self.services.get(&id) {
            return Ok(key);
        }
        let key = self.services.get_or_insert_async(&id, self.open_service(caller, owner)).await?;
        // It was opened on what was read before; whoever suspends now forgets it afterwards.
        if let Err(refused) = self.standing.check_key(caller, owner) {
            self.forget(Target { tenant: caller.tenant_id, service: Some(owner) });
            return Err(refused);
        }
        Ok(key)
    }

    /// The rows of a caller's tenant and of a service of it, if both are served.
    pub(super) async fn served(
        &self,
        caller: &Caller,
        owner: ServiceId,
    ) -> Result<(TenantRow, ServiceRow), Error> {
        let name = &caller.identity.tenant;
        let tenant = self.engine.tenant(name).await?;
        // A caller of before the tenant was shredded is nobody to the tenant of the same name now.
        let tenant = tenant.filter(|tenant| tenant.id == caller.tenant_id);
        let tenant = tenant.ok_or_else(|| Error::UnknownTenant(name.clone()))?;
        check_tenant(&tenant)?;
        let service = self.engine.service_by_id(tenant.id, owner).await?;
        let service = service.ok_or_else(|| Error::UnknownServiceId(name.clone(), owner))?;
        check_service(&tenant, &service)?;
        Ok((tenant, service))
    }

    async fn open_service(
        &self,
        caller: &Caller,
        owner: ServiceId,
    ) -> Result<Arc<ServiceKey>, Error> {
        let (tenant, service) = self.served(caller, owner).await?;
        let rows = self.engine.keys(KeyLevel::Service(owner)).await?;
        let active = active(&rows, "the service's key")?;
        let row = rows.iter().find(|row| row.version == active);
        let row = row.ok_or(Error::NoVersion("the service's key"))?;
        let key = self.open_row(&tenant, &service, row).await?;
        self.metrics.key_opened(ColdKey::Service);
        Ok(Arc::new(key))
    }

    /// Any version of a service's key that is not destroyed. Not kept.
    pub(super) async fn open_version(
        &self,
        tenant: &TenantRow,
        service: &ServiceRow,
        version: u32,
    ) -> Result<ServiceKey, Error> {
        let rows = self.engine.keys(KeyLevel::Service(service.id)).await?;
        self.open_row(tenant, service, usable(&rows, version)?).await
    }

    async fn open_row(
        &self,
        tenant: &TenantRow,
        service: &ServiceRow,
        row: &KeyRow,
    ) -> Result<ServiceKey, Error> {
        let (header, _) = Header::read(&row.sealed)?;
        let parent = self.tenant_key(tenant, header.parent_version).await?;
        let place = service_key_place(&tenant.name, &service.name, row.version);
        let bytes = envelope::open(&parent, header.parent_version, &place, &row.sealed)?;
        let key = Key::from_slice(&bytes).ok_or(EnvelopeError::Malformed)?;
        Ok(ServiceKey::new(tenant.name.clone(), service.name.clone(), row.version, key))
    }

    /// Makes another version of a service's key the active one, here and by `commit` in the store.
    /// Whoever asks for the key meanwhile waits, and gets the new version.
    pub(super) async fn switch_service<E>(
        &self,
        (tenant, service): (TenantId, ServiceId),
        new: Arc<ServiceKey>,
        commit: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let id = (tenant, service);
        let guard = loop {
            self.services.remove(&id);
            if let Err(guard) = self.services.get_value_or_guard_async(&id).await {
                break guard;
            }
        };
        // Without a commit the next one who asks reads what the store has.
        commit.await?;
        let _ = guard.insert(new);
        Ok(())
    }
}
