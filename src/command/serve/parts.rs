//! The server less its transport, built from root, store and keys.

use std::sync::Arc;

use keystrata::clock::Clock;
use keystrata::config::{Config, ReadRecords};
use keystrata::crypto::random::OsRandom;
use keystrata::keys::{Keyring, KeyringSettings};
use keystrata::metrics::Metrics;
use keystrata::operation;
use keystrata::service::{self, Service};
use keystrata::store::{
    AuditLog, AuditSettings, Cache, Embedded, EmbeddedSettings, Engine, Observer, Reads, Shared,
};

use super::{Environment, Failure, failed, root, settings};

/// Threads that read from the store.
const READERS: usize = 2;

/// What serves, and what its health depends on.
#[derive(Clone)]
pub(super) struct Parts {
    /// The server less its transport.
    pub(super) service: Arc<Service>,
    /// The name of the root's provider.
    pub(super) provider: &'static str,
    keyring: Arc<Keyring>,
    audit: Arc<AuditLog>,
}

impl Parts {
    /// Opens root and store, and proves that they belong together.
    pub(super) async fn build(
        config: &Config,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let place = &config.root.place;
        let root = root::open(place, environment, Arc::clone(clock), Arc::clone(metrics))?;
        let provider = root.provider().name();
        let store = store(config, clock, metrics)?;
        let audit = Arc::clone(store.audit());
        let store: Arc<dyn Engine> = Arc::new(store);
        let keyring = Keyring::open(
            root,
            Arc::clone(&store),
            Arc::clone(clock),
            Arc::new(OsRandom),
            Arc::clone(metrics),
            KeyringSettings { outage_grace: config.root.outage_grace, ..KeyringSettings::default() },
        );
        let keyring = Arc::new(keyring.await.map_err(failed)?);
        let parts = operation::Parts {
            store,
            keyring: Arc::clone(&keyring),
            random: Arc::new(OsRandom),
            streams: operation::Streams::default(),
            facts: settings::facts(config),
        };
        let service = Arc::new(Service::new(
            parts,
            Arc::clone(&audit),
            Arc::clone(metrics),
            Arc::clone(clock),
            settings::service(config),
        ));
        Ok(Self { service, provider, keyring, audit })
    }

    /// Whether root key and audit trail can be used; the reason if not.
    pub(super) async fn check(&self) -> Result<(), String> {
        self.keyring.probe().await.map_err(|error| error.to_string())?;
        self.audit.check().map_err(|error| error.to_string())
    }
}

fn store(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Embedded, Failure> {
    let embedded =
        EmbeddedSettings { directory: config.store.directory.clone(), readers: READERS };
    let audit = AuditSettings {
        node: config.audit.node.clone(),
        reads: match config.audit.reads {
            ReadRecords::Strict => Reads::Strict,
            ReadRecords::Batched => Reads::Batched,
        },
        file_bytes_max: config.audit.rotate_size as u64,
        ..AuditSettings::new(&config.audit.directory)
    };
    let shared = Shared {
        cache: Arc::new(Cache::new(config.store.cache_size)),
        clock: Arc::clone(clock),
        metrics: Arc::clone(metrics),
        observer: Observer::default(),
    };
    Embedded::open(&embedded, &audit, shared).map_err(failed)
}
