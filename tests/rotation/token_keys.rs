//! The key of a root version that is removed leaves its token, the shared one and a tenant's own; at once,
//! or when the token is back and no backup needs it. They need `SoftHSM`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::find_module;
use keystrata::keys::env_root::create_key_file;
use kmip_ttlv::enums::Operation;
use serde_json::{Value, json};

use crate::support::message::{create, items, of, one, outcome, uid};
use crate::support::server::{Ended, Plan, Server, run_to_end};

const PIN: &str = "87654321";
const ROOT: &[&str] = &["--level", "root"];
const KEY_1: &str =
    "the key with CKA_ID 00000001 and label `keystrata-root` in the token with label";

fn run(server: &Server, arguments: &[&[&str]]) -> Ended {
    let directory = server.directory().to_str().expect("UTF-8");
    run_to_end(&[&arguments.concat()[..], &["--dir", directory]].concat(), &[])
}

fn done(server: &Server, arguments: &[&[&str]]) -> String {
    let ended = run(server, arguments);
    assert!(ended.status.success(), "{arguments:?}: {ended:?}\n{}", server.log());
    ended.stdout
}

fn told(server: &Server, arguments: &[&[&str]]) -> Value {
    let arguments = [arguments, &[&["--json"]]].concat();
    serde_json::from_str(&done(server, &arguments)).expect("JSON")
}

/// The versions of the root key that are in a token, as somebody else sees it.
fn in_token(server: &Server, tenant: &[&str]) -> Vec<u64> {
    let report = told(server, &[&["hsm", "probe"], tenant]);
    let keys = report["keys"].as_array().expect("a list").iter();
    keys.map(|key| key["version"].as_u64().expect("a number")).collect()
}

fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A server over a token with an object to lose; nothing where `SoftHSM` is not installed.
fn started() -> Option<(Server, String)> {
    if find_module().is_none() {
        println!("SoftHSM is not installed: not tested");
        return None;
    }
    let server = Plan::new().softhsm().start();
    let made = make(&server, "tenant-a", "orders");
    Some((server, made))
}

fn make(server: &Server, tenant: &str, service: &str) -> String {
    let (operation, payload) = create((1, 4), None);
    uid(&server.connect(tenant, service).ask(&one((1, 4), operation, payload)))
}

fn reads(server: &Server, made: &str) {
    let (operation, payload) = of(Operation::Get, made);
    let answer = server.connect("tenant-a", "orders").ask(&one((1, 4), operation, payload));
    assert_eq!(outcome(items(&answer)[0]), Ok(()), "{}", server.log());
}

/// Waits until the trail says something: its writer is behind what commands answer.
fn recorded(server: &Server, words: &str) {
    until(|| server.trail().contains(words));
}

#[test]
fn a_removed_version_is_destroyed_in_its_token() {
    let Some((mut server, made)) = started() else { return };
    done(&server, &[&["kek", "rotate"], ROOT]);
    let remove: &[&str] = &["kek", "remove", "--version", "1"];
    let said = done(&server, &[remove, ROOT, &["--plan"]]);
    assert!(said.contains(&format!("{KEY_1} `keystrata`: would be destroyed, too")), "{said}");
    assert_eq!(in_token(&server, &[]), [1, 2], "a plan does nothing");
    let said = done(&server, &[remove, ROOT]);
    let wanted =
        format!("the root key, state destroyed, version 1\n{KEY_1} `keystrata`: is destroyed\n");
    assert_eq!(said, wanted);
    assert_eq!(in_token(&server, &[]), [2]);
    let again = run(&server, &[remove, ROOT]);
    assert!(again.stderr.contains("version 1 of the root key is destroyed"), "{again:?}");

    let done = told(&server, &[&["kek", "rotate", "--compromised"], ROOT]);
    assert_eq!(done["root_keys"][0]["end"], "destroyed", "{done}");
    assert_eq!(in_token(&server, &[]), [3]);
    reads(&server, &made);
    server.restart();
    reads(&server, &made);
    let status = told(&server, &[&["kek", "status"]]);
    assert_eq!(status["root"]["versions"][0]["provider"], Value::Null, "its check value is gone");
    for version in 1..=2 {
        let detail = format!(
            "version {version}: the key with CKA_ID 0000000{version} and label `keystrata-root` in the \
             token with label `keystrata` is destroyed"
        );
        recorded(&server, &detail);
    }
}

