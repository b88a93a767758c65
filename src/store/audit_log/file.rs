//! The files of the trail: their names, and how bytes get to the end of them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, fadvise};
use serde_json::Value;

use super::{AuditSettings, end};
use crate::audit::Anchor;
use crate::audit::chain::Head;
use crate::store::lock::{DirectoryLock, LockError};

/// A file is called `audit-<number of its first record, 20 digits>.jsonl`.
const PREFIX: &str = "audit-";
const SUFFIX: &str = ".jsonl";

/// How many bytes go into one write. For larger writes Linux looks for larger free pieces of
/// memory, and where memory is fragmented makes room for them in the time of whoever writes.
const PIECE_BYTES: usize = 32 * 1024;

/// What the system forgets of a file at least, and where its pieces begin.
const PAGE_BYTES: u64 = 4096;

/// Why a trail could not be opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TrailError {
    /// Another process writes it, or the lock cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The directory or a file cannot be read or written.
    #[error("the audit trail in {}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: Arc<io::Error>,
    },
    /// A line that was durable is not a record with its hash that follows the one before.
    #[error(
        "a record at the end of {} is damaged: see `keystrata audit verify`; to go on without this \
         file, move it away and set `audit.accept_loss`",
        .0.display()
    )]
    Damaged(PathBuf),
    /// The trail ends before the place that the store remembers.
    #[error(
        "the audit trail in {} ends with record {last}, but record {remembered} was written: put \
         the missing files back, or set `audit.accept_loss` to go on without them",
        .directory.display()
    )]
    CutOff {
        /// Where the trail is.
        directory: PathBuf,
        /// The last record that is there.
        last: u64,
        /// The last record that the store remembers.
        remembered: u64,
    },
    /// The trail is another store's, or was written anew.
    #[error(
        "the audit trail in {} does not have record {remembered} as this store remembers it: put \
         this store's files back, or move these away and set `audit.accept_loss`",
        .directory.display()
    )]
    Foreign {
        /// Where the trail is.
        directory: PathBuf,
        /// The last record that the store remembers.
        remembered: u64,
    },
}

impl TrailError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error: error.into() }
    }
}

/// The files of a trail, in order.
///
/// # Errors
/// What reading the directory fails with.
pub fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if first_record(&path).is_some() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The number of a file's first record, by its name; `None` for a file that is not the trail's.
pub(super) fn first_record(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// A field of a record that was read; empty if it has none of this name.
pub(super) fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The trail as its one writer sees it.
#[derive(Debug)]
pub(super) struct Trail {
    directory: PathBuf,
    file_bytes_max: u64,
    /// The last file, if there is one, and how many of its bytes are durable.
    current: Option<(File, u64)>,
    /// The last line that is durable.
    head: Head,
    _lock: DirectoryLock,
}

impl Trail {
    pub(super) fn open(settings: &AuditSettings, remembered: Anchor) -> Result<Self, TrailError> {
        let directory = settings.directory.clone();
        let lock = DirectoryLock::take(&directory)?;
        let end = end::find(settings, remembered)?;
        Ok(Self {
            directory,
            file_bytes_max: settings.file_bytes_max,
            current: end.current,
            head: end.head,
            _lock: lock,
        })
    }

    /// The last line that is durable.
    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// Whether the next write begins a new file.
    pub(super) fn is_full(&self) -> bool {
        self.current.as_ref().is_none_or(|(_, durable)| *durable >= self.file_bytes_max)
    }

    /// Begins the next file.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        let name = format!("{PREFIX}{:020}{SUFFIX}", self.head.last.seq.saturating_add(1));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.directory.join(name))?;
        File::open(&self.directory)?.sync_all()?;
        self.current = Some((file, 0));
        Ok(())
    }

    /// Puts bytes after the durable end, without syncing. May be called again with the same bytes
    /// or more of them after a failure: they go to the same place.
    pub(super) fn write(&self, lines: &[u8]) -> io::Result<()> {
        let (file, durable) = self.file()?;
        for (number, piece) in (0..).zip(lines.chunks(PIECE_BYTES)) {
            file.write_all_at(piece, *durable + number * PIECE_BYTES as u64)?;
        }
        Ok(())
    }

    /// Makes what was written durable. `head` is the last line of it.
    pub(super) fn sync(&mut self, bytes: usize, head: Head) -> io::Result<()> {
        self.file()?.0.sync_data()?;
        if let Some((file, durable)) = &mut self.current {
            let start = *durable - *durable % PAGE_BYTES;
            *durable += bytes as u64;
            forget(file, start, *durable);
        }
        self.head = head;
        Ok(())
    }

    fn file(&self) -> io::Result<&(File, u64)> {
        self.current.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Lets the system use the memory of these bytes, which are on the disk, for those that come next.
/// Nobody reads the trail soon, and memory that is new costs much where the machine is a virtual one.
fn forget(file: &File, start: u64, end: u64) {
    // It is advice: without it all is as before.
    let _ = fadvise(file, start, NonZeroU64::new(end - start), Advice::DontNeed);
}
