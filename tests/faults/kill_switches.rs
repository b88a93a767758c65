//! Tenants and services that are suspended, resumed, shredded and told what they may do, while their
//! clients are connected.

use std::fs;
use std::path::Path;

use keystrata::keys::statement::verified;
use kmip_ttlv::Tag;
use kmip_ttlv::enums::{Operation, ResultReason};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::damage::files_below;
use crate::support::client::Client;
use crate::support::message::{create, items, of, one, outcome, request, uid};
use crate::support::server::{Ended, Server, run_to_end};
use crate::support::ttlv::Node;

const VERSION: (i32, i32) = (1, 4);

/// Has the server carry out a command.
fn command(server: &Server, arguments: &[&str]) -> Ended {
    let directory = server.directory().to_str().expect("UTF-8");
    run_to_end(&[arguments, &["--dir", directory]].concat(), &[])
}

/// A command that must be carried out; its answer.
pub(crate) fn done(server: &Server, arguments: &[&str]) -> Value {
    let ended = command(server, &[arguments, &["--json"]].concat());
    assert!(ended.status.success(), "{arguments:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// A command that must be refused with these words.
fn refused(server: &Server, arguments: &[&str], words: &str) {
    let ended = command(server, arguments);
    assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {}", ended.stdout);
    assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
}

pub(crate) fn made(client: &mut Client) -> String {
    uid(&client.ask(&request(VERSION, vec![create(VERSION, None)])))
}

pub(crate) fn ask(
    client: &mut Client,
    operation: Operation,
    uid: &str,
) -> Result<(), ResultReason> {
    let (operation, payload) = of(operation, uid);
    outcome(items(&client.ask(&one(VERSION, operation, payload)))[0])
}

pub(crate) fn get(client: &mut Client, uid: &str) -> Result<(), ResultReason> {
    ask(client, Operation::Get, uid)
}

/// Whether a new connection of a service is taken. TLS 1.3 tells a refusal with the first read.
fn is_admitted(server: &Server, tenant: &str, service: &str, known: &str) -> bool {
    let connected = Client::connect(server.kmip(), &server.identity(tenant, service));
    let Ok(mut client) = connected else { return false };
    let (operation, payload) = of(Operation::Get, known);
    client.exchange(&one(VERSION, operation, payload).encode()).is_ok()
}

#[test]
fn a_suspended_tenant_is_refused_everywhere_at_once_and_served_again_when_it_is_resumed() {
    let server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let mut sibling = server.connect("tenant-a", "orders");
    let mut other = server.connect("tenant-b", "mongodb");
    let (key, of_sibling, of_other) = (made(&mut own), made(&mut sibling), made(&mut other));

    let planned = done(&server, &["tenant", "suspend", "--tenant", "tenant-a", "--plan"]);
    assert_eq!(planned["plan"], true);
    assert_eq!(get(&mut own, &key), Ok(()), "a plan changes nothing");

    done(&server, &["tenant", "suspend", "--tenant", "tenant-a"]);
    // The very next request: the bound of one node is the command itself.
    assert_eq!(get(&mut own, &key), Err(ResultReason::PermissionDenied));
    assert_eq!(get(&mut sibling, &of_sibling), Err(ResultReason::PermissionDenied));
    assert!(!is_admitted(&server, "tenant-a", "mongodb", &key));
    assert_eq!(get(&mut other, &of_other), Ok(()), "nobody else notices");
    refused(&server, &["tenant", "suspend", "--tenant", "tenant-a"], "is suspended already");

    done(&server, &["tenant", "resume", "--tenant", "tenant-a"]);
    assert_eq!(get(&mut own, &key), Ok(()));
    assert_eq!(get(&mut sibling, &of_sibling), Ok(()));
    assert!(is_admitted(&server, "tenant-a", "mongodb", &key));
}

#[test]
fn a_suspended_service_stays_so_over_a_restart_and_its_siblings_are_served() {
    let mut server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let mut sibling = server.connect("tenant-a", "orders");
    let (key, of_sibling) = (made(&mut own), made(&mut sibling));
    let names = ["--tenant", "tenant-a", "--service", "mongodb"];
    done(&server, &[&["service", "suspend"][..], &names].concat());
    assert_eq!(get(&mut own, &key), Err(ResultReason::PermissionDenied));
    assert_eq!(get(&mut sibling, &of_sibling), Ok(()));
    server.restart();
    assert!(!is_admitted(&server, "tenant-a", "mongodb", &key));
    let shown = done(&server, &[&["service", "show"][..], &names].concat());
    assert_eq!(shown["state"], "suspended");
    done(&server, &[&["service", "resume"][..], &names].concat());
    assert_eq!(get(&mut server.connect("tenant-a", "mongodb"), &key), Ok(()));
}

#[test]
fn what_a_service_may_do_changes_on_its_open_connection() {
    let server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let mut sibling = server.connect("tenant-a", "orders");
    let (key, of_sibling) = (made(&mut own), made(&mut sibling));
    let set = |what: &str, option: &str, value: &str| {
        let names = ["--tenant", "tenant-a", "--service", "mongodb", option, value];
        done(&server, &[&["service", what][..], &names].concat());
    };
    set("set-mode", "--mode", "read-only");
    assert_eq!(get(&mut own, &key), Ok(()));
    assert_eq!(ask(&mut own, Operation::Destroy, &key), Err(ResultReason::PermissionDenied));
    set("set-mode", "--mode", "read-write");
    set("set-operations", "--operations", "Locate,Destroy");
    assert_eq!(get(&mut own, &key), Err(ResultReason::PermissionDenied));
    set("set-operations", "--operations", "all");
    assert_eq!(get(&mut own, &key), Ok(()));
    assert_eq!(get(&mut own, &of_sibling), Err(ResultReason::ItemNotFound));
    set("set-role", "--role", "tenant-admin");
    assert_eq!(get(&mut own, &of_sibling), Ok(()), "an administrator reaches all services");
    let names = ["--tenant", "tenant-a", "--service", "mongodb"];
    for (what, option, value, words) in [
        ("set-mode", "--mode", "sideways", "is no mode: read-write, write-only, read-only"),
        ("set-role", "--role", "king", "is no role: service, tenant-admin"),
        ("set-operations", "--operations", "Get,Put-It", "is no operation"),
        ("set-mode", "--mode", "read-write", "already"),
    ] {
        refused(&server, &[&["service", what][..], &names, &[option, value]].concat(), words);
    }
}

#[test]
fn a_tenant_can_be_made_before_its_first_certificate() {
    let server = Server::start_default();
    let made = ["tenant", "create", "--tenant", "tenant-c"];
    done(&server, &[&made[..], &["--plan"]].concat());
    refused(&server, &["tenant", "show", "--tenant", "tenant-c"], "there is no tenant tenant-c");
    done(&server, &made);
    refused(&server, &made, "exists already");
    refused(&server, &["tenant", "create", "--tenant", "Tenant"], "a name is 1 to 63");
    done(&server, &["service", "create", "--tenant", "tenant-c", "--service", "orders"]);
    let list = done(&server, &["service", "list", "--tenant", "tenant-c"]);
    assert_eq!(list["services"][0]["service"], "orders");
    assert_eq!(list["services"][0]["mode"], "read-write");
    let tenants = done(&server, &["tenant", "list"]);
    let names: Vec<_> = tenants["tenants"].as_array().expect("rows").iter().collect();
    assert_eq!(names.last().expect("a row")["tenant"], "tenant-c");
}

#[test]
fn a_strict_tenants_compromised_objects_refuse_everything() {
    let server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let key = made(&mut own);
    assert_eq!(ask(&mut own, Operation::Activate, &key), Ok(()));
    let reason = Node::structure(
        Tag::RevocationReason,
        vec![Node::enumeration(Tag::RevocationReasonCode, 2)],
    );
    let payload = vec![Node::text(Tag::UniqueIdentifier, &key), reason];
    let revoked = own.ask(&one(VERSION, Operation::Revoke, payload));
    assert_eq!(outcome(items(&revoked)[0]), Ok(()));
    assert_eq!(get(&mut own, &key), Ok(()), "the specification allows it");
    done(&server, &["tenant", "set", "--tenant", "tenant-a", "--strict", "true"]);
    assert!(get(&mut own, &key).is_err());
    let decrypt = || {
        let data = Node::bytes(Tag::Data, &[0; 16]);
        one(VERSION, Operation::Decrypt, vec![Node::text(Tag::UniqueIdentifier, &key), data])
    };
    let before = outcome(items(&own.ask(&decrypt()))[0]).expect_err("refused");
    let mut later = server.connect("tenant-a", "mongodb");
    assert!(get(&mut later, &key).is_err(), "nor on a new connection");
    done(&server, &["tenant", "set", "--tenant", "tenant-a", "--strict", "false"]);
    assert_eq!(get(&mut own, &key), Ok(()));
    let after = outcome(items(&own.ask(&decrypt()))[0]);
    assert_ne!(after, Err(before), "it comes as far as the text, which is none");
}

/// The envelopes of a tenant: of its keys, its services' keys and its objects; or of one object.
pub(crate) fn envelopes(server: &Server, sql: &str) -> Vec<Vec<u8>> {
    let file = server.directory().join("data/store/keystrata.db");
    let file = if file.exists() { file } else { find_database(server.directory()) };
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let mut statement = db.prepare(sql).expect("good SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a blob")).collect()
}

pub(crate) fn find_database(directory: &Path) -> std::path::PathBuf {
    let found = files_below(directory).into_iter().find(|path| path.ends_with("keystrata.db"));
    found.expect("there is a database")
}

/// Whether any file below the directory has part of an envelope: its salt, nonce and text.
pub(crate) fn stands_somewhere(server: &Server, envelopes: &[Vec<u8>]) -> Option<String> {
    for path in files_below(server.directory()) {
        let written = fs::read(&path).unwrap_or_default();
        for envelope in envelopes {
            let part = &envelope[envelope.len() - 24..];
            if written.windows(part.len()).any(|window| window == part) {
                return Some(path.display().to_string());
            }
        }
    }
    None
}

const OF_TENANT_A: &str = "
    SELECT sealed FROM keys WHERE level = 2 AND owner = (SELECT id FROM tenants WHERE name = 'tenant-a')
    UNION ALL
    SELECT sealed FROM keys WHERE level = 3 AND owner IN (SELECT services.id FROM services
        JOIN tenants ON tenants.id = services.tenant WHERE tenants.name = 'tenant-a')
    UNION ALL
    SELECT sealed FROM objects WHERE sealed IS NOT NULL
        AND tenant = (SELECT id FROM tenants WHERE name = 'tenant-a')";

#[test]
fn nothing_is_left_of_a_shredded_tenant_but_a_signed_statement() {
    let mut server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let mut sibling = server.connect("tenant-a", "orders");
    let mut other = server.connect("tenant-b", "mongodb");
    let keys: Vec<String> = (0..40).map(|_| made(&mut own)).collect();
    let (of_sibling, of_other) = (made(&mut sibling), made(&mut other));
    let sealed = envelopes(&server, OF_TENANT_A);
    assert_eq!(sealed.len(), 1 + 2 + 41);
    assert!(stands_somewhere(&server, &sealed).is_some(), "the scan finds them");

    let shred = ["tenant", "shred", "--tenant", "tenant-a"];
    let planned = done(&server, &[&shred[..], &["--plan"]].concat());
    assert_eq!(planned["objects"], 41);
    refused(&server, &shred, "give --confirm tenant-a");
    refused(&server, &[&shred[..], &["--confirm", "tenant-b"]].concat(), "give --confirm");
    assert_eq!(envelopes(&server, OF_TENANT_A), sealed, "nothing has changed");
    let answer = done(&server, &[&shred[..], &["--confirm", "tenant-a"]].concat());

    let said = verified(&answer["statement"]).expect("the signature holds");
    assert_eq!((&said["tenant"], &said["objects"]), (&"tenant-a".into(), &41.into()));
    assert_eq!(said["keys"].as_array().map(Vec::len), Some(3));
    assert!(said["audit_after"]["seq"].as_u64().is_some_and(|seq| seq > 40), "{said}");
    let kept = done(&server, &["tenant", "statements", "--tenant", "tenant-a"]);
    assert_eq!(kept["statements"][0], answer["statement"]);

    assert_eq!(stands_somewhere(&server, &sealed), None, "while it serves");
    assert_eq!(get(&mut own, &keys[0]), Err(ResultReason::PermissionDenied));
    assert_eq!(get(&mut sibling, &of_sibling), Err(ResultReason::PermissionDenied));
    assert_eq!(get(&mut other, &of_other), Ok(()));
    assert!(!is_admitted(&server, "tenant-a", "mongodb", &keys[0]));
    refused(&server, &["tenant", "resume", "--tenant", "tenant-a"], "is for good");
    refused(&server, &[&shred[..], &["--confirm", "tenant-a"]].concat(), "is for good");
    server.kill();
    assert_eq!(stands_somewhere(&server, &sealed), None, "after its death");
    server.start();
    assert!(!is_admitted(&server, "tenant-a", "mongodb", &keys[0]));
    let mut other = server.connect("tenant-b", "mongodb");
    assert_eq!(get(&mut other, &of_other), Ok(()));
}

#[test]
fn a_shredded_service_leaves_its_siblings_alone() {
    let server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let mut sibling = server.connect("tenant-a", "orders");
    let (key, of_sibling) = (made(&mut own), made(&mut sibling));
    let names = ["--tenant", "tenant-a", "--service", "mongodb", "--confirm", "mongodb"];
    let answer = done(&server, &[&["service", "shred"][..], &names].concat());
    let said = verified(&answer["statement"]).expect("the signature holds");
    assert_eq!((&said["service"], &said["objects"]), (&"mongodb".into(), &1.into()));
    assert_eq!(get(&mut own, &key), Err(ResultReason::PermissionDenied));
    assert_eq!(get(&mut sibling, &of_sibling), Ok(()));
}

#[test]
fn nothing_is_left_of_the_value_of_a_destroyed_object() {
    let mut server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let keys: Vec<String> = (0..10).map(|_| made(&mut own)).collect();
    let sql = format!("SELECT sealed FROM objects WHERE uid = '{}'", keys[4]);
    let sealed = envelopes(&server, &sql);
    assert!(stands_somewhere(&server, &sealed).is_some());
    assert_eq!(ask(&mut own, Operation::Destroy, &keys[4]), Ok(()));
    // The committer empties its log as soon as nobody waits for it; an answer comes before that.
    assert!(server.stop().success());
    assert_eq!(stands_somewhere(&server, &sealed), None);
}

#[test]
fn every_act_of_an_administrator_is_in_the_audit_trail_and_no_plan_is() {
    let server = Server::start_default();
    made(&mut server.connect("tenant-a", "mongodb"));
    done(&server, &["tenant", "suspend", "--tenant", "tenant-a", "--plan"]);
    done(&server, &["tenant", "suspend", "--tenant", "tenant-a"]);
    refused(&server, &["tenant", "suspend", "--tenant", "tenant-a"], "already");
    done(&server, &["tenant", "resume", "--tenant", "tenant-a"]);
    let mut server = server;
    assert!(server.stop().success());
    let audit = files_below(server.directory())
        .into_iter()
        .filter(|path| path.parent().is_some_and(|parent| parent.ends_with("audit")));
    let text: String = audit.map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    let acts: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|record| record["actor"] == "administrator")
        .collect();
    let told: Vec<_> = acts.iter().map(|act| (&act["operation"], &act["result"])).collect();
    let expected = [
        ("tenant suspend", "Success"),
        ("tenant suspend", "OperationFailed"),
        ("tenant resume", "Success"),
    ];
    assert_eq!(told.len(), 3, "{acts:?}");
    for ((operation, result), expected) in told.into_iter().zip(expected) {
        assert_eq!((operation, result), (&expected.0.into(), &expected.1.into()));
    }
    assert!(acts.iter().all(|act| act["tenant"] == "tenant-a"));
}

