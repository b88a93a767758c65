//! The audit trail on disk: strict and batched, over many files, when it is tampered with, and when
//! it cannot be written.
#![allow(clippy::disallowed_methods, reason = "tests ask for the time")]

#[path = "store/fixture.rs"]
mod fixture;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keystrata::audit::{Damage, Report};
use keystrata::store::{
    Commit, Error, OpenError, Reads, Store, StoreSettings, TrailError, View, audit_log, embedded,
};
use kmip_ttlv::enums::State;

use fixture::{insert, object, open, record, settings, store, view};

/// The longest that a test waits for something that happens by itself.
const PATIENCE: Duration = Duration::from_secs(20);

fn files(directory: &Path) -> Vec<PathBuf> {
    audit_log::files(&directory.join("audit")).expect("reads")
}

fn text(directory: &Path) -> String {
    files(directory).iter().map(|path| fs::read_to_string(path).expect("reads")).collect()
}

fn verify(directory: &Path) -> Report {
    let remembered = embedded::remembered(directory).expect("reads");
    audit_log::verify(&directory.join("audit"), Some(remembered)).expect("reads")
}

/// A commit that makes an object, with its record.
fn making(view: View, uid: &str) -> Commit {
    Commit {
        changes: vec![insert(view, object(uid, State::Active, "n"))],
        audit: vec![record(view, "Create", &[uid])],
    }
}

/// A closed store whose trail has `records` records, half of reads and half of changes.
async fn trail(settings: &StoreSettings, records: usize) {
    let store = open(settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    for n in 0..records / 2 {
        store.commit(making(own, &format!("u{n}"))).await.expect("commits");
        store.audit().read(record(own, "Get", &["u0"])).await.expect("is taken");
    }
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "{what} did not happen");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_strict_read_is_in_the_file_when_it_may_be_answered() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    settings.audit.reads = Reads::Strict;
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    for n in 0..10 {
        let uid = format!("read-{n}");
        store.audit().read(record(own, "Get", &[&uid])).await.expect("is written");
        assert!(text(directory.path()).contains(&uid));
    }
}

#[tokio::test]
async fn a_batched_read_is_in_the_file_soon() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.audit().read(record(own, "Get", &["read-1"])).await.expect("is taken");
    eventually("the write", || text(directory.path()).contains("read-1")).await;
}

#[tokio::test]
async fn records_of_changes_follow_their_commits() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(making(own, "u1")).await.expect("commits");
    let conflict = store.commit(making(own, "u1")).await;
    assert!(matches!(conflict, Err(Error::Conflict)));
    store.commit(making(own, "u2")).await.expect("commits");
    store.close();
    let text = text(directory.path());
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let uids: Vec<_> = lines.iter().map(|line| line["objects"][0].as_str()).collect();
    assert_eq!(uids, [Some("u1"), Some("u2")], "one record for each commit that was made");
    assert_eq!(lines[0]["node"], "keystrata");
    assert_eq!(lines[0]["tenant"], "tenant-a");
}

#[tokio::test]
async fn a_trail_goes_on_over_many_files_and_restarts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    settings.audit.file_bytes_max = 2000;
    settings.audit.reads = Reads::Strict;
    for restart in 0..3 {
        let store = open(&settings).expect("opens");
        let own = view(&**store.engine(), "tenant-a", "orders").await;
        for n in 0..10 {
            store.commit(making(own, &format!("{restart}-{n}"))).await.expect("commits");
            store.audit().read(record(own, "Get", &["u"])).await.expect("is written");
        }
    }
    let report = verify(directory.path());
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.records, report.first), (60, Some(1)));
    assert!(files(directory.path()).len() > 10);
}

/// What the verifier says after `tamper` was done to the lines of a trail in several files.
async fn tampered(tamper: impl FnOnce(&mut Vec<Vec<String>>)) -> Vec<(String, u64, Damage)> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    settings.audit.file_bytes_max = 4000;
    settings.audit.reads = Reads::Strict;
    trail(&settings, 40).await;
    assert!(verify(directory.path()).is_sound());
    let files = files(directory.path());
    assert!(files.len() >= 3, "several files");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("reads");
        text.lines().map(|line| format!("{line}\n")).collect()
    };
    let mut lines: Vec<Vec<String>> = files.iter().map(read).collect();
    tamper(&mut lines);
    for (path, lines) in files.iter().zip(lines) {
        fs::write(path, lines.concat()).expect("writes");
    }
    let findings = verify(directory.path()).findings;
    findings.into_iter().map(|it| (it.file, it.line, it.damage)).collect()
}

#[tokio::test]
async fn a_changed_record_is_found_in_its_file_and_line() {
    let findings = tampered(|files| {
        files[1][2] = files[1][2].replace("\"result\":\"Success\"", "\"result\":\"Succes5\"");
    })
    .await;
    let [(file, 3, Damage::Changed)] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(file.contains("audit-0000000000"), "{file}");
}

#[tokio::test]
async fn a_missing_record_is_found_where_it_was() {
    let findings = tampered(|files| drop(files[1].remove(2))).await;
    let [(_, 3, Damage::Missing { from, to })] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(from, to);
}

