//! The soak, shortly: what it does finds nothing wrong.

use keystrata::hsm::softhsm;
use serde_json::Value;

use crate::support::server::run_to_end;

/// The report of a soak, which ended well.
fn soak(arguments: &[&str]) -> Value {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().join("soak");
    let place = place.to_str().expect("UTF-8");
    let ended = run_to_end(&[&["soak", "--json", "--dir", place], arguments].concat(), &[]);
    assert!(ended.status.success(), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(report["green"], true, "{report:#}");
    report
}

#[test]
fn a_root_in_the_environment_rotates_while_the_server_is_killed() {
    let report = soak(&["--root", "env", "--seconds", "5", "--pause", "50", "--kill"]);
    assert!(report["operations"].as_u64().is_some_and(|done| done > 0), "{report:#}");
    assert_eq!(report["rotations"]["migrations"], 0);
}

#[test]
fn a_root_in_a_token_rotates_while_the_token_is_in_trouble() {
    if softhsm::find_module().is_none() {
        return;
    }
    let report = soak(&["--root", "softhsm", "--seconds", "8", "--pause", "50", "--trouble"]);
    assert_eq!(report["server_kills"], 0);
}
