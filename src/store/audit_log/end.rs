//! Where a trail goes on: its last line that holds, and whether the trail is the store's.
//!
//! A write goes into one file, and the next write follows only once the first is synced. So what a
//! loss of power leaves is found at the end of the last file: a part of the last write may be
//! there, with holes in it. From the first line that does not hold, that file is cut. A line that
//! does not hold anywhere else was changed, and the trail is refused.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::AuditSettings;
use super::file::{TrailError, files, first_record};
use crate::audit::Anchor;
use crate::audit::chain::{Head, LINE_BYTES_MAX, Line};

/// The end of a trail.
pub(super) struct End {
    /// The file to go on in and how long it is; `None` to begin a new one.
    pub(super) current: Option<(File, u64)>,
    /// The last line.
    pub(super) head: Head,
}

/// Finds the end of the trail, which has to reach the place that the store remembers, and cuts off
/// what a crash left behind it. Nothing is cut off if the trail is refused.
pub(super) fn find(settings: &AuditSettings, remembered: Anchor) -> Result<End, TrailError> {
    let directory = settings.directory.as_path();
    let files = files(directory).map_err(|error| TrailError::io(directory, error))?;
    let mut found = None;
    let mut cuts = Vec::new();
    for path in files.iter().rev() {
        let (file, chain) = open(path).map_err(|error| TrailError::io(path, error))?;
        // The next file was begun when all of this one was durable.
        if chain.is_broken && !cuts.is_empty() {
            return Err(TrailError::Damaged(path.clone()));
        }
        found = chain.head;
        cuts.push((path, file, chain));
        if found.is_some() {
            break;
        }
    }
    let head = found.unwrap_or_default();
    let lost = head.last.seq < remembered.seq;
    if lost {
        check_loss(settings, &cuts, head, remembered)?;
    } else if !is_ours(&files, remembered).map_err(|error| TrailError::io(directory, error))? {
        let (directory, remembered) = (directory.to_owned(), remembered.seq);
        return Err(TrailError::Foreign { directory, remembered });
    }
    for (path, file, chain) in &cuts {
        cut_off(path, file, chain.bytes).map_err(|error| TrailError::io(path, error))?;
    }
    if lost {
        return Ok(End { current: None, head: Head { last: remembered, ..head } });
    }
    // An empty file behind the end has the right name if it follows; it is opened again by that.
    let current = match cuts.pop() {
        Some((_, file, chain)) if found.is_some() && cuts.is_empty() => Some((file, chain.bytes)),
        _ => None,
    };
    Ok(End { current, head })
}

/// Whether to go on with a trail that ends before the place that the store remembers.
fn check_loss(
    settings: &AuditSettings,
    cuts: &[(&PathBuf, File, Chain)],
    head: Head,
    remembered: Anchor,
) -> Result<(), TrailError> {
    let was_durable = |(path, _, chain): &&(&PathBuf, File, Chain)| {
        let first = first_record(path).unwrap_or_default();
        chain.head.map_or(first, |head| head.last.seq.saturating_add(1)) <= remembered.seq
    };
    let damaged = cuts.iter().filter(was_durable).find(|(_, _, chain)| chain.is_changed);
    if let Some((path, ..)) = damaged {
        return Err(TrailError::Damaged((*path).clone()));
    }
    if settings.accept_loss {
        return Ok(());
    }
    Err(TrailError::CutOff {
        directory: settings.directory.clone(),
        last: head.last.seq,
        remembered: remembered.seq,
    })
}

/// The lines at the start of a file that hold.
struct Chain {
    /// The last of them.
    head: Option<Head>,
    /// How long they are.
    bytes: u64,
    /// Whether anything follows.
    is_broken: bool,
    /// Whether a whole line follows: more than a write that was not finished.
    is_changed: bool,
}

fn open(path: &Path) -> io::Result<(File, Chain)> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let chain = walk(BufReader::new(&file))?;
    Ok((file, chain))
}

/// Follows the chain from the first line to the first that is torn, was changed or does not name
/// the one before.
fn walk(mut file: impl BufRead) -> io::Result<Chain> {
    let mut chain = Chain { head: None, bytes: 0, is_broken: false, is_changed: false };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = file.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(chain);
        }
        let is_whole = line.pop_if(|byte| *byte == b'\n').is_some();
        let next = Line::parse(&line).filter(|next| is_whole && holds(chain.head, next));
        let Some(next) = next else {
            return Ok(Chain { is_broken: true, is_changed: is_whole, ..chain });
        };
        chain.head = Some(Head { last: next.anchor(), mark: next.mark });
        chain.bytes += read as u64;
    }
}

/// Whether a line has its hash and, unless it is the first of its file, follows `head`.
fn holds(head: Option<Head>, line: &Line) -> bool {
    let follows =
        |head: Head| line.seq == head.last.seq.saturating_add(1) && line.prev == head.last.hash;
    line.intact && head.is_none_or(follows)
}

/// Whether the trail has the record that the store remembers: itself or, where a loss was accepted,
/// named by the record after it. A record whose file was moved away is not missed.
fn is_ours(files: &[PathBuf], remembered: Anchor) -> io::Result<bool> {
    let Anchor { seq, hash } = remembered;
    let number = |path: &&PathBuf| first_record(path).unwrap_or_default();
    if seq == 0 || files.first().is_none_or(|path| number(&path) > seq.saturating_add(1)) {
        return Ok(true);
    }
    if let Some(path) = files.iter().rfind(|path| number(path) <= seq)
        && let Some(line) = find_line(path, seq)?
    {
        return Ok(line.intact && line.hash == hash);
    }
    let next = seq.saturating_add(1);
    let Some(path) = files.iter().find(|path| number(path) == next) else { return Ok(false) };
    Ok(find_line(path, next)?.is_some_and(|line| line.intact && line.prev == hash))
}

/// The line with this number. Of the others, only the beginning is looked at.
fn find_line(path: &Path, seq: u64) -> io::Result<Option<Line>> {
    let mut file = BufReader::new(File::open(path)?);
    let start = format!("{{\"seq\":{seq},");
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.starts_with(start.as_bytes()) {
            return Ok(Line::parse(line.trim_ascii_end()));
        }
    }
}

/// Cuts off what follows the last line that holds.
fn cut_off(path: &Path, file: &File, whole: u64) -> io::Result<()> {
    let torn = file.metadata()?.len() - whole;
    if torn > 0 {
        tracing::warn!(file = %path.display(), bytes = torn, "cut off a torn end of the audit trail");
        file.set_len(whole)?;
    }
    // Whole lines may have been written and not synced; what follows is built on them.
    file.sync_all()
}
