//! What the store knows of its backups: what holds a version up, and what a statement names.

use std::fs;

use keystrata::keys::statement::verified;
use serde_json::{Value, json};

use crate::world::{World, made};

fn ids(backups: &Value) -> Vec<&str> {
    let rows = backups.as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an identifier")).collect()
}

fn destroy_files(world: &World, name: &str) {
    fs::remove_file(world.backup(name)).expect("is there");
    fs::remove_file(format!("{}.manifest.json", world.backup(name))).expect("is there");
}

#[test]
fn a_version_that_a_backup_names_is_removed_only_after_the_backup_is_forgotten() {
    let world = World::new();
    let server = world.start();
    made(&mut server.connect("tenant-a", "mongodb"));
    let of_tenant = ["--level", "tenant", "--tenant", "tenant-a"];
    let of_service = ["--level", "service", "--tenant", "tenant-a", "--service", "mongodb"];
    let old = world.back_up("old.db");
    world.done(&[&["kek", "rotate"][..], &of_tenant].concat());
    world.done(&[&["kek", "rotate", "--active"][..], &of_service].concat());
    let new = world.back_up("new.db");
    for of in [&of_tenant[..], &of_service] {
        let remove = [&["kek", "remove", "--version", "1"][..], of].concat();
        world.refused(&remove, &format!("backup {old} ("));
        world.refused(&remove, &format!("then `keystrata backup forget --id {old}`"));
        world.refused(&[&remove[..], &["--plan"]].concat(), "is needed by backup");
    }

    let forget = ["backup", "forget", "--id", &old];
    world.refused(&forget, "destroy it first");
    destroy_files(&world, "old.db");
    world.done(&forget);
    world.refused(&forget, "there is no known backup");
    assert_eq!(ids(&world.done(&["backup", "list"])["backups"]), [&new]);
    for of in [&of_service[..], &of_tenant] {
        let remove = [&["kek", "remove", "--version", "1"][..], of].concat();
        world.done(&remove);
    }
}

/// An emergency is not held up by a backup: that is to be destroyed, too.
#[test]
fn a_compromised_version_is_destroyed_whatever_names_it() {
    let world = World::new();
    let server = world.start();
    made(&mut server.connect("tenant-a", "mongodb"));
    let id = world.back_up("old.db");
    world.done(&["kek", "rotate", "--compromised", "--level", "tenant", "--tenant", "tenant-a"]);
    let shown = world.done(&["tenant", "show", "--tenant", "tenant-a"]);
    assert_eq!(shown["versions"][0], json!({ "version": 1, "state": "destroyed" }));
    let held = world.done(&["backup", "list", "--tenant", "tenant-a"]);
    assert_eq!(ids(&held["backups"]), [id]);
}

#[test]
fn a_statement_names_the_backups_that_still_have_what_is_gone() {
    let world = World::new();
    let server = world.start();
    let early = made(&mut server.connect("tenant-a", "mongodb"));
    let before = world.back_up("before.db");
    let late = made(&mut server.connect("tenant-a", "mongodb"));
    made(&mut server.connect("tenant-a", "orders"));
    let after = world.back_up("after.db");

    let holding = |more: &[&str]| {
        let list = [&["backup", "list", "--tenant", "tenant-a"][..], more].concat();
        let held = world.done(&list);
        ids(&held["backups"]).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(holding(&[]), [before.clone(), after.clone()]);
    assert_eq!(holding(&["--uid", &early]), [before.clone(), after.clone()]);
    assert_eq!(
        holding(&["--uid", &late]),
        std::slice::from_ref(&after),
        "it was made after the first"
    );
    let unknown = ["backup", "list", "--tenant", "tenant-a", "--uid", "never-made"];
    world.refused(&unknown, "tenant tenant-a has no object never-made");
    assert_eq!(holding(&["--service", "orders"]), std::slice::from_ref(&after));

    let shred = ["service", "shred", "--tenant", "tenant-a", "--service", "orders"];
    let planned = world.done(&[&shred[..], &["--plan"]].concat());
    assert_eq!(ids(&planned["backups"]), [&after]);
    let done = world.done(&[&shred[..], &["--confirm", "orders"]].concat());
    assert!(done["line"].as_str().expect("a line").contains(&format!("still in backup {after}")));
    let said = verified(&done["statement"]).expect("the signature holds");
    assert_eq!(ids(&said["backups"]), [&after]);

    // A backup of after it does not have it.
    let third = world.back_up("third.db");
    assert_eq!(holding(&["--service", "orders"]), std::slice::from_ref(&after));
    let shred = ["tenant", "shred", "--tenant", "tenant-a", "--confirm", "tenant-a"];
    let said = verified(&world.done(&shred)["statement"]).expect("the signature holds");
    assert_eq!(ids(&said["backups"]), [&before, &after, &third]);

    let still_in = || {
        let statements = world.done(&["tenant", "statements", "--tenant", "tenant-a"]);
        let held = statements["still_in"].as_array().expect("a list").clone();
        held.iter().map(|held| ids(held).len()).collect::<Vec<_>>()
    };
    assert_eq!(still_in(), [1, 3]);
    destroy_files(&world, "after.db");
    world.done(&["backup", "forget", "--id", &after]);
    assert_eq!(still_in(), [0, 2]);
}