/// Nothing waits for a token that is away, and what is left to be done is not forgotten.
#[test]
fn a_token_that_is_away_is_asked_when_it_is_back() {
    let Some((mut server, made)) = started() else { return };
    done(&server, &[&["kek", "rotate"], ROOT]);
    let (tokens, away) =
        (server.directory().join("softhsm/tokens"), server.directory().join("away"));
    fs::rename(&tokens, &away).expect("moved");
    let said = done(&server, &[&["kek", "remove", "--version", "1"], ROOT]);
    let wanted = format!("{KEY_1} `keystrata`: is there still, and is tried again: ");
    assert!(said.contains(&wanted), "{said}");
    let status = done(&server, &[&["kek", "status"]]);
    let wanted = format!("is still to be destroyed: {KEY_1} `keystrata`: ");
    assert!(status.contains(&wanted), "{status}");
    server.kill();
    fs::rename(&away, &tokens).expect("moved");
    assert_eq!(in_token(&server, &[]), [1, 2]);
    server.start();
    until(|| in_token(&server, &[]) == [2]);
    until(|| !done(&server, &[&["kek", "status"]]).contains("is still to be destroyed"));
    reads(&server, &made);
}

#[test]
fn a_key_that_a_known_backup_needs_stays_until_that_is_forgotten() {
    let Some((server, _)) = started() else { return };
    let file = server.directory().join("backup.db");
    let to = file.to_str().expect("UTF-8");
    let made = told(&server, &[&["backup", "create", "--to", to]]);
    let id = made["backup"]["id"].as_str().expect("an id");
    let rotated = told(&server, &[&["kek", "rotate", "--compromised"], ROOT]);
    let key = &rotated["root_keys"][0];
    assert_eq!(key["end"], "remains", "{key}");
    assert!(key["why"].as_str().expect("why").contains(&format!("backup {id}")), "{key}");
    assert_eq!(in_token(&server, &[]), [1, 2]);
    for name in ["backup.db", "backup.db.manifest.json"] {
        fs::remove_file(server.directory().join(name)).expect("removed");
    }
    done(&server, &[&["backup", "forget", "--id", id]]);
    // The command again is one way; that the server tries again is another.
    let again = told(&server, &[&["kek", "remove", "--version", "1"], ROOT]);
    assert_eq!(again["root_key"]["end"], "destroyed", "{again}");
    assert_eq!(in_token(&server, &[]), [2]);
}

#[test]
fn a_key_that_others_use_is_left_by_order() {
    let Some((server, _)) = started() else { return };
    done(&server, &[&["kek", "rotate"], ROOT]);
    let left = told(&server, &[&["kek", "remove", "--version", "1", "--keep-in-token"], ROOT]);
    assert_eq!(left["root_key"]["end"], "left", "{left}");
    assert_eq!(in_token(&server, &[]), [1, 2]);
    assert!(!done(&server, &[&["kek", "status"]]).contains("is still to be destroyed"));
}

/// The root has moved to the environment, and the configuration has both.
#[test]
fn a_key_is_destroyed_in_a_token_that_the_root_has_left() {
    let Some((mut server, made)) = started() else { return };
    create_key_file(&server.directory().join("root-2.key"), &OsRandom).expect("is made");
    let file = server.directory().join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    let next = "[root.next]\nprovider = \"env\"\nversions = [{ version = 2, file = \"root-2.key\" }]\n\n[store]";
    fs::write(&file, text.replace("[store]", next)).expect("writes");
    done(&server, &[&["kek", "migrate", "--to", "env"]]);
    assert_eq!(in_token(&server, &[]), [1], "it has only moved");
    server.restart();
    let gone = told(&server, &[&["kek", "remove", "--version", "1"], ROOT]);
    assert_eq!(gone["root_key"]["end"], "destroyed", "{gone}");
    assert_eq!(in_token(&server, &[]), [0_u64; 0]);
    reads(&server, &made);

    // And back: nobody but the operator destroys what is in the environment.
    done(&server, &[&["kek", "migrate", "--to", "pkcs11"]]);
    let yours = told(&server, &[&["kek", "remove", "--version", "2"], ROOT]);
    assert_eq!(yours["root_key"]["end"], "yours", "{yours}");
    assert_eq!(in_token(&server, &[]), [3]);
    reads(&server, &made);
}

