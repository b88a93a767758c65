//! A tenant with a token of its own beside one that is under the shared root. They need `SoftHSM`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use keystrata::hsm::softhsm::find_module;
use kmip_ttlv::enums::{Operation, ResultReason};
use serde_json::Value;

use crate::damage::files_below;
use crate::support::client::Client;
use crate::support::message::{create, items, of, one, outcome, request, uid};
use crate::support::server::{Plan, Server, get, run_to_end};

const PIN: &str = "87654321";

/// A token of `SoftHSM` without any key, in a directory that no process but its own workers knows.
fn new_token(directory: &Path) {
    let own = directory.join("own");
    fs::create_dir_all(own.join("tokens")).expect("made");
    let tokens = own.join("tokens");
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
    fs::write(own.join("softhsm2.conf"), text).expect("written");
    keystrata::keys::secret_file::create(&own.join("pin"), PIN).expect("written");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "acme", "--so-pin", "12345678", "--pin", PIN])
        .env("SOFTHSM2_CONF", own.join("softhsm2.conf"))
        .output()
        .expect("it comes with SoftHSM");
    assert!(made.status.success(), "{made:?}");
}

/// Gives `tenant-a` the token as its own root.
fn describe(directory: &Path) {
    let file = directory.join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    let module = find_module().expect("it is installed");
    let own = format!(
        "[root.tenants.tenant-a]\nprovider = \"pkcs11\"\nmodule = \"{}\"\n\
         environment = {{ SOFTHSM2_CONF = \"{}\" }}\ntoken_label = \"acme\"\n\
         pin_file = \"own/pin\"\noutage_grace = \"3 s\"\n\n[store]",
        module.display(),
        directory.join("own/softhsm2.conf").display(),
    );
    fs::write(&file, text.replace("[store]", &own)).expect("writes");
}

