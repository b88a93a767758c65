//! Puts a copy in the place of a store that is not there.
//!
//! A copy knows nothing of what happened after it. What must not come back, the tenants and services
//! that were shredded since, is taken from the audit trail that still stands, and from signed
//! statements; it is shredded again before the store has its name. So are backups known that were made
//! since. Everything else is as it was when the copy was made.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::copy::{Verified, verify};
use super::ledger::Ledger;
use super::write::WriteError;
use super::{administer, connection, outbox, read, registry, schema};
use crate::audit::{Act, Actor, Record, json};
use crate::clock::Timestamp;
use crate::metrics::Metrics;
use crate::store::administration::{Administration, Target};
use crate::store::audit_log::{
    AuditLog, AuditSettings, Group, Shredded, Since, TrailError, files, since,
};
use crate::store::backup::{BackupError, BackupRow, Held, Partial};
use crate::store::lock::{DirectoryLock, LockError};
use crate::store::row::TenantState;
use crate::store::step::Observer;

/// Beside the database file: what SQLite would take for a part of it.
const ENDINGS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Why a copy was not put back. `Display` is one line for an operator.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A server runs on the directory, or it cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The copy cannot be used or written.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is a store.
    #[error("{} is there: a store is not written over, move it away first", .0.display())]
    Present(PathBuf),
    /// The trail does not tell what was shredded since.
    #[error(
        "the audit trail in {} does not have record {seq}, from which on it tells what was shredded \
         since the backup: put its files there, or give --without-trail, and --statement for what \
         was shredded",
        .directory.display()
    )]
    NoTrail {
        /// Where the trail should be.
        directory: PathBuf,
        /// The record that the copy remembers.
        seq: u64,
    },
    /// There is a trail where there is said to be none.
    #[error("{} has files of an audit trail: leave out --without-trail, or move them away", .0.display())]
    TrailPresent(PathBuf),
    /// The trail cannot be used.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The copy could not be changed.
    #[error("the copy cannot be prepared: {0}")]
    Database(String),
    /// The store is there, and the record of it is in the store only.
    #[error(
        "the store is restored; its record waits in it, as the audit trail cannot be written: {0}"
    )]
    NotRecorded(TrailError),
}

impl From<rusqlite::Error> for RestoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<WriteError> for RestoreError {
    fn from(error: WriteError) -> Self {
        Self::Database(match error {
            WriteError::Refused(error) => error.to_string(),
            WriteError::Broken(error) => error.to_string(),
        })
    }
}

/// From where to where.
#[derive(Debug, Clone)]
pub struct Places {
    /// The store's directory.
    pub directory: PathBuf,
    /// The copy.
    pub from: PathBuf,
    /// How the trail is kept.
    pub audit: AuditSettings,
    /// There is no trail that tells of the time since the copy.
    pub without_trail: bool,
}

/// A restore that was not refused. Nothing is written yet.
#[derive(Debug)]
pub struct Begun {
    places: Places,
    /// The copy.
    pub verified: Verified,
    /// What happened since, if there is a trail that tells.
    pub since: Option<Since>,
}

/// A tenant or a service that was shredded, and the statement of then, if it is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShredAgain {
    /// Who.
    pub shredded: Shredded,
    /// The signed statement.
    pub statement: Option<String>,
}

impl ShredAgain {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        let Shredded { tenant, service } = &self.shredded;
        match service {
            None => format!("tenant {tenant}"),
            Some(service) => format!("service {service} of tenant {tenant}"),
        }
    }
}

/// Signs a new statement about what is shredded again, which some backups still hold.
pub type Sign<'a> = &'a dyn Fn(&ShredAgain, &[BackupRow]) -> Result<String, String>;

