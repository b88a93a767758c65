//! What is refused, and that plans change nothing.

use std::fs;
use std::path::Path;

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};

use crate::support::message::{create, of, one, uid};
use crate::support::server::{Ended, Server, run_to_end};

fn kek(server: &Server, arguments: &[&str]) -> Ended {
    let directory = server.directory().to_str().expect("UTF-8");
    run_to_end(&[&["kek"], arguments, &["--dir", directory]].concat(), &[])
}

fn done(server: &Server, arguments: &[&str]) {
    let ended = kek(server, arguments);
    assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {ended:?}");
}

/// Asserts that a command is refused with these words.
fn refused(server: &Server, arguments: &[&str], words: &str) {
    let ended = kek(server, arguments);
    assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {ended:?}");
    let line = format!("keystrata: {words}");
    assert!(ended.stderr.contains(&line), "{arguments:?}: {}", ended.stderr);
}

/// Every row of every table that a command could change.
pub(crate) fn store(directory: &Path) -> Vec<(String, Vec<Vec<Cell>>)> {
    let file = directory.join("data/store");
    let file = fs::read_dir(file).expect("the store's directory").find_map(|entry| {
        let path = entry.expect("an entry").path();
        path.extension().is_some_and(|it| it == "sqlite" || it == "db").then_some(path)
    });
    let file = file.expect("the database's file");
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let mut names = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .expect("well formed");
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).expect("runs").map(|name| name.unwrap()).collect();
    // A server says that it lives, whatever is asked of it.
    let own = |name: &String| name != "nodes" && !name.starts_with("audit_");
    names
        .into_iter()
        .filter(own)
        .map(|name| {
            let mut rows = db.prepare(&format!("SELECT * FROM {name}")).expect("well formed");
            let columns = rows.column_count();
            let read = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
            let rows = rows.query_map([], read).expect("runs").map(|row| row.expect("a row"));
            let rows: Vec<Vec<Cell>> = rows.collect();
            (name, rows)
        })
        .collect()
}

#[test]
fn every_refusal_says_why_and_what_to_do() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "orders");
    let (operation, payload) = create((1, 4), None);
    let made = uid(&client.ask(&one((1, 4), operation, payload)));
    let root: &[&str] = &["--level", "root"];
    let tenant: &[&str] = &["--level", "tenant", "--tenant", "tenant-a"];
    let service: &[&str] = &["--level", "service", "--tenant", "tenant-a", "--service", "orders"];
    let with = |first: &[&'static str], which: &[&'static str]| [first, which].concat();

    refused(
        &server,
        &with(&["rotate", "--to-version", "9"], root),
        "the root key has no version 9",
    );
    refused(
        &server,
        &with(&["rotate", "--from-version", "1", "--to-version", "1"], tenant),
        "from and to are both version 1",
    );
    refused(
        &server,
        &with(&["rotate", "--from-version", "7"], tenant),
        "the key of tenant tenant-a has no version 7",
    );
    refused(
        &server,
        &with(&["rotate"], root),
        "root provider `env` has no version above 1: give it",
    );
    refused(&server, &with(&["add"], root), "root provider `env` has no version above 1: give it");
    refused(
        &server,
        &with(&["remove", "--version", "1"], root),
        "version 1 of the root key is active",
    );
    refused(&server, &with(&["abort"], root), "the root key is not being rotated");
    refused(&server, &with(&["verify", "--target", "4"], root), "the root key has no version 4");
    refused(&server, &["migrate", "--to", "env"], "the root key is provider `env`'s already");
    refused(&server, &["rotate", "--level", "tenant", "--tenant", "x"], "there is no tenant x");
    refused(&server, &["rotate", "--level", "service"], "give --level root, --level tenant");
    let nowhere = kek(&server, &["migrate", "--to", "pkcs11"]);
    assert!(nowhere.stderr.contains("has no [root.next] with provider \"pkcs11\""), "{nowhere:?}");

    // Lazily: the object stays under version 1 until it is used.
    done(&server, &with(&["rotate"], service));
    refused(
        &server,
        &with(&["remove", "--version", "1"], service),
        "1 envelopes name version 1 of the key of service tenant-a/orders: `kek rewrap` first",
    );
    refused(
        &server,
        &with(&["rotate", "--from-version", "1"], service),
        "version 1 of the key of service tenant-a/orders is retired: the active version is 2",
    );
    refused(
        &server,
        &with(&["rotate", "--to-version", "1"], service),
        "version 1 of the key of service tenant-a/orders is retired: only a pending version",
    );
    done(&server, &with(&["rewrap"], service));
    done(&server, &with(&["remove", "--version", "1"], service));
    refused(
        &server,
        &with(&["remove", "--version", "1"], service),
        "version 1 of the key of service tenant-a/orders is destroyed",
    );
    let (operation, payload) = of(Operation::Get, &made);
    let read = client.ask(&one((1, 4), operation, payload));
    assert_eq!(read.find(Tag::KeyMaterial).expect("material").as_bytes().len(), 32);

    let usage = kek(&server, &["rotate", "--level", "basement"]);
    assert_eq!(usage.status.code(), Some(2), "{usage:?}");
}

