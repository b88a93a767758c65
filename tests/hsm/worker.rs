//! The token's worker: it crashes, hangs and loses its token, and the server goes on.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cryptoki::types::AuthPin;
use keystrata::clock::{Clock, SystemClock};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::hsm::{Pkcs11Root, TokenSettings};
use keystrata::keys::{RootError, RootKey};
use keystrata::metrics::{Metrics, MetricsSettings};
use tokio::runtime::Runtime;

use super::support::{
    DIR_VARIABLE, child, faulty, in_child, session, variable, with_token, workers,
};

/// Longer than any call on a busy machine, and short enough to wait for a few times.
const TIMEOUT: Duration = Duration::from_secs(2);

struct Node {
    root: Pkcs11Root,
    metrics: Arc<Metrics>,
    runtime: Runtime,
    sealed: Vec<u8>,
}

impl Node {
    fn new(settings: TokenSettings) -> Self {
        let settings = TokenSettings { sessions: 1, timeout: TIMEOUT, ..settings };
        let metrics = Metrics::new(&MetricsSettings::default());
        let (random, clock) = (Arc::new(OsRandom), Arc::new(SystemClock::new()));
        let root = Pkcs11Root::open(settings, workers(), random, clock, metrics.clone()).unwrap();
        assert_eq!(root.versions(), [1]);
        let runtime = Runtime::new().unwrap();
        let sealed = runtime.block_on(root.seal(1, b"place", b"text")).unwrap();
        Self { root, metrics, runtime, sealed }
    }

    fn open(&self) -> Result<Vec<u8>, RootError> {
        let opened = self.runtime.block_on(self.root.open(1, b"place", &self.sealed));
        opened.map(|text| text.to_vec())
    }

    fn assert_opens(&self) {
        assert_eq!(self.open().unwrap(), b"text");
    }

    /// The reason of a call that fails.
    fn refused(&self) -> String {
        match self.open().unwrap_err() {
            RootError::Unavailable(reason) => reason,
            other => panic!("{other}"),
        }
    }

    /// Asks until there is an answer, as readiness does.
    fn heals(&self) {
        eventually("the token is used again", || self.open().is_ok());
    }

    fn shows(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|shown| shown == line)
    }
}

/// The processes that this one has started.
fn children() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let of_task = tasks.map(|task| task.unwrap().path().join("children"));
    let text: String = of_task.filter_map(|file| fs::read_to_string(file).ok()).collect();
    text.split_whitespace().map(str::to_owned).collect()
}

