//! Death at every step of every commit of a rotation: what is left goes on to its end, and every
//! value opens.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keystrata::audit::{Actor, Outcome, Record};
use keystrata::clock::{SystemClock, Timestamp};
use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::KeySource;
use keystrata::keys::rotation::{Order, RotationSettings, Rotator, Subject};
use keystrata::keys::{AutoRegister, EnvRoot, Keyring, KeyringSettings};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::object::{AttributeSet, Object};
use keystrata::store::{
    Change, Commit, KeyLevel, KeyState, Observer, Step, Store, StoreSettings, Stored, View,
};
use keystrata::tenant::{Caller, Fingerprint, Identity, Mode, Peer, Role, ServiceName, TenantName};
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{ObjectType, State};
use zeroize::Zeroizing;

const DIRECTORY: &str = "KEYSTRATA_TEST_DIRECTORY";
const ABORT_AT: &str = "KEYSTRATA_TEST_ABORT_AT";
const OBJECTS: usize = 5;
const PATIENCE: Duration = Duration::from_mins(1);

struct Node {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    rotator: Arc<Rotator>,
    caller: Caller,
}

async fn open(directory: &Path, observer: Observer) -> Node {
    let settings = StoreSettings { observer, ..StoreSettings::new(directory) };
    let clock = Arc::new(SystemClock::new());
    let metrics = Metrics::new(&MetricsSettings::default());
    let store = Store::open(&settings, clock.clone(), metrics.clone()).expect("opens");
    let store = Arc::new(store);
    let source = |version: u32| {
        let value = Zeroizing::new(format!("{version:02x}").repeat(32));
        (version, KeySource::Variable { name: format!("V{version}"), value })
    };
    let versions: Vec<_> = if directory.join("second").exists() { vec![1, 2] } else { vec![1] };
    let root = EnvRoot::new(versions.into_iter().map(source), Arc::new(OsRandom)).expect("good");
    std::fs::write(directory.join("second"), "").expect("writes");
    let (engine, random) = (Arc::clone(store.engine()), Arc::new(OsRandom));
    let keyring =
        Keyring::open(Arc::new(root), engine, clock, random, metrics, KeyringSettings::default());
    let keyring = Arc::new(keyring.await.expect("opens"));
    let rotator = Rotator::new(Arc::clone(&keyring), RotationSettings::default());
    let identity = Identity {
        tenant: TenantName::new("tenant-a").expect("a name"),
        service: ServiceName::new("orders").expect("a name"),
        peer: Peer {
            address: "192.0.2.7:40123".parse().expect("an address"),
            fingerprint: Fingerprint([0xab; 32]),
            serial: "1".into(),
            tls_version: "TLSv1_3".into(),
            tls_suite: "TLS13_AES_256_GCM_SHA384".into(),
            tls_group: "X25519".into(),
        },
    };
    let (tenant, service) =
        keyring.admit(&identity, AutoRegister::Tenants).await.expect("is admitted");
    let caller = Caller {
        tenant_id: tenant.id,
        service_id: service.id,
        identity,
        mode: Mode::ReadWrite,
        role: Role::Service,
        operations: None,
    };
    Node { store, keyring, rotator, caller }
}

impl Node {
    fn view(&self) -> View {
        View { tenant: self.caller.tenant_id, service: Some(self.caller.service_id) }
    }

    async fn fill(&self) {
        for number in 0..OBJECTS {
            let uid = format!("u{number}");
            let key = self.keyring.service_key(&self.caller, self.caller.service_id).await;
            let sealed = key.expect("a key").seal(&OsRandom, &uid, uid.as_bytes()).expect("seals");
            let mut attributes = AttributeSet::default();
            attributes.put(Attribute::State(State::Active));
            let object = Object { uid, object_type: ObjectType::SymmetricKey, attributes };
            let service = self.caller.service_id;
            let stored = Stored { service, object, sealed: Some(sealed), revision: 1 };
            let change = Change::Insert { tenant: self.caller.tenant_id, stored: Box::new(stored) };
            let commit = Commit { changes: vec![change], audit: Vec::new() };
            self.store.commit(commit).await.expect("commits");
        }
    }

