//! What the tests of the hierarchy share.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use keystrata::clock::{ManualClock, Timestamp};
use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::KeySource;
use keystrata::keys::{
    BoxFuture, EnvRoot, Keyring, KeyringSettings, OpenError, Provider, RootError, RootKey,
};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::store::{ServiceRow, TenantRow};
use keystrata::tenant::{Caller, Fingerprint, Identity, Peer, ServiceName, TenantName};
use zeroize::Zeroizing;

use super::memory_engine::MemoryEngine;

/// Hexadecimal digits as bytes; anything between is skipped.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Runs a future on a runtime with several threads.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// A root key that counts its calls, can be switched off and can claim another provider.
#[derive(Debug)]
pub(crate) struct TestRoot {
    root: EnvRoot,
    provider: Provider,
    /// Calls to seal.
    pub(crate) seals: AtomicUsize,
    /// Calls to open.
    pub(crate) opens: AtomicUsize,
    /// Nothing is answered.
    pub(crate) down: AtomicBool,
}

impl TestRoot {
    /// A root with these versions, each a key of 32 such bytes.
    pub(crate) fn new(provider: Provider, versions: &[(u32, u8)]) -> Arc<Self> {
        let source = |(version, byte): &(u32, u8)| {
            let value = Zeroizing::new(format!("{byte:02x}").repeat(32));
            (*version, KeySource::Variable { name: format!("V{version}"), value })
        };
        let root = EnvRoot::new(versions.iter().map(source), Arc::new(OsRandom)).unwrap();
        let (seals, opens, down) = Default::default();
        Arc::new(Self { root, provider, seals, opens, down })
    }

    fn check(&self, calls: &AtomicUsize) -> Result<(), RootError> {
        calls.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(RootError::Unavailable("switched off".into()));
        }
        Ok(())
    }
}

impl RootKey for TestRoot {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn versions(&self) -> Vec<u32> {
        self.root.versions()
    }

    fn seal<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, RootError>> {
        Box::pin(async move {
            self.check(&self.seals)?;
            // Slow enough for others to run in between.
            tokio::task::yield_now().await;
            self.root.seal(version, aad, plain).await
        })
    }

    fn open<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, RootError>> {
        Box::pin(async move {
            self.check(&self.opens)?;
            tokio::task::yield_now().await;
            self.root.open(version, aad, sealed).await
        })
    }
}

/// A node: its root, its store and its clock.
pub(crate) struct Node {
    pub(crate) root: Arc<TestRoot>,
    pub(crate) engine: Arc<MemoryEngine>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: KeyringSettings,
}

impl Node {
    /// A node with an empty store.
    pub(crate) fn new(root: Arc<TestRoot>) -> Self {
        let engine = Arc::new(MemoryEngine::default());
        let clock = Arc::new(ManualClock::new(Timestamp(1_000_000)));
        Self { root, engine, clock, settings: KeyringSettings::default() }
    }

    /// The usual node.
    pub(crate) fn with_env() -> Self {
        Self::new(TestRoot::new(Provider::Env, &[(1, 0x11)]))
    }

    /// A node with another root on the same store.
    pub(crate) fn with_root(&self, root: Arc<TestRoot>) -> Self {
        let engine = Arc::clone(&self.engine);
        Self { root, engine, clock: Arc::clone(&self.clock), settings: self.settings }
    }

    /// Starts it.
    pub(crate) async fn start(&self) -> Result<Arc<Keyring>, OpenError> {
        let metrics = Metrics::new(&MetricsSettings::default());
        let keyring = Keyring::open(
            self.root.clone(),
            self.engine.clone(),
            self.clock.clone(),
            Arc::new(OsRandom),
            metrics,
            self.settings,
        );
        Ok(Arc::new(keyring.await?))
    }

    /// Commits that were made so far.
    pub(crate) fn commits(&self) -> usize {
        self.engine.commits.load(Ordering::SeqCst)
    }
}

/// The identity in a certificate of `service` of `tenant`.
pub(crate) fn identity(tenant: &str, service: &str) -> Identity {
    Identity {
        tenant: TenantName::new(tenant).unwrap(),
        service: ServiceName::new(service).unwrap(),
        peer: Peer {
            address: "127.0.0.1:1".parse().unwrap(),
            fingerprint: Fingerprint([0; 32]),
            certificate: Arc::default(),
            serial: "01".into(),
            tls_version: String::new(),
            tls_suite: String::new(),
            tls_group: String::new(),
        },
    }
}

/// The caller that an admission leads to.
pub(crate) fn caller(identity: &Identity, (tenant, service): &(TenantRow, ServiceRow)) -> Caller {
    Caller {
        tenant_id: tenant.id,
        service_id: service.id,
        identity: identity.clone(),
        mode: service.mode,
        role: service.role,
        operations: None,
    }
}
