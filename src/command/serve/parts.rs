//! The server less its transport, built from root, store and keys.

use std::path::Path;
use std::sync::Arc;

use keystrata::admin::{self, Admin};
use keystrata::clock::Clock;
use keystrata::config::Config;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::rotation::Rotator;
use keystrata::keys::{ClientIssuers, Keyring, KeyringSettings, Provider, RootKey, install};
use keystrata::metrics::Metrics;
use keystrata::operation;
use keystrata::service::Service;
use keystrata::store::{KeyLevel, Store};

use super::root::Roots;
use super::{Environment, Failure, failed, settings};

/// What serves, and what its health depends on.
#[derive(Clone)]
pub(super) struct Parts {
    /// The server less its transport.
    pub(super) service: Arc<Service>,
    /// Where root keys come from.
    pub(super) roots: Roots,
    /// What rotates keys.
    pub(super) rotator: Arc<Rotator>,
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
        file: &Path,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
        issuers: &Arc<ClientIssuers>,
    ) -> Result<Self, Failure> {
        let roots = Roots::new(config, file, environment, clock, metrics)?;
        let keyring;
        let store;
        if roots.has_next() {
            // Which of the two it is, and whether both, stands in the store.
            store = Arc::new(self::store(config, clock, metrics)?);
            let opened = opened(&roots, &store).await?;
            keyring = self::keyring(config, &roots, opened, &store, clock, metrics).await?;
        } else {
            let root = open(&roots, None).await?;
            store = Arc::new(self::store(config, clock, metrics)?);
            let opened = (root, None);
            keyring = self::keyring(config, &roots, opened, &store, clock, metrics).await?;
        }
        let provider = keyring.root_status().provider.name();
        let mut parts = operation::Parts::new(
            Arc::clone(&store),
            Arc::clone(&keyring),
            Arc::new(OsRandom),
            settings::facts(config),
        );
        parts.client_issuers = Arc::clone(issuers);
        parts.feeds = operation::Feeds::telling(config.notify.services.clone());
        let service = Arc::new(Service::new(
            parts,
            Arc::clone(metrics),
            Arc::clone(clock),
            settings::service(config),
        ));
        let rotator = Rotator::new(Arc::clone(&keyring), settings::rotation(config));
        let admin = Arc::new(Admin::new(admin::Parts {
            keyring: Arc::clone(&keyring),
            rotator: Arc::clone(&rotator),
            open_root: {
                let roots = roots.clone();
                Arc::new(move |provider, next| {
                    roots.open_to_move(provider, next).map_err(|error| error.to_string())
                })
            },
            reload_root: {
                let roots = roots.clone();
                Box::new(move || roots.reload().map_err(|error| error.to_string()))
            },
            store: Arc::clone(&store),
            clock: Arc::clone(clock),
            node: config.audit.node.clone(),
            directory: config.store.directory.clone(),
            audit: config.audit.directory.clone(),
            random: Arc::new(OsRandom),
        }));
        Ok(Self { service, roots, rotator, admin, provider, keyring, store })
    }

    /// Makes durable what is queued. Blocks.
    pub(super) fn close(&self) {
        self.store.close();
    }

    /// Has tenants' own root keys prove themselves. What is wrong with one concerns its tenant alone.
    pub(super) async fn probe_own_roots(&self) {
        self.keyring.probe_own_roots().await;
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

/// Opens a root. A token may take its time, and a signal must be heard meanwhile.
async fn open(roots: &Roots, provider: Option<Provider>) -> Result<Arc<dyn RootKey>, Failure> {
    let roots = roots.clone();
    tokio::task::spawn_blocking(move || roots.open(provider)).await.map_err(failed)?
}

/// The root that the store belongs to, and, while it moves, the other one.
type Opened = (Arc<dyn RootKey>, Option<Arc<dyn RootKey>>);

async fn opened(roots: &Roots, store: &Store) -> Result<Opened, Failure> {
    let engine = store.engine();
    let locked = install::locked(&**engine).await.map_err(failed)?;
    let moves = engine.rotations().await.map_err(failed)?;
    let moves = moves.iter().any(|rotation| rotation.level == KeyLevel::Root);
    let root = open(roots, locked).await?;
    let window = match roots.other(root.provider()).filter(|_| moves) {
        Some(other) => Some(open(roots, Some(other)).await?),
        None => None,
    };
    Ok((root, window))
}

async fn keyring(
    config: &Config,
    roots: &Roots,
    (root, window): Opened,
    store: &Store,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Keyring>, Failure> {
    let settings =
        KeyringSettings { outage_grace: config.root.outage_grace, ..KeyringSettings::default() };
    let (engine, random) = (Arc::clone(store.engine()), Arc::new(OsRandom));
    let (clock, metrics) = (Arc::clone(clock), Arc::clone(metrics));
    let opened = Keyring::open_with(root, window, engine, clock, random, metrics, settings);
    Ok(Arc::new(opened.await.map_err(failed)?.with_own_roots(roots.own())))
}
