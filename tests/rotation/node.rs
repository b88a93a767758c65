//! A server less its transport and operations, over a root key whose calls are counted, with a few
//! values to lose.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keystrata::audit::{Actor, Record};
use keystrata::clock::{SystemClock, Timestamp};
use keystrata::crypto::random::OsRandom;
use keystrata::keys::rotation::{Order, RotationSettings, Rotator, Subject};
use keystrata::keys::{
    AutoRegister, Keyring, KeyringSettings, OwnRoot, OwnRoots, Provider, RootKey, install,
};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::object::{AttributeSet, Object};
use keystrata::store::{
    Change, Commit, KeyLevel, KeyState, LockError, OpenError, Store, StoreSettings, Stored,
    TenantState, View,
};
use keystrata::tenant::{
    Caller, Fingerprint, Identity, Mode, Peer, Role, ServiceId, ServiceName, TenantId, TenantName,
};
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{ObjectType, State};

use crate::mortal::{Mortal, Points};

pub(crate) const TENANT: &str = "tenant-a";
pub(crate) const SERVICE: &str = "orders";
pub(crate) const OBJECTS: usize = 5;
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Node {
    pub(crate) store: Arc<Store>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) rotator: Arc<Rotator>,
    pub(crate) caller: Caller,
}

/// Why something did not happen, as text.
pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The roots that the store in a directory needs now: its own, and the other one while it moves.
async fn roots(
    directory: &Path,
    store: &Store,
    points: &Points,
) -> (Arc<dyn RootKey>, Option<Arc<dyn RootKey>>) {
    let engine = &**store.engine();
    let locked = install::locked(engine).await.expect("reads").unwrap_or(Provider::Env);
    let rotations = engine.rotations().await.expect("reads");
    let moves = rotations.iter().any(|row| row.level == KeyLevel::Root);
    let root = |provider| -> Arc<dyn RootKey> {
        let first = if provider == Provider::Env { 1 } else { 2 };
        Arc::new(Mortal::new(directory, provider, first, points))
    };
    let other = if locked == Provider::Env { Provider::Pkcs11 } else { Provider::Env };
    let window = moves && Mortal::is_there(directory, other);
    (root(locked), window.then(|| root(other)))
}

/// Where the own root of every tenant is, if it is there.
pub(crate) const OWN: &str = "own";

/// Own roots as the configuration would say: in a directory, if there is one.
#[derive(Debug)]
struct Described {
    directory: PathBuf,
    points: Points,
}

impl OwnRoots for Described {
    fn has(&self, _: &TenantName) -> bool {
        self.directory.exists()
    }

    fn edition(&self, _: &TenantName) -> u64 {
        0
    }

    fn open(&self, tenant: &TenantName) -> Option<Result<OwnRoot, String>> {
        let provider = Provider::Pkcs11;
        let root = || Arc::new(Mortal::new(&self.directory, provider, 1, &self.points));
        let grace = Duration::from_mins(1);
        self.has(tenant).then(|| Ok(OwnRoot { root: root(), outage_grace: grace }))
    }
}

/// Opens what is in a directory, in a server of this fate.
pub(crate) async fn open(directory: &Path, points: &Points) -> Result<Node, String> {
    open_with(directory, points, RotationSettings::default()).await
}

pub(crate) async fn open_with(
    directory: &Path,
    points: &Points,
    rotation: RotationSettings,
) -> Result<Node, String> {
    let observer = points.observer();
    let settings = StoreSettings { observer, ..StoreSettings::new(directory) };
    let clock = Arc::new(SystemClock::new());
    let metrics = Metrics::new(&MetricsSettings::default());
    let store = loop {
        match Store::open(&settings, clock.clone(), metrics.clone()) {
            // A child that another test has just begun may still have the files of this process.
            Err(OpenError::Lock(LockError::InUse { .. })) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            opened => break Arc::new(opened.map_err(text)?),
        }
    };
    let (root, window) = roots(directory, &store, points).await;
    let (engine, random) = (Arc::clone(store.engine()), Arc::new(OsRandom));
    let settings = KeyringSettings::default();
    let keyring = Keyring::open_with(root, window, engine, clock, random, metrics, settings);
    let own = Described { directory: directory.join(OWN), points: points.clone() };
    let keyring = Arc::new(keyring.await.map_err(text)?.with_own_roots(Arc::new(own)));
    let rotator = Rotator::new(Arc::clone(&keyring), rotation);
    let identity = identity();
    // Who is shredded is not admitted any more.
    let admitted = keyring.admit(&identity, AutoRegister::Tenants).await;
    let (tenant_id, service_id) = match admitted {
        Ok((tenant, service)) => (tenant.id, service.id),
        Err(_) => (TenantId(0), ServiceId(0)),
    };
    let caller = Caller {
        tenant_id,
        service_id,
        identity,
        mode: Mode::ReadWrite,
        role: Role::Service,
        operations: None,
    };
    Ok(Node { store, keyring, rotator, caller })
}

fn identity() -> Identity {
    Identity {
        tenant: TenantName::new(TENANT).expect("a name"),
        service: ServiceName::new(SERVICE).expect("a name"),
        peer: Peer {
            address: "192.0.2.7:40123".parse().expect("an address"),
            fingerprint: Fingerprint([0xab; 32]),
            certificate: Arc::default(),
            serial: "1".into(),
            tls_version: "TLSv1_3".into(),
            tls_suite: "TLS13_AES_256_GCM_SHA384".into(),
            tls_group: "X25519".into(),
        },
    }
}

impl Node {
    fn view(&self) -> View {
        View { tenant: self.caller.tenant_id, service: Some(self.caller.service_id) }
    }

