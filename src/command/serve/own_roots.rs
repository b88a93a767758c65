//! Root keys of tenants' own, as the configuration says; opened when somebody asks for them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use keystrata::clock::Clock;
use keystrata::config::{RootPlace, TenantRoot};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::{self, Place, WorkerProgram};
use keystrata::keys::{self, OwnRoot, RootKey, env_root};
use keystrata::metrics::Metrics;
use keystrata::tenant::TenantName;

use super::super::{Environment, Failure};
use super::root::{sources, token};

/// Where they are.
#[derive(Debug)]
pub(super) struct OwnRoots {
    tenants: Mutex<BTreeMap<TenantName, TenantRoot>>,
    /// How often each description has changed.
    editions: Mutex<BTreeMap<TenantName, u64>>,
    /// Those of provider `env` that may be open, for new versions.
    opened: Mutex<BTreeMap<TenantName, Weak<env_root::EnvRoot>>>,
    worker: WorkerProgram,
    environment: Environment,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl OwnRoots {
    pub(super) fn new(
        tenants: BTreeMap<TenantName, TenantRoot>,
        worker: WorkerProgram,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        Self {
            tenants: Mutex::new(tenants),
            editions: Mutex::default(),
            opened: Mutex::default(),
            worker,
            environment: environment.clone(),
            clock: Arc::clone(clock),
            metrics: Arc::clone(metrics),
        }
    }

    /// Takes another configuration: for those that are opened from now on, and new versions of those of
    /// provider `env` that are open. What is wrong with one is a matter of its tenant alone, and logged.
    pub(super) fn reload(&self, tenants: BTreeMap<TenantName, TenantRoot>) {
        for (tenant, opened) in &*guard(&self.opened) {
            let (Some(opened), Some(root)) = (opened.upgrade(), tenants.get(tenant)) else {
                continue;
            };
            if let RootPlace::Env(root) = &root.place {
                let read = sources(root, &self.environment)
                    .and_then(|read| opened.reload(read).map_err(failed));
                if let Err(error) = read {
                    let tenant = tenant.as_str();
                    tracing::error!(tenant, %error, "the versions of its own root key stay as they were");
                }
            }
        }
        let mut known = guard(&self.tenants);
        let mut editions = guard(&self.editions);
        for (tenant, _) in tenants.iter().filter(|(tenant, root)| known.get(*tenant) != Some(*root))
        {
            *editions.entry(tenant.clone()).or_default() += 1;
        }
        *known = tenants;
    }

    fn open_at(&self, tenant: &TenantName, place: &RootPlace) -> Result<Arc<dyn RootKey>, Failure> {
        match place {
            RootPlace::Env(root) => {
                let versions = sources(root, &self.environment)?;
                let opened =
                    env_root::EnvRoot::new(versions, Arc::new(OsRandom)).map_err(failed)?;
                let opened = Arc::new(opened);
                guard(&self.opened).insert(tenant.clone(), Arc::downgrade(&opened));
                Ok(opened)
            }
            RootPlace::Pkcs11(root) => {
                let settings = token(root, &self.environment)?.of_tenant();
                let variables = root.environment.iter();
                let variables =
                    variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
                let environment = variables.collect();
                let place = Place::Workers(WorkerProgram { environment, ..self.worker.clone() });
                let (clock, metrics) = (Arc::clone(&self.clock), Arc::clone(&self.metrics));
                let random = Arc::new(OsRandom);
                let opened = hsm::Pkcs11Root::open(settings, place, random, clock, metrics);
                Ok(Arc::new(opened.map_err(failed)?))
            }
        }
    }
}

impl keys::OwnRoots for OwnRoots {
    fn has(&self, tenant: &TenantName) -> bool {
        guard(&self.tenants).contains_key(tenant)
    }

    fn edition(&self, tenant: &TenantName) -> u64 {
        guard(&self.editions).get(tenant).copied().unwrap_or_default()
    }

    fn open(&self, tenant: &TenantName) -> Option<Result<OwnRoot, String>> {
        let configured = guard(&self.tenants).get(tenant).cloned()?;
        let TenantRoot { place, outage_grace } = configured;
        let root = self.open_at(tenant, &place).map_err(|error| error.to_string());
        Some(root.map(|root| OwnRoot { root, outage_grace }))
    }
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
