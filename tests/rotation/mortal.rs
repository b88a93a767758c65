//! Servers that die at a point that is counted: at a step of a commit, or before or after a call of the
//! root key. No point is left out: the first one, then the second, until nothing is left to die in.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what is to be done is written where it is asked for"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::KeySource;
use keystrata::keys::{BoxFuture, EnvRoot, Provider, RootError, RootKey};
use keystrata::store::{Observer, Step};
use tempfile::TempDir;
use tokio::sync::Notify;
use zeroize::Zeroizing;

const DIRECTORY: &str = "KEYSTRATA_TEST_DIRECTORY";
const ABORT_AT: &str = "KEYSTRATA_TEST_ABORT_AT";
/// How a child ends that has not died.
const ALIVE: i32 = 7;
/// Versions that a root may come to have.
const VERSIONS_MAX: u32 = 3;

/// What happens at the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing, ever.
    Life,
    /// The process is killed.
    Kill,
    /// The server within this process does nothing any more, whatever it was about to do.
    Death,
    /// One call of the root key fails; before or after it was done.
    Failure,
}

#[derive(Debug)]
struct Counter {
    fate: Fate,
    at: usize,
    passed: AtomicUsize,
    is_dead: AtomicBool,
    died: Notify,
}

/// The points that a server passes, and the one that is its fate.
#[derive(Debug, Clone)]
pub(crate) struct Points(Arc<Counter>);

impl Points {
    fn new(fate: Fate, at: usize) -> Self {
        let (passed, is_dead, died) = Default::default();
        Self(Arc::new(Counter { fate, at, passed, is_dead, died }))
    }

    /// None at all.
    pub(crate) fn none() -> Self {
        Self::new(Fate::Life, 0)
    }

    /// Whether all is well at this point.
    fn pass(&self) -> bool {
        let Counter { fate, at, passed, is_dead, died } = &*self.0;
        if is_dead.load(Ordering::SeqCst) {
            return false;
        }
        if *fate == Fate::Life || passed.fetch_add(1, Ordering::SeqCst) + 1 != *at {
            return true;
        }
        match fate {
            Fate::Kill => std::process::abort(),
            Fate::Death => {
                is_dead.store(true, Ordering::SeqCst);
                died.notify_one();
            }
            Fate::Life | Fate::Failure => {}
        }
        false
    }

    /// A point of the root key. To kill a process takes long, and it matters to the disk alone, so that
    /// is done at steps of commits.
    async fn call(&self) -> Result<(), RootError> {
        if self.0.fate == Fate::Kill || self.pass() {
            return Ok(());
        }
        if self.0.fate == Fate::Failure {
            return Err(RootError::Unavailable("for a moment".into()));
        }
        std::future::pending().await
    }

    /// Counts the steps of commits. The trail is written beside the store: its steps come at any time,
    /// and are not counted.
    pub(crate) fn observer(&self) -> Observer {
        let points = self.clone();
        Observer::new(move |step| {
            let counts =
                matches!(step, Step::GroupWritten | Step::GroupDurable | Step::GroupAnswered);
            if counts && points.0.fate != Fate::Failure && !points.pass() {
                // The committer ends where it is. Nobody hears of it.
                std::panic::resume_unwind(Box::new(()));
            }
        })
    }
}

/// A root key whose calls are points. Its versions are made on demand, as in a token.
#[derive(Debug)]
pub(crate) struct Mortal {
    root: EnvRoot,
    provider: Provider,
    directory: PathBuf,
    points: Points,
}

impl Mortal {
    /// The root in a directory; a new one has version `first`.
    pub(crate) fn new(directory: &Path, provider: Provider, first: u32, points: &Points) -> Self {
        let source = |version: u32| {
            let byte = version | (provider as u32) << 4;
            let value = Zeroizing::new(format!("{byte:02x}").repeat(32));
            (version, KeySource::Variable { name: format!("V{version}"), value })
        };
        let root = EnvRoot::new((1..=VERSIONS_MAX).map(source), Arc::new(OsRandom)).expect("good");
        let (directory, points) = (directory.to_owned(), points.clone());
        let mortal = Self { root, provider, directory, points };
        if mortal.versions().is_empty() {
            mortal.mark(first);
        }
        mortal
    }

    /// Whether there is such a root in a directory.
    pub(crate) fn is_there(directory: &Path, provider: Provider) -> bool {
        (1..=VERSIONS_MAX).any(|version| file(directory, provider, version).exists())
    }

    fn mark(&self, version: u32) {
        let file = file(&self.directory, self.provider, version);
        std::fs::write(file, "").expect("writes");
    }
}

fn file(directory: &Path, provider: Provider, version: u32) -> PathBuf {
    directory.join(format!("root-{provider}-{version}"))
}

