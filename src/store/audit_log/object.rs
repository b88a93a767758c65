//! What a trail tells of the end of an object.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file::{TrailError, files, text};
use crate::audit::Anchor;
use crate::audit::chain::{LINE_BYTES_MAX, Line};
use crate::audit::record::ERASURE;
use crate::clock::Timestamp;
use crate::tenant::TenantName;

/// A record of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Where it is.
    pub place: Anchor,
    /// What it says.
    pub record: Value,
}

impl Told {
    /// A field of the record; empty if it has none of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        text(&self.record, name)
    }
}

/// The end of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Destruction {
    /// The Destroy.
    pub destroyed: Told,
    /// When its value went, if it was held until then.
    pub erased: Option<Told>,
}

/// The last Destroy of an object of a tenant, of those from a second on (since 1970, UTC); `None` if the
/// trail has none. Reads the trail from there to its end.
///
/// # Errors
/// [`TrailError`] if files cannot be read, or one of the records was changed.
pub fn destruction(
    directory: &Path,
    tenant: &TenantName,
    uid: &str,
    from: i64,
) -> Result<Option<Destruction>, TrailError> {
    let failed = |error| TrailError::io(directory, error);
    let files = files(directory).map_err(failed)?;
    let is_before = |path: &PathBuf| first_time(path).is_some_and(|time| time.seconds() < from);
    let first = files.iter().rposition(is_before).unwrap_or_default();
    let mut found = None;
    for path in files.get(first..).unwrap_or_default() {
        read(path, &mut |line| {
            // Nearly all lines are of others.
            if !line.windows(uid.len().max(1)).any(|part| part == uid.as_bytes()) {
                return Ok(());
            }
            let Some(told) = of_object(line, tenant, uid).map_err(|()| damaged(path))? else {
                return Ok(());
            };
            match (told.text("operation"), &mut found) {
                ("Destroy", _) if time(&told.record).is_some_and(|it| it.seconds() >= from) => {
                    found = Some(Destruction { destroyed: told, erased: None });
                }
                (ERASURE, Some(found)) => found.erased = Some(told),
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// A line, if it tells of something that was done to the object.
fn of_object(line: &[u8], tenant: &TenantName, uid: &str) -> Result<Option<Told>, ()> {
    let place = Line::parse(line).filter(|line| line.intact).ok_or(())?.anchor();
    let record: Value = serde_json::from_slice(line).map_err(drop)?;
    let objects = record.get("objects").and_then(Value::as_array);
    let is_of_it = text(&record, "result") == "Success"
        && text(&record, "tenant") == tenant.as_str()
        && objects.is_some_and(|objects| objects.iter().any(|object| object == uid));
    Ok(is_of_it.then_some(Told { place, record }))
}

/// Reads the lines of a file; what a write that is under way has left at its end is none.
fn read(
    path: &Path,
    line: &mut dyn FnMut(&[u8]) -> Result<(), TrailError>,
) -> Result<(), TrailError> {
    let file = File::open(path).map_err(|error| TrailError::io(path, error))?;
    let mut file = BufReader::new(file);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let mut part = file.by_ref().take(LINE_BYTES_MAX as u64);
        part.read_until(b'\n', &mut bytes).map_err(|error| TrailError::io(path, error))?;
        if bytes.pop_if(|byte| *byte == b'\n').is_none() {
            return Ok(());
        }
        line(&bytes)?;
    }
}

/// When the first record of a file was made.
fn first_time(path: &Path) -> Option<Timestamp> {
    let mut line = Vec::new();
    let file = BufReader::new(File::open(path).ok()?);
    file.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).ok()?;
    time(&serde_json::from_slice(&line).ok()?)
}

fn time(record: &Value) -> Option<Timestamp> {
    Timestamp::from_rfc3339(text(record, "time"))
}

fn damaged(path: &Path) -> TrailError {
    TrailError::Damaged(path.to_owned())
}
