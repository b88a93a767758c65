//! Memory with idle connections, and the time of a start with many objects in the store.

use std::path::Path;
use std::time::Duration;

use keystrata::store::{Change, Commit, Selector, Store, Stored, View};
use keystrata::tenant::{TenantId, TenantName};
use tokio::runtime::Runtime;

use crate::Extent;
use crate::engine;
use crate::load::{self, Connection};
use crate::process::{Process, TENANTS};
use crate::support::parts::store_of_server;
use crate::support::requests;

/// The goals.
const RESIDENT_KIB_MAX: u64 = 64 * 1024;
const READY_MAX: Duration = Duration::from_secs(1);

/// Objects that one commit inserts.
const OBJECTS_PER_COMMIT: usize = 250;

/// Starts that are measured.
const STARTS: usize = 3;

/// Measures and prints.
pub(crate) fn measure(directory: &Path, extent: &Extent) {
    let runtime = Runtime::new().expect("a run-time");
    let server = Process::server(directory);
    runtime.block_on(idle(&server, directory, extent.idle));
    server.stop();
    runtime.block_on(fill(directory, extent.objects));
    let start = || {
        let server = Process::server(directory);
        let (took, resident) = (server.ready_after, server.resident_kib());
        server.stop();
        (took, resident)
    };
    let mut starts: Vec<_> = std::iter::repeat_with(start).take(STARTS).collect();
    starts.sort_unstable();
    let (took, resident) = starts[STARTS / 2];
    println!(
        "start with {} objects: ready after {took:.0?} ({resident} KiB resident): goal {}",
        extent.objects,
        if took < READY_MAX { "met" } else { "MISSED" }
    );
}

/// Memory without connections, and with connections of which each has asked once.
async fn idle(server: &Process, directory: &Path, count: usize) {
    let before = server.resident_kib();
    let mut connections = Vec::new();
    for config in load::configs(directory).iter().cycle().take(count) {
        let opened = Connection::open(server.address, config).await;
        let mut connection = opened.expect("the server takes it");
        let answer = connection.exchange(&requests::create()).await;
        requests::check(answer.expect("the server answers"));
        connections.push(connection);
    }
    let after = server.resident_kib();
    println!(
        "resident memory: {before} KiB without connections, {after} KiB with {} idle ones: goal {}",
        connections.len(),
        if after < RESIDENT_KIB_MAX { "met" } else { "MISSED" }
    );
}

/// Fills the store of a server that does not run with copies of an object that it has. (The copies
/// have identifiers of their own, so their values do not open; at a start nobody opens them.)
async fn fill(directory: &Path, objects: usize) {
    let store = store_of_server(directory);
    let (tenant, row) = sample(&store).await;
    let insert = |()| {
        let mut stored = row.clone();
        stored.object.uid = engine::uid();
        stored.revision = 1;
        Change::Insert { tenant, stored: Box::new(stored) }
    };
    for _ in 0..objects / OBJECTS_PER_COMMIT {
        let changes = std::iter::repeat_n((), OBJECTS_PER_COMMIT).map(insert).collect();
        let committed = store.commit(Commit { changes, audit: Vec::new() }).await;
        committed.expect("the disk has room");
    }
    store.close();
}

/// Any object of the first tenant.
async fn sample(store: &Store) -> (TenantId, Stored) {
    let name = TenantName::new(TENANTS[0]).expect("a good name");
    let tenant = store.tenant(&name).await.expect("the store works").expect("it was registered");
    let view = View { tenant: tenant.id, service: None };
    let found = store.select(view, Selector::default(), None, 1).await.expect("the store works");
    let (_, stored) = found.into_iter().next().expect("it has made one");
    (tenant.id, (*stored).clone())
}
