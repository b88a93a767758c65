//! Signed statements that one object is destroyed, and when there is none.

use std::fs;

use keystrata::keys::statement::verified;
use kmip_ttlv::enums::Operation;
use serde_json::{Value, json};

use crate::kill_switches::{ask, done, get, made};
use crate::support::server::{Server, run_to_end};

const TENANT: [&str; 2] = ["--tenant", "tenant-a"];

fn destroy(server: &Server, service: &str) -> String {
    let mut client = server.connect("tenant-a", service);
    let key = made(&mut client);
    assert_eq!(ask(&mut client, Operation::Destroy, &key), Ok(()));
    key
}

fn statement(server: &Server, uid: &str) -> Value {
    let told = done(server, &[&["object", "statement", "--uid", uid][..], &TENANT].concat());
    told["statement"].clone()
}

fn refused(server: &Server, uid: &str, words: &str) {
    let directory = server.directory().to_str().expect("UTF-8");
    let which = ["object", "statement", "--uid", uid, "--dir", directory];
    let ended = run_to_end(&[&which[..], &TENANT].concat(), &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

/// The lines of the trail that name an object, as JSON.
fn trail(server: &Server, uid: &str) -> Vec<Value> {
    let text = server.trail();
    let lines = text.lines().filter(|line| line.contains(uid));
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_destroyed_object_has_a_statement_that_says_what_died_and_what_still_has_it() {
    let mut server = Server::start_default();
    made(&mut server.connect("tenant-a", "orders"));
    let of_orders = ["--level", "service", "--tenant", "tenant-a", "--service", "orders"];
    done(&server, &[&["kek", "rotate"][..], &of_orders].concat());
    let mut client = server.connect("tenant-a", "orders");
    let key = made(&mut client);
    let backup = server.directory().join("backup.db");
    let to = backup.to_str().expect("UTF-8");
    let kept = done(&server, &["backup", "create", "--to", to]);
    assert_eq!(ask(&mut client, Operation::Destroy, &key), Ok(()));
    let after = destroy(&server, "orders");

    let signed = statement(&server, &key);
    let said = verified(&signed).expect("the signature holds");
    assert_eq!((&said["tenant"], &said["service"]), (&json!("tenant-a"), &json!("orders")));
    assert_eq!((&said["uid"], &said["key_version"]), (&json!(key), &json!(2)));
    assert_eq!(said["backups"][0]["id"], kept["backup"]["id"]);
    assert_eq!(said["erased"], said["destroyed"], "there is no hold");
    let record = trail(&server, &key).into_iter().find(|line| line["operation"] == "Destroy");
    let record = record.expect("it is in the trail");
    for name in ["seq", "hash", "time"] {
        assert_eq!(said["destroyed"][name], record[name]);
    }
    assert!(said["audit_after"]["seq"].as_u64() >= record["seq"].as_u64(), "{said}");
    let later = verified(&statement(&server, &after)).expect("the signature holds");
    assert_eq!(later["backups"], json!([]), "made after the backup");

    // One that was changed proves nothing.
    for (from, to) in [(key.as_str(), after.as_str()), ("\"key_version\":2", "\"key_version\":1")] {
        let mut changed = signed.clone();
        let text = signed["text"].as_str().expect("text");
        assert!(text.contains(from), "{text}");
        changed["text"] = text.replace(from, to).into();
        assert_eq!(verified(&changed), None);
    }
    let mut changed = signed.clone();
    changed["public_key"] = json!("00");
    assert_eq!(verified(&changed), None);

    // It is about this object, and nobody shreds a service by it.
    let file = server.directory().join("statement.json");
    fs::write(&file, signed.to_string()).expect("written");
    assert!(server.stop().success());
    let directory = server.directory().to_str().expect("UTF-8").to_owned();
    for name in ["keystrata.db", "keystrata.db-wal", "keystrata.db-shm"] {
        let _ = fs::remove_file(server.directory().join("data/store").join(name));
    }
    let file = file.to_str().expect("UTF-8");
    let from = ["restore", "--from", to, "--statement", file, "--dir", &directory];
    let ended = run_to_end(&from, &[]);
    assert!(ended.stderr.contains("no statement about a tenant or service"), "{ended:?}");
}

#[test]
fn what_is_not_gone_has_no_statement() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "orders");
    let alive = made(&mut client);
    refused(&server, &alive, &format!("object {alive} of tenant tenant-a is not destroyed"));
    refused(&server, "no-such", "tenant tenant-a has no object no-such");
    let hold_for = |seconds| {
        let set = ["tenant", "set", "--destroy-hold", seconds];
        done(&server, &[&set[..], &TENANT].concat());
    };
    hold_for("86400");
    let held = destroy(&server, "orders");
    refused(&server, &held, &format!("object {held} of tenant tenant-a is held until 20"));
    done(&server, &[&["object", "restore", "--uid", &held][..], &TENANT].concat());
    assert_eq!(get(&mut client, &held), Ok(()));
    refused(&server, &held, "is not destroyed");
    // Destroyed again, for a short time: its end is another one.
    hold_for("1");
    assert_eq!(ask(&mut client, Operation::Destroy, &held), Ok(()));
    while trail(&server, &held).iter().all(|line| line["operation"] != "object erasure") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let said = verified(&statement(&server, &held)).expect("the signature holds");
    let lines = trail(&server, &held);
    let last = |operation: &str| {
        let it = lines.iter().rev().find(|line| line["operation"] == operation);
        it.expect("it is in the trail").clone()
    };
    assert_eq!(said["destroyed"]["seq"], last("Destroy")["seq"]);
    assert_eq!(said["erased"]["seq"], last("object erasure")["seq"]);
    assert_eq!(said["key_version"], 1);
}

/// The row alone proves nothing: without its record there is no statement.
#[test]
fn without_the_trail_there_is_no_statement() {
    let server = Server::start_default();
    let key = destroy(&server, "orders");
    verified(&statement(&server, &key)).expect("the signature holds");
    let trail = server.directory().join("data/audit");
    for file in fs::read_dir(&trail).expect("the trail") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            fs::rename(&path, server.directory().join(path.file_name().expect("a name")))
                .expect("moved");
        }
    }
    refused(&server, &key, &format!("does not have the Destroy of {key}: put its files there"));
}
