//! The files of the trail: where it goes on, and how bytes get to the end of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AuditSettings;
use crate::audit::Anchor;
use crate::audit::chain::{Head, LINE_BYTES_MAX, Line};
use crate::store::lock::{DirectoryLock, LockError};

/// A file is called `audit-<number of its first record, 20 digits>.jsonl`.
const PREFIX: &str = "audit-";
const SUFFIX: &str = ".jsonl";

/// How many bytes go into one write. For larger writes Linux looks for larger free pieces of
/// memory, and where memory is fragmented makes room for them in the time of whoever writes.
const PIECE_BYTES: usize = 32 * 1024;

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
    /// The last whole line is not a record with its hash.
    #[error(
        "the last record in {} is damaged: see `keystrata audit verify`; to go on without this \
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
}

/// The files of a trail, in order.
///
/// # Errors
/// What reading the directory fails with.
pub fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
        if number.is_some_and(|n| n.len() == 20 && n.bytes().all(|byte| byte.is_ascii_digit())) {
            files.push(directory.join(name));
        }
    }
    files.sort();
    Ok(files)
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
        let found = find_end(&directory)?;
        let last = found.head.last.seq;
        let mut trail = Self {
            directory,
            file_bytes_max: settings.file_bytes_max,
            current: found.current,
            head: found.head,
            _lock: lock,
        };
        if last < remembered.seq {
            if !settings.accept_loss {
                let (directory, remembered) = (trail.directory, remembered.seq);
                return Err(TrailError::CutOff { directory, last, remembered });
            }
            trail.head.last = remembered;
            trail.current = None;
        }
        Ok(trail)
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
        if let Some((_, durable)) = &mut self.current {
            *durable += bytes as u64;
        }
        self.head = head;
        Ok(())
    }

    fn file(&self) -> io::Result<&(File, u64)> {
        self.current.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

struct End {
    current: Option<(File, u64)>,
    head: Head,
}

/// Finds the last whole line, cutting off a torn one behind it. A last file without any whole line
/// is emptied and written from its start, if it is the one that follows; that is what a crash right
/// after a rotation leaves.
fn find_end(directory: &Path) -> Result<End, TrailError> {
    let io_error = |path: &Path, error: io::Error| TrailError::Io {
        path: path.to_owned(),
        error: error.into(),
    };
    let mut current = None;
    let files = files(directory).map_err(|error| io_error(directory, error))?;
    for path in files.iter().rev() {
        let open = OpenOptions::new().read(true).write(true).open(path);
        let mut file = open.map_err(|error| io_error(path, error))?;
        let (whole, last) = last_line(&mut file).map_err(|error| io_error(path, error))?;
        cut_off(path, &file, whole).map_err(|error| io_error(path, error))?;
        let Some(last) = last else {
            current = Some((file, 0));
            continue;
        };
        let line = Line::parse(&last).filter(|line| line.intact);
        let line = line.ok_or_else(|| TrailError::Damaged(path.clone()))?;
        let head = Head { last: line.anchor(), mark: line.mark };
        // An empty file behind this one has the right name only if this one is its predecessor;
        // `rotate` opens it again by that name.
        let current = if current.is_some() { None } else { Some((file, whole)) };
        return Ok(End { current, head });
    }
    Ok(End { current: None, head: Head::default() })
}

/// Cuts off what follows the last whole line.
fn cut_off(path: &Path, file: &File, whole: u64) -> io::Result<()> {
    let torn = file.metadata()?.len() - whole;
    if torn > 0 {
        tracing::warn!(file = %path.display(), bytes = torn, "cut off a torn audit record");
        file.set_len(whole)?;
    }
    // Whole lines may have been written and not synced; what follows is built on them.
    file.sync_all()
}

/// How many bytes of the file are whole lines, and the last of these without its line feed.
fn last_line(file: &mut File) -> io::Result<(u64, Option<Vec<u8>>)> {
    let length = file.metadata()?.len();
    let mut window = 64 * 1024;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        BufReader::new(&*file).take(length - start).read_to_end(&mut tail)?;
        let mut feeds = tail.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        let (end, before) = (feeds.next(), feeds.next());
        match (end, before) {
            (Some((end, _)), Some((before, _))) => {
                return Ok((start + end as u64 + 1, tail.get(before + 1..end).map(Vec::from)));
            }
            (Some((end, _)), None) if start == 0 => {
                return Ok((end as u64 + 1, tail.get(..end).map(Vec::from)));
            }
            (None, _) if start == 0 => return Ok((0, None)),
            _ if window > 2 * LINE_BYTES_MAX as u64 => {
                return Err(io::ErrorKind::InvalidData.into());
            }
            _ => window *= 8,
        }
    }
}