fn kek(server: &Server, arguments: &[&str]) -> Value {
    let directory = server.directory().to_str().expect("UTF-8");
    let ended = run_to_end(&[&["kek"], arguments, &["--json", "--dir", directory]].concat(), &[]);
    assert!(ended.status.success(), "{arguments:?}: {ended:?}\n{}", server.log());
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn make(client: &mut Client) -> String {
    uid(&client.ask(&request((1, 4), vec![create((1, 4), None)])))
}

fn read(client: &mut Client, made: &str) -> Result<(), ResultReason> {
    let (operation, payload) = of(Operation::Get, made);
    outcome(items(&client.ask(&one((1, 4), operation, payload)))[0])
}

fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn has_metric(server: &Server, line: &str) -> bool {
    get(server.admin(), "/metrics").lines().any(|shown| shown == line)
}

fn is_ready(server: &Server) -> bool {
    get(server.admin(), "/ready").starts_with("HTTP/1.0 200")
}

/// A server whose `tenant-a` is registered under its own token, in which the server has made the key.
fn started(plan: Plan) -> Server {
    let mut server = plan.start();
    new_token(server.directory());
    describe(server.directory());
    server.restart();
    server
}

#[test]
fn a_tenant_whose_own_token_is_taken_away_is_cut_off_and_nobody_else() {
    if find_module().is_none() {
        println!("SoftHSM is not installed: not tested");
        return;
    }
    let mut server = started(Plan::new().softhsm());
    let root_of = |server: &Server| {
        kek(server, &["status", "--tenant", "tenant-a"])["tenants"][0]["root"].clone()
    };
    let mut own = server.connect("tenant-a", "orders");
    let mut other = server.connect("tenant-b", "mongodb");
    let (made, others) = (make(&mut own), make(&mut other));
    let root = root_of(&server);
    assert_eq!((&root["whose"], &root["provider"]), (&"own".into(), &"pkcs11".into()));
    let directory = server.directory().to_str().expect("UTF-8");
    let probe = |tenant| run_to_end(&["hsm", "probe", "--dir", directory, "--tenant", tenant], &[]);
    let probed = probe("tenant-a");
    assert!(probed.status.success() && probed.stdout.contains("acme"), "{probed:?}");
    let words = "the root key of tenant tenant-b of this configuration is not in a token";
    assert!(probe("tenant-b").stderr.contains(words));

    let (tokens, away) = (server.directory().join("own/tokens"), server.directory().join("away"));
    fs::rename(&tokens, &away).expect("moved");
    until(|| read(&mut own, &made).is_err());
    assert_eq!(read(&mut own, &made), Err(ResultReason::GeneralFailure));
    assert_eq!(read(&mut other, &others), Ok(()));
    until(|| has_metric(&server, "keystrata_own_roots_refused 1"));
    assert!(has_metric(&server, "keystrata_own_root_breakers_open 1"));
    assert!(has_metric(&server, "keystrata_root_breaker_open 0"));
    assert!(is_ready(&server), "the server is not concerned");
    let trouble = root_of(&server)["trouble"].clone();
    assert!(trouble.as_str().expect("text").contains("tenant tenant-a"), "{trouble}");

    // Nor is its next start, and whoever connects then is told.
    server.restart();
    let mut own = server.connect("tenant-a", "orders");
    assert_eq!(read(&mut own, &made), Err(ResultReason::GeneralFailure));
    let mut other = server.connect("tenant-b", "mongodb");
    assert_eq!(read(&mut other, &others), Ok(()));

    fs::rename(&away, &tokens).expect("moved");
    until(|| read(&mut own, &made).is_ok());
    until(|| has_metric(&server, "keystrata_own_roots_refused 0"));
    assert!(has_metric(&server, "keystrata_own_root_breakers_open 0"));

    // It rotates in its token, and leaves it and comes back, as it is used.
    kek(&server, &["rotate", "--level", "root", "--tenant", "tenant-a"]);
    assert_eq!(root_of(&server)["active"], 2);
    kek(&server, &["migrate", "--tenant", "tenant-a", "--to", "shared"]);
    assert_eq!(read(&mut own, &made), Ok(()));
    fs::rename(&tokens, &away).expect("moved");
    server.restart();
    let mut own = server.connect("tenant-a", "orders");
    assert_eq!(read(&mut own, &made), Ok(()), "the token is not needed any more");
    fs::rename(&away, &tokens).expect("moved");
    kek(&server, &["migrate", "--tenant", "tenant-a", "--to", "own"]);
    assert_eq!((read(&mut own, &made), &root_of(&server)["active"]), (Ok(()), &3.into()));
}

#[test]
fn another_key_in_a_tenants_own_token_is_refused_for_it_alone() {
    if find_module().is_none() {
        println!("SoftHSM is not installed: not tested");
        return;
    }
    let mut server = started(Plan::new());
    let mut stranger = started(Plan::new());
    make(&mut stranger.connect("tenant-a", "orders"));
    let made = make(&mut server.connect("tenant-a", "orders"));
    let others = make(&mut server.connect("tenant-b", "mongodb"));
    assert!(server.stop().success() && stranger.stop().success());
    let (tokens, away) = (server.directory().join("own/tokens"), server.directory().join("away"));
    fs::rename(&tokens, &away).expect("moved");
    let theirs = stranger.directory().join("own/tokens");
    for file in files_below(&theirs) {
        let target = tokens.join(file.strip_prefix(&theirs).expect("it is below"));
        fs::create_dir_all(target.parent().expect("a directory")).expect("made");
        fs::copy(&file, &target).expect("copied");
    }
    server.start();
    let mut own = server.connect("tenant-a", "orders");
    assert_eq!(read(&mut own, &made), Err(ResultReason::GeneralFailure));
    until(|| server.log().contains("is not the key that this store was made with"));
    assert_eq!(read(&mut server.connect("tenant-b", "mongodb"), &others), Ok(()));
    assert!(is_ready(&server));
    assert!(server.stop().success());
    fs::remove_dir_all(&tokens).expect("removed");
    fs::rename(&away, &tokens).expect("moved");
    server.start();
    assert_eq!(read(&mut server.connect("tenant-a", "orders"), &made), Ok(()));
}