impl RootKey for Mortal {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn versions(&self) -> Vec<u32> {
        let is_there = |version: &u32| file(&self.directory, self.provider, *version).exists();
        (1..=VERSIONS_MAX).filter(is_there).collect()
    }

    fn can_make(&self) -> bool {
        true
    }

    fn make(&self, version: u32) -> BoxFuture<'_, Result<(), RootError>> {
        Box::pin(async move {
            self.points.call().await?;
            self.mark(version);
            self.points.call().await
        })
    }

    fn destroy<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<(), RootError>> {
        Box::pin(async move {
            self.points.call().await?;
            let file = file(&self.directory, self.provider, version);
            if !file.exists() {
                return Err(RootError::NoSuchVersion(version));
            }
            self.root.open(version, aad, sealed).await?;
            std::fs::remove_file(file).expect("is removed");
            self.points.call().await
        })
    }

    fn seal<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, RootError>> {
        Box::pin(async move {
            self.points.call().await?;
            let sealed = self.root.seal(version, aad, plain).await;
            self.points.call().await?;
            sealed
        })
    }

    fn open<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, RootError>> {
        Box::pin(async move {
            self.points.call().await?;
            let opened = self.root.open(version, aad, sealed).await;
            self.points.call().await?;
            opened
        })
    }
}

/// Lives for as long as `work` takes, or until the end that `points` have in store. Then nothing of it
/// is left in memory. Returns whether the work was done.
fn live(points: &Points, work: impl AsyncFnOnce() -> Result<(), String>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a run-time");
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            () = points.0.died.notified() => Ok(()),
            ended = work() => ended,
        }
    });
    // With its tasks.
    drop(runtime);
    let is_dead = points.0.is_dead.load(Ordering::SeqCst);
    if !is_dead && let Err(error) = ended {
        panic!("{:?} at point {}: {error}", points.0.fate, points.0.at);
    }
    !is_dead
}

/// A directory in which this was done.
pub(crate) fn template(work: impl AsyncFnOnce(&Path) -> Result<(), String>) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    live(&Points::none(), async || work(directory.path()).await);
    directory
}

fn copy(template: &Path) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    copy_files(template, directory.path());
    directory
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("reads") {
        let entry = entry.expect("reads");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&to).expect("is made");
            copy_files(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).expect("is copied");
        }
    }
}

/// Has a server die at each point of `work` in turn, in a copy of `template`, and looks at what is
/// left. Returns how many points there were.
pub(crate) fn every_death(
    template: &TempDir,
    work: impl AsyncFn(&Path, &Points) -> Result<(), String>,
    look: impl AsyncFn(&Path, usize) -> Result<(), String>,
) -> usize {
    for at in 1.. {
        let directory = copy(template.path());
        let points = Points::new(Fate::Death, at);
        let is_done = live(&points, async || work(directory.path(), &points).await);
        live(&Points::none(), async || look(directory.path(), at).await);
        if is_done {
            return at - 1;
        }
    }
    unreachable!("numbers do not end")
}

/// Has each call of the root key during `work` fail in turn, in a copy of `template`, all at the same
/// time, and looks at what is left. Returns how many calls there were.
pub(crate) fn every_failure(
    template: &TempDir,
    work: impl AsyncFn(&Path, &Points) -> Result<(), String> + Sync,
    look: impl AsyncFn(&Path, usize) -> Result<(), String> + Sync,
) -> usize {
    let run = |at| {
        let directory = copy(template.path());
        let points = Points::new(Fate::Failure, at);
        live(&points, async || work(directory.path(), &points).await);
        live(&Points::none(), async || look(directory.path(), at).await);
        points.0.passed.load(Ordering::SeqCst)
    };
    let calls = run(usize::MAX);
    std::thread::scope(|scope| {
        for at in 1..=calls {
            scope.spawn(move || run(at));
        }
    });
    calls
}

/// What a child of [`every_kill`] has to do; never returns if this process is one.
pub(crate) fn as_child(work: impl AsyncFnOnce(&Path, &Points) -> Result<(), String>) {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let at = std::env::var(ABORT_AT).expect("a point").parse().expect("a number");
    let points = Points::new(Fate::Kill, at);
    live(&points, async || work(Path::new(&directory), &points).await);
    std::process::exit(ALIVE);
}

/// Like [`every_death`], in a process that is killed: `child`, a test of this program.
pub(crate) fn every_kill(
    child: &str,
    template: &TempDir,
    look: impl AsyncFn(&Path, usize) -> Result<(), String>,
) -> usize {
    for at in 1.. {
        let directory = copy(template.path());
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", child, "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env(ABORT_AT, at.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("starts");
        // It is either dead, by its own hand, or done.
        assert!(status.code().is_none_or(|code| code == ALIVE), "point {at}: {status}");
        live(&Points::none(), async || look(directory.path(), at).await);
        if status.code() == Some(ALIVE) {
            return at - 1;
        }
    }
    unreachable!("numbers do not end")
}
