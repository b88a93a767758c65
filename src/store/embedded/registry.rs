//! The backups that the store knows, in SQL.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::read::{all, get, known, one};
use super::write::{WriteError, number, run};
use super::{Embedded, copy};
use crate::clock::Timestamp;
use crate::store::administration::Target;
use crate::store::backup::{
    BackupChange, BackupError, BackupKey, BackupRow, Backups, Copied, Held,
};
use crate::store::row::{KeyLevel, KeyState};
use crate::store::{BoxFuture, Commit, Engine as _, Error, codes};
use crate::tenant::{ServiceId, TenantId};

/// The columns that [`row`] reads, in its order.
macro_rules! columns {
    () => {
        "SELECT id, made, path, bytes, digest, last_object, exact FROM backups b WHERE "
    };
}

/// Writes a change of what is known.
pub(super) fn write(db: &Connection, change: &BackupChange) -> Result<(), WriteError> {
    match change {
        BackupChange::Add { row, keys } => add(db, row, keys),
        BackupChange::Forget { id } => found(forget(db, id)?),
        BackupChange::Unnamed { level, version } => {
            found(usize::from(naming(db, *level, *version)?.is_empty()))
        }
        BackupChange::HeldBy { target, ids } => {
            let held = holding(db, &Held::Keys(*target))?;
            found(usize::from(held.iter().map(|row| &row.id).eq(ids)))
        }
    }
}

fn found(rows: usize) -> Result<(), WriteError> {
    if rows == 1 { Ok(()) } else { Err(WriteError::Refused(Error::Conflict)) }
}

/// Notes a backup. What it has must not have been destroyed since: who destroyed it was told of all
/// backups that there were.
fn add(db: &Connection, row: &BackupRow, keys: &[BackupKey]) -> Result<(), WriteError> {
    insert(db, row, keys)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM backup_keys b JOIN keys k USING (level, owner, version)
                              WHERE b.backup = ?1 AND k.state = ?2)";
    let destroyed = codes::of_key_state(KeyState::Destroyed);
    let overtaken: bool =
        db.prepare_cached(sql)?.query_row(params![row.id, destroyed], |row| row.get(0))?;
    found(usize::from(!overtaken))
}

fn insert(db: &Connection, row: &BackupRow, keys: &[BackupKey]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO backups (id, made, path, bytes, digest, last_object, exact)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let params = params![
        row.id,
        row.made.0,
        row.path,
        number(row.bytes),
        row.digest,
        row.last_object,
        row.exact
    ];
    run(db, sql, params)?;
    let sql = "INSERT INTO backup_keys (backup, level, owner, version, envelopes)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    for key in keys {
        let (level, owner) = codes::of_key_level(key.level);
        run(db, sql, params![row.id, level, owner, key.version, number(key.envelopes)])?;
    }
    Ok(())
}

/// Notes a backup unless it is known, whatever became of what it has.
pub(super) fn note(db: &Connection, row: &BackupRow, keys: &[BackupKey]) -> rusqlite::Result<()> {
    let known = "SELECT EXISTS (SELECT 1 FROM backups WHERE id = ?1)";
    if db.query_row(known, [&row.id], |row| row.get(0))? {
        return Ok(());
    }
    insert(db, row, keys)
}

/// Forgets a backup; returns how many there were of its name.
pub(super) fn forget(db: &Connection, id: &str) -> rusqlite::Result<usize> {
    run(db, "DELETE FROM backup_keys WHERE backup = ?1", [id])?;
    run(db, "DELETE FROM backups WHERE id = ?1", [id])
}

