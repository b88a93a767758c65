//! Starts that must be refused: one clear line on standard error, exit status 1, nothing written.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{BufRead as _, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::thread;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use crate::damage::Kept;
use crate::support::server::{Plan, Server, end, run_to_end, spawn};

/// The user `nobody`, whom file modes bind even where the tests run as root.
const NOBODY: u32 = 65534;

#[test]
fn a_configuration_with_an_unknown_key_names_the_key_and_its_line() {
    let kept = Kept::new();
    let mut file = OpenOptions::new().append(true).open(kept.config()).expect("the configuration");
    writeln!(file, "\n[limits]\nmessage_size_maximum = \"1 MiB\"").expect("written");
    kept.assert_refused(&["keystrata.toml:", "message_size_maximum"]);
}

#[test]
fn a_configuration_with_a_value_that_cannot_be_names_the_key() {
    let kept = Kept::new();
    let mut command = kept.serve();
    command.env("KEYSTRATA_LISTEN_KMIP", "not an address");
    kept.assert_ends(&mut command, &["KEYSTRATA_LISTEN_KMIP"]);
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let kept = Kept::new();
    fs::rename(kept.config(), kept.path("elsewhere.toml")).expect("renamed");
    kept.assert_refused(&["keystrata.toml"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let kept = Kept::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = kept.serve();
    command.env("KEYSTRATA_LISTEN_KMIP", &address);
    kept.assert_ends(&mut command, &[&address]);
}

#[test]
fn a_store_in_use_is_refused_and_its_user_goes_on() {
    let mut server = Server::start_default();
    let mut second = Command::new(env!("CARGO_BIN_EXE_keystrata"));
    second.arg("serve").arg("--config").arg(server.directory().join("keystrata.toml"));
    second.env("KEYSTRATA_LISTEN_KMIP", "127.0.0.1:0");
    second.env("KEYSTRATA_LISTEN_ADMIN", "127.0.0.1:0");
    let ended = crate::support::server::end_of(&mut second);
    crate::damage::assert_is_refusal(&ended, &["store", "use"]);
    server.connect("tenant-a", "mongodb");
    assert!(server.stop().success());
}

#[test]
fn a_store_of_a_newer_server_is_refused() {
    let kept = Kept::new();
    let database = rusqlite::Connection::open(kept.database()).expect("the database");
    database.pragma_update(None, "user_version", 999_999).expect("marked as newer");
    database.close().expect("closed");
    kept.assert_refused(&["newer"]);
}

#[test]
fn a_store_that_is_no_store_is_refused() {
    let kept = Kept::new();
    fs::write(kept.database(), b"SQLite format 3\0 and then nothing of the kind").expect("written");
    kept.assert_refused(&["store"]);
}

#[test]
fn a_store_that_cannot_be_written_is_refused() {
    let kept = Kept::new();
    let database = kept.database();
    let directory = database.parent().expect("a directory");
    for path in [&database, directory] {
        let mode = if path.is_dir() { 0o500 } else { 0o400 };
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
    }
    let mut serve = kept.serve();
    let arguments: Vec<_> = serve.get_args().map(ToOwned::to_owned).collect();
    if fs::metadata(kept.config()).is_ok() && is_root() {
        for path in crate::damage::files_below(&kept.path("")) {
            chown(&path, Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        for name in ["", "data", "data/store", "data/audit"] {
            chown(kept.path(name), Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        serve = Command::new("setpriv");
        serve.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        serve.arg(env!("CARGO_BIN_EXE_keystrata")).args(arguments);
        serve.env("KEYSTRATA_LISTEN_KMIP", "127.0.0.1:0");
        serve.env("KEYSTRATA_LISTEN_ADMIN", "127.0.0.1:0");
    }
    kept.assert_ends(&mut serve, &["data/store"]);
}

/// Whether file modes do not bind this process.
fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let kept = Kept::new();
    let key = KeyPair::generate().expect("a key");
    let mut expired = CertificateParams::new(["localhost".to_owned()]).expect("a certificate");
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let expired = expired.self_signed(&key).expect("signed");
    fs::write(kept.path("server.pem"), expired.pem()).expect("written");
    fs::write(kept.path("server-key.pem"), key.serialize_pem()).expect("written");
    kept.assert_refused(&["server.pem", "expired"]);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let kept = Kept::new();
    let other = KeyPair::generate().expect("a key");
    fs::write(kept.path("server-key.pem"), other.serialize_pem()).expect("written");
    kept.assert_refused(&["server-key.pem"]);
}

#[test]
fn a_root_key_that_is_not_there_is_named() {
    let kept = Kept::new();
    fs::remove_file(kept.path("root-1.key")).expect("removed");
    kept.assert_refused(&["root-1.key"]);
}

#[test]
fn a_root_key_that_is_another_is_refused_before_anything_is_served() {
    let kept = Kept::new();
    fs::write(kept.path("root-1.key"), "5a".repeat(32)).expect("written");
    kept.assert_refused(&["root"]);
}

#[test]
fn a_root_key_that_others_can_read_is_refused() {
    let kept = Kept::new();
    let mode = Permissions::from_mode(0o644);
    fs::set_permissions(kept.path("root-1.key"), mode).expect("a mode");
    kept.assert_refused(&["root-1.key", "600"]);
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    let ended = run_to_end(&["srve"], &[]);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
}

#[test]
fn a_start_that_was_refused_does_not_stand_in_the_way_of_the_next() {
    let kept = Kept::new();
    let key = fs::read(kept.path("root-1.key")).expect("the root key");
    fs::write(kept.path("root-1.key"), "5a".repeat(32)).expect("written");
    kept.assert_refused(&["root"]);
    fs::write(kept.path("root-1.key"), key).expect("written");
    let mut server = Plan::new().directory(&kept.path("")).start();
    server.connect("tenant-a", "mongodb");
    assert!(server.stop().success());
}

#[test]
fn a_start_that_waits_for_its_root_key_can_be_stopped() {
    let kept = Kept::new();
    let key = kept.path("root-1.key");
    fs::remove_file(&key).expect("removed");
    let made = Command::new("mkfifo").args(["-m", "600"]).arg(&key).status();
    assert!(made.expect("mkfifo is installed").success());
    let mut process = spawn(&mut kept.serve());
    // Nobody ever writes to the key's file, so the start gets no further than here.
    while process.try_wait().expect("ours").is_none() && !catches_sigterm(process.id()) {
        thread::yield_now();
    }
    let number = process.id().to_string();
    let told = Command::new("kill").args(["-s", "TERM", &number]).status();
    let ended = end(process);
    assert!(told.expect("kill is installed").success());
    assert!(ended.status.success() && ended.stdout.is_empty(), "{ended:?}");
}

fn catches_sigterm(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << 14) != 0)
}

#[test]
fn a_command_needs_no_root_key_in_its_own_environment() {
    let kept = Kept::new();
    let key = fs::read_to_string(kept.path("root-1.key")).expect("the root key");
    let config = fs::read_to_string(kept.config()).expect("the configuration");
    let lines = config.lines().filter(|line| !line.starts_with("versions"));
    let lines: Vec<&str> = lines.collect();
    fs::write(kept.config(), lines.join("\n")).expect("written");
    kept.assert_refused(&["KEYSTRATA_ROOT_KEK_V1"]);
    let mut server = spawn(kept.serve().env("KEYSTRATA_ROOT_KEK_V1", key.trim()));
    let mut ready = String::new();
    let output = server.stdout.as_mut().expect("it is piped");
    BufReader::new(output).read_line(&mut ready).expect("it says that it is ready");
    let config = kept.config();
    let config = config.to_str().expect("UTF-8");
    let ended = run_to_end(&["kek", "status", "--config", config], &[]);
    assert!(ended.status.success() && ended.stdout.contains("root (env)"), "{ended:?}");
    server.kill().expect("it is ours");
    server.wait().expect("it ends");
}
