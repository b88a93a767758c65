//! Writes one change into the open transaction.

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::connection;
use super::prepare::{NewService, ObjectWrite, Write};
use crate::clock::Timestamp;
use crate::store::row::{KeyLevel, KeyState, Sealed, TenantState};
use crate::store::row_format::{self, Entry, FormatError};
use crate::store::{Error, codes};
use crate::tenant::{ServiceId, TenantId};

/// Why a change was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The commit that it belongs to cannot be made; others can.
    Refused(Error),
    /// Nothing can be written.
    Broken(rusqlite::Error),
}

impl From<rusqlite::Error> for WriteError {
    /// A constraint or a size concerns the one change; anything else, the database.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, TooBig};
        match error.sqlite_error_code() {
            Some(ConstraintViolation | TooBig) => Self::Refused(connection::error(&error)),
            _ => Self::Broken(error),
        }
    }
}

impl From<FormatError> for WriteError {
    fn from(error: FormatError) -> Self {
        Self::Refused(Error::Failed(error.to_string().into()))
    }
}

/// Runs a statement that is kept prepared; returns how many rows it changed.
pub(super) fn run(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    db.prepare_cached(sql)?.execute(params)
}

/// Writes a change.
pub(super) fn write(db: &Connection, change: &Write) -> Result<(), WriteError> {
    match change {
        Write::Object(object) => match object.replaces {
            None => insert(db, object),
            Some(revision) => update(db, object, revision),
        },
        Write::NewTenant { name, key, created } => {
            let sql = "INSERT INTO tenants (name, state, created) VALUES (?1, ?2, ?3)";
            let state = codes::of_tenant_state(TenantState::Active);
            run(db, sql, params![name.as_str(), state, created.0])?;
            let level = KeyLevel::Tenant(TenantId(db.last_insert_rowid()));
            first_key(db, level, key, *created)
        }
        Write::NewService(service) => new_service(db, service),
        Write::NewSetting { name, value } => {
            run(db, "INSERT INTO settings (name, value) VALUES (?1, ?2)", params![name, value])?;
            Ok(())
        }
    }
}

fn new_service(db: &Connection, service: &NewService) -> Result<(), WriteError> {
    run(
        db,
        "INSERT INTO services (tenant, name, state, mode, role, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            service.tenant.0,
            service.name.as_str(),
            codes::of_tenant_state(TenantState::Active),
            codes::of_mode(service.mode),
            codes::of_role(service.role),
            service.created.0,
        ],
    )?;
    let level = KeyLevel::Service(ServiceId(db.last_insert_rowid()));
    first_key(db, level, &service.key, service.created)
}

/// Version 1 of a key, active.
fn first_key(
    db: &Connection,
    level: KeyLevel,
    key: &Sealed,
    created: Timestamp,
) -> Result<(), WriteError> {
    let (level, owner) = codes::of_key_level(level);
    let state = codes::of_key_state(KeyState::Active);
    run(
        db,
        "INSERT INTO keys (level, owner, version, state, sealed, created)
         VALUES (?1, ?2, 1, ?3, ?4, ?5)",
        params![level, owner, state, key.as_bytes(), created.0],
    )?;
    Ok(())
}

fn insert(db: &Connection, write: &ObjectWrite) -> Result<(), WriteError> {
    let stored = &write.stored;
    run(
        db,
        "INSERT INTO objects
             (tenant, service, uid, revision, object_type, state, timed, attributes, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            write.tenant.0,
            stored.service.0,
            stored.object.uid,
            number(stored.revision),
            stored.object.object_type.number(),
            stored.object.state().number(),
            stored.object.is_timed(),
            write.attributes,
            stored.sealed.as_ref().map(Sealed::as_bytes),
        ],
    )?;
    let seq = db.last_insert_rowid();
    for entry in &write.entries {
        add_entry(db, stored.service, *entry, seq)?;
    }
    Ok(())
}

/// What is there of an object that is about to be changed.
struct Present {
    seq: i64,
    revision: i64,
    service: ServiceId,
    entries: Vec<Entry>,
}

fn update(db: &Connection, write: &ObjectWrite, replaces: u64) -> Result<(), WriteError> {
    let stored = &write.stored;
    let Some(present) = present(db, write)? else {
        return Err(WriteError::Refused(Error::Conflict));
    };
    if present.revision != number(replaces) || present.service != stored.service {
        return Err(WriteError::Refused(Error::Conflict));
    }
    run(
        db,
        "UPDATE objects
         SET revision = ?2, object_type = ?3, state = ?4, timed = ?5, attributes = ?6, sealed = ?7
         WHERE seq = ?1",
        params![
            present.seq,
            number(stored.revision),
            stored.object.object_type.number(),
            stored.object.state().number(),
            stored.object.is_timed(),
            write.attributes,
            stored.sealed.as_ref().map(Sealed::as_bytes),
        ],
    )?;
    let (old, new) = (&present.entries, &write.entries);
    for entry in old.iter().filter(|entry| new.binary_search(entry).is_err()) {
        remove_entry(db, stored.service, *entry, present.seq)?;
    }
    for entry in new.iter().filter(|entry| old.binary_search(entry).is_err()) {
        add_entry(db, stored.service, *entry, present.seq)?;
    }
    Ok(())
}

fn present(db: &Connection, write: &ObjectWrite) -> Result<Option<Present>, WriteError> {
    let object = &write.stored.object;
    let mut statement = db.prepare_cached(
        "SELECT seq, revision, service, attributes FROM objects WHERE tenant = ?1 AND uid = ?2",
    )?;
    let row = statement
        .query_row(params![write.tenant.0, object.uid], |row| {
            let attributes: Vec<u8> = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, ServiceId(row.get(2)?), attributes))
        })
        .optional()?;
    let Some((seq, revision, service, attributes)) = row else { return Ok(None) };
    let old = row_format::decode(object.uid.clone(), object.object_type, &attributes)?;
    Ok(Some(Present { seq, revision, service, entries: row_format::entries(&old) }))
}

/// An entry may be there already if an earlier version of the server made other entries.
fn add_entry(db: &Connection, service: ServiceId, entry: Entry, seq: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO entries (service, attribute, digest, seq)
               VALUES (?1, ?2, ?3, ?4)";
    run(db, sql, params![service.0, entry.attribute, entry.digest, seq]).map(drop)
}

fn remove_entry(
    db: &Connection,
    service: ServiceId,
    entry: Entry,
    seq: i64,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM entries
               WHERE service = ?1 AND attribute = ?2 AND digest = ?3 AND seq = ?4";
    run(db, sql, params![service.0, entry.attribute, entry.digest, seq]).map(drop)
}

/// A number as SQLite has them. None of ours reaches 2^63.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
