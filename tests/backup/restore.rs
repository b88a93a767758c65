//! What comes back by a restore, and what must not.

use std::fs;

use keystrata::keys::statement::verified;
use serde_json::Value;

use crate::world::{World, contents, destroy, is_served, key, made, revoke};

fn records(world: &World) -> Vec<Value> {
    let files = contents(&world.audit());
    let lines = files.values().flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Everything happens after the backup that may: a tenant and a service die, another backup is made and
/// one is destroyed, an administrator acts, a client destroys.
#[test]
fn what_was_shredded_since_stays_dead_and_the_trail_goes_on() {
    let world = World::new();
    let mut server = world.start();
    let mut client = server.connect("tenant-a", "mongodb");
    let (kept, destroyed) = (made(&mut client), made(&mut client));
    made(&mut server.connect("tenant-a", "orders"));
    made(&mut server.connect("tenant-b", "mongodb"));
    let material = key(&mut client, &kept).expect("is there");
    let lost = world.back_up("lost.db");
    let first = world.back_up("first.db");
    destroy(&mut client, &destroyed);
    world.done(&["tenant", "shred", "--tenant", "tenant-b", "--confirm", "tenant-b"]);
    let orders = ["--tenant", "tenant-a", "--service", "orders"];
    world.done(&[&["service", "shred", "--confirm", "orders"][..], &orders].concat());
    world.done(&["tenant", "set", "--tenant", "tenant-a", "--strict", "true"]);
    let of_tenant = ["--level", "tenant", "--tenant", "tenant-a"];
    world.done(&[&["kek", "rotate", "--compromised"][..], &of_tenant].concat());
    let second = world.back_up("second.db");
    for name in ["lost.db", "lost.db.manifest.json"] {
        fs::remove_file(world.backup(name)).expect("is there");
    }
    world.done(&["backup", "forget", "--id", &lost]);
    assert!(server.stop().success());
    world.lose_store();

    let path = world.backup("first.db");
    let before = contents(world.home());
    let planned = world.done(&["restore", "--from", &path, "--plan"]);
    assert_eq!(contents(world.home()), before, "a plan changes nothing");
    let done = world.done(&["restore", "--from", &path]);
    for told in [&planned, &done] {
        let again = &told["shredded_again"];
        assert_eq!(
            *again,
            serde_json::json!(["tenant tenant-b", "service orders of tenant tenant-a"])
        );
        assert_eq!(told["known_again"], serde_json::json!([second]));
        assert_eq!(told["back_again"], 1);
        let undone = told["undone"].as_array().expect("a list");
        assert_eq!(undone.len(), 2, "{undone:?}");
        assert!(undone[0].as_str().expect("a line").contains("tenant set tenant-a: tenant"));
        let rotated = "kek rotate tenant-a: a rotation away from a compromised version";
        assert!(undone[1].as_str().expect("a line").contains(rotated));
    }
    world.verify_audit();

    let server = world.start();
    let mut client = server.connect("tenant-a", "mongodb");
    assert_eq!(key(&mut client, &kept), Ok(material));
    key(&mut client, &destroyed).expect("it was destroyed after the backup");
    assert!(!is_served(&server, "tenant-b", "mongodb"));
    assert!(!is_served(&server, "tenant-a", "orders"));
    let listed = world.done(&["backup", "list"]);
    let listed: Vec<_> = listed["backups"].as_array().expect("a list").iter().collect();
    let known = listed.iter().map(|row| (row["id"].as_str().expect("id"), &row["exact"]));
    let known: Vec<_> = known.collect();
    assert_eq!(known, [(first.as_str(), &Value::Bool(true)), (&second, &Value::Bool(false))]);
    // Of the second nobody knows what it has, so it counts as having all.
    world.done(&[&["kek", "rotate"][..], &of_tenant].concat());
    let remove = [&["kek", "remove", "--version", "1"][..], &of_tenant].concat();
    world.refused(&remove, &second);

    let statements = world.done(&["tenant", "statements", "--tenant", "tenant-b"]);
    let said = verified(&statements["statements"][0]).expect("the signature holds");
    assert_eq!((&said["tenant"], &said["restored_from"]), (&"tenant-b".into(), &first.into()));
    assert_eq!(said["backups"].as_array().map(Vec::len), Some(2), "{said}");
    drop(server);
    world.verify_audit();
    let records = records(&world);
    let restores: Vec<_> = records.iter().filter(|it| it["operation"] == "restore").collect();
    assert_eq!(restores.len(), 1);
    assert_eq!(restores[0]["result"], "Success");
    let shreds = records.iter().filter(|it| it["operation"] == "tenant shred");
    assert_eq!(shreds.count(), 2, "then, and again");
}

/// A tenant's own administrator suspends over KMIP; a restore says so as of all others.
#[test]
fn a_suspension_by_a_tenants_own_administrator_is_told() {
    let world = World::new();
    let mut server = world.start();
    made(&mut server.connect("tenant-a", "orders"));
    let admin = ["--tenant", "tenant-a", "--service", "mongodb", "--role", "tenant-admin"];
    made(&mut server.connect("tenant-a", "mongodb"));
    world.done(&[&["service", "set-role"][..], &admin].concat());
    world.back_up("before.db");
    revoke(&mut server.connect("tenant-a", "mongodb"), "keystrata:service-key:orders");
    assert!(server.stop().success());
    world.lose_store();
    let done = world.done(&["restore", "--from", &world.backup("before.db"), "--plan"]);
    let undone = done["undone"].as_array().expect("a list");
    assert_eq!(undone.len(), 1, "{undone:?}");
    let line = undone[0].as_str().expect("a line");
    assert!(line.contains(" service suspend tenant-a/orders: suspended by Revoke"), "{line}");
}

#[test]
fn what_a_statement_names_stays_dead_where_there_is_no_trail() {
    let world = World::new();
    let mut server = world.start();
    made(&mut server.connect("tenant-a", "mongodb"));
    made(&mut server.connect("tenant-b", "mongodb"));
    world.back_up("good.db");
    let path = world.backup("good.db");
    world.done(&["tenant", "shred", "--tenant", "tenant-b", "--confirm", "tenant-b"]);
    let statements = world.done(&["tenant", "statements", "--tenant", "tenant-b"]);
    assert!(server.stop().success());

    let other = world.elsewhere();
    let file = world.backup("statements.json");
    let restore = ["restore", "--from", &path, "--without-trail", "--statement", &file];
    let forged = statements.to_string().replace("tenant-b", "tenant-a");
    fs::write(&file, forged).expect("writes");
    other.refused(&restore, "no statement about a tenant or service that was signed as it stands");
    fs::write(&file, statements.to_string()).expect("writes");
    let done = other.done(&restore);
    assert_eq!(done["shredded_again"], serde_json::json!(["tenant tenant-b"]));
    assert_eq!((&done["trail"], &done["undone"]), (&false.into(), &Value::Null));
    other.verify_audit();
    let server = other.start();
    assert!(is_served(&server, "tenant-a", "mongodb"));
    assert!(!is_served(&server, "tenant-b", "mongodb"));
    let kept = other.done(&["tenant", "statements", "--tenant", "tenant-b"]);
    assert_eq!(kept["statements"], statements["statements"], "the statement of then");
    drop(server);
    other.verify_audit();

    // And the other way: nothing tells, so it is back; that is what the refusal was about.
    let blind = world.elsewhere();
    blind.refused(&["restore", "--from", &path], "--statement for what was shredded");
    blind.done(&["restore", "--from", &path, "--without-trail"]);
    assert!(is_served(&blind.start(), "tenant-b", "mongodb"));
}

/// A store that was restored is backed up and restored like any other.
#[test]
fn a_restored_store_is_backed_up_and_restored_again() {
    let world = World::new();
    let mut server = world.start();
    let first = made(&mut server.connect("tenant-a", "mongodb"));
    world.back_up("one.db");
    assert!(server.stop().success());
    world.lose_store();
    world.done(&["restore", "--from", &world.backup("one.db")]);
    let mut server = world.start();
    let second = made(&mut server.connect("tenant-a", "mongodb"));
    world.back_up("two.db");
    made(&mut server.connect("tenant-a", "mongodb"));
    assert!(server.stop().success());
    fs::remove_dir_all(world.store()).expect("is there");
    world.done(&["restore", "--from", &world.backup("two.db")]);
    let server = world.start();
    let mut client = server.connect("tenant-a", "mongodb");
    key(&mut client, &first).expect("of the first backup");
    key(&mut client, &second).expect("of the second backup");
    drop(client);
    drop(server);
    world.verify_audit();
}