#[test]
fn a_destroyed_object_that_is_held_is_dead_to_all_and_can_be_restored() {
    let mut server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let (key, other) = (made(&mut own), made(&mut own));
    made(&mut server.connect("tenant-b", "mongodb"));
    done(&server, &["tenant", "set", "--tenant", "tenant-a", "--destroy-hold", "3600"]);
    assert_eq!(ask(&mut own, Operation::Destroy, &key), Ok(()));
    let dead = get(&mut own, &key).expect_err("destroyed");
    assert!(ask(&mut own, Operation::Destroy, &key).is_err());
    let restore = ["object", "restore", "--tenant", "tenant-a", "--uid", &key];
    done(&server, &[&restore[..], &["--plan"]].concat());
    assert_eq!(get(&mut own, &key), Err(dead), "a plan changes nothing");
    done(&server, &restore);
    assert_eq!(get(&mut own, &key), Ok(()));
    refused(&server, &restore, "has no destroyed object");
    refused(
        &server,
        &["object", "restore", "--tenant", "tenant-b", "--uid", &key],
        "no destroyed object",
    );

    // A hold that is over: the value goes by itself, and nothing is left of it.
    done(&server, &["tenant", "set", "--tenant", "tenant-a", "--destroy-hold", "1"]);
    let sql = format!("SELECT sealed FROM objects WHERE uid = '{other}' AND sealed IS NOT NULL");
    let sealed = envelopes(&server, &sql);
    assert_eq!(ask(&mut own, Operation::Destroy, &other), Ok(()));
    while !envelopes(&server, &sql).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    refused(
        &server,
        &["object", "restore", "--tenant", "tenant-a", "--uid", &other],
        "no destroyed object",
    );
    assert!(server.stop().success());
    assert_eq!(stands_somewhere(&server, &sealed), None);
}