/// Verifies the copy and reads the trail. Changes nothing.
///
/// # Errors
/// [`RestoreError`].
pub fn begin(places: Places) -> Result<Begun, RestoreError> {
    DirectoryLock::check(&places.directory)?;
    check_absent(&places.directory)?;
    let verified = verify(&places.from)?;
    let trail = &places.audit.directory;
    let since = if places.without_trail {
        let found = trail.is_dir() && !files(trail).is_ok_and(|files| files.is_empty());
        if found {
            return Err(RestoreError::TrailPresent(trail.clone()));
        }
        None
    } else {
        let mut since = since(trail, verified.contents.place)?;
        if let Some(since) = &mut since {
            // The copy that is used was made, whatever is said of it.
            let own = &verified.manifest.id;
            since.backups.retain(|row| row.id != *own);
            since.forgotten.retain(|id| id != own);
        }
        let seq = verified.contents.place.anchor.seq;
        let none = || RestoreError::NoTrail { directory: trail.clone(), seq };
        Some(since.ok_or_else(none)?)
    };
    Ok(Begun { places, verified, since })
}

fn check_absent(directory: &Path) -> Result<(), RestoreError> {
    for ending in ENDINGS {
        let path = directory.join(format!("{}{ending}", connection::FILE));
        if fs::symlink_metadata(&path).is_ok() {
            return Err(RestoreError::Present(path));
        }
    }
    Ok(())
}