#[tokio::test]
async fn records_in_another_order_are_found() {
    let findings = tampered(|files| files[1].swap(1, 2)).await;
    assert!(
        matches!(
            findings.as_slice(),
            [(_, 2, Damage::Missing { .. }), (_, 3, Damage::OutOfOrder { .. })]
        ),
        "{findings:?}"
    );
}

#[tokio::test]
async fn a_missing_file_is_found_by_the_next_one() {
    let findings = tampered(|files| files[1].clear()).await;
    assert!(matches!(findings.as_slice(), [(_, 1, Damage::Missing { .. })]), "{findings:?}");
}

#[tokio::test]
async fn a_missing_end_is_found_by_what_the_store_remembers() {
    let findings = tampered(|files| drop(files.last_mut().and_then(Vec::pop))).await;
    assert!(matches!(findings.as_slice(), [(_, _, Damage::CutOff { .. })]), "{findings:?}");
}

#[tokio::test]
async fn a_store_whose_trail_lost_its_end_needs_a_word_to_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    trail(&settings, 20).await;
    fs::remove_dir_all(directory.path().join("audit")).expect("is ours");
    let error = open(&settings).expect_err("is cut off");
    assert!(matches!(error, OpenError::Trail(TrailError::CutOff { .. })), "{error}");
    let said = error.to_string();
    assert!(said.contains("ends with record 0, but record 20 was written"), "{said}");

    settings.audit.accept_loss = true;
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(making(own, "after")).await.expect("commits");
    store.close();
    let report = verify(directory.path());
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.records, report.first), (1, Some(21)));
}

#[tokio::test]
async fn a_damaged_end_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = settings(directory.path());
    trail(&settings, 4).await;
    let file = files(directory.path()).pop().expect("a file");
    let text = fs::read_to_string(&file).expect("reads");
    let at = text.rfind("Success").expect("a result");
    fs::write(&file, format!("{}x{}", &text[..at], &text[at + 1..])).expect("writes");
    let error = open(&settings).expect_err("is damaged");
    assert!(matches!(error, OpenError::Trail(TrailError::Damaged(_))), "{error}");
}

/// While the trail cannot be written, nothing is: neither commits nor reads. When it can be
/// written again, both work, and no change is missing.
#[tokio::test]
async fn without_a_trail_nothing_is_served_until_it_is_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    settings.audit.reads = Reads::Strict;
    settings.audit.file_bytes_max = 1; // Every write needs a new file.
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(making(own, "before")).await.expect("commits");
    store.audit().read(record(own, "Get", &["before"])).await.expect("is written");
    assert_eq!(store.audit().check(), Ok(()));

    let (here, away) = (directory.path().join("audit"), directory.path().join("away"));
    fs::rename(&here, &away).expect("is ours");
    let error = store.audit().read(record(own, "Get", &["x"])).await.expect_err("cannot be");
    assert!(error.to_string().contains("the audit trail cannot be written"), "{error}");
    assert_eq!(store.audit().check(), Err(error.clone()));
    let refused = store.commit(making(own, "during")).await;
    assert!(matches!(refused, Err(Error::Unwritable(_))), "{refused:?}");
    assert_eq!(store.object(own, "during").await.expect("reads"), None);

    fs::rename(&away, &here).expect("is ours");
    eventually("the recovery", || store.audit().check().is_ok()).await;
    store.commit(making(own, "after")).await.expect("commits");
    store.close();
    let report = verify(directory.path());
    assert!(report.is_sound(), "{report}");
    let text = text(directory.path());
    for uid in ["before", "after"] {
        assert_eq!(text.matches(&format!("\"Create\",\"objects\":[\"{uid}\"]")).count(), 1);
    }
    assert!(!text.contains("during"));
}

/// A change that was committed while the trail was lost is in the outbox, and in the trail once it
/// is back, even if the process ended in between.
#[tokio::test]
async fn the_outbox_outlives_a_trail_that_is_lost_and_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    settings.audit.file_bytes_max = 1;
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let (here, away) = (directory.path().join("audit"), directory.path().join("away"));
    fs::rename(&here, &away).expect("is ours");
    // Nobody knows yet that the trail is gone.
    store.commit(making(own, "u1")).await.expect("commits");
    eventually("the failure", || store.audit().check().is_err()).await;
    drop(store);
    assert!(!here.exists());
    fs::rename(&away, &here).expect("is ours");
    open(&settings).expect("opens").close();
    let report = verify(directory.path());
    assert!(report.is_sound(), "{report}");
    assert_eq!(text(directory.path()).matches("\"u1\"").count(), 1);
}

/// Many writers and readers at once lose and repeat nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_operation_leaves_one_record() {
    const EACH: usize = 200;
    let directory = tempfile::tempdir().expect("a directory");
    let store: std::sync::Arc<Store> = store(directory.path()).into();
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    store.commit(making(own, &format!("{task}-{n}"))).await.expect("commits");
                    let read = record(own, "Get", &[&format!("{task}-{n}")]);
                    store.audit().read(read).await.expect("is taken");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    store.close();
    let report = verify(directory.path());
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.records, 2 * 8 * EACH as u64);
    let text = text(directory.path());
    let mut lines: Vec<(String, String)> = text
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            (line["operation"].to_string(), line["objects"].to_string())
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 2 * 8 * EACH);
}
