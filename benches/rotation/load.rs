//! Clients at a steady rate, by turns without a rotation and during one; and the speed of re-wrapping.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keystrata::client::Blocking;
use keystrata::store::{Change, Commit, Position, Store, Stored};
use keystrata::tenant::{ServiceName, TenantId, TenantName};
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_ttlv::payload::{create, get};
use tokio::runtime::Runtime;

use super::server::{SERVICE, Server, name};
use super::{Extent, micros, per_second, percentile};
use crate::support::parts::store_of_server;

/// Clients that read, each on a thread of its own.
const READERS: usize = 16;
/// Each of them sends a Get so often.
const PACE: Duration = Duration::from_millis(8);
/// Connections that fill the store, and their objects.
const WRITERS: usize = 8;
/// Rows of one commit where the store's own updates are measured: as many as re-wrapping commits.
const UPDATES_BATCH: usize = 128;
/// How much p99 may grow.
const FACTOR_MAX: f64 = 2.0;

/// Measures and prints.
pub(crate) fn measure(directory: &Path, extent: &Extent) {
    let quiet = ("KEYSTRATA_LOG_LEVEL", "error");
    let server = Server::start(directory, "env", extent.rotated, &[quiet]);
    let many = fill(&server, extent.objects);
    let readers = readers(&server, extent.rotated, &many);
    under_load(&server, readers, extent);
    server.stop();
    let server = Server::start(
        directory,
        "env",
        extent.rotated,
        &[quiet, ("KEYSTRATA_ROTATION_REWRAP_RATE", "0")],
    );
    // Each also begins and ends; what is counted is the whole command.
    let mut rates: Vec<f64> = (0..extent.rounds)
        .map(|_| per_second(extent.objects, server.command(&active(&name(0)))))
        .collect();
    server.stop();
    let rewrap = median(&mut rates);
    let updates = Runtime::new().expect("a run-time").block_on(updates(directory, extent));
    println!(
        "re-wrap without a bound: {rewrap:.0} objects/s; the store's own updates of these rows, \
         {UPDATES_BATCH} a commit: {updates:.0}/s; ratio {:.2}; a million objects in {:.1} min",
        rewrap / updates,
        1e6 / rewrap / 60.0
    );
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The command that rotates a service's key and seals its objects anew at once.
fn active(tenant: &str) -> [&str; 9] {
    ["kek", "rotate", "--level", "service", "--tenant", tenant, "--service", SERVICE, "--active"]
}

/// Makes the objects of the first tenant. Returns some of them.
fn fill(server: &Server, objects: usize) -> Vec<String> {
    let started = Instant::now();
    let made: Vec<Vec<String>> = thread::scope(|scope| {
        let fill = || {
            let client = server.connect(0);
            (0..objects / WRITERS).map(|_| make(&client)).collect()
        };
        let running: Vec<_> = (0..WRITERS).map(|_| scope.spawn(fill)).collect();
        running.into_iter().map(|one| one.join().expect("no connection fails")).collect()
    });
    let rate = per_second(objects, started.elapsed());
    println!("{objects} objects made by {WRITERS} clients: {rate:.0}/s");
    made.concat()
}

fn make(client: &Blocking) -> String {
    let usage = CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::DECRYPT;
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(usage),
    ];
    let request = create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect(),
        protection_storage_masks: None,
    };
    let made = client.ask(request).expect("it is made");
    let uid = made.read().expect("it is an answer to Create").uid;
    uid.text().expect("it is text").to_owned()
}

/// What one reader asks for: connections, each with keys.
type Reader = Vec<(Blocking, Vec<String>)>;

/// Half of the readers ask for the objects that are sealed anew, half for one key of each tenant.
fn readers(server: &Server, tenants: usize, many: &[String]) -> Vec<Reader> {
    let reader = |number: usize| -> Reader {
        if number.is_multiple_of(2) {
            let own = many.iter().skip(number).step_by(READERS * 7).cloned().collect();
            return vec![(server.connect(0), own)];
        }
        let own = (1..tenants).filter(|tenant| tenant % (READERS / 2) == number / 2);
        let own = own.map(|tenant| {
            let client = server.connect(tenant);
            let uid = make(&client);
            (client, vec![uid])
        });
        own.collect()
    };
    (0..READERS).map(reader).filter(|reader| !reader.is_empty()).collect()
}

