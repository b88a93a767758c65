//! Notes, in SQL.

use rusqlite::{Connection, params};

use super::Embedded;
use super::read::{get, one};
use super::write::{WriteError, number, run};
use crate::clock::Timestamp;
use crate::store::notes::{NewNote, Note, NoteChange, NoteKey, NoteKind, Notes};
use crate::store::{BoxFuture, Error, codes};
use crate::tenant::{ServiceId, TenantId};

/// How many expired notes go when a new one comes.
const EXPIRED_AT_ONCE: u32 = 64;

/// The columns by which a note is found.
fn place(key: &NoteKey) -> (i64, i64, i64) {
    (key.tenant.0, key.service.map_or(0, |service| service.0), codes::of_note_kind(key.kind))
}

/// Writes a change of a note.
pub(super) fn write(db: &Connection, change: &NoteChange) -> Result<(), WriteError> {
    let (key, (tenant, service, kind)) = (&change.key, place(&change.key));
    let rows = match (change.from, &change.to) {
        // What a batch makes and takes away together was never there.
        (None, None) => return Ok(()),
        (None, Some(NewNote { expires, body })) => {
            let sql = "DELETE FROM notes WHERE (tenant, service, kind, name) IN
                         (SELECT tenant, service, kind, name FROM notes
                          WHERE tenant = ?1 AND service = ?2 AND kind = ?3 AND expires <= ?4
                          LIMIT ?5)";
            run(db, sql, params![tenant, service, kind, change.now.0, EXPIRED_AT_ONCE])?;
            let sql = "INSERT OR IGNORE INTO notes
                         (tenant, service, kind, name, revision, expires, body)
                       VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)";
            let expires = expires.map(|time| time.0);
            run(db, sql, params![tenant, service, kind, key.name, expires, body])?
        }
        (Some(revision), Some(NewNote { expires, body })) => {
            let sql = "UPDATE notes SET revision = revision + 1, expires = ?6, body = ?7
                       WHERE tenant = ?1 AND service = ?2 AND kind = ?3 AND name = ?4
                         AND revision = ?5";
            let (revision, expires) = (number(revision), expires.map(|time| time.0));
            run(db, sql, params![tenant, service, kind, key.name, revision, expires, body])?
        }
        (Some(revision), None) => {
            let sql = "DELETE FROM notes WHERE tenant = ?1 AND service = ?2 AND kind = ?3
                         AND name = ?4 AND revision = ?5";
            run(db, sql, params![tenant, service, kind, key.name, number(revision)])?
        }
    };
    if rows == 1 { Ok(()) } else { Err(WriteError::Refused(Error::Conflict)) }
}

impl Notes for Embedded {
    fn note(&self, key: NoteKey) -> BoxFuture<'_, Result<Option<Note>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT revision, expires, body FROM notes
                       WHERE tenant = ?1 AND service = ?2 AND kind = ?3 AND name = ?4";
            let (tenant, service, kind) = place(&key);
            one(db, sql, params![tenant, service, kind, key.name], |row| {
                let revision: i64 = get(row, 0)?;
                Ok(Note {
                    revision: u64::try_from(revision).unwrap_or_default(),
                    expires: get::<Option<i64>>(row, 1)?.map(Timestamp),
                    body: get(row, 2)?,
                })
            })
        }))
    }

    fn count_notes(
        &self,
        tenant: TenantId,
        service: ServiceId,
        kind: NoteKind,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT count(*) FROM notes
                       WHERE tenant = ?1 AND service = ?2 AND kind = ?3
                         AND (expires IS NULL OR expires > ?4)";
            let kind = codes::of_note_kind(kind);
            let count =
                one(db, sql, params![tenant.0, service.0, kind, now.0], |row| get::<i64>(row, 0))?;
            Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
        }))
    }
}