#[test]
fn a_compromised_version_is_destroyed_once_nothing_names_it() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "orders");
    let (operation, payload) = create((1, 4), None);
    let made = uid(&client.ask(&one((1, 4), operation, payload)));
    let which = ["--level", "service", "--tenant", "tenant-a", "--service", "orders"];
    done(&server, &[&["rotate", "--compromised"], &which[..]].concat());
    let ended = kek(&server, &["status", "--json", "--tenant", "tenant-a"]);
    let status: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let versions = &status["tenants"][0]["services"];
    let orders = versions.as_array().unwrap().iter().find(|it| it["service"] == "orders").unwrap();
    assert_eq!(orders["versions"][0]["state"], "destroyed");
    assert_eq!(orders["versions"][0]["compromised"], true);
    assert_eq!(orders["versions"][1]["envelopes"], 1);
    let (operation, payload) = of(Operation::Get, &made);
    client.ask(&one((1, 4), operation, payload)).find(Tag::KeyMaterial).expect("material");
}

#[test]
fn a_plan_changes_nothing() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "orders");
    let (operation, payload) = create((1, 4), None);
    client.ask(&one((1, 4), operation, payload));
    done(&server, &["rotate", "--level", "service", "--tenant", "tenant-a"]);
    done(&server, &["add", "--level", "tenant", "--tenant", "tenant-a"]);
    let before = store(server.directory());
    let plans: &[&[&str]] = &[
        &["add", "--level", "tenant", "--tenant", "tenant-a"],
        &["rotate", "--level", "tenant"],
        &["rotate", "--level", "tenant", "--compromised"],
        &["rotate", "--level", "service", "--tenant", "tenant-a", "--active"],
        &["rewrap", "--level", "service", "--tenant", "tenant-a"],
        &["remove", "--level", "tenant", "--tenant", "tenant-a", "--version", "2"],
        &["migrate", "--to", "pkcs11"],
    ];
    for plan in plans {
        done(&server, &[plan, &["--plan"][..]].concat());
        assert_eq!(store(server.directory()), before, "{plan:?}");
    }
    // They were worth planning.
    for number in [5, 0, 1, 2, 3, 4] {
        done(&server, plans[number]);
    }
    assert_ne!(store(server.directory()), before);

    let tenant = ["--level", "tenant", "--tenant", "tenant-a"];
    let later = [&["rotate", "--at", "2099-01-31T03:00:00Z"], &tenant[..]].concat();
    for step in [&later, &[&["abort"], &tenant[..]].concat()] {
        let before = store(server.directory());
        done(&server, &[step, &["--plan"][..]].concat());
        assert_eq!(store(server.directory()), before, "{step:?}");
        done(&server, step);
        assert_ne!(store(server.directory()), before, "{step:?}");
    }
}

/// Progress is told of work that is done, and once it is known how much there is.
#[test]
fn nothing_is_told_of_work_that_is_not_done() {
    let server = Server::start_default();
    let (operation, payload) = create((1, 4), None);
    uid(&server.connect("tenant-a", "orders").ask(&one((1, 4), operation, payload)));
    let service: &[&str] = &["--level", "service", "--tenant", "tenant-a", "--service", "orders"];
    for which in [&["--level", "tenant", "--tenant", "tenant-a"], service] {
        let rotated = kek(&server, &[&["rotate"], which].concat());
        assert!(!rotated.stderr.contains("0 of 0"), "{rotated:?}");
    }
    let planned = kek(&server, &[&["rewrap", "--plan"], service].concat());
    assert_eq!(planned.stderr, "", "{planned:?}");
    assert!(
        planned.stdout.starts_with("would be: the key of service tenant-a/orders, envelopes 1")
    );
}
