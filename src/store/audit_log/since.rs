//! What a trail tells of the time after a backup, for those who go back to it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file::{TrailError, files, first_record, text};
use crate::audit::chain::{Head, LINE_BYTES_MAX, Line, unhex};
use crate::clock::Timestamp;
use crate::store::backup::{BackupRow, TrailPlace};
use crate::tenant::{ServiceName, TenantName};

/// A tenant or a service that was shredded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shredded {
    /// The tenant.
    pub tenant: TenantName,
    /// The service, if it was only that.
    pub service: Option<ServiceName>,
}

/// What happened after a place in the trail, as far as those must know it who go back there.
#[derive(Debug, Default)]
pub struct Since {
    /// What was shredded.
    pub shredded: Vec<Shredded>,
    /// Backups that were made. Which keys they have is not known.
    pub backups: Vec<BackupRow>,
    /// The names of backups that were destroyed.
    pub forgotten: Vec<String>,
    /// What else administrators did, and tenants' own who suspended, a line each.
    pub acts: Vec<String>,
    /// How many objects clients destroyed.
    pub destroyed: u64,
    /// The end of the trail.
    pub(in crate::store) head: Head,
}

/// Reads the trail from a place on. `None` if it does not have that place: the files are not there,
/// or end before it.
///
/// # Errors
/// [`TrailError`] if files cannot be read, hold another trail, or were changed.
pub fn since(directory: &Path, place: TrailPlace) -> Result<Option<Since>, TrailError> {
    let failed = |error| TrailError::io(directory, error);
    if !directory.is_dir() {
        return Ok(None);
    }
    let files = files(directory).map_err(failed)?;
    let number = |path: &&PathBuf| first_record(path).unwrap_or_default();
    let seq = place.anchor.seq;
    if files.first().is_none_or(|path| number(&path) > seq.saturating_add(1)) {
        return Ok(None);
    }
    let from = files.iter().rposition(|path| number(&path) <= seq).unwrap_or_default();
    let mut reader = Reader { place, head: None, since: Since::default() };
    let files = files.get(from..).unwrap_or_default();
    for (number, path) in (1..).zip(files) {
        reader.file(directory, path, number == files.len())?;
    }
    let Some(head) = reader.head.filter(|head| head.last.seq >= seq) else { return Ok(None) };
    Ok(Some(Since { head, ..reader.since }))
}

struct Reader {
    place: TrailPlace,
    head: Option<Head>,
    since: Since,
}

impl Reader {
    /// Reads a file. What a write that was not finished has left is at the end of the last one.
    fn file(&mut self, directory: &Path, path: &Path, is_last: bool) -> Result<(), TrailError> {
        let file = File::open(path).map_err(|error| TrailError::io(path, error))?;
        let mut file = BufReader::new(file);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let mut line = file.by_ref().take(LINE_BYTES_MAX as u64);
            let read =
                line.read_until(b'\n', &mut bytes).map_err(|error| TrailError::io(path, error))?;
            if read == 0 {
                return Ok(());
            }
            if bytes.pop_if(|byte| *byte == b'\n').is_none() && is_last {
                return Ok(());
            }
            let damaged = || TrailError::Damaged(path.to_owned());
            let line = Line::parse(&bytes).filter(|line| line.intact).ok_or_else(damaged)?;
            let (last, prev) = self.head.map_or((line.seq.wrapping_sub(1), line.prev), |head| {
                (head.last.seq, head.last.hash)
            });
            if line.seq != last.wrapping_add(1) || line.prev != prev {
                return Err(damaged());
            }
            if !self.has_place(&line) {
                let (directory, remembered) = (directory.to_owned(), self.place.anchor.seq);
                return Err(TrailError::Foreign { directory, remembered });
            }
            self.head = Some(Head { last: line.anchor(), mark: line.mark });
            if line.mark.commit > self.place.commit {
                let record = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
                self.since.record(&record);
            }
        }
    }

    /// Whether a line is none that the place speaks of, or is as it says.
    fn has_place(&self, line: &Line) -> bool {
        let anchor = self.place.anchor;
        if line.seq == anchor.seq {
            return line.hash == anchor.hash;
        }
        line.seq != anchor.seq.saturating_add(1) || line.prev == anchor.hash
    }
}

impl Since {
    fn record(&mut self, record: &Value) {
        let text = |name| text(record, name);
        if text("result") != "Success" {
            return;
        }
        if text("actor") != "administrator" {
            match text("operation") {
                "Destroy" => self.destroyed += 1,
                // By a tenant's own administrator, over KMIP.
                "tenant suspend" | "service suspend" => self.acts.push(act(record)),
                _ => {}
            }
            return;
        }
        let object = record.get("objects").and_then(|objects| objects.get(0)?.as_str());
        let object = object.unwrap_or_default();
        match text("operation") {
            "tenant shred" | "service shred" => {
                if let Ok(tenant) = TenantName::new(text("tenant")) {
                    let service = ServiceName::new(text("service")).ok();
                    self.shredded.push(Shredded { tenant, service });
                }
            }
            "backup create" => self.backups.extend(backup(object, text("time"), text("detail"))),
            "backup forget" => {
                self.backups.retain(|backup| backup.id != object);
                self.forgotten.push(object.to_owned());
            }
            _ => {
                // Some acts leave a record with each of their commits.
                self.acts.push(act(record));
                self.acts.dedup();
            }
        }
    }
}

/// What an administrator did, in a line.
fn act(record: &Value) -> String {
    let text = |name| text(record, name);
    let whom: Vec<&str> =
        [text("tenant"), text("service")].into_iter().filter(|name| !name.is_empty()).collect();
    let (time, command, whom) = (text("time"), text("operation"), whom.join("/"));
    let whom = if whom.is_empty() { whom } else { format!(" {whom}") };
    format!("{time} {command}{whom}: {}", text("detail"))
}

/// A backup, as the record of its making tells of it: its SHA-256 and its path.
fn backup(id: &str, time: &str, detail: &str) -> Option<BackupRow> {
    let (digest, path) = detail.split_once(' ')?;
    Some(BackupRow {
        id: id.to_owned(),
        made: Timestamp::from_rfc3339(time)?,
        path: path.to_owned(),
        bytes: 0,
        digest: unhex(digest.strip_prefix("sha256:")?.as_bytes())?,
        last_object: i64::MAX,
        exact: false,
        roots: Vec::new(),
    })
}
