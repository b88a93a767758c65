//! The keyring: opens tenant and service keys when they are needed and keeps them in memory.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::envelope::{self, EnvelopeError, Header, Level, Place, Purpose};
use super::error::{Error, OpenError};
use super::install::{self, Installed};
use super::root::{Provider, Random, RootError, RootKey};
use super::service_key::ServiceKey;
use super::watch::WatchedRoot;
use crate::clock::Clock;
use crate::crypto::aead::Key;
use crate::metrics::{ColdKey, Metrics};
use crate::store::{Engine, KeyLevel, KeyRow, KeyState, ServiceRow, TenantRow, TenantState};
use crate::tenant::{Caller, ServiceId, ServiceName, TenantId, TenantName};

/// Bounds of the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyringSettings {
    /// How many opened tenant keys (L2) are kept, each version counted.
    pub tenant_keys_max: usize,
    /// How many opened service keys (L3) are kept.
    pub service_keys_max: usize,
    /// How long opened keys are used while the root key is out of reach. Then nothing is served.
    pub outage_grace: Duration,
}

impl Default for KeyringSettings {
    fn default() -> Self {
        Self {
            tenant_keys_max: 10_000,
            service_keys_max: 50_000,
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
    pub(super) root: WatchedRoot,
    pub(super) installed: Installed,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// Held while something is registered, so that a crowd of new connections makes one key.
    pub(super) registering: Mutex<()>,
    metrics: Arc<Metrics>,
    settings: KeyringSettings,
    tenants: Cache<(TenantId, u32), Arc<Key>>,
    services: Cache<(TenantId, ServiceId), Arc<ServiceKey>>,
}

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
        let root = WatchedRoot::new(root, Arc::clone(&clock), Arc::clone(&metrics));
        let installed = install::install(&root, &*engine).await?;
        Ok(Self {
            root,
            installed,
            engine,
            clock,
            random,
            registering: Mutex::new(()),
            metrics,
            settings,
            tenants: Cache::new(settings.tenant_keys_max),
            services: Cache::new(settings.service_keys_max),
        })
    }