/// A token of `SoftHSM` without any key, in a directory that no process but its own workers knows; the
/// root of these tenants' own.
fn give_own_token(server: &Server, tenants: &[&str]) {
    let own = server.directory().join("own");
    fs::create_dir_all(own.join("tokens")).expect("made");
    let config = own.join("softhsm2.conf");
    let tokens = own.join("tokens");
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
    fs::write(&config, text).expect("written");
    keystrata::keys::secret_file::create(&own.join("pin"), PIN).expect("written");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "acme", "--so-pin", "12345678", "--pin", PIN])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .expect("it comes with SoftHSM");
    assert!(made.status.success(), "{made:?}");
    describe(server.directory(), &config, tenants);
}

fn describe(directory: &Path, config: &Path, tenants: &[&str]) {
    let module = find_module().expect("it is installed");
    let sections = tenants.iter().map(|tenant| {
        format!(
            "[root.tenants.{tenant}]\nprovider = \"pkcs11\"\nmodule = \"{}\"\n\
             environment = {{ SOFTHSM2_CONF = \"{}\" }}\ntoken_label = \"acme\"\n\
             pin_file = \"own/pin\"\n\n",
            module.display(),
            config.display(),
        )
    });
    let sections: String = sections.collect();
    let file = directory.join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    fs::write(&file, text.replace("[store]", &format!("{sections}[store]"))).expect("writes");
}

#[test]
fn a_version_of_a_tenants_own_root_leaves_the_tenants_token() {
    let Some((server, made)) = started() else { return };
    let tenant: &[&str] = &["--tenant", "tenant-a"];
    give_own_token(&server, &["tenant-a"]);
    done(&server, &[&["kek", "migrate", "--to", "own"], tenant]);
    done(&server, &[&["kek", "rotate"], ROOT, tenant]);
    assert_eq!(in_token(&server, tenant), [1, 2]);
    let gone = told(&server, &[&["kek", "remove", "--version", "1"], ROOT, tenant]);
    assert_eq!(gone["root_key"]["end"], "destroyed", "{gone}");
    assert_eq!(in_token(&server, tenant), [2]);
    let rotated = told(&server, &[&["kek", "rotate", "--compromised"], ROOT, tenant]);
    assert_eq!(rotated["root_keys"][0]["end"], "destroyed", "{rotated}");
    assert_eq!(in_token(&server, tenant), [3]);
    assert_eq!(in_token(&server, &[]), [1], "the shared one's is another");
    reads(&server, &made);

    // It goes back to the shared root; then nothing of its own is needed.
    done(&server, &[&["kek", "migrate", "--to", "shared"], tenant]);
    let gone = told(&server, &[&["kek", "remove", "--version", "3"], ROOT, tenant]);
    assert_eq!(gone["root_key"]["end"], "destroyed", "{gone}");
    assert_eq!(in_token(&server, tenant), [0_u64; 0]);
    reads(&server, &made);
    recorded(&server, "own root key: version 3: the key with CKA_ID 00000003");
}

/// Two tenants are described with the same token and label, so they have the same keys.
#[test]
fn a_key_that_is_another_tenants_too_is_not_destroyed() {
    let Some((server, made)) = started() else { return };
    make(&server, "tenant-b", "mongodb");
    give_own_token(&server, &["tenant-a", "tenant-b"]);
    let of = |name| ["--tenant", name];
    for tenant in ["tenant-a", "tenant-b"] {
        done(&server, &[&["kek", "migrate", "--to", "own"], &of(tenant)]);
    }
    done(&server, &[&["kek", "rotate"], ROOT, &of("tenant-a")]);
    let kept = told(&server, &[&["kek", "remove", "--version", "1"], ROOT, &of("tenant-a")]);
    assert_eq!(kept["root_key"]["end"], "remains", "{kept}");
    let why = "it is the own root key of tenant tenant-b, too: give each a key of its own";
    assert_eq!(kept["root_key"]["why"], json!(why));
    assert!(in_token(&server, &of("tenant-a")).contains(&1));
    reads(&server, &made);
}