fn row(db: &Connection, row: &Row<'_>) -> Result<BackupRow, Error> {
    let id: String = get(row, 0)?;
    let bytes: i64 = get(row, 3)?;
    let roots = "SELECT version FROM backup_keys
                 WHERE backup = ?1 AND level = 1 AND envelopes > 0 ORDER BY version";
    Ok(BackupRow {
        made: Timestamp(get(row, 1)?),
        path: get(row, 2)?,
        bytes: u64::try_from(bytes).unwrap_or_default(),
        digest: known("digest", get::<Vec<u8>>(row, 4)?.try_into().ok())?,
        last_object: get(row, 5)?,
        exact: get(row, 6)?,
        roots: all(db, roots, [&id], |row| get(row, 0))?,
        id,
    })
}

fn naming(db: &Connection, level: KeyLevel, version: u32) -> Result<Vec<BackupRow>, Error> {
    let (level, owner) = codes::of_key_level(level);
    let sql = concat!(
        columns!(),
        "exact = 0 OR EXISTS
             (SELECT 1 FROM backup_keys
              WHERE level = ?1 AND owner = ?2 AND version = ?3 AND backup = b.id AND envelopes > 0)
         ORDER BY made, id"
    );
    all(db, sql, params![level, owner, version], |found| row(db, found))
}

/// The backups that still have something.
pub(super) fn holding(db: &Connection, held: &Held) -> Result<Vec<BackupRow>, Error> {
    let (level, after) = match held {
        Held::Keys(Target { tenant, service: None }) => (KeyLevel::Tenant(*tenant), 0),
        Held::Keys(Target { service: Some(service), .. }) => (KeyLevel::Service(*service), 0),
        Held::Object { tenant: TenantId(tenant), uid } => {
            let sql = "SELECT service, seq FROM objects WHERE tenant = ?1 AND uid = ?2";
            let object = one(db, sql, params![tenant, uid], |row| {
                Ok((ServiceId(get(row, 0)?), get::<i64>(row, 1)?))
            })?;
            let Some((service, seq)) = object else { return Ok(Vec::new()) };
            (KeyLevel::Service(service), seq)
        }
    };
    let (level, owner) = codes::of_key_level(level);
    let sql = concat!(
        columns!(),
        "exact = 0 OR last_object >= ?3 AND EXISTS
             (SELECT 1 FROM backup_keys WHERE level = ?1 AND owner = ?2 AND backup = b.id)
         ORDER BY made, id"
    );
    all(db, sql, params![level, owner, after], |found| row(db, found))
}

impl Backups for Embedded {
    fn copy(&self, to: PathBuf) -> BoxFuture<'_, Result<Copied, BackupError>> {
        Box::pin(async {
            // The copy remembers how far the trail has come, so that is noted first: the committer
            // hands over what it has answered, it is synced, and the committer sees that.
            self.commit(Commit::default()).await?;
            let synced = self.audit().sync().await;
            synced.map_err(|error| Error::Unwritable(error.to_string().into()))?;
            self.commit(Commit::default()).await?;
            copy::copy(self.directory.clone(), to, Arc::clone(&self.copying)).await
        })
    }

    fn copy_bytes(&self) -> BoxFuture<'_, Result<u64, BackupError>> {
        Box::pin(async {
            let sql = "SELECT (page_count - freelist_count) * page_size
                       FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
            let bytes = self.readers.run(move |db| one(db, sql, [], |row| get::<i64>(row, 0)));
            Ok(bytes.await?.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default())
        })
    }

    fn backups(&self) -> BoxFuture<'_, Result<Vec<BackupRow>, Error>> {
        Box::pin(self.readers.run(|db| {
            let sql = concat!(columns!(), "1 ORDER BY made, id");
            all(db, sql, [], |found| row(db, found))
        }))
    }

    fn backups_naming(
        &self,
        level: KeyLevel,
        version: u32,
    ) -> BoxFuture<'_, Result<Vec<BackupRow>, Error>> {
        Box::pin(self.readers.run(move |db| naming(db, level, version)))
    }

    fn backups_holding(&self, held: Held) -> BoxFuture<'_, Result<Vec<BackupRow>, Error>> {
        Box::pin(self.readers.run(move |db| holding(db, &held)))
    }
}
