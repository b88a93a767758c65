//! The server less its transport, built from root, store and keys.

use std::sync::Arc;

use keystrata::admin::{self, Admin};
use keystrata::clock::Clock;
use keystrata::config::Config;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::{Keyring, KeyringSettings};
use keystrata::metrics::Metrics;
use keystrata::operation;
use keystrata::service::Service;
use keystrata::store::Store;

use super::super::hsm_worker;
use super::{Environment, Failure, failed, root, settings};

/// What serves, and what its health depends on.
#[derive(Clone)]
pub(super) struct Parts {
    /// The server less its transport.
    pub(super) service: Arc<Service>,
    /// What administrators may do.
    pub(super) admin: Arc<Admin>,
    /// The name of the root's provider.
    pub(super) provider: &'static str,
    keyring: Arc<Keyring>,
    store: Arc<Store>,
}

impl Parts {
    /// Opens root and store, and proves that they belong together.
    pub(super) async fn build(
        config: &Config,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let root = {
            let (place, environment) = (config.root.place.clone(), environment.clone());
            let worker = hsm_worker::program(config.log)?;
            let (clock, metrics) = (Arc::clone(clock), Arc::clone(metrics));
            // A token may take its time, and a signal must be heard meanwhile.
            let open = move || root::open(&place, worker, &environment, clock, metrics);
            tokio::task::spawn_blocking(open).await.map_err(failed)??
        };
        let provider = root.provider().name();
        let store = Arc::new(store(config, clock, metrics)?);
        let keyring = Keyring::open(
            root,
            Arc::clone(store.engine()),
            Arc::clone(clock),
            Arc::new(OsRandom),
            Arc::clone(metrics),
            KeyringSettings {
                outage_grace: config.root.outage_grace,
                ..KeyringSettings::default()
            },
        );
        let keyring = Arc::new(keyring.await.map_err(failed)?);
        let parts = operation::Parts::new(
            Arc::clone(&store),
            Arc::clone(&keyring),
            Arc::new(OsRandom),
            settings::facts(config),
        );
        let service = Arc::new(Service::new(
            parts,
            Arc::clone(metrics),
            Arc::clone(clock),
            settings::service(config),
        ));
        let admin = Arc::new(Admin::new(admin::Parts {
            keyring: Arc::clone(&keyring),
            store: Arc::clone(&store),
            clock: Arc::clone(clock),
            node: config.audit.node.clone(),
            directory: config.store.directory.clone(),
            random: Arc::new(OsRandom),
        }));
        Ok(Self { service, admin, provider, keyring, store })
    }

    /// Makes durable what is queued. Blocks.
    pub(super) fn close(&self) {
        self.store.close();
    }

    /// Whether root key, store and audit trail can be used; the reason if not.
    pub(super) async fn check(&self) -> Result<(), String> {
        self.keyring.probe().await.map_err(|error| error.to_string())?;
        self.store.check().map_err(|error| error.to_string())?;
        self.store.audit().check().map_err(|error| error.to_string())
    }
}

fn store(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Store, Failure> {
    let settings = settings::store(config);
    Store::open(&settings, Arc::clone(clock), Arc::clone(metrics)).map_err(failed)
}
