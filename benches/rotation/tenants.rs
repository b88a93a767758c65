//! A store with many tenants: its start, and the first touch of each.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use keystrata::clock::SystemClock;
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::hsm::{Pkcs11Root, Place, WorkerProgram};
use keystrata::keys::{AutoRegister, Keyring, KeyringSettings};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::store::{AuditSettings, Store, StoreSettings};
use keystrata::tenant::{Caller, Identity};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::server::{SERVICE, Server, name, resident_kib};
use super::{Extent, micros, per_second, percentile};
use crate::support::parts;

/// Names the directory of the server to this program when it has started itself anew, with the
/// variable that the token's module reads.
pub(crate) const DIRECTORY: &str = "KEYSTRATA_BENCH_DIRECTORY";
/// Tenants that are made at the same time.
const TOGETHER: usize = 64;
/// Clients that touch the same cold tenant at once, and how many such tenants.
const CROWD: usize = 64;
const CROWDED: usize = 100;
/// Starts that are measured.
const STARTS: usize = 3;

/// Measures and prints.
pub(crate) fn measure(directory: &Path, extent: &Extent) {
    if softhsm::find_module().is_none() {
        println!("SoftHSM is not installed: many tenants are not measured");
        return;
    }
    Server::start(directory, "softhsm", 2, &[]).stop();
    let start = || {
        let server = Server::start(directory, "softhsm", 2, &[]);
        let seen = (server.ready_after, server.resident_kib());
        server.stop();
        seen
    };
    let median = || {
        let mut starts: Vec<_> = std::iter::repeat_with(start).take(STARTS).collect();
        starts.sort_unstable();
        starts[STARTS / 2]
    };
    let (before, resident_before) = median();
    touch_in_a_process(directory);
    let (after, resident_after) = median();
    let bytes = (resident_after.saturating_sub(resident_before) * 1024) / extent.tenants as u64;
    println!(
        "start with 2 tenants: ready after {before:.0?}, {resident_before} KiB resident; with {}: \
         {after:.0?}, {resident_after} KiB: {bytes} bytes for each cold tenant",
        extent.tenants
    );
}

/// This program again, with the variable that the token's module reads.
fn touch_in_a_process(directory: &Path) {
    let soft = SoftHsm::at(&directory.join("softhsm")).expect("it is installed");
    let itself = std::env::current_exe().expect("this program has a file");
    let status = Command::new(itself)
        .args(std::env::args_os().skip(1))
        .env(softhsm::CONFIG_VARIABLE, soft.variable())
        .env(DIRECTORY, directory)
        .status();
    assert!(status.expect("it runs").success());
}

struct Node {
    keyring: Arc<Keyring>,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
}

impl Node {
    async fn open(directory: &Path) -> Self {
        let data = directory.join("data");
        let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(OsRandom));
        let metrics = Metrics::new(&MetricsSettings::default());
        let settings = StoreSettings {
            audit: AuditSettings::new(&data.join("audit")),
            ..StoreSettings::new(&data.join("store"))
        };
        let store = Store::open(&settings, clock.clone(), metrics.clone());
        let store = Arc::new(store.expect("the directory is ours"));
        let soft = SoftHsm::at(&directory.join("softhsm")).expect("it is installed");
        let arguments = ["hsm-worker", "--log-format", "text", "--log-level", "warn"];
        let place = Place::Workers(WorkerProgram {
            program: env!("CARGO_BIN_EXE_keystrata").into(),
            arguments: arguments.map(Into::into).to_vec(),
            environment: Vec::new(),
        });
        let settings = soft.settings().expect("`try` has made it");
        let root =
            Pkcs11Root::open(settings, place, random.clone(), clock.clone(), metrics.clone());
        let root = Arc::new(root.expect("`try` has made it"));
        let (engine, settings) = (Arc::clone(store.engine()), KeyringSettings::default());
        let keyring = Keyring::open(root, engine, clock, random, metrics.clone(), settings).await;
        let keyring = Arc::new(keyring.expect("the root key is the store's"));
        Self { keyring, store, metrics }
    }

    /// Calls of the root key so far.
    fn root_opens(&self) -> u64 {
        let text = self.metrics.render();
        let name = "keystrata_root_calls_total{call=\"open\"} ";
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.and_then(|value| value.parse().ok()).expect("it is counted")
    }

    /// Ends it. Blocks.
    fn close(self) {
        self.store.close();
    }
}