impl Begun {
    /// What is to be shredded again: what the trail tells, and what `statements` say; as far as the
    /// copy has it alive.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn shreds(&self, statements: Vec<ShredAgain>) -> Result<Vec<ShredAgain>, RestoreError> {
        let db = connection::whole(&self.places.from)?;
        let mut again: Vec<ShredAgain> = Vec::new();
        let told = self.since.iter().flat_map(|since| &since.shredded);
        let told = told.map(|shredded| ShredAgain { shredded: shredded.clone(), statement: None });
        for one in statements.into_iter().chain(told) {
            let is_known = again.iter().any(|known| known.shredded == one.shredded);
            if !is_known && alive(&db, &one.shredded)?.is_some() {
                again.push(one);
            }
        }
        // Services of a tenant that goes as a whole go with it.
        let whole: Vec<_> = again.iter().map(|one| one.shredded.clone()).collect();
        again.retain(|one| {
            let tenant = Shredded { service: None, ..one.shredded.clone() };
            one.shredded.service.is_none() || !whole.contains(&tenant)
        });
        Ok(again)
    }

    /// Puts the copy in its place; then the record of it into the trail.
    ///
    /// # Errors
    /// [`RestoreError`]; there is no store, unless it is [`RestoreError::NotRecorded`].
    pub fn finish(
        self,
        again: &[ShredAgain],
        sign: Sign<'_>,
        now: Timestamp,
        metrics: Arc<Metrics>,
    ) -> Result<(), RestoreError> {
        let Places { directory, from, .. } = &self.places;
        let _lock = DirectoryLock::take(directory)?;
        check_absent(directory)?;
        let store = directory.join(connection::FILE);
        let partial = Partial::beside(&store)?;
        self.verified.manifest.check_bytes(from, partial.fill(from)?)?;
        let mut db = connection::whole_writer(partial.path())?;
        // What dies half way is not used, so nothing is needed to take it back.
        db.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
        schema::migrate(&mut db, self.verified.contents.schema)?;
        self.prepare(&mut db, again, sign, now)?;
        let groups = outbox::groups(&db)?;
        drop(db);
        partial.sync()?;
        check_absent(directory)?;
        partial.rename(&store)?;
        self.record(&groups, metrics).map_err(RestoreError::NotRecorded)
    }

    /// Notes in the copy what became of it, all at once.
    fn prepare(
        &self,
        db: &mut Connection,
        again: &[ShredAgain],
        sign: Sign<'_>,
        now: Timestamp,
    ) -> Result<(), RestoreError> {
        let transaction = db.transaction()?;
        let db = &*transaction;
        registry::note(db, &self.own_row(), &self.verified.contents.keys)?;
        if let Some(since) = &self.since {
            for row in &since.backups {
                registry::note(db, row, &[])?;
            }
            for id in &since.forgotten {
                registry::forget(db, id)?;
            }
        }
        let mut ledger = Ledger::default();
        let mut records =
            vec![self.act(now, "restore", Act { detail: self.detail(), ..Act::default() })];
        for one in again {
            let Some(target) = alive(db, &one.shredded)? else { continue };
            let held = registry::holding(db, &Held::Keys(target)).map_err(WriteError::from)?;
            let statement = match &one.statement {
                Some(statement) => statement.clone(),
                None => sign(one, &held).map_err(RestoreError::Database)?,
            };
            for change in [
                Administration::Shred { target, statement },
                Administration::Erase { target, limit: u32::MAX },
            ] {
                administer::write(db, &mut ledger, &change)?;
            }
            let Shredded { tenant, service } = one.shredded.clone();
            let command = if service.is_some() { "service shred" } else { "tenant shred" };
            let detail = "shredded again, as it had been before the restore".to_owned();
            records.push(self.act(now, command, Act { tenant: Some(tenant), service, detail }));
        }
        ledger.keep();
        ledger.write(db)?;
        let node = &self.places.audit.node;
        let records: Vec<_> = records.iter().map(|record| json::fields(node, record)).collect();
        let head = self.since.as_ref().map(|since| since.head).unwrap_or_default();
        let last = head.mark.commit.max(self.verified.contents.place.commit);
        outbox::put(db, &Group { commit: last + 1, records: records.join("\n") })?;
        Ok(transaction.commit()?)
    }

    fn act(&self, now: Timestamp, command: &'static str, act: Act) -> Record {
        let actor = Actor::Administrator(Box::new(act));
        let objects = vec![self.verified.manifest.id.clone()];
        Record { objects, ..Record::of_act(now, actor, command) }
    }

    fn detail(&self) -> String {
        let (manifest, place) = (&self.verified.manifest, &self.verified.contents.place);
        let end = match &self.since {
            Some(since) => format!("the trail had come to {}", since.head.last.seq),
            None => "there was no trail of after it".to_owned(),
        };
        format!(
            "the store is that of backup {} of {} again, at record {} of the trail; {end}; sha256:{}",
            manifest.id, manifest.made, place.anchor.seq, manifest.sha256
        )
    }

    /// The copy itself, which its own rows do not have.
    fn own_row(&self) -> BackupRow {
        let Verified { manifest, digest: (bytes, digest), contents } = &self.verified;
        BackupRow {
            id: manifest.id.clone(),
            made: manifest.time(),
            path: self.places.from.display().to_string(),
            bytes: *bytes,
            digest: *digest,
            last_object: contents.last_object,
            exact: true,
            roots: contents.roots(),
        }
    }

    fn record(&self, groups: &[Group], metrics: Arc<Metrics>) -> Result<(), TrailError> {
        let settings =
            AuditSettings { accept_loss: self.since.is_none(), ..self.places.audit.clone() };
        let anchor = self.verified.contents.place.anchor;
        AuditLog::open(&settings, anchor, groups, metrics, Observer::default()).map(drop)
    }
}

/// The keys of a tenant or a service, unless they are gone or were never there.
fn alive(db: &Connection, of: &Shredded) -> Result<Option<Target>, RestoreError> {
    let tenant = read::tenant(db, &of.tenant).map_err(WriteError::from)?;
    let Some(tenant) = tenant.filter(|row| row.state != TenantState::Shredded) else {
        return Ok(None);
    };
    let Some(service) = &of.service else {
        return Ok(Some(Target { tenant: tenant.id, service: None }));
    };
    let service = read::service(db, tenant.id, service).map_err(WriteError::from)?;
    let service = service.filter(|row| row.state != TenantState::Shredded);
    Ok(service.map(|row| Target { tenant: tenant.id, service: Some(row.id) }))
}
