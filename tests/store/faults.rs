//! Faults that an operator meets: in use, newer, foreign, read-only, full.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use keystrata::store::{Commit, Error, LockError, OpenError, Selector};
use kmip_ttlv::enums::State;

use super::crash::verify;
use super::fixture::{changes, entry, insert, object, open, record, settings, store, view};

const DIRECTORY: &str = "KEYSTRATA_TEST_DIRECTORY";

#[test]
fn a_second_process_is_told_who_has_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = store(directory.path());
    let error = open(&settings(directory.path())).expect_err("is in use");
    assert!(matches!(error, OpenError::Lock(LockError::InUse { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("in use by another keystrata"), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    drop(first);
    store(directory.path());
}

#[test]
fn a_newer_store_is_refused_and_not_touched() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(store(directory.path()));
    let file = directory.path().join("keystrata.db");
    let db = rusqlite::Connection::open(&file).expect("opens");
    let newest: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("reads");
    db.pragma_update(None, "user_version", 99).expect("writes");
    db.close().expect("closes");
    let before = fs::read(&file).expect("reads");
    let error = open(&settings(directory.path())).expect_err("is newer");
    let text = error.to_string();
    assert!(text.contains("schema version 99"), "{text}");
    assert!(text.contains(&format!("versions up to {newest}")), "{text}");
    assert_eq!(fs::read(&file).expect("reads"), before);
}

#[test]
fn another_programs_database_is_refused_and_not_touched() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("keystrata.db");
    let db = rusqlite::Connection::open(&file).expect("opens");
    db.execute_batch("CREATE TABLE theirs (id INTEGER)").expect("writes");
    db.close().expect("closes");
    let before = fs::read(&file).expect("reads");
    let error = open(&settings(directory.path())).expect_err("is foreign");
    assert!(error.to_string().contains("is not a keystrata store"), "{error}");
    assert_eq!(fs::read(&file).expect("reads"), before);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("keystrata.db"), "no database ".repeat(1000)).expect("writes");
    let error = open(&settings(directory.path())).expect_err("is damaged");
    assert!(error.to_string().contains("file is not a database"), "{error}");
}

#[tokio::test]
async fn nobody_else_can_read_what_a_store_writes() {
    let directory = tempfile::tempdir().expect("a directory");
    let inside = directory.path().join("store");
    let store = store(&inside);
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.audit().read(record(own, "Get", &["u"])).await.expect("is taken");
    store.close();
    let mut left = vec![inside];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let mode = fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        seen += 1;
        if path.is_dir() {
            left.extend(fs::read_dir(&path).expect("reads").map(|it| it.expect("reads").path()));
        }
    }
    assert!(seen >= 6, "two directories, two locks, a database and a trail, not {seen}");
}

/// The child of the next test: says why a store cannot be opened.
#[test]
#[ignore = "runs as a child of another test"]
fn child_that_opens() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    match open(&settings(Path::new(&directory))) {
        Ok(_) => println!("opened"),
        Err(error) => println!("refused: {error}"),
    }
}

#[test]
fn a_read_only_directory_is_refused_with_its_name() {
    let parent = tempfile::tempdir().expect("a directory");
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).expect("is ours");
    let directory = parent.path().join("store");
    fs::create_dir(&directory).expect("makes");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o555)).expect("is ours");
    // This program by a name for which nobody has to be able to enter the directories above it.
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", "faults::child_that_opens", "--ignored", "--nocapture"]);
    if fs::write(directory.join("probe"), "").is_ok() {
        // Root may write everywhere; nobody may not.
        fs::remove_file(directory.join("probe")).expect("is there");
        command.uid(65534).gid(65534);
    }
    let output = command.env(DIRECTORY, &directory).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let expected =
        format!("refused: the directory {} cannot be used: Permission denied", directory.display());
    assert!(text.contains(&expected), "{text}");
    assert_eq!(fs::read_dir(&directory).expect("reads").count(), 0);
}

/// The child of the next test: commits until it is refused, says so, waits for a line, and goes on.
#[tokio::test]
#[ignore = "runs as a child of another test"]
async fn child_that_fills_its_disk() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = store(Path::new(&directory));
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let mut refusals = 0;
    for n in 0..6000 {
        let uid = format!("u{n}");
        let commit = Commit {
            changes: vec![insert(own, object(&uid, State::Active, "n"))],
            audit: vec![record(own, "Create", &[&uid])],
        };
        match store.commit(commit).await {
            Ok(()) => println!("made {uid}"),
            Err(Error::Unwritable(text)) => {
                refusals += 1;
                if refusals == 20 {
                    println!("full: {text}");
                    std::io::stdin().read_line(&mut String::new()).expect("reads");
                }
            }
            Err(other) => panic!("{other}"),
        }
    }
    println!("done after {refusals}");
}

/// A disk that is full refuses changes with a clear error, loses nothing, and works again when
/// there is space. (The limit on a file's size stands for the disk: it fails the same calls.)
#[tokio::test]
async fn a_full_disk_loses_nothing_and_recovers() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 2000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "faults::child_that_fills_its_disk", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let (mut made, mut full, mut done) = (Vec::new(), 0, false);
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.expect("reads");
        if let Some((_, uid)) = line.split_once("made ") {
            made.push(uid.to_owned());
        } else if line.contains("full: ") {
            full += 1;
            let limit = ["--fsize=unlimited", "--pid", &child.id().to_string()];
            assert!(Command::new("prlimit").args(limit).status().expect("runs").success());
            child.stdin.take().expect("piped").write_all(b"go\n").expect("writes");
        }
        done |= line.contains("done after ");
    }
    assert!(child.wait().expect("ends").success());
    assert!(full == 1 && done, "refused {full} times, ended: {done}");

    let store = store(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let found = store.select(own, Selector::default(), None, usize::MAX).await.expect("reads");
    assert_eq!(found.len(), made.len());
    for uid in &made {
        assert!(store.object(own, uid).await.expect("reads").is_some(), "{uid} is lost");
    }
    store.close();
    let report = verify(directory.path());
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.records, made.len() as u64);
}

/// How long 100,000 objects take to open, and one of them to be found by its name. Printed, not
/// judged: machines differ.
#[tokio::test]
async fn a_large_store_opens_at_once() {
    const OBJECTS: usize = 100_000;
    let directory = tempfile::tempdir().expect("a directory");
    let filled = store(directory.path());
    let own = view(&**filled.engine(), "tenant-a", "orders").await;
    let started = Instant::now();
    for group in 0..OBJECTS / 1000 {
        let made = (0..1000).map(|n| {
            let number = group * 1000 + n;
            insert(own, object(&format!("uid-{number}"), State::Active, &format!("name-{number}")))
        });
        filled.commit(changes(made.collect())).await.expect("commits");
    }
    println!("{OBJECTS} objects made in {:?}", started.elapsed());
    filled.close();
    drop(filled);

    let started = Instant::now();
    let opened = store(directory.path());
    let took = started.elapsed();
    let started = Instant::now();
    let selector = Selector { entry: entry("name-4711"), ..Selector::default() };
    let found = opened.select(own, selector, None, 10).await.expect("reads");
    println!("opened in {took:?}, found by name in {:?}", started.elapsed());
    let [(_, found)] = found.as_slice() else { panic!("one object, not {}", found.len()) };
    assert_eq!(found.object.uid, "uid-4711");
}