/// Makes the tenants and touches each for the first time.
pub(crate) fn touch(directory: &Path, extent: &Extent) {
    let runtime = Runtime::new().expect("a run-time");
    runtime.block_on(async {
        let node = Node::open(directory).await;
        make(&node, extent.tenants).await;
        node.close();
        let node = Node::open(directory).await;
        let callers = callers(&node, extent.tenants).await;
        one_by_one(&node, &callers).await;
        node.close();
        let node = Node::open(directory).await;
        in_crowds(&node, &callers).await;
        node.close();
    });
}

fn identity(tenant: usize) -> Identity {
    parts::identity(&name(tenant), SERVICE)
}

/// Registers them as their first certificates would.
async fn make(node: &Node, count: usize) {
    let started = Instant::now();
    let mut making = JoinSet::new();
    for first in 0..TOGETHER {
        let keyring = Arc::clone(&node.keyring);
        making.spawn(async move {
            for tenant in (first..count).step_by(TOGETHER) {
                let made = keyring.admit(&identity(tenant), AutoRegister::Tenants).await;
                made.expect("it is registered");
            }
        });
    }
    making.join_all().await;
    println!("{count} tenants registered: {:.0}/s", per_second(count, started.elapsed()));
}

async fn callers(node: &Node, count: usize) -> Vec<Arc<Caller>> {
    let mut callers = Vec::with_capacity(count);
    for tenant in 0..count {
        let identity = identity(tenant);
        let found = node.keyring.admit(&identity, AutoRegister::None).await;
        let (tenant, service) = found.expect("it is there");
        callers.push(Arc::new(Caller {
            tenant_id: tenant.id,
            service_id: service.id,
            identity,
            mode: service.mode,
            role: service.role,
            operations: None,
        }));
    }
    callers
}

/// How long the key of a service takes whose tenant nobody has asked for.
async fn one_by_one(node: &Node, callers: &[Arc<Caller>]) {
    let (calls, resident) = (node.root_opens(), resident_kib("self"));
    let mut took = Vec::with_capacity(callers.len());
    for caller in callers {
        let started = Instant::now();
        let key = node.keyring.service_key(caller, caller.service_id).await;
        took.push(micros(started.elapsed()));
        key.expect("it opens");
    }
    let calls = node.root_opens() - calls;
    let bytes = (resident_kib("self").saturating_sub(resident) * 1024) / callers.len() as u64;
    println!(
        "first touch of {} cold tenants: p50 {} us, p99 {} us; {calls} root calls; {bytes} bytes for \
         each open tenant",
        callers.len(),
        percentile(&mut took, 50),
        percentile(&mut took, 99),
    );
    assert_eq!(calls, callers.len() as u64, "one root call for each");
}

/// Many touch the same cold tenant at once.
async fn in_crowds(node: &Node, callers: &[Arc<Caller>]) {
    let calls = node.root_opens();
    let crowded = callers.len().min(CROWDED);
    let started = Instant::now();
    for caller in callers.iter().take(crowded) {
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let (keyring, caller) = (Arc::clone(&node.keyring), Arc::clone(caller));
            crowd.spawn(async move {
                let key = keyring.service_key(&caller, caller.service_id).await;
                key.expect("it opens");
            });
        }
        crowd.join_all().await;
    }
    let took = started.elapsed() / u32::try_from(crowded).unwrap_or(1).max(1);
    let calls = node.root_opens() - calls;
    println!(
        "{CROWD} clients at once for each of {crowded} cold tenants: {calls} root calls, {took:.0?} each"
    );
    assert_eq!(calls, crowded as u64, "one root call for each crowd");
}
