//! What a store accepts as its audit trail when it opens.

use std::fs;
use std::path::{Path, PathBuf};

use keystrata::store::{Commit, OpenError, Reads, Store, StoreSettings, TrailError, View};
use keystrata::store::{audit_log, embedded};
use kmip_ttlv::enums::State;

use super::crash::verify;
use super::fixture::{insert, object, open, record, settings, view};

/// Strict, so that what a read leaves is in the file when it returns.
fn strict(directory: &Path) -> StoreSettings {
    let mut settings = settings(directory);
    settings.audit.reads = Reads::Strict;
    settings
}

async fn make(store: &Store, view: View, uid: &str) {
    let commit = Commit {
        changes: vec![insert(view, object(uid, State::Active, "n"))],
        audit: vec![record(view, "Create", &[uid])],
    };
    store.commit(commit).await.expect("commits");
    read(store, view).await;
}

async fn read(store: &Store, view: View) {
    store.audit().read(record(view, "Get", &["u0"])).await.expect("is written");
}

/// A closed store whose trail has records of `node`.
async fn made_by(directory: &Path, node: &str) -> StoreSettings {
    let mut settings = strict(directory);
    settings.audit.node = node.into();
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    for n in 0..5 {
        make(&store, own, &format!("u{n}")).await;
    }
    settings
}

/// What a loss of power leaves of a store: everything that was durable, and some lines of the trail
/// behind the place that the store remembers, the last of them those of reads.
async fn interrupted(directory: &Path, file_bytes_max: u64) -> (tempfile::TempDir, StoreSettings) {
    let mut running = strict(directory);
    running.audit.file_bytes_max = file_bytes_max;
    let store = open(&running).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    for n in 0..3 {
        make(&store, own, &format!("u{n}")).await;
    }
    for _ in 0..3 {
        read(&store, own).await;
    }
    let left = tempfile::tempdir().expect("a directory");
    copy(directory, left.path());
    let settings = StoreSettings {
        audit: audit_log::AuditSettings {
            directory: left.path().join("audit"),
            ..running.audit.clone()
        },
        ..strict(left.path())
    };
    (left, settings)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("makes");
    for entry in fs::read_dir(from).expect("reads") {
        let path = entry.expect("reads").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).expect("copies");
        }
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    audit_log::files(&directory.join("audit")).expect("reads")
}

/// Overwrites the line with this number by zeros, line feed and all.
fn punch(directory: &Path, seq: u64) {
    let start = format!("{{\"seq\":{seq},");
    for path in files(directory) {
        let mut text = fs::read_to_string(&path).expect("reads").into_bytes();
        let at = text.windows(start.len()).position(|window| window == start.as_bytes());
        let Some(at) = at else { continue };
        let length = text[at..].iter().position(|byte| *byte == b'\n').expect("an end") + 1;
        text[at..at + length].fill(0);
        fs::write(&path, text).expect("writes");
        return;
    }
    panic!("no record {seq}");
}

#[tokio::test]
async fn the_trail_of_another_store_is_refused() {
    let (one, two) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    made_by(one.path(), "one").await;
    let mut settings = made_by(two.path(), "two").await;
    let before = fs::read(&files(two.path())[0]).expect("reads");
    settings.audit.directory = one.path().join("audit");
    let error = open(&settings).expect_err("is another's");
    assert!(matches!(error, OpenError::Trail(TrailError::Foreign { .. })), "{error}");
    let said = error.to_string();
    assert!(said.contains("does not have record 10 as this store remembers it"), "{said}");
    settings.audit.accept_loss = true;
    let error = open(&settings).expect_err("is another's still");
    assert!(matches!(error, OpenError::Trail(TrailError::Foreign { .. })), "{error}");

    settings.audit.directory = two.path().join("audit");
    open(&settings).expect("its own is taken");
    assert_eq!(fs::read(&files(two.path())[0]).expect("reads"), before);
}

