//! Tokens that are not the one that the store was made with. They need `SoftHSM`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keystrata::hsm::softhsm::find_module;
use kmip_ttlv::enums::{Operation, ResultReason};

use crate::damage::{Kept, files_below};
use crate::support::message::{create, items, of, one, outcome, request, uid};
use crate::support::server::{Plan, get};

/// A directory whose root is in a token, or nothing where `SoftHSM` is not installed.
fn with_token() -> Option<Kept> {
    if find_module().is_none() {
        println!("SoftHSM is not installed: not tested");
        return None;
    }
    Some(Kept::after(Plan::softhsm))
}

fn tokens(kept: &Kept) -> PathBuf {
    kept.path("softhsm/tokens")
}

fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).expect("it is below"));
        fs::create_dir_all(target.parent().expect("a directory")).expect("made");
        fs::copy(&file, &target).expect("copied");
    }
}

#[test]
fn a_token_that_is_gone_is_named() {
    let Some(kept) = with_token() else { return };
    fs::remove_dir_all(tokens(&kept)).expect("removed");
    fs::create_dir(tokens(&kept)).expect("made");
    kept.assert_refused(&["token", "keystrata"]);
}

#[test]
fn a_wrong_pin_is_refused_and_not_shown() {
    let Some(kept) = with_token() else { return };
    let wrong = "0123456789abcdef0123456789abcdef";
    fs::write(kept.path("softhsm/pin"), wrong).expect("written");
    let ended = crate::support::server::end_of(&mut kept.serve());
    crate::damage::assert_is_refusal(&ended, &["PIN"]);
    assert!(!ended.stderr.contains(wrong), "the PIN is a secret");
}

#[test]
fn a_token_without_the_key_is_refused() {
    let Some(kept) = with_token() else { return };
    let is_token = |file: &PathBuf| file.ends_with("token.object");
    for file in files_below(&tokens(&kept)).into_iter().filter(|file| !is_token(file)) {
        fs::remove_file(file).expect("removed");
    }
    kept.assert_refused(&["key", "keystrata-root"]);
}

#[test]
fn another_key_behind_the_right_labels_is_refused_before_anything_is_served() {
    let (Some(kept), Some(other)) = (with_token(), with_token()) else { return };
    fs::remove_dir_all(tokens(&kept)).expect("removed");
    copy(&tokens(&other), &tokens(&kept));
    fs::copy(other.path("softhsm/pin"), kept.path("softhsm/pin")).expect("copied");
    kept.assert_refused(&["root"]);
}

#[test]
fn a_store_made_with_a_token_is_not_opened_with_a_key_file() {
    let Some(kept) = with_token() else { return };
    let other = Kept::new();
    let config = fs::read_to_string(other.config()).expect("a configuration");
    fs::write(kept.config(), config).expect("written");
    fs::copy(other.path("root-1.key"), kept.path("root-1.key")).expect("copied");
    kept.assert_refused(&["pkcs11"]);
}

/// The whole story of an outage: noticed, survived for the grace time, closed, healed by itself.
#[test]
fn a_token_that_is_lost_stops_the_server_after_the_grace_time_and_not_before() {
    if find_module().is_none() {
        println!("SoftHSM is not installed: not tested");
        return;
    }
    let server = Plan::new().softhsm().variable("KEYSTRATA_ROOT_OUTAGE_GRACE", "3 s").start();
    let mut client = server.connect("tenant-a", "mongodb");
    let made = uid(&client.ask(&request((1, 4), vec![create((1, 4), None)])));
    let mut get_key = || {
        let (operation, payload) = of(Operation::Get, &made);
        outcome(items(&client.ask(&one((1, 4), operation, payload)))[0])
    };
    let metric = |line: &str| get(server.admin(), "/metrics").lines().any(|shown| shown == line);
    let is_ready = || get(server.admin(), "/ready").starts_with("HTTP/1.0 200");
    let until = |condition: &dyn Fn() -> bool| {
        while !condition() {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(&|| metric("keystrata_root_grace_remaining_seconds 3"));
    let (tokens, away) =
        (server.directory().join("softhsm/tokens"), server.directory().join("away"));
    fs::rename(&tokens, &away).expect("moved");
    until(&|| metric("keystrata_root_breaker_open 1"));
    assert!(is_ready(), "open keys serve on");
    assert_eq!(get_key(), Ok(()));
    until(&|| !is_ready());
    assert_eq!(get_key(), Err(ResultReason::GeneralFailure));
    assert!(metric("keystrata_root_grace_remaining_seconds 0"));
    fs::rename(&away, &tokens).expect("moved");
    until(&is_ready);
    assert_eq!(get_key(), Ok(()));
    assert!(metric("keystrata_root_breaker_open 0"));
}