fn worker() -> String {
    let mut all = children();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Waits for what happens soon, but nobody knows when.
fn eventually(what: &str, happens: impl Fn() -> bool) {
    let clock = SystemClock::new();
    while !happens() {
        assert!(clock.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(name: &str, process: &str) {
    assert!(Command::new("kill").args(["-s", name, process]).status().unwrap().success());
}

#[test]
fn a_worker_that_is_killed_is_replaced_before_anybody_notices() {
    with_token(|soft, _| {
        let node = Node::new(soft.settings().unwrap());
        for killed in 1..=3 {
            let before = worker();
            signal("KILL", &before);
            node.assert_opens();
            assert_ne!(worker(), before);
            assert!(node.shows(&format!("keystrata_root_worker_restarts_total {killed}")));
        }
        assert!(node.shows("keystrata_root_breaker_open 0"));
        drop(node);
        assert_eq!(children(), [""; 0], "the worker ends with the root");
    });
}

#[test]
fn a_worker_that_hangs_is_ended_and_nobody_else_waits_for_it() {
    with_token(|soft, _| {
        let node = Node::new(soft.settings().unwrap());
        let before = worker();
        signal("STOP", &before);
        let start = SystemClock::new();
        assert!(node.refused().contains("has not answered for 2 s"));
        assert!(start.elapsed() >= TIMEOUT);
        let start = SystemClock::new();
        assert!(node.refused().contains("has not answered for 2 s"));
        assert!(start.elapsed() < TIMEOUT / 2, "the breaker is open");
        assert!(node.shows("keystrata_root_breaker_open 1"));
        node.heals();
        assert!(children().iter().any(|other| *other != before));
        assert!(node.shows("keystrata_root_breaker_open 0"));
        eventually("the worker that hangs is ended", || !children().contains(&before));
    });
}

#[test]
fn a_module_that_crashes_or_hangs_takes_nothing_else_down() {
    with_token(|soft, dir| {
        let (module, fault) = faulty(soft, dir);
        let node = Node::new(TokenSettings { module, ..soft.settings().unwrap() });
        for (what, said) in [("crash", "the token's worker has died"), ("hang", "not answered")] {
            node.assert_opens();
            fs::write(&fault, what).unwrap();
            let refused = node.refused();
            assert!(refused.contains(said), "{refused}");
            fs::remove_file(&fault).unwrap();
            node.heals();
        }
    });
}

/// `SoftHSM` writes its token's file anew with every login: a process that is killed meanwhile leaves
/// it empty.
#[test]
fn a_call_that_nobody_waits_for_any_more_comes_to_its_end() {
    with_token(|soft, dir| {
        let (module, fault) = faulty(soft, dir);
        let node = Node::new(TokenSettings { module, ..soft.settings().unwrap() });
        fs::write(&fault, "linger").unwrap();
        assert!(node.refused().contains("not answered"));
        eventually("the call that took too long is done", || !fault.exists());
        node.heals();
    });
}

#[test]
fn a_server_that_is_killed_leaves_its_worker_to_finish_its_call() {
    if variable(DIR_VARIABLE).is_some() {
        return in_child(|soft, dir| {
            let (module, fault) = faulty(soft, dir);
            let node = Node::new(TokenSettings { module, ..soft.settings().unwrap() });
            fs::write(&fault, "linger").unwrap();
            panic!("it is killed before there is an answer: {:?}", node.open());
        });
    }
    let dir = tempfile::tempdir().unwrap();
    let soft = SoftHsm::prepare(dir.path(), &OsRandom).unwrap();
    let (_, fault) = faulty(&soft, dir.path());
    let mut server = child(dir.path(), softhsm::CONFIG_VARIABLE, &soft.variable());
    let mut server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the call has begun", || fault.with_extension("begun").exists());
    server.kill().unwrap();
    server.wait().unwrap();
    eventually("the call is done", || !fault.exists());
}

#[test]
fn a_token_that_is_taken_away_and_put_back_is_used_again() {
    with_token(|soft, dir| {
        let node = Node::new(soft.settings().unwrap());
        let (tokens, away) = (dir.join("tokens"), dir.join("away"));
        fs::rename(&tokens, &away).unwrap();
        let refused = node.refused();
        assert!(refused.contains("cannot be initialised"), "{refused}");
        // A worker that starts without the token says the same.
        signal("KILL", &worker());
        std::thread::sleep(Duration::from_millis(300));
        let refused = node.refused();
        assert!(refused.contains("cannot be initialised"), "{refused}");
        fs::rename(&away, &tokens).unwrap();
        node.heals();
    });
}

#[test]
fn a_pin_that_has_become_wrong_is_tried_once() {
    with_token(|soft, _| {
        let node = Node::new(soft.settings().unwrap());
        let old = fs::read_to_string(soft.pin_file()).unwrap();
        let (pkcs11, session) = session(soft);
        let (old, new) = (AuthPin::from(old.trim()), AuthPin::from("another-pin"));
        session.set_pin(&old, &new).unwrap();
        signal("KILL", &worker());
        for _ in 0..4 {
            assert!(node.refused().contains("refused the PIN"), "{}", node.refused());
            std::thread::sleep(Duration::from_millis(300));
        }
        assert_eq!(children(), [""; 0], "nobody tries again");
        let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
        let info = pkcs11.get_token_info(slot).unwrap();
        assert!(info.user_pin_count_low() && !info.user_pin_locked());
        // Once its file is corrected, it is tried again without a restart.
        fs::write(soft.pin_file(), "another-pin").unwrap();
        node.heals();
    });
}

#[test]
fn another_key_behind_the_right_label_is_not_used_by_a_new_worker() {
    with_token(|soft, dir| {
        let node = Node::new(soft.settings().unwrap());
        let mine = dir.join("mine");
        fs::rename(dir.join("tokens"), &mine).unwrap();
        // Another token of the same names.
        fs::create_dir(dir.join("tokens")).unwrap();
        let util = |arguments: &[&str]| {
            let run = Command::new("softhsm2-util").args(arguments).output().unwrap();
            assert!(run.status.success(), "{run:?}");
        };
        let pin = fs::read_to_string(soft.pin_file()).unwrap();
        let pin = pin.trim();
        util(&["--init-token", "--free", "--label", "keystrata", "--pin", pin, "--so-pin", "1234"]);
        let settings = soft.settings().unwrap();
        keystrata::hsm::create_root(&settings, 1, &OsRandom).unwrap();
        signal("KILL", &worker());
        let refused = node.refused();
        assert!(refused.contains("another key than before"), "{refused}");
        fs::remove_dir_all(dir.join("tokens")).unwrap();
        fs::rename(mine, dir.join("tokens")).unwrap();
        node.heals();
    });
}

#[test]
fn what_is_missing_or_wrong_is_said_by_the_worker_in_one_line() {
    with_token(|soft, _| {
        let settings = TokenSettings { key_label: "other".into(), ..soft.settings().unwrap() };
        let metrics = Metrics::new(&MetricsSettings::default());
        let (random, clock) = (Arc::new(OsRandom), Arc::new(SystemClock::new()));
        let refused = Pkcs11Root::open(settings, workers(), random, clock, metrics).unwrap_err();
        let wanted = "the token with label `keystrata` has no root key labelled `other`";
        assert!(refused.to_string().starts_with(wanted), "{refused}");
        assert_eq!(children(), [""; 0]);
    });
}