    /// Makes the values that are not there.
    pub(crate) async fn fill(&self) -> Result<(), String> {
        for number in 0..OBJECTS {
            let uid = format!("u{number}");
            if self.store.object(self.view(), &uid).await.map_err(text)?.is_some() {
                continue;
            }
            let key = self.keyring.service_key(&self.caller, self.caller.service_id).await;
            let sealed = key.map_err(text)?.seal(&OsRandom, &uid, uid.as_bytes()).map_err(text)?;
            let mut attributes = AttributeSet::default();
            attributes.put(Attribute::State(State::Active));
            let object = Object { uid, object_type: ObjectType::SymmetricKey, attributes };
            let service = self.caller.service_id;
            let stored = Stored { service, object, sealed: Some(sealed), revision: 1 };
            let change = Change::Insert { tenant: self.caller.tenant_id, stored: Box::new(stored) };
            let commit = Commit { changes: vec![change], audit: Vec::new() };
            self.store.commit(commit).await.map_err(text)?;
        }
        Ok(())
    }

    /// The root key, the tenant's and the service's.
    pub(crate) async fn subjects(&self) -> Vec<Subject> {
        let levels = [
            KeyLevel::Root,
            KeyLevel::Tenant(self.caller.tenant_id),
            KeyLevel::Service(self.caller.service_id),
        ];
        let mut subjects = Vec::new();
        for level in levels {
            subjects.push(self.keyring.subject(level).await.expect("is there"));
        }
        subjects
    }

    pub(crate) async fn states(&self, subject: &Subject) -> Vec<(u32, KeyState)> {
        let rows = self.store.keys(subject.level()).await.expect("reads");
        rows.iter().map(|row| (row.version, row.state)).collect()
    }

    /// Begins to rotate every level that is at its first version still, and waits for the end.
    pub(crate) async fn rotate(&self, order: Order) -> Result<(), String> {
        let running = tokio::spawn(Arc::clone(&self.rotator).run());
        self.wait().await;
        for subject in self.subjects().await {
            if self.states(&subject).await.contains(&(2, KeyState::Active)) {
                continue;
            }
            self.rotator.begin(&subject, order, record(&subject)).await.map_err(text)?;
            self.wait().await;
        }
        running.abort();
        Ok(())
    }

    /// Waits until no rotation is under way.
    pub(crate) async fn wait(&self) {
        let ends = async {
            while !self.store.engine().rotations().await.expect("reads").is_empty() {
                self.rotator.moved(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ends).await.expect("the rotation ends");
    }

    /// Of each key exactly one version is active, and no envelope is under one that is not there for
    /// it; every value opens, and is counted.
    pub(crate) async fn is_sound(&self, at: usize) {
        for subject in self.subjects().await {
            let states = self.states(&subject).await;
            let active = states.iter().filter(|(_, state)| *state == KeyState::Active).count();
            assert_eq!(active, 1, "{}, point {at}: {states:?}", subject.name());
            for (version, living) in self.living(&subject).await {
                let open = [(version, KeyState::Active), (version, KeyState::Retired)];
                let is_open = open.iter().any(|it| states.contains(it));
                assert!(is_open, "{}, point {at}: {living} under {version}", subject.name());
            }
        }
        let opened = self.check_values(at).await;
        let service = self.subjects().await.remove(2);
        for (version, living) in self.living(&service).await {
            let count = opened.iter().filter(|it| **it == version).count() as u64;
            assert_eq!(living, count, "point {at}: under {version}");
        }
    }

    /// Everything is under the second versions alone, of which the first ones are in `state`.
    pub(crate) async fn is_rotated(&self, state: KeyState, at: usize) {
        self.is_sound(at).await;
        for subject in self.subjects().await {
            let wanted = [(1, state), (2, KeyState::Active)];
            assert_eq!(self.states(&subject).await, wanted, "{}, point {at}", subject.name());
            let living = self.living(&subject).await;
            assert!(living.iter().all(|it| it.0 == 2), "{}, point {at}", subject.name());
        }
    }

    /// How many envelopes there are under each version that has any.
    pub(crate) async fn living(&self, subject: &Subject) -> Vec<(u32, u64)> {
        let counts = self.store.engine().envelopes(subject.level()).await.expect("reads");
        counts.iter().map(|it| (it.version, it.living)).filter(|it| it.1 > 0).collect()
    }

    /// Every value opens; the versions of the key that open them.
    pub(crate) async fn check_values(&self, at: usize) -> Vec<u32> {
        let mut versions = Vec::new();
        for number in 0..OBJECTS {
            let uid = format!("u{number}");
            let stored = self.store.object(self.view(), &uid).await.expect("reads").expect("is");
            let sealed = stored.sealed.clone().expect("a value");
            let (caller, owner) = (&self.caller, self.caller.service_id);
            let key = self.keyring.opening_key(caller, owner, &uid, &sealed).await;
            let key = key.unwrap_or_else(|error| panic!("point {at}: {error}"));
            assert_eq!(*key.open(&uid, &sealed).expect("opens"), uid.as_bytes());
            versions.push(key.version());
        }
        versions
    }

    /// The states of the tenant and of the service.
    pub(crate) async fn standing(&self) -> (TenantId, ServiceId, [TenantState; 2]) {
        let identity = identity();
        let tenant = self.store.tenant(&identity.tenant).await.expect("reads").expect("is there");
        let service = self.store.service(tenant.id, &identity.service).await.expect("reads");
        let service = service.expect("is there");
        (tenant.id, service.id, [tenant.state, service.state])
    }
}

pub(crate) fn record(subject: &Subject) -> Record {
    let actor = Actor::Administrator(Box::new(subject.act("asked for".into())));
    Record::of_act(Timestamp(1), actor, "kek rotate")
}
