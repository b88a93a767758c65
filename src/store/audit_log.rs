//! The audit trail on disk: one thread writes it, everybody else hands records over.
//!
//! * Records of reads ([`AuditLog::read`]) come from the service. With [`Reads::Strict`] the caller
//!   waits until its record is synced; with [`Reads::Batched`] it goes on at once and the record is
//!   synced within 24 ms and the time of one sync: when the writer has looked for more as often as it
//!   may (`LOOKS_MAX`).
//! * Records of changes come from the committer. They are durable in the store's outbox before
//!   anybody is answered, and are taken over into the trail afterwards. The mark in every line says
//!   how far, so that each of them is in the trail exactly once, whenever the process dies.
//!
//! When the trail cannot be written, [`AuditLog::check`] fails until it can be written again. The
//! service asks before it serves, and the committer asks before it commits.

mod end;
mod file;
mod object;
mod since;
mod writer;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use self::file::Trail;
pub use self::file::{TrailError, files};
pub use self::object::{Destruction, Told, destruction};
pub use self::since::{Shredded, Since, since};
use self::writer::Writer;
use super::queue::Queue;
use super::step::Observer;
use crate::audit::chain::Head;
use crate::audit::{Anchor, Damage, Finding, Record, Report, Verifier};
use crate::metrics::Metrics;

/// How long the writer lets records gather before it makes lines of them.
const LOOK: Duration = Duration::from_millis(2);

/// How often the writer does so before it writes and syncs the lines.
const LOOKS_MAX: u32 = 12;

/// How many records of reads may wait for the writer. Beyond this, reads wait. Whatever a client
/// can put into a record is cut to 128 bytes (`operation::beginning`) and an operation touches few
/// objects, so that this bounds their bytes too.
const RECORDS_WAITING_MAX: usize = 16 * 1024;

/// How many group commits the trail may lag behind, when reads fill their places too. Beyond this,
/// commits are refused.
const GROUPS_WAITING_MAX: usize = 256;

/// When a read's record has to be durable (`audit.reads`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reads {
    /// Before the answer.
    Strict,
    /// Within 50 ms of the answer.
    #[default]
    Batched,
}

/// How the trail is kept.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// Where the files are. Nothing else should be there.
    pub directory: PathBuf,
    /// The server's name, as the records say it.
    pub node: String,
    /// When a read's record has to be durable.
    pub reads: Reads,
    /// A file that has this many bytes is followed by the next one.
    pub file_bytes_max: u64,
    /// Goes on after the end of the trail was lost (a disk is gone). The gap stays visible to
    /// whoever verifies the trail. Without this, a store refuses to open with a trail that ends
    /// before the place that it remembers.
    pub accept_loss: bool,
}

impl AuditSettings {
    /// The defaults: batched reads, files of 64 MiB, in `directory`.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            node: "keystrata".into(),
            reads: Reads::default(),
            file_bytes_max: 64 * 1024 * 1024,
            accept_loss: false,
        }
    }
}

/// Verifies the trail in `directory`, file by file. `remembered` is what the store knows of it
/// ([`embedded::remembered`](super::embedded::remembered)); without it, records that were cut off
/// at the end, or an end that was written anew, go unseen. Read it first if a server is writing.
///
/// # Errors
/// What reading the files fails with.
pub fn verify(directory: &Path, remembered: Option<Anchor>) -> io::Result<Report> {
    let files = files(directory)?;
    if files.is_empty() && remembered.is_none_or(|anchor| anchor.seq > 0) {
        let (file, damage) = (directory.display().to_string(), Damage::NoFiles);
        let findings = vec![Finding { file, line: 0, seq: None, damage }];
        return Ok(Report { findings, ..Report::default() });
    }
    let mut verifier = Verifier::new(remembered);
    for path in files {
        verifier.file(&path.display().to_string(), BufReader::new(File::open(&path)?))?;
    }
    Ok(verifier.finish())
}

/// The trail cannot be written. Nothing may be served until it can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail cannot be written: {0}")]
pub struct AuditError(pub(super) Arc<str>);

/// The records of one group commit, in order: each as its JSON fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// The number of the commit. Groups come in the order of their numbers.
    pub(super) commit: u64,
    /// The records, with a line feed between.
    pub(super) records: String,
}

impl Group {
    fn records(&self) -> impl Iterator<Item = &str> {
        self.records.split('\n')
    }
}

/// What the writer is handed.
#[derive(Debug)]
enum Entry {
    /// The record of a read; whoever waits for it to be synced.
    Read(Record, Option<oneshot::Sender<Result<(), AuditError>>>),
    /// The records of a group commit.
    Changes(Group),
    /// Nothing; whoever waits for all before it to be synced.
    Sync(oneshot::Sender<Result<(), AuditError>>),
}

