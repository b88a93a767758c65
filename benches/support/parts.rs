//! A server without transport: real store, real audit trail, root key in memory.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use keystrata::clock::{Clock, SystemClock};
use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::{EnvRoot, KeySource};
use keystrata::keys::{AutoRegister, Keyring, KeyringSettings};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::operation::{Facts, Parts};
use keystrata::service::{Service, Settings};
use keystrata::store::{AuditSettings, Store, StoreSettings, Stored, View};
use keystrata::tenant::{Caller, Fingerprint, Identity, Peer, ServiceName, TenantName};
use kmip_ttlv::Buffer;
use kmip_ttlv::scan::Limits;

use super::requests;

/// The pieces.
pub(crate) struct Bench {
    pub(crate) service: Arc<Service>,
    pub(crate) store: Arc<Store>,
}

impl Bench {
    /// Opens them over the store in `directory`, with the settings that `serve` has by default.
    pub(crate) async fn open(directory: &Path) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let metrics = Metrics::new(&MetricsSettings::default());
        let store = open_store(&StoreSettings::new(directory), &clock, &metrics);
        let value = "5a".repeat(32).into();
        let source = KeySource::Variable { name: "BENCH".into(), value };
        let root = EnvRoot::new([(1, source)], Arc::new(OsRandom)).expect("a root key");
        let keyring = Keyring::open(
            Arc::new(root),
            Arc::clone(store.engine()),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            Arc::clone(&metrics),
            KeyringSettings::default(),
        );
        let keyring = Arc::new(keyring.await.expect("the root key is the store's"));
        let parts = Parts::new(Arc::clone(&store), keyring, Arc::new(OsRandom), Facts::default());
        let settings = Settings {
            limits: Limits::default(),
            response_bytes_max: 16 << 20,
            auto_register: AutoRegister::Tenants,
        };
        let service = Arc::new(Service::new(parts, metrics, clock, settings));
        Self { service, store }
    }

    /// The one service of this tenant, registered if it is new.
    pub(crate) async fn caller(&self, tenant: &str) -> Arc<Caller> {
        let identity = identity(tenant, "bench");
        self.service.admit(identity).await.expect("tenants register themselves")
    }

    /// The answer to one message.
    pub(crate) async fn answer(&self, caller: &Arc<Caller>, message: &[u8]) -> Buffer {
        let mut response = Buffer::new();
        self.service.answer(caller, message, &mut response).await;
        response
    }

    /// A new active AES-256 key that has been handed out once (the first Get of a key is a change:
    /// it is not fresh any more).
    pub(crate) async fn key(&self, caller: &Arc<Caller>) -> String {
        let uid = requests::created(&self.answer(caller, &requests::create()).await);
        for request in [requests::activate(&uid), requests::get(&uid)] {
            requests::check(&self.answer(caller, &request).await);
        }
        uid
    }

    /// A row as the server keeps it.
    pub(crate) async fn row(&self, caller: &Caller, uid: &str) -> Stored {
        let view = View { tenant: caller.tenant_id, service: None };
        let found = self.store.object(view, uid).await.expect("the store works");
        (*found.expect("it was made before")).clone()
    }
}

/// Opens a store.
pub(crate) fn open_store(
    settings: &StoreSettings,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Arc<Store> {
    let store = Store::open(settings, Arc::clone(clock), Arc::clone(metrics));
    Arc::new(store.expect("the directory is ours"))
}

/// Opens the store of a server that `try` has set up in `directory` and that does not run.
pub(crate) fn store_of_server(directory: &Path) -> Arc<Store> {
    let data = directory.join("data");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let settings = StoreSettings {
        audit: AuditSettings::new(&data.join("audit")),
        ..StoreSettings::new(&data.join("store"))
    };
    open_store(&settings, &clock, &Metrics::new(&MetricsSettings::default()))
}

/// A client of this tenant and service.
pub(crate) fn identity(tenant: &str, service: &str) -> Identity {
    Identity {
        tenant: TenantName::new(tenant).expect("a good name"),
        service: ServiceName::new(service).expect("a good name"),
        peer: Peer {
            address: SocketAddr::from(([127, 0, 0, 1], 5696)).into(),
            fingerprint: Fingerprint([7; 32]),
            certificate: Arc::default(),
            serial: "01f3".into(),
            tls_version: "1.3".into(),
            tls_suite: "TLS13_AES_256_GCM_SHA384".into(),
            tls_group: "X25519MLKEM768".into(),
        },
    }
}