    /// Asks the root key to prove itself again. To be called every few seconds, for readiness: an
    /// outage is noticed here even if every key that is asked for is open. While the grace time
    /// lasts the server is ready: whoever sent its clients elsewhere would make the outage theirs.
    ///
    /// # Errors
    /// [`OpenError::Root`] after the grace time, [`OpenError::WrongRoot`] if the key was exchanged.
    pub async fn probe(&self) -> Result<(), OpenError> {
        let proved =
            install::prove(&self.root, self.installed.version, &self.installed.check).await;
        let outage = self.root.outage().unwrap_or_default();
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
            provider: self.root.provider(),
            active: self.installed.version,
            versions: self.root.versions(),
        }
    }

    /// Whether anything may be served. Costs next to nothing; to be asked before every operation,
    /// as not every one needs a key. Once the root key has been out of reach for longer than the
    /// grace time, this fails until [`Keyring::probe`] reaches it, and every open key is dropped.
    ///
    /// # Errors
    /// [`RootError::Unavailable`].
    pub fn check(&self) -> Result<(), RootError> {
        match self.root.outage() {
            Some(outage) if outage > self.settings.outage_grace => {
                self.services.clear();
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
        let id = (caller.tenant_id, owner);
        if let Some(key) = self.services.get(&id) {
            return Ok(key);
        }
        self.services.get_or_insert_async(&id, self.open_service(caller, owner)).await
    }

    async fn open_service(
        &self,
        caller: &Caller,
        owner: ServiceId,
    ) -> Result<Arc<ServiceKey>, Error> {
        let name = &caller.identity.tenant;
        let tenant = self.engine.tenant(name).await?;
        // A caller of before the tenant was shredded is nobody to the tenant of the same name now.
        let tenant = tenant.filter(|tenant| tenant.id == caller.tenant_id);
        let tenant = tenant.ok_or_else(|| Error::UnknownTenant(name.clone()))?;
        check_tenant(&tenant)?;
        let service = self.engine.service_by_id(tenant.id, owner).await?;
        let service = service.ok_or_else(|| Error::UnknownServiceId(name.clone(), owner))?;
        check_service(&tenant, &service)?;

        let rows = self.engine.keys(KeyLevel::Service(owner)).await?;
        let active = active(&rows, "the service's key")?;
        let mut versions = Vec::with_capacity(rows.len());
        for row in rows.iter().filter(|row| row.state != KeyState::Destroyed) {
            let (header, _) = Header::read(&row.sealed)?;
            let parent = self.tenant_key(&tenant, header.parent_version).await?;
            let place = service_key_place(&tenant.name, &service.name, row.version);
            let bytes = envelope::open(&parent, header.parent_version, &place, &row.sealed)?;
            let key = Key::from_slice(&bytes).ok_or(EnvelopeError::Malformed)?;
            versions.push((row.version, key));
        }
        self.metrics.key_opened(ColdKey::Service);
        let key = ServiceKey::new(tenant.name, service.name, active, versions);
        Ok(Arc::new(key.ok_or(Error::NoVersion("the service's key"))?))
    }

    /// The tenant's key that seals, and its version.
    pub(super) async fn active_tenant_key(
        &self,
        tenant: &TenantRow,
    ) -> Result<(u32, Arc<Key>), Error> {
        let rows = self.engine.keys(KeyLevel::Tenant(tenant.id)).await?;
        let version = active(&rows, "the tenant's key")?;
        Ok((version, self.tenant_key(tenant, version).await?))
    }

    async fn tenant_key(&self, tenant: &TenantRow, version: u32) -> Result<Arc<Key>, Error> {
        let open = self.open_tenant(tenant, version);
        self.tenants.get_or_insert_async(&(tenant.id, version), open).await
    }

    async fn open_tenant(&self, tenant: &TenantRow, version: u32) -> Result<Arc<Key>, Error> {
        let rows = self.engine.keys(KeyLevel::Tenant(tenant.id)).await?;
        let usable = |row: &&KeyRow| row.version == version && row.state != KeyState::Destroyed;
        let row = rows.iter().find(usable).ok_or(EnvelopeError::OtherVersion(version))?;
        let place = tenant_key_place(&tenant.name, version);
        let bytes = envelope::open_with_root(&self.root, &place, &row.sealed).await?;
        self.metrics.key_opened(ColdKey::Tenant);
        Ok(Arc::new(Key::from_slice(&bytes).ok_or(EnvelopeError::Malformed)?))
    }
}

/// Where version `version` of a tenant's key belongs.
pub(super) fn tenant_key_place(tenant: &TenantName, version: u32) -> Place<'_> {
    let (level, purpose) = (Level::Tenant, Purpose::Key);
    Place { level, tenant: tenant.as_str(), service: "", object: "", version, purpose }
}

/// Where version `version` of a service's key belongs.
pub(super) fn service_key_place<'a>(
    tenant: &'a TenantName,
    service: &'a ServiceName,
    version: u32,
) -> Place<'a> {
    let (tenant, service) = (tenant.as_str(), service.as_str());
    Place { level: Level::Service, tenant, service, object: "", version, purpose: Purpose::Key }
}

/// Refuses a tenant that is not served.
pub(super) fn check_tenant(tenant: &TenantRow) -> Result<(), Error> {
    match tenant.state {
        TenantState::Active => Ok(()),
        TenantState::Suspended => Err(Error::TenantSuspended(tenant.name.clone())),
        TenantState::Shredded => Err(Error::TenantShredded(tenant.name.clone())),
    }
}

/// Refuses a service that is not served.
pub(super) fn check_service(tenant: &TenantRow, service: &ServiceRow) -> Result<(), Error> {
    let names = || (tenant.name.clone(), service.name.clone());
    let refuse = |error: fn(TenantName, ServiceName) -> Error| {
        let (tenant, service) = names();
        Err(error(tenant, service))
    };
    match service.state {
        TenantState::Active => Ok(()),
        TenantState::Suspended => refuse(Error::ServiceSuspended),
        TenantState::Shredded => refuse(Error::ServiceShredded),
    }
}

fn active(rows: &[KeyRow], what: &'static str) -> Result<u32, Error> {
    let row = rows.iter().find(|row| row.state == KeyState::Active);
    Ok(row.ok_or(Error::NoVersion(what))?.version)
}