/// What the writer and everybody else share.
#[derive(Debug)]
struct Shared {
    queue: Queue<Entry>,
    /// Whether `failure` says something; read by every request.
    failed: AtomicBool,
    failure: Mutex<Option<AuditError>>,
    /// The last line that is durable.
    durable: Mutex<Head>,
    metrics: Arc<Metrics>,
}

impl Shared {
    fn set_failure(&self, failure: Option<AuditError>) {
        let failed = failure.is_some();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        self.failed.store(failed, Ordering::Release);
    }

    fn durable(&self) -> Head {
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_durable(&self, durable: Head) {
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = durable;
    }
}

/// The audit trail.
#[derive(Debug)]
pub struct AuditLog {
    shared: Arc<Shared>,
    reads: Reads,
    node: Arc<str>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    /// Opens the trail and starts its writer. A line that a crash has left half written is cut
    /// off; its record is in the outbox, or was a read that no one was promised.
    ///
    /// `remembered` is the place that the store knows the trail has reached. `outbox` is taken over
    /// before anything else, as far as it is not in the trail yet.
    ///
    /// # Errors
    /// [`TrailError`] if the directory cannot be written, is in use, or holds another trail.
    pub(super) fn open(
        settings: &AuditSettings,
        remembered: Anchor,
        outbox: &[Group],
        metrics: Arc<Metrics>,
        observer: Observer,
    ) -> Result<Self, TrailError> {
        let failed = |error| TrailError::io(&settings.directory, error);
        let trail = Trail::open(settings, remembered)?;
        let head = trail.head();
        let shared = Arc::new(Shared {
            queue: Queue::new(RECORDS_WAITING_MAX),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            durable: Mutex::new(head),
            metrics,
        });
        let node: Arc<str> = settings.node.as_str().into();
        let mut writer = Writer::new(trail, shared.clone(), node.clone(), observer);
        writer.recover(outbox).map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run())
            .map_err(failed)?;
        Ok(Self { shared, reads: settings.reads, node, writer: Mutex::new(Some(thread)) })
    }

    /// Whether records can be written. Costs next to nothing; ask before serving anything.
    ///
    /// # Errors
    /// What is in the way. It is tried again all the time.
    pub fn check(&self) -> Result<(), AuditError> {
        if !self.shared.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failure.map_or(Ok(()), Err)
    }

    /// Takes the record of a batch item that changed nothing: a read, or a refusal. Resolves when
    /// the item may be answered, which is at once where reads are batched, unless the writer lags.
    ///
    /// # Errors
    /// The trail cannot be written: refuse the item. (Its record may still get into the trail.)
    pub async fn read(&self, record: Record) -> Result<(), AuditError> {
        self.check()?;
        let closed = |_| AuditError("the server is stopping".into());
        match self.reads {
            Reads::Batched => {
                let entry = Entry::Read(record, None);
                self.shared.queue.push(entry, false).await.map_err(closed)
            }
            Reads::Strict => {
                let (done, synced) = oneshot::channel();
                let entry = Entry::Read(record, Some(done));
                self.shared.queue.push(entry, true).await.map_err(closed)?;
                synced.await.map_err(|_| AuditError("the server is stopping".into()))?
            }
        }
    }

    /// The record as the fields of a line: what the outbox keeps.
    pub(super) fn fields(&self, record: &Record) -> String {
        crate::audit::json::fields(&self.node, record)
    }

    /// Whether the committer may commit: the trail is written, and not too far behind.
    pub(super) fn check_commit(&self) -> Result<(), AuditError> {
        self.check()?;
        if self.shared.queue.len() > RECORDS_WAITING_MAX + GROUPS_WAITING_MAX {
            return Err(AuditError("it is too far behind".into()));
        }
        Ok(())
    }

    /// Resolves when all that was taken before is durable.
    ///
    /// # Errors
    /// The trail cannot be written.
    pub(super) async fn sync(&self) -> Result<(), AuditError> {
        let stopping = || AuditError("the server is stopping".into());
        let (done, synced) = oneshot::channel();
        let pushed = self.shared.queue.push(Entry::Sync(done), true).await;
        pushed.map_err(|_| stopping())?;
        synced.await.map_err(|_| stopping())?
    }

    /// Takes the records of a group that is durable in the outbox.
    pub(super) fn changes(&self, group: Group) {
        // After the end of the writer the outbox keeps them until the next start.
        let _ = self.shared.queue.push_over(Entry::Changes(group), false);
    }

    /// The last line that is durable.
    #[must_use]
    pub fn position(&self) -> Anchor {
        self.durable().last
    }

    pub(super) fn durable(&self) -> Head {
        self.shared.durable()
    }

    /// Writes what waits and ends the writer. Idempotent.
    pub(super) fn close(&self) {
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.close();
    }
}