/// Reads until told to stop; how long each Get took, in microseconds.
fn read(reader: &mut Reader, stop: &AtomicBool) -> Vec<u32> {
    let mut took = Vec::new();
    let mut due = Instant::now();
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        due += PACE;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let connections = reader.len();
        let (client, uids) = &mut reader[turn % connections];
        let uid = &uids[turn / connections % uids.len()];
        let sent = Instant::now();
        let answer = client.ask(get::Request::new(uid.as_str()));
        took.push(micros(sent.elapsed()));
        answer.expect("every Get is answered");
        turn += 1;
    }
    took
}

/// One turn: everybody reads while `work` is done.
fn turn(readers: &mut [Reader], work: impl FnOnce()) -> Vec<u32> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let stop = &stop;
        let running: Vec<_> =
            readers.iter_mut().map(|reader| scope.spawn(move || read(reader, stop))).collect();
        work();
        stop.store(true, Ordering::Relaxed);
        running.into_iter().flat_map(|one| one.join().expect("no connection fails")).collect()
    })
}

fn under_load(server: &Server, mut readers: Vec<Reader>, extent: &Extent) {
    turn(&mut readers, || thread::sleep(extent.calm / 10));
    let (mut calm, mut rotating) = (Vec::new(), Vec::new());
    let (mut rewraps, mut rotations) = (Duration::ZERO, 0);
    for _ in 0..extent.rounds {
        calm.append(&mut turn(&mut readers, || thread::sleep(extent.calm)));
        let done = AtomicBool::new(false);
        rotating.append(&mut turn(&mut readers, || {
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        server.command(&["kek", "rotate", "--level", "tenant"]);
                        rotations += extent.rotated;
                    }
                });
                rewraps += server.command(&active(&name(0)));
                done.store(true, Ordering::Relaxed);
            });
        }));
    }
    let show = |what: &str, micros: &mut [u32]| {
        let (p50, p99) = (percentile(micros, 50), percentile(micros, 99));
        let max = micros.last().copied().unwrap_or_default();
        println!("Get, {what}: {} answers, p50 {p50} us, p99 {p99} us, max {max} us", micros.len());
        f64::from(p99)
    };
    let before = show("no rotation", &mut calm);
    let during = show("rotating", &mut rotating);
    println!(
        "meanwhile {} objects sealed anew in {rewraps:.1?} (bound by rewrap_rate) and {rotations} \
         tenants' keys rotated, {} at a time",
        extent.objects * extent.rounds,
        extent.rotated
    );
    let factor = during / before;
    let goal = if factor <= FACTOR_MAX { "met" } else { "MISSED" };
    println!("p99 while rotating is {factor:.2} times that without: goal {FACTOR_MAX} {goal}");
}

/// How many rows per second the store updates by itself, in commits as large as those of re-wrapping.
async fn updates(directory: &Path, extent: &Extent) -> f64 {
    let store = store_of_server(directory);
    let mut rates = Vec::new();
    for _ in 0..extent.rounds {
        let (tenant, rows) = rows(&store).await;
        let started = Instant::now();
        for batch in rows.chunks(UPDATES_BATCH) {
            let update = |stored: &Arc<Stored>| {
                let mut stored = Stored::clone(stored);
                stored.object.attributes.put(Attribute::Comment("updated".into()));
                Change::Update { tenant, stored: Box::new(stored) }
            };
            let changes = batch.iter().map(update).collect();
            let committed = store.commit(Commit { changes, audit: Vec::new() }).await;
            committed.expect("the disk has room");
        }
        rates.push(per_second(rows.len(), started.elapsed()));
    }
    store.close();
    median(&mut rates)
}

/// All objects of the first tenant.
async fn rows(store: &Store) -> (TenantId, Vec<Arc<Stored>>) {
    let tenant = TenantName::new(&name(0)).expect("a good name");
    let tenant = store.tenant(&tenant).await.expect("the store works").expect("it is there");
    let service = ServiceName::new(SERVICE).expect("a good name");
    let service = store.engine().service(tenant.id, &service).await.expect("the store works");
    let service = service.expect("it is there");
    let (mut all, mut after) = (Vec::new(), Some(Position(0)));
    while let Some(from) = after {
        // No version is that high, so everything is under another one.
        let part = store.engine().stale(tenant.id, service.id, u32::MAX, from, 1024).await;
        let part = part.expect("the store works");
        after = part.next;
        all.extend(part.stale);
    }
    (tenant.id, all)
}
