//! Tenants' own root keys are asked for what is in a copy, too; what is wrong with one is its tenant's
//! matter.

use std::fs;

use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::create_key_file;
use serde_json::{Value, json};

use crate::world::{World, is_served, made};

/// Gives `tenant-a` a root of its own.
fn describe(world: &World) {
    create_key_file(&world.home().join("own-1.key"), &OsRandom).expect("is made");
    let file = world.home().join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    let own = "[root.tenants.tenant-a]\nprovider = \"env\"\n\
               versions = [{ version = 1, file = \"own-1.key\" }]\n\n[store]";
    fs::write(&file, text.replace("[store]", own)).expect("writes");
}

fn own(told: &Value) -> &Value {
    &told["own_roots"]
}

#[test]
fn an_own_root_opens_what_is_in_a_copy_or_it_is_said() {
    let world = World::new();
    let mut server = world.start();
    made(&mut server.connect("tenant-a", "mongodb"));
    made(&mut server.connect("tenant-b", "mongodb"));
    let shared = world.backup("shared.db");
    world.back_up("shared.db");
    describe(&world);
    world.done(&["kek", "migrate", "--tenant", "tenant-a", "--to", "own"]);
    world.back_up("own.db");
    let path = world.backup("own.db");
    assert!(server.stop().success());
    let verify = ["backup", "verify", "--from", &path];
    let good = json!(["tenant-a: opens it"]);
    assert_eq!(*own(&world.done(&verify)), good);
    let said = world.run(&verify).stdout;
    assert!(said.ends_with("\nroot key: opens it\nown root key of tenant tenant-a: opens it\n"));
    let of_before = world.done(&["backup", "verify", "--from", &shared]);
    assert_eq!(*own(&of_before), json!([]), "it was under the shared root then");

    // The tenant's key is away, and then another one.
    let (key, away) = (world.home().join("own-1.key"), world.home().join("away.key"));
    fs::rename(&key, &away).expect("moves");
    let told = world.done(&verify);
    let line = own(&told)[0].as_str().expect("a line");
    assert!(line.starts_with("tenant-a: not reached: "), "{line}");
    create_key_file(&key, &OsRandom).expect("is made");
    let ended = world.run(&verify);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let wrong =
        "own root key of tenant tenant-a does not open it: version 1 of root key `env` is not";
    assert!(ended.stderr.contains(wrong), "{ended:?}");

    // It does not hold up the others.
    world.lose_store();
    let restore = ["restore", "--from", &path];
    let told = world.done(&[&restore[..], &["--plan"]].concat());
    let line = own(&told)[0].as_str().expect("a line");
    assert!(line.starts_with("tenant-a: does not open it: "), "{line}");
    let said = world.run(&restore).stdout;
    assert!(said.contains("own root key of tenant tenant-a: does not open it: "), "{said}");
    let mut server = world.start();
    assert!(is_served(&server, "tenant-b", "mongodb"));
    assert!(server.stop().success());
    fs::rename(&away, &key).expect("moves");
    let server = world.start();
    made(&mut server.connect("tenant-a", "mongodb"));
}
