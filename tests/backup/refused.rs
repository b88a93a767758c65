//! Backups that are not restored, and places where none is restored to.

use std::fs;

use serde_json::Value;

use crate::support::server::run_to_end;
use crate::world::{World, assert_refused, contents, copy, made};

/// A world whose server has made a backup and ended, its store moved away.
fn lost() -> (World, String) {
    let world = World::new();
    let mut server = world.start();
    made(&mut server.connect("tenant-a", "mongodb"));
    world.back_up("good.db");
    assert!(server.stop().success());
    world.lose_store();
    let path = world.backup("good.db");
    (world, path)
}

/// Verifying and restoring are refused in the same words, and nothing is written.
fn is_refused(world: &World, path: &str, words: &str) {
    assert_refused(&run_to_end(&["backup", "verify", "--from", path], &[]), words);
    let before = contents(world.home());
    world.refused(&["restore", "--from", path], words);
    world.refused(&["restore", "--from", path, "--plan"], words);
    assert_eq!(contents(world.home()), before, "nothing was written");
}

/// A backup of another name, with another content.
fn changed(world: &World, from: &str, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let path = world.backup(name);
    let mut bytes = fs::read(from).expect("is there");
    change(&mut bytes);
    fs::write(&path, bytes).expect("writes");
    fs::copy(format!("{from}.manifest.json"), format!("{path}.manifest.json")).expect("copies");
    path
}

/// Makes the manifest say what the file is, as somebody could who wants it taken for good.
fn forge(path: &str, change: impl FnOnce(&mut Value)) {
    let file = format!("{path}.manifest.json");
    let text = fs::read_to_string(&file).expect("is there");
    let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
    let bytes = fs::read(path).expect("is there");
    manifest["bytes"] = bytes.len().into();
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
    manifest["sha256"] = crate::support::ttlv::hex(&digest).into();
    change(&mut manifest);
    fs::write(&file, manifest.to_string()).expect("writes");
}

#[test]
fn a_backup_that_is_not_what_it_was_is_refused() {
    let (world, good) = lost();
    let middle = fs::read(&good).expect("is there").len() / 2;
    let flipped = changed(&world, &good, "flipped.db", |bytes| bytes[middle] ^= 1);
    is_refused(&world, &flipped, "its SHA-256 is not what its manifest says");
    let short = changed(&world, &good, "short.db", |bytes| bytes.truncate(middle));
    is_refused(&world, &short, "its length is not what its manifest says");
    forge(&short, |_| ());
    is_refused(&world, &short, "use another backup");
    let empty = changed(&world, &good, "empty.db", Vec::clear);
    forge(&empty, |_| ());
    is_refused(&world, &empty, "it is not a keystrata store");
    let moved = changed(&world, &good, "moved.db", |_| ());
    forge(&moved, |manifest| manifest["audit"]["seq"] = 77.into());
    is_refused(&world, &moved, "its place in the audit trail is not what its manifest says");
    let alone = world.backup("alone.db");
    fs::copy(&good, &alone).expect("copies");
    is_refused(&world, &alone, "alone.db.manifest.json: No such file");
    let newer = changed(&world, &good, "newer.db", |bytes| bytes[60..64].fill(1));
    forge(&newer, |_| ());
    is_refused(&world, &newer, "use the newer keystrata");
    is_refused(&world, &world.backup("none.db"), "none.db.manifest.json: No such file");
    world.done(&["restore", "--from", &good]);
}

#[test]
fn a_restore_is_refused_where_a_store_or_a_server_is() {
    let world = World::new();
    let mut server = world.start();
    world.back_up("good.db");
    let path = world.backup("good.db");
    world.refused(&["restore", "--from", &path], "is in use by another keystrata");
    world.refused(&["restore", "--from", &path, "--plan"], "is in use by another keystrata");
    assert!(server.stop().success());
    let before = contents(world.home());
    world.refused(&["restore", "--from", &path], "a store is not written over, move it away first");
    assert_eq!(contents(world.home()), before);
    // Neither where only its log is: it would become a part of what is restored.
    let log = world.store().join("keystrata.db-wal");
    world.lose_store();
    fs::create_dir(world.store()).expect("makes");
    fs::write(&log, "a log").expect("writes");
    world.refused(&["restore", "--from", &path], "keystrata.db-wal is there");
    fs::remove_file(&log).expect("is there");
    world.done(&["restore", "--from", &path]);
}

#[test]
fn a_restore_under_another_root_key_is_refused() {
    let (world, path) = lost();
    let root = world.home().join("root-1.key");
    let right = fs::read_to_string(&root).expect("is there");
    let wrong: String = right.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    let wrong: String = wrong.chars().take(64).collect();
    fs::write(&root, format!("{wrong}\n")).expect("writes");
    let before = contents(world.home());
    let words = "is not the key that this store was made with";
    world.refused(&["restore", "--from", &path], words);
    world.refused(&["backup", "verify", "--from", &path], words);
    assert_eq!(contents(world.home()), before);
    fs::remove_file(&root).expect("is there");
    world.refused(&["restore", "--from", &path], "the root key cannot be reached");
    let verified = world.done(&["backup", "verify", "--from", &path]);
    assert!(verified["root"].as_str().expect("text").starts_with("not reached: "), "{verified}");
}

#[test]
fn a_restore_needs_the_trail_of_this_store() {
    let (world, path) = lost();
    let other = world.elsewhere();
    let stranger = World::new();
    let mut server = stranger.start();
    made(&mut server.connect("tenant-a", "mongodb"));
    made(&mut server.connect("tenant-a", "mongodb"));
    assert!(server.stop().success());
    copy(&stranger.audit(), &other.audit(), &|_| true);
    let before = contents(other.home());
    other.refused(&["restore", "--from", &path], "does not have record");
    other.refused(&["restore", "--from", &path, "--without-trail"], "has files of an audit trail");
    assert_eq!(contents(other.home()), before);
}
