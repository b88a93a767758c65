//! Death at any moment: a child process commits and says what was acknowledged, and is killed. What
//! it leaves has to hold everything it said, nothing half made, and an audit trail that has each
//! change exactly once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keystrata::audit::Report;
use keystrata::store::{Commit, Observer, Selector, Step, Store, audit_log, embedded};
use kmip_ttlv::enums::State;

use super::fixture::{insert, object, open, record, settings, store, update, view};

/// Where the child works.
const DIRECTORY: &str = "KEYSTRATA_TEST_DIRECTORY";
/// At which step it aborts, as `<step>:<how often it has come>`; or never.
const ABORT_AT: &str = "KEYSTRATA_TEST_ABORT_AT";
/// How many writers it has.
const WRITERS: u32 = 8;

/// The child: many writers, each in a chain of commits. Every commit makes a pair of objects and
/// changes the pair before; it prints what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a child of the other tests"]
async fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let mut settings = settings(Path::new(&directory));
    settings.audit.file_bytes_max = 32 * 1024;
    settings.observer = observer(std::env::var(ABORT_AT).ok());
    let store = Arc::new(open(&settings).expect("opens"));
    view(&**store.engine(), "tenant-a", "orders").await;
    let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(writer(store.clone(), n))).collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
}

fn observer(abort_at: Option<String>) -> Observer {
    let Some(abort_at) = abort_at else { return Observer::default() };
    let (step, count) = abort_at.split_once(':').expect("step:count");
    let step = *Step::ALL.iter().find(|it| format!("{it:?}") == step).expect("a step");
    let left = AtomicU32::new(count.parse().expect("a count"));
    Observer::new(move |at| {
        if at == step && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    })
}

async fn writer(store: Arc<Store>, writer: u32) {
    let view = view(&**store.engine(), "tenant-a", "orders").await;
    let run = std::process::id();
    let mut last: Option<String> = None;
    for n in 0..100_000 {
        let pair = format!("{run}-{writer}-{n}");
        let uids = [format!("{pair}-a"), format!("{pair}-b")];
        let mut changes: Vec<_> =
            uids.iter().map(|uid| insert(view, object(uid, State::PreActive, &pair))).collect();
        for end in last.iter().flat_map(|last| [format!("{last}-a"), format!("{last}-b")]) {
            let before = store.object(view, &end).await.expect("reads").expect("is there");
            changes.push(update(view, &before, |object| {
                object.attributes.put(kmip_ttlv::attribute::Attribute::State(State::Active));
            }));
        }
        let audit = vec![record(view, "Create", &[&uids[0], &uids[1]])];
        store.commit(Commit { changes, audit }).await.expect("commits");
        // In one write, so that no line is half said.
        println!("made {pair} {}", last.as_deref().unwrap_or("-"));
        store.audit().read(record(view, "Get", &[&uids[0]])).await.expect("is taken");
        last = Some(pair);
    }
}

