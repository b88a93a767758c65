//! A tenant moves to a root key of its own and back, while its clients are served; what is refused, and
//! that plans change nothing.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::create_key_file;
use kmip_ttlv::Tag;
use kmip_ttlv::enums::{Operation, ResultReason};
use serde_json::Value;

use crate::refusals::store;
use crate::support::message::{create, items, of, one, outcome, uid};
use crate::support::server::{Ended, Server, run_to_end};

const TENANT: &[&str] = &["--tenant", "tenant-a"];
const ROOT: &[&str] = &["--level", "root", "--tenant", "tenant-a"];

fn run(server: &Server, arguments: &[&str]) -> Ended {
    let directory = server.directory().to_str().expect("UTF-8");
    run_to_end(&[&["kek"], arguments, &["--json", "--dir", directory]].concat(), &[])
}

fn kek(server: &Server, arguments: &[&[&str]]) -> Value {
    let ended = run(server, &arguments.concat());
    assert!(ended.status.success(), "{arguments:?}: {ended:?}\n{}", server.log());
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn refused(server: &Server, arguments: &[&[&str]], words: &str) {
    let ended = run(server, &arguments.concat());
    assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {ended:?}");
    assert!(ended.stderr.contains(&format!("keystrata: {words}")), "{}", ended.stderr);
}

/// Describes these versions of the tenant's own root, and no other; none at all if there are none.
fn describe(directory: &Path, versions: &[u32]) {
    let file = directory.join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    let (before, rest) = text.split_once("[root.tenants.tenant-a]").map_or_else(
        || text.split_once("[store]").expect("a section"),
        |(before, rest)| (before, rest.split_once("[store]").expect("a section").1),
    );
    let version = |version: &u32| {
        let name = format!("own-{version}.key");
        let path = directory.join(&name);
        if !path.exists() {
            create_key_file(&path, &OsRandom).expect("is made");
        }
        format!("{{ version = {version}, file = \"{name}\" }}")
    };
    let versions: Vec<_> = versions.iter().map(version).collect();
    let own = format!(
        "[root.tenants.tenant-a]\nprovider = \"env\"\nversions = [{}]\n\n",
        versions.join(", ")
    );
    let own = if versions.is_empty() { String::new() } else { own };
    fs::write(&file, format!("{before}{own}[store]{rest}")).expect("writes");
}

fn read(server: &Server, tenant: &str, service: &str, made: &str) -> Result<Vec<u8>, ResultReason> {
    let (operation, payload) = of(Operation::Get, made);
    let answer = server.connect(tenant, service).ask(&one((1, 4), operation, payload));
    outcome(items(&answer)[0])?;
    Ok(answer.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec())
}

fn make(server: &Server, tenant: &str, service: &str) -> (String, Vec<u8>) {
    let (operation, payload) = create((1, 4), None);
    let made = uid(&server.connect(tenant, service).ask(&one((1, 4), operation, payload)));
    let value = read(server, tenant, service, &made).expect("reads");
    (made, value)
}

fn root(server: &Server) -> Value {
    kek(server, &[&["status"], TENANT])["tenants"][0]["root"].clone()
}

#[test]
fn a_tenant_moves_to_its_own_root_and_back_while_its_clients_are_served() {
    let mut server = Server::start_default();
    let (made, value) = make(&server, "tenant-a", "orders");
    let other = make(&server, "tenant-b", "mongodb");
    let stop = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicUsize::new(0));
    let reader = {
        let (stop, reads) = (Arc::clone(&stop), Arc::clone(&reads));
        let (mut client, made) = (server.connect("tenant-a", "orders"), made.clone());
        let value = value.clone();
        thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let (operation, payload) = of(Operation::Get, &made);
                let answer = client.ask(&one((1, 4), operation, payload));
                let found = answer.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec();
                assert_eq!(found, value);
                reads.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let some_reads = || {
        let before = reads.load(Ordering::SeqCst);
        while reads.load(Ordering::SeqCst) < before + 20 && !reader.is_finished() {
            thread::yield_now();
        }
    };

    describe(server.directory(), &[1]);
    let done = kek(&server, &[&["migrate", "--to", "own"], TENANT]);
    assert_eq!(done["rotations"][0]["from"], "shared");
    assert_eq!((&root(&server)["whose"], &root(&server)["active"]), (&"own".into(), &1.into()));
    some_reads();

    // Another version of it; the one of before is destroyed when nothing is left under it.
    describe(server.directory(), &[1, 2]);
    kek(&server, &[&["add"], ROOT]);
    kek(&server, &[&["verify", "--target", "2"], ROOT]);
    kek(&server, &[&["rotate"], ROOT]);
    kek(&server, &[&["remove", "--version", "1"], ROOT]);
    assert_eq!(root(&server)["active"], 2);
    // New versions of the tenant's key are under it, too.
    kek(&server, &[&["rotate", "--level", "tenant"], TENANT]);
    let versions = kek(&server, &[&["status"], TENANT])["tenants"][0]["versions"].clone();
    for version in versions.as_array().expect("a list") {
        assert_eq!((&version["sealed_by"], &version["sealed_by_root"]), (&2.into(), &"own".into()));
    }
    some_reads();
    // The shared root's rotation passes it by.
    describe_shared(server.directory());
    kek(&server, &[&["rotate", "--level", "root"]]);
    kek(&server, &[&["remove", "--level", "root", "--version", "1"]]);

    kek(&server, &[&["migrate", "--to", "shared"], TENANT]);
    assert_eq!(root(&server)["whose"], "shared");
    some_reads();
    stop.store(true, Ordering::SeqCst);
    reader.join().expect("every answer was right");
    kek(&server, &[&["remove", "--version", "2"], ROOT]);

    // Nothing of it is needed any more.
    describe(server.directory(), &[]);
    server.restart();
    assert_eq!(read(&server, "tenant-a", "orders", &made), Ok(value));
    assert_eq!(read(&server, "tenant-b", "mongodb", &other.0), Ok(other.1));

    // Its numbers are not used again.
    describe(server.directory(), &[1, 2]);
    let words =
        "the own root key of tenant tenant-a is of provider `env` and has no version above 2";
    refused(&server, &[&["migrate", "--to", "own"], TENANT], words);
    assert!(server.stop().success());
    let trail = server.trail();
    for said in [
        "own root key: version 1 is active, in place of the shared root key",
        "own root key: version 2 is active, version 1 is retired",
        "own root key: version 1 is destroyed",
        "own root key: the shared root key seals, version 2 is retired",
    ] {
        assert!(trail.contains(said), "{said}: {trail}");
    }
}

/// Another version of the shared root.
fn describe_shared(directory: &Path) {
    create_key_file(&directory.join("root-2.key"), &OsRandom).expect("is made");
    let file = directory.join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    let known = "file = \"root-1.key\" }";
    assert!(text.contains(known), "{text}");
    let both = format!("{known}, {{ version = 2, file = \"root-2.key\" }}");
    fs::write(&file, text.replace(known, &both)).expect("writes");
}

#[test]
fn what_cannot_be_is_refused_and_a_plan_changes_nothing() {
    let server = Server::start_default();
    make(&server, "tenant-a", "orders");
    let is_shared = "tenant tenant-a is under the shared root key";
    let nowhere = "there is no [root.tenants.tenant-a]: describe its root key";
    refused(&server, &[&["migrate", "--to", "own"], TENANT], nowhere);
    refused(&server, &[&["migrate", "--to", "shared"], TENANT], &format!("{is_shared} already"));
    refused(&server, &[&["migrate", "--to", "env"], TENANT], "give --to pkcs11 or --to env for");
    refused(&server, &[&["migrate", "--to", "own"]], "give --to pkcs11 or --to env for");
    refused(&server, &[&["migrate", "--to", "own", "--tenant", "x"]], "there is no tenant x");
    refused(&server, &[&["rotate"], ROOT], &format!("{is_shared}: `kek migrate --tenant"));
    refused(&server, &[&["abort"], ROOT], "the own root key of tenant tenant-a is not being");
    let open = "tenant tenant-a has a root key of its own: describe it in [root.tenants.tenant-a]";
    refused(&server, &[&["add"], ROOT], open);

    describe(server.directory(), &[1]);
    let before = store(server.directory());
    kek(&server, &[&["migrate", "--to", "own", "--plan"], TENANT]);
    assert_eq!(store(server.directory()), before);
    kek(&server, &[&["migrate", "--to", "own"], TENANT]);
    let planned = store(server.directory());
    assert_ne!(planned, before);
    refused(
        &server,
        &[&["migrate", "--to", "own"], TENANT],
        "tenant tenant-a is under the own root",
    );
    refused(
        &server,
        &[&["remove", "--version", "1"], ROOT],
        "version 1 of the own root key of tenant",
    );
    refused(
        &server,
        &[&["rotate"], ROOT],
        "the own root key of tenant tenant-a is of provider `env`",
    );
    kek(&server, &[&["migrate", "--to", "shared", "--plan"], TENANT]);
    describe(server.directory(), &[1, 2]);
    kek(&server, &[&["add", "--plan"], ROOT]);
    kek(&server, &[&["rotate", "--plan"], ROOT]);
    assert_eq!(store(server.directory()), planned);
    let usage = run(&server, &["migrate", "--to", "mine", "--tenant", "tenant-a"]);
    assert_eq!(usage.status.code(), Some(2), "{usage:?}");
}

/// What somebody has copied before the move is no way around the tenant's own root.
#[test]
fn an_envelope_of_the_shared_root_does_not_open_for_a_tenant_that_has_left_it() {
    let mut server = Server::start_default();
    let (made, _) = make(&server, "tenant-a", "orders");
    let (other, value) = make(&server, "tenant-b", "mongodb");
    let database = server.directory().join("data/store/keystrata.db");
    let envelope = |set: Option<&[u8]>| -> Vec<u8> {
        let db = rusqlite::Connection::open(&database).expect("opens");
        let of = "level = 2 AND owner = (SELECT id FROM tenants WHERE name = 'tenant-a')";
        if let Some(bytes) = set {
            let sql = format!("UPDATE keys SET sealed = ?1 WHERE {of}");
            db.execute(&sql, [bytes]).expect("is written");
        }
        let sql = format!("SELECT sealed FROM keys WHERE {of}");
        db.query_row(&sql, [], |row| row.get(0)).expect("a row")
    };
    let copied = envelope(None);
    describe(server.directory(), &[1]);
    kek(&server, &[&["migrate", "--to", "own"], TENANT]);
    assert!(server.stop().success());
    let own = envelope(None);
    assert_eq!((copied[2], own[2]), (0x01, 0x81), "the label of the root");
    envelope(Some(&copied));
    server.start();
    assert_eq!(read(&server, "tenant-a", "orders", &made), Err(ResultReason::GeneralFailure));
    let words = "the envelope was sealed by the shared root key, not by the own one";
    // The log is written on a thread of its own.
    while !server.log().contains(words) {
        thread::yield_now();
    }
    assert_eq!(read(&server, "tenant-b", "mongodb", &other), Ok(value));
}

/// The scrubber in the background comes to a service behind that of a tenant whose root is not there.
#[test]
fn a_tenant_without_its_root_holds_up_nobody_elses_background_work() {
    let mut server = Server::start_default();
    describe(server.directory(), &[1]);
    server.restart();
    for (tenant, service) in [("tenant-a", "orders"), ("tenant-b", "mongodb")] {
        make(&server, tenant, service);
        kek(&server, &[&["rotate", "--level", "service", "--tenant", tenant]]);
    }
    fs::remove_file(server.directory().join("own-1.key")).expect("is removed");
    server.restart();
    let left = |tenant: &str| {
        let status = kek(&server, &[&["status", "--tenant", tenant]]);
        status["tenants"][0]["services"][0]["versions"][0]["envelopes"].clone()
    };
    while left("tenant-b") != 0 {
        thread::sleep(std::time::Duration::from_millis(100));
    }
    let (operation, payload) = create((1, 4), None);
    let answer = server.connect("tenant-a", "orders").ask(&one((1, 4), operation, payload));
    assert_eq!(outcome(items(&answer)[0]), Err(ResultReason::GeneralFailure));
    server.connect("tenant-b", "mongodb");
}
