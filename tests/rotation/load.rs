//! Clients at work while every level rotates, and while the server is killed in the middle of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use keystrata::hsm::softhsm;
use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use serde_json::Value;

use crate::support::client::{Client, Identity};
use crate::support::message::{create, items, of, one, outcome, request};
use crate::support::server::{Plan, Server, run_to_end, spawn};
use crate::support::ttlv::Node;

const ROUNDS: usize = 6;
const VERSION: (i32, i32) = (1, 4);

/// Where the server is; the number counts its lives. `None` while it is down.
type Address = Arc<Mutex<Option<(SocketAddr, u64)>>>;

/// What one client did: the key material of each object that was acknowledged and not destroyed.
#[derive(Default)]
struct History {
    alive: BTreeMap<String, Vec<u8>>,
    operations: u64,
}

struct Worker {
    address: Address,
    identity: Identity,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
}

impl Worker {
    /// Creates, reads and destroys until it is told to stop. An answer that is not what it should be
    /// is a failed test; no answer is one only if the server was up all the time.
    fn run(&self) -> History {
        let mut history = History::default();
        while !self.stop.load(Ordering::SeqCst) {
            let Some((address, life)) = *self.address.lock().unwrap() else {
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            let connected = Client::connect(address, &self.identity);
            let lost = connected.and_then(|client| self.work(client, &mut history));
            if let Err(error) = lost {
                let now = *self.address.lock().unwrap();
                let same = now.is_some_and(|(_, now)| now == life);
                assert!(!same, "the server was up and did not answer: {error}");
            }
        }
        history
    }

    fn work(&self, mut client: Client, history: &mut History) -> std::io::Result<()> {
        let mut ask = |operation: (Operation, Vec<Node>)| {
            let answer = client.exchange(&request(VERSION, vec![operation]).encode())?;
            let answer = Node::parse(&answer).expect("an answer is whole or not there");
            assert_eq!(outcome(items(&answer)[0]), Ok(()), "{answer:?}");
            self.done.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(answer)
        };
        while !self.stop.load(Ordering::SeqCst) {
            let made = ask(create(VERSION, None))?;
            let uid = made.find(Tag::UniqueIdentifier).expect("an identifier").as_text().to_owned();
            let read = ask(of(Operation::Get, &uid))?;
            let material = read.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec();
            history.alive.insert(uid, material);
            history.operations += 2;
            // The oldest are those that were sealed anew most often.
            for (uid, material) in history.alive.iter().take(3) {
                let read = ask(of(Operation::Get, uid))?;
                let found = read.find(Tag::KeyMaterial).expect("material").as_bytes();
                assert_eq!(found, material, "{uid} is another key than before");
            }
            if history.operations.is_multiple_of(10)
                && let Some((uid, _)) = history.alive.pop_last()
            {
                ask(of(Operation::Destroy, &uid))?;
            }
        }
        Ok(())
    }
}

fn kek(server: &Server, arguments: &[&str]) -> Value {
    let directory = server.directory().to_str().expect("UTF-8");
    let all = [&["kek"], arguments, &["--json", "--dir", directory]].concat();
    let ended = run_to_end(&all, &[]);
    assert!(ended.status.success(), "{all:?}: {}\n{}", ended.stderr, server.log());
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// Begins a rotation and kills the server in the middle of it, a little later each time.
fn kill_in_rotation(server: &mut Server, arguments: &[&str], round: usize, address: &Address) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
    command.args(["kek", "rotate", "--dir"]).arg(server.directory()).args(arguments);
    let mut rotating = spawn(&mut command);
    thread::sleep(Duration::from_millis(15 * round as u64));
    let life = address.lock().unwrap().take().expect("it is up").1;
    server.kill();
    rotating.wait().expect("it ends with the server");
    server.start();
    *address.lock().unwrap() = Some((server.kmip(), life + 1));
}

fn wait_for_rotations(server: &Server) {
    for _ in 0..600 {
        let status = kek(server, &["status"]);
        if status["rotations"].as_array().expect("a list").is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("a rotation does not end:\n{}", server.log());
}

/// Versions that are not active and what is sealed under them.
fn old_versions(of: &Value) -> Vec<(u64, u64)> {
    let versions = of["versions"].as_array().expect("a list");
    let old = versions.iter().filter(|version| version["state"] == "retired");
    old.map(|it| (it["version"].as_u64().unwrap(), it["envelopes"].as_u64().unwrap())).collect()
}

fn remove_old(server: &Server) {
    let status = kek(server, &["status", "--tenant", "tenant-a"]);
    let tenant = &status["tenants"][0];
    let mut removed = 0;
    let mut remove = |which: &[&str], of: &Value| {
        for (version, envelopes) in old_versions(of) {
            assert_eq!(envelopes, 0, "{which:?} version {version}");
            let version = version.to_string();
            kek(server, &[&["remove", "--version", &version], which].concat());
            removed += 1;
        }
    };
    remove(&["--level", "root"], &status["root"]);
    remove(&["--level", "tenant", "--tenant", "tenant-a"], tenant);
    for service in tenant["services"].as_array().expect("a list") {
        let name = service["service"].as_str().expect("a name");
        remove(&["--level", "service", "--tenant", "tenant-a", "--service", name], service);
    }
    assert!(removed > 2 * ROUNDS, "{removed} versions were removed");
}

#[test]
fn clients_notice_no_rotation_and_a_killed_server_goes_on_with_it() {
    let has_token = softhsm::find_module().is_some();
    let plan = if has_token { Plan::new().softhsm() } else { Plan::new() };
    let mut server = plan.start();
    let address: Address = Arc::new(Mutex::new(Some((server.kmip(), 0))));
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = ["mongodb", "orders", "mongodb"]
        .into_iter()
        .map(|service| {
            let identity = server.identity("tenant-a", service);
            let worker = Worker {
                address: Arc::clone(&address),
                identity,
                stop: Arc::clone(&stop),
                done: Arc::clone(&done),
            };
            (service, thread::spawn(move || worker.run()))
        })
        .collect();
    while done.load(Ordering::SeqCst) < 50 {
        thread::sleep(Duration::from_millis(10));
    }
    let tenant: &[&str] = &["--level", "tenant", "--tenant", "tenant-a"];
    let services: &[&str] = &["--level", "service", "--tenant", "tenant-a", "--active"];
    let root: &[&str] = &["--level", "root"];
    for round in 0..ROUNDS {
        for which in [tenant, services, root] {
            if which == root && !has_token {
                continue;
            }
            let before = done.load(Ordering::SeqCst);
            if round % 2 == 0 {
                kek(&server, &[&["rotate"], which].concat());
            } else {
                kill_in_rotation(&mut server, which, round, &address);
                wait_for_rotations(&server);
            }
            while done.load(Ordering::SeqCst) < before + 20 {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
    stop.store(true, Ordering::SeqCst);
    kek(&server, &["rewrap", "--level", "service", "--tenant", "tenant-a"]);
    remove_old(&server);
    let mut read = 0;
    for (service, worker) in workers {
        let history = worker.join().expect("every answer was right");
        let mut client = server.connect("tenant-a", service);
        for (uid, material) in &history.alive {
            let (operation, payload) = of(Operation::Get, uid);
            let answer = client.ask(&one(VERSION, operation, payload));
            let found = answer.find(Tag::KeyMaterial).map(|it| it.as_bytes().to_vec());
            assert_eq!(found.as_ref(), Some(material), "{uid}");
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
    assert!(server.stop().success());
    let directory = server.directory().to_str().expect("UTF-8");
    let verified = run_to_end(&["audit", "verify", "--dir", directory], &[]);
    assert!(verified.status.success(), "{verified:?}");
}