fn spawn(test: &str, directory: &Path, environment: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

/// Pairs that the child said were made, with whether it said that they were made active.
#[derive(Default)]
struct Said(BTreeMap<String, bool>);

impl Said {
    fn hear(&mut self, line: &str) {
        // libtest may have begun the line.
        let Some((_, said)) = line.split_once("made ") else { return };
        let Some((pair, before)) = said.split_once(' ') else { return };
        self.0.insert(pair.to_owned(), false);
        if let Some(active) = self.0.get_mut(before) {
            *active = true;
        }
    }
}

/// Runs the child until it has said `lines` lines, kills it, and hears what else it said.
fn run_and_kill(directory: &Path, abort_at: Option<&str>, lines: usize, said: &mut Said) {
    let environment: Vec<_> = abort_at.iter().map(|at| (ABORT_AT, *at)).collect();
    let mut child = spawn("crash::child", directory, &environment);
    let mut output = BufReader::new(child.stdout.take().expect("piped")).lines();
    for line in output.by_ref().take(lines) {
        said.hear(&line.expect("reads"));
    }
    child.kill().expect("is killed");
    for line in output {
        said.hear(&line.expect("reads"));
    }
    child.wait().expect("has ended");
}

/// Verifies the trail of a store that is closed.
pub(crate) fn verify(directory: &Path) -> Report {
    let remembered = embedded::remembered(directory).expect("reads");
    audit_log::verify(&directory.join("audit"), Some(remembered)).expect("reads")
}

/// How often the trail says that each object was made.
fn audited(directory: &Path) -> BTreeMap<String, u32> {
    let mut audited = BTreeMap::new();
    for path in audit_log::files(&directory.join("audit")).expect("reads") {
        for line in fs::read_to_string(path).expect("reads").lines() {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if record["operation"] == "Create" {
                for uid in record["objects"].as_array().expect("objects") {
                    *audited.entry(uid.as_str().expect("text").to_owned()).or_default() += 1;
                }
            }
        }
    }
    audited
}

/// Opens what is left and checks it. Returns how many objects there are.
async fn check(directory: &Path, said: &Said) -> usize {
    let reopened = store(directory);
    let own = view(&**reopened.engine(), "tenant-a", "orders").await;
    let found = reopened.select(own, Selector::default(), None, usize::MAX).await.expect("reads");
    let states: BTreeMap<String, State> = found
        .iter()
        .map(|(_, stored)| (stored.object.uid.clone(), stored.object.state()))
        .collect();
    for (pair, active) in &said.0 {
        for uid in [format!("{pair}-a"), format!("{pair}-b")] {
            let state = states.get(&uid);
            assert!(state.is_some(), "{uid} was acknowledged and is not there");
            assert!(!active || state == Some(&State::Active), "{uid} lost a change");
        }
    }
    for (uid, state) in &states {
        let twin = match uid.strip_suffix("-a") {
            Some(pair) => format!("{pair}-b"),
            None => format!("{}-a", uid.strip_suffix("-b").expect("one of a pair")),
        };
        assert_eq!(states.get(&twin), Some(state), "{uid} is half made");
    }
    reopened.close();
    let report = verify(directory);
    assert!(report.is_sound(), "{report}");
    let audited = audited(directory);
    assert!(audited.values().all(|times| *times == 1), "a change is in the trail twice");
    assert!(audited.keys().eq(states.keys()), "the trail and the store have other objects");
    assert_eq!(outbox_rows(directory), 0);
    states.len()
}

fn outbox_rows(directory: &Path) -> i64 {
    let db = rusqlite::Connection::open(directory.join("keystrata.db")).expect("opens");
    db.query_row("SELECT count(*) FROM audit_outbox", [], |row| row.get(0)).expect("reads")
}

/// Killed again and again at moments that nobody chose, on one store.
#[tokio::test]
async fn killed_at_any_moment_a_store_keeps_what_it_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut said = Said::default();
    let mut objects = 0;
    for lines in [5, 40, 1, 90, 13, 250, 30, 160] {
        run_and_kill(directory.path(), None, lines, &mut said);
        let now = check(directory.path(), &said).await;
        assert!(now >= objects);
        objects = now;
    }
    assert!(said.0.len() > 100, "the children said too little: {}", said.0.len());
}

/// Killed right after each step towards durability.
#[tokio::test]
async fn killed_at_each_step_a_store_keeps_what_it_acknowledged() {
    for step in Step::ALL {
        for count in [1, 4, 11] {
            let directory = tempfile::tempdir().expect("a directory");
            let mut said = Said::default();
            let at = format!("{step:?}:{count}");
            run_and_kill(directory.path(), Some(&at), usize::MAX, &mut said);
            check(directory.path(), &said).await;
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("makes");
    for entry in fs::read_dir(from).expect("reads") {
        let entry = entry.expect("reads");
        let (path, target): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copies");
        }
    }
}

/// A trail that a crash has cut at any byte is made whole from the outbox.
#[tokio::test]
async fn a_trail_cut_anywhere_is_completed_from_the_outbox() {
    let crashed = tempfile::tempdir().expect("a directory");
    let mut said = Said::default();
    // Nothing is out of the outbox yet when the first lines are written.
    run_and_kill(crashed.path(), Some("TrailWritten:1"), usize::MAX, &mut said);
    let files = audit_log::files(&crashed.path().join("audit")).expect("reads");
    let [file] = files.as_slice() else { panic!("one file, not {files:?}") };
    let text = fs::read(file).expect("reads");
    let ends: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'\n').collect();
    assert!(ends.len() >= 2, "more than one record");
    let mut cuts: Vec<usize> = ends.iter().take(3).flat_map(|end| [*end, end + 1]).collect();
    cuts.extend((0..text.len().min(4000)).step_by(149));
    for cut in cuts {
        let copied = tempfile::tempdir().expect("a directory");
        copy(crashed.path(), copied.path());
        let name = file.file_name().expect("a name");
        let file = copied.path().join("audit").join(name);
        let file = fs::OpenOptions::new().write(true).open(file).expect("opens");
        file.set_len(cut as u64).expect("cuts");
        check(copied.path(), &said).await;
    }
}