#[tokio::test]
async fn a_longer_trail_of_another_store_is_refused_too() {
    let (one, two) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    let longer = made_by(one.path(), "one").await;
    let store = open(&longer).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    make(&store, own, "more").await;
    drop(store);
    let mut settings = made_by(two.path(), "two").await;
    settings.audit.directory = longer.audit.directory;
    let error = open(&settings).expect_err("is another's");
    assert!(matches!(error, OpenError::Trail(TrailError::Foreign { .. })), "{error}");
}

/// Of a write that was not synced, the last page may be on the disk and one before it not.
#[tokio::test]
async fn a_hole_before_the_last_line_is_cut_off_and_the_outbox_fills_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (left, settings) = interrupted(directory.path(), 1 << 20).await;
    let remembered = embedded::remembered(left.path()).expect("reads").seq;
    punch(left.path(), remembered + 1);
    open(&settings).expect("opens").close();
    let report = verify(left.path());
    assert!(report.is_sound(), "{report}");
    let text: String =
        files(left.path()).iter().map(|it| fs::read_to_string(it).expect("reads")).collect();
    for uid in ["u0", "u1", "u2"] {
        let made = format!("\"Create\",\"objects\":[\"{uid}\"]");
        assert_eq!(text.matches(&made).count(), 1, "{uid}");
    }
}

/// A file is begun when the one before it is durable, so a hole in that one is no accident.
#[tokio::test]
async fn a_hole_that_no_loss_of_power_leaves_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let (left, settings) = interrupted(directory.path(), 1 << 20).await;
    let remembered = embedded::remembered(left.path()).expect("reads").seq;
    let next = left.path().join(format!("audit/audit-{:020}.jsonl", 1000));
    fs::write(next, "").expect("writes");
    punch(left.path(), remembered + 1);
    let before = fs::read(&files(left.path())[0]).expect("reads");
    let error = open(&settings).expect_err("is damaged");
    assert!(matches!(error, OpenError::Trail(TrailError::Damaged(_))), "{error}");
    assert_eq!(fs::read(&files(left.path())[0]).expect("reads"), before, "nothing was cut off");
}

#[tokio::test]
async fn a_hole_before_the_remembered_record_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let (left, settings) = interrupted(directory.path(), 1 << 20).await;
    let remembered = embedded::remembered(left.path()).expect("reads").seq;
    punch(left.path(), remembered);
    let error = open(&settings).expect_err("is damaged");
    assert!(matches!(error, OpenError::Trail(TrailError::Damaged(_))), "{error}");
}

#[tokio::test]
async fn a_hole_in_the_first_line_of_a_file_empties_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (left, settings) = interrupted(directory.path(), 1).await;
    let count = files(left.path()).len();
    assert!(count > 3, "every write has a file of its own");
    let last = files(left.path()).pop().expect("a file");
    let text = fs::read_to_string(&last).expect("reads");
    fs::write(&last, "\0".repeat(text.len())).expect("writes");
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    make(&store, own, "after").await;
    drop(store);
    let report = verify(left.path());
    assert!(report.is_sound(), "{report}");
}

/// Files may be moved away from the beginning of the trail, even those that the store remembers.
#[tokio::test]
async fn older_files_may_be_moved_away() {
    let directory = tempfile::tempdir().expect("a directory");
    let (left, settings) = interrupted(directory.path(), 1).await;
    let files = files(left.path());
    for file in &files[..files.len() - 1] {
        fs::remove_file(file).expect("is there");
    }
    open(&settings).expect("opens");
}

/// After a loss was accepted there is no record that the store remembers, but one that follows it.
#[tokio::test]
async fn a_trail_that_goes_on_after_an_accepted_loss_is_the_stores() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = made_by(directory.path(), "one").await;
    let anchor = embedded::remembered(directory.path()).expect("reads");
    fs::remove_dir_all(directory.path().join("audit")).expect("is ours");
    settings.audit.accept_loss = true;
    let store = open(&settings).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    read(&store, own).await;
    let left = tempfile::tempdir().expect("a directory");
    copy(directory.path(), left.path());
    settings.audit.accept_loss = false;
    settings.embedded.directory = left.path().to_owned();
    settings.audit.directory = left.path().join("audit");
    assert_eq!(embedded::remembered(left.path()).expect("reads"), anchor);
    open(&settings).expect("opens");
}