    async fn subjects(&self) -> Vec<Subject> {
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

    /// Begins to rotate every level that is at its first version still, and waits for the end.
    async fn rotate(&self) {
        let running = tokio::spawn(Arc::clone(&self.rotator).run());
        self.wait().await;
        for subject in self.subjects().await {
            let rows = self.store.keys(subject.level()).await.expect("reads");
            if rows.iter().any(|row| row.version == 2 && row.state == KeyState::Active) {
                continue;
            }
            let order = Order { eager: true, ..Order::default() };
            self.rotator.begin(&subject, order, record(&subject)).await.expect("begins");
            self.wait().await;
        }
        running.abort();
    }

    async fn wait(&self) {
        let ends = async {
            while !self.store.engine().rotations().await.expect("reads").is_empty() {
                self.rotator.moved(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ends).await.expect("the rotation ends");
    }

    /// Everything opens, under the second versions alone, and is counted right.
    async fn check(&self, at: usize) {
        for subject in self.subjects().await {
            let rows = self.store.keys(subject.level()).await.expect("reads");
            let states: Vec<_> = rows.iter().map(|row| (row.version, row.state)).collect();
            let wanted = [(1, KeyState::Retired), (2, KeyState::Active)];
            assert_eq!(states, wanted, "{}, death at step {at}", subject.name());
            let counts = self.store.engine().envelopes(subject.level()).await.expect("reads");
            let living: Vec<_> =
                counts.iter().map(|it| (it.version, it.living)).filter(|it| it.1 > 0).collect();
            let all = match subject {
                Subject::Root | Subject::Tenant(_) => 2,
                Subject::Service(..) => OBJECTS as u64,
            };
            assert_eq!(living, [(2, all)], "{}, death at step {at}", subject.name());
        }
        for number in 0..OBJECTS {
            let uid = format!("u{number}");
            let stored = self.store.object(self.view(), &uid).await.expect("reads").expect("is");
            let sealed = stored.sealed.clone().expect("a value");
            let (caller, owner) = (&self.caller, self.caller.service_id);
            let key = self.keyring.opening_key(caller, owner, &uid, &sealed).await.expect("a key");
            assert_eq!(key.version(), 2);
            assert_eq!(*key.open(&uid, &sealed).expect("opens"), uid.as_bytes());
        }
    }
}

/// What the new version sealed is sealed under the old one again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_rotation_goes_back_whatever_it_has_done() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut node = open(directory.path(), Observer::default()).await;
    node.fill().await;
    // So slow that it is still under way when everything is sealed anew.
    let slow = RotationSettings { rewrap_per_second: 4, ..RotationSettings::default() };
    node.rotator = Rotator::new(Arc::clone(&node.keyring), slow);
    let subject = node.subjects().await.remove(2);
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    let order = Order { eager: true, ..Order::default() };
    node.rotator.begin(&subject, order, record(&subject)).await.expect("begins");
    let engine = node.store.engine();
    let resealed = async {
        let done = |counts: Vec<keystrata::store::Envelopes>| {
            counts.iter().any(|it| it.version == 2 && it.living == OBJECTS as u64)
        };
        while !done(engine.envelopes(subject.level()).await.expect("reads")) {
            node.rotator.moved(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, resealed).await.expect("it is sealed anew");
    let again = node.rotator.begin(&subject, order, record(&subject)).await;
    let refused = again.expect_err("one at a time").to_string();
    assert!(refused.contains("is being rotated from version 1 to 2"), "{refused}");
    node.rotator.abort(&subject, record(&subject)).await.expect("goes back");
    node.wait().await;
    running.abort();

    let rows = node.store.keys(subject.level()).await.expect("reads");
    let states: Vec<_> = rows.iter().map(|row| (row.version, row.state)).collect();
    assert_eq!(states, [(1, KeyState::Active), (2, KeyState::Retired)]);
    let counts = node.store.engine().envelopes(subject.level()).await.expect("reads");
    let living: Vec<_> = counts.iter().map(|it| (it.version, it.living)).collect();
    assert_eq!(living, [(1, OBJECTS as u64), (2, 0)]);
    let key = node.keyring.service_key(&node.caller, node.caller.service_id).await;
    assert_eq!(key.expect("a key").version(), 1);
}

/// Another node that lives has to have a version before it is rotated to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lacks_the_root_version_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(open(directory.path(), Observer::default()).await);
    let node = open(directory.path(), Observer::default()).await;
    node.rotator.add(&Subject::Root, None, record(&Subject::Root)).await.expect("is added");
    let beat = |roots| Change::Heartbeat {
        node: "second".into(),
        heard: keystrata::clock::Clock::now(&SystemClock::new()),
        roots,
    };
    let commit = |change| Commit { changes: vec![change], audit: Vec::new() };
    node.store.commit(commit(beat(vec![1]))).await.expect("commits");
    let wanted = "these nodes do not have version 2 of the root key: second; give it to them, or \
                  stop them";
    let refused = node.rotator.verify(&Subject::Root, 2).await.expect_err("lacks it");
    assert_eq!(refused.to_string(), wanted);
    let order = Order::default();
    let refused = node.rotator.begin(&Subject::Root, order, record(&Subject::Root)).await;
    assert_eq!(refused.expect_err("lacks it").to_string(), wanted);
    node.store.commit(commit(beat(vec![1, 2]))).await.expect("commits");
    node.rotator.verify(&Subject::Root, 2).await.expect("has it");
    node.rotator.plan(&Subject::Root, order).await.expect("has it");
}

fn record(subject: &Subject) -> Record {
    Record {
        time: Timestamp(1),
        actor: Actor::Administrator(Box::new(subject.act("asked for".into()))),
        operation: "kek rotate",
        objects: Vec::new(),
        key_version: None,
        outcome: Outcome::Success,
        duration: Duration::ZERO,
        client_correlation: None,
        server_correlation: None,
    }
}

/// The child: rotates every level, and dies at the given step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a child of the other test"]
async fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let at: usize = std::env::var(ABORT_AT).expect("a step").parse().expect("a number");
    let steps = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&steps);
    // The trail is written beside the store: its steps come at any time, and are not counted.
    let observer = Observer::new(move |step| {
        let counts = matches!(step, Step::GroupWritten | Step::GroupDurable | Step::GroupAnswered);
        if counts && count.fetch_add(1, Ordering::SeqCst) + 1 == at {
            std::process::abort();
        }
    });
    let node = open(Path::new(&directory), observer).await;
    node.rotate().await;
    // Further than all steps: nothing was left to die in.
    std::process::exit(7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_goes_on_after_death_at_any_step_of_any_commit() {
    let template = tempfile::tempdir().expect("a directory");
    let node = open(template.path(), Observer::default()).await;
    node.fill().await;
    node.store.close();
    drop(node);
    let mut at = 1;
    loop {
        let directory = tempfile::tempdir().expect("a directory");
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(template.path().join(".")).arg(directory.path());
        assert!(copy.status().expect("cp is there").success());
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env(ABORT_AT, at.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("starts");
        let node = open(directory.path(), Observer::default()).await;
        node.rotate().await;
        node.check(at).await;
        if status.code() == Some(7) {
            break;
        }
        at += 1;
    }
    assert!(at > 30, "only {at} steps");
}
