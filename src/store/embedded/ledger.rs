//! Which version of each key seals, and how many envelopes name each version.
//!
//! The one committer keeps it. An envelope that is written anew has to name the active version of
//! its parent: whoever sealed it before a switch and comes after it meets a conflict and decides
//! again. Counts are gathered for a whole group and written once for each version.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::write::{WriteError, run};
use crate::store::row::{KeyLevel, KeyState, Sealed};
use crate::store::{Error, codes};

/// Keys whose active version is remembered. Beyond this all are forgotten.
const REMEMBERED_MAX: usize = 16 * 1024;

/// What changes for one version: envelopes that name it, and that it has ever sealed.
#[derive(Debug, Clone, Copy, Default)]
struct Delta {
    living: i64,
    sealed: i64,
}

type Deltas = HashMap<(KeyLevel, u32), Delta>;

/// The active version of a key, as far as it has versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Active {
    /// There is no version of it.
    Nothing,
    /// No version of it is active.
    None,
    Version(u32),
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    active: HashMap<KeyLevel, Active>,
    /// Of the commit that is being written.
    one: Deltas,
    /// Of the commits before it in the group.
    group: Deltas,
}

impl Ledger {
    /// An envelope that is written for the first time, sealed by `parent`.
    pub(super) fn sealed(
        &mut self,
        db: &Connection,
        parent: KeyLevel,
        sealed: &Sealed,
    ) -> Result<(), WriteError> {
        let Some(version) = sealed.parent_version() else { return Err(conflict()) };
        match self.active(db, parent)? {
            Active::Version(active) if active != version => return Err(conflict()),
            Active::None => return Err(conflict()),
            Active::Version(_) | Active::Nothing => {}
        }
        let delta = self.one.entry((parent, version)).or_default();
        delta.living += 1;
        delta.sealed += 1;
        Ok(())
    }

    /// Whether a version of a key is active.
    pub(super) fn is_active(&mut self, db: &Connection, key: KeyLevel) -> rusqlite::Result<bool> {
        Ok(matches!(self.active(db, key)?, Active::Version(_)))
    }

    /// An envelope that is gone.
    pub(super) fn gone(&mut self, parent: KeyLevel, version: Option<u32>) {
        if let Some(version) = version {
            self.one.entry((parent, version)).or_default().living -= 1;
        }
    }

    /// An envelope in place of another one, under whatever version that was.
    pub(super) fn replaced(
        &mut self,
        db: &Connection,
        parent: KeyLevel,
        old: Option<u32>,
        new: Option<&Sealed>,
    ) -> Result<(), WriteError> {
        self.gone(parent, old);
        new.map_or(Ok(()), |new| self.sealed(db, parent, new))
    }

    /// A state of a key changed.
    pub(super) fn forget(&mut self, level: KeyLevel) {
        self.active.remove(&level);
    }

    /// A commit was written.
    pub(super) fn keep(&mut self) {
        for (version, delta) in self.one.drain() {
            let sum = self.group.entry(version).or_default();
            sum.living += delta.living;
            sum.sealed += delta.sealed;
        }
    }

    /// A commit was undone.
    pub(super) fn undo(&mut self) {
        self.one.clear();
        self.active.clear();
    }

    /// The whole group was undone.
    pub(super) fn clear(&mut self) {
        self.undo();
        self.group.clear();
    }

    /// Writes the counts of a group.
    pub(super) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for ((level, version), delta) in self.group.drain() {
            let (level, owner) = codes::of_key_level(level);
            let sql = "INSERT INTO envelopes (level, owner, version, living, sealed)
                       VALUES (?1, ?2, ?3, ?4, ?5)
                       ON CONFLICT DO UPDATE SET living = living + ?4, sealed = sealed + ?5";
            run(db, sql, params![level, owner, version, delta.living, delta.sealed])?;
        }
        Ok(())
    }

    fn active(&mut self, db: &Connection, level: KeyLevel) -> rusqlite::Result<Active> {
        if let Some(known) = self.active.get(&level) {
            return Ok(*known);
        }
        let active = read_active(db, level)?;
        if self.active.len() >= REMEMBERED_MAX {
            self.active.clear();
        }
        self.active.insert(level, active);
        Ok(active)
    }
}

fn read_active(db: &Connection, level: KeyLevel) -> rusqlite::Result<Active> {
    let (level, owner) = codes::of_key_level(level);
    let sql = "SELECT version FROM keys WHERE level = ?1 AND owner = ?2 AND state = ?3";
    let state = codes::of_key_state(KeyState::Active);
    let active = db.prepare_cached(sql)?.query_row([level, owner, state], |row| row.get(0));
    if let Some(version) = active.optional()? {
        return Ok(Active::Version(version));
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM keys WHERE level = ?1 AND owner = ?2)";
    let exists: bool = db.prepare_cached(sql)?.query_row([level, owner], |row| row.get(0))?;
    Ok(if exists { Active::None } else { Active::Nothing })
}

fn conflict() -> WriteError {
    WriteError::Refused(Error::Conflict)
}
