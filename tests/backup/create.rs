//! Copies that are made while clients work, and while the server dies.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;

use crate::support::client::Client;
use crate::support::message::{create, of, register_opaque, request, uid};
use crate::support::server::{run_to_end, spawn};
use crate::support::ttlv::Node;
use crate::world::{VERSION, World, contents, key, made};

/// Makes keys and reads them back until it is told to stop; tells each that was acknowledged.
fn work(mut client: Client, stop: &AtomicBool, told: &mpsc::Sender<(String, Vec<u8>)>) {
    while !stop.load(Ordering::SeqCst) {
        let made = uid(&client.ask(&request(VERSION, vec![create(VERSION, None)])));
        let (operation, payload) = of(Operation::Get, &made);
        let read: Node = client.ask(&request(VERSION, vec![(operation, payload)]));
        let material = read.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec();
        told.send((made, material)).expect("somebody listens");
    }
}

#[test]
fn what_was_acknowledged_before_a_backup_under_load_is_there_after_a_restore_elsewhere() {
    let world = World::new();
    let mut server = world.start();
    let (sender, told) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let workers = ["mongodb", "orders"].map(|service| {
        let client = server.connect("tenant-a", service);
        let (stop, sender) = (Arc::clone(&stop), sender.clone());
        thread::spawn(move || work(client, &stop, &sender))
    });
    drop(sender);
    let mut before: BTreeMap<String, Vec<u8>> = told.iter().take(200).collect();
    before.extend(told.try_iter());
    let id = world.back_up("loaded.db");
    // They go on during the copy and after it.
    let after: Vec<_> = told.iter().take(50).collect();
    assert_eq!(after.len(), 50);
    stop.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.join().expect("every request was answered");
    }
    let after = after.into_iter().chain(told.try_iter()).last().expect("some");
    assert!(server.stop().success());

    let path = world.backup("loaded.db");
    let mode = |path: &str| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&format!("{path}.manifest.json"))), (0o600, 0o600));
    for (file, bytes) in contents(world.backups()) {
        for material in before.values() {
            let found = bytes.windows(material.len()).any(|window| window == material);
            assert!(!found, "a plain key stands in {}", file.display());
        }
    }

    let other = world.elsewhere();
    let verified = other.done(&["backup", "verify", "--from", &path]);
    assert_eq!((&verified["manifest"]["id"], &verified["root"]), (&id.into(), &"opens it".into()));
    other.refused(&["restore", "--from", &path], "put its files there, or give --without-trail");
    other.done(&["restore", "--from", &path, "--without-trail"]);
    let server = other.start();
    let mut clients = ["mongodb", "orders"].map(|service| server.connect("tenant-a", service));
    for (uid, material) in &before {
        let found = clients.iter_mut().find_map(|client| key(client, uid).ok());
        assert_eq!(found.as_ref(), Some(material), "{uid} was acknowledged before the backup");
    }
    let late = clients.iter_mut().find_map(|client| key(client, &after.0).ok());
    assert_eq!(late, None, "what came later is not in it");
    made(&mut clients[0]);
    drop(server);
    other.verify_audit();
}

#[test]
fn a_plan_of_a_backup_makes_no_file_and_no_record() {
    let world = World::new();
    let _server = world.start();
    let to = world.backup("planned.db");
    let planned = world.done(&["backup", "create", "--to", &to, "--plan"]);
    assert_eq!((&planned["plan"], &planned["root_versions"]), (&true.into(), &[1].into()));
    assert!(contents(world.backups()).is_empty());
    assert_eq!(world.done(&["backup", "list"])["backups"], serde_json::json!([]));
    let id = world.back_up("made.db");
    world.done(&["backup", "forget", "--id", &forgotten(&world, "made.db", &id), "--plan"]);
    assert_eq!(world.done(&["backup", "list"])["backups"][0]["id"], id);
}

/// Destroys a backup's files.
fn forgotten(world: &World, name: &str, id: &str) -> String {
    fs::remove_file(world.backup(name)).expect("is there");
    fs::remove_file(format!("{}.manifest.json", world.backup(name))).expect("is there");
    id.to_owned()
}

#[test]
fn a_backup_is_not_written_over_anything_and_not_where_it_cannot_be() {
    let world = World::new();
    let _server = world.start();
    let taken = world.backup("taken.db");
    fs::write(&taken, "somebody's").expect("writes");
    world.refused(&["backup", "create", "--to", &taken], "exists: give another name");
    world.refused(&["backup", "create", "--to", &taken, "--plan"], "exists: give another name");
    assert_eq!(fs::read(&taken).expect("is there"), b"somebody's");
    let half = world.backup("half.db");
    fs::write(format!("{half}.manifest.json"), "somebody's").expect("writes");
    world.refused(&["backup", "create", "--to", &half], "manifest.json exists");
    let nowhere = world.backup("no/such/directory.db");
    world.refused(&["backup", "create", "--to", &nowhere], "No such file or directory");
    // Nobody, not even root, makes files here.
    world.refused(&["backup", "create", "--to", "/proc/backup.db"], "/proc/backup.db");
    assert_eq!(contents(world.backups()).len(), 2, "nothing is left of any attempt");
    assert_eq!(world.done(&["backup", "list"])["backups"], serde_json::json!([]));
}

/// A server that dies while it copies leaves nothing that could be taken for a backup, unless it is a
/// whole one that the store knows.
#[test]
fn a_kill_during_a_backup_leaves_no_half_copy_that_is_accepted() {
    let world = World::new();
    let mut server = world.start();
    let mut client = server.connect("tenant-a", "mongodb");
    for number in 0..32 {
        client.ask(&request(VERSION, vec![register_opaque(VERSION, &vec![number; 500_000])]));
    }
    for round in 0..6 {
        let to = world.backup("killed.db");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.args(["backup", "create", "--to", &to, "--dir"]).arg(world.home());
        let mut copying = spawn(&mut command);
        thread::sleep(Duration::from_millis(60 + 30 * round));
        server.kill();
        copying.wait().expect("it ends with the server");
        server.start();
        for (path, _) in contents(world.backups()) {
            let path = path.to_str().expect("UTF-8");
            let verified = run_to_end(&["backup", "verify", "--from", path], &[]);
            if path == to && verified.status.success() {
                let known = world.done(&["backup", "list"]);
                let known = known["backups"].as_array().expect("a list");
                assert!(known.iter().any(|row| row["path"] == to), "{known:?}");
            } else {
                assert_eq!(verified.status.code(), Some(1), "{path}: {}", verified.stdout);
            }
        }
        // It is no hindrance to the next one.
        for path in [&to, &format!("{to}.manifest.json")] {
            let _ = fs::remove_file(path);
        }
        world.back_up("killed.db");
        world.done(&["backup", "verify", "--from", &to]);
        assert_eq!(contents(world.backups()).len(), 2, "a copy and its manifest");
        for path in contents(world.backups()).keys() {
            fs::remove_file(path).expect("is there");
        }
    }
}
