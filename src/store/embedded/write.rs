//! Writes one change into the open transaction.

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::ledger::Ledger;
use super::prepare::{NewService, ObjectWrite, Write};
use super::{administer, connection, notes, registry, requests, rotating, write_key};
use crate::clock::Timestamp;
use crate::object::Object;
use crate::store::row::{KeyLevel, KeyState, Sealed, TenantState};
use crate::store::row_format::{self, Entry, FormatError};
use crate::store::{Change, Error, NewRoot, codes};
use crate::tenant::{ServiceId, TenantId};

/// How much of an envelope is read to see under which version it is sealed.
pub(super) const ENVELOPE_HEAD_BYTES: i64 = 7;

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

impl From<Error> for WriteError {
    /// What was read for the change cannot be used.
    fn from(error: Error) -> Self {
        Self::Refused(error)
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
pub(super) fn write(
    db: &Connection,
    ledger: &mut Ledger,
    change: &Write,
) -> Result<(), WriteError> {
    match change {
        Write::Object(object) => match object.replaces {
            None => insert(db, ledger, object),
            Some(revision) if object.is_resealed => reseal(db, ledger, object, revision),
            Some(revision) => update(db, ledger, object, revision),
        },
        Write::NewTenant { name, root, key, created } => {
            let sql = "INSERT INTO tenants (name, state, created) VALUES (?1, ?2, ?3)";
            let state = codes::of_tenant_state(TenantState::Active);
            run(db, sql, params![name.as_str(), state, created.0])?;
            let id = TenantId(db.last_insert_rowid());
            if let Some(NewRoot { version, check }) = root {
                let (level, active) = (KeyLevel::OwnRoot(id), KeyState::Active);
                write_key::new_version(db, ledger, level, *version, active, check, *created)?;
            }
            let level = KeyLevel::Tenant(id);
            first_key(db, ledger, level, key, *created)
        }
        Write::NewService(service) => new_service(db, ledger, service),
        Write::Administer(change) => administer::write(db, ledger, change),
        Write::Request(change) => requests::write(db, ledger, change),
        Write::NewSetting { name, value } => {
            run(db, "INSERT INTO settings (name, value) VALUES (?1, ?2)", params![name, value])?;
            Ok(())
        }
        Write::Other(change) => other(db, ledger, change),
    }
}

/// What rotation changes.
fn other(db: &Connection, ledger: &mut Ledger, change: &Change) -> Result<(), WriteError> {
    match change {
        Change::NewVersion { level, version, state, sealed, created } => {
            write_key::new_version(db, ledger, *level, *version, *state, sealed, *created)
        }
        Change::KeyState { level, version, from, to } => {
            write_key::state(db, ledger, *level, *version, *from, *to)
        }
        Change::Doom { level, version, from } => {
            write_key::doom(db, ledger, *level, *version, *from)
        }
        Change::Gone { level, version, check } => write_key::gone(db, *level, *version, check),
        Change::Compromise { level, version } => write_key::compromise(db, *level, *version),
        Change::ClientUse { level, version } => write_key::client_use(db, *level, *version),
        Change::ResealKey { level, version, from, to } => {
            write_key::reseal(db, ledger, *level, *version, from, to)
        }
        Change::Rotation { level, from, to } => {
            write_key::rotation(db, *level, from.as_ref(), to.as_ref())
        }
        Change::Heartbeat { node, heard, roots, open } => {
            write_key::heartbeat(db, node, *heard, roots, *open)
        }
        Change::Acknowledge { node, level, version } => {
            write_key::acknowledge(db, node, *level, *version)
        }
        Change::Setting { name, from, to } => write_key::setting(db, name, from, to),
        Change::PutOff { tenant, uid, from, to } => rotating::put_off(db, *tenant, uid, *from, *to),
        Change::Note(change) => notes::write(db, change),
        Change::Backup(change) => registry::write(db, change),
        Change::Insert { .. }
        | Change::Update { .. }
        | Change::Reseal { .. }
        | Change::NewTenant { .. }
        | Change::NewService { .. }
        | Change::NewSetting { .. }
        | Change::Request(_)
        | Change::Administer(_) => {
            let text = "a change was not prepared";
            Err(WriteError::Refused(Error::Failed(text.into())))
        }
    }
}

fn new_service(
    db: &Connection,
    ledger: &mut Ledger,
    service: &NewService,
) -> Result<(), WriteError> {
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
    first_key(db, ledger, level, &service.key, service.created)
}

/// Version 1 of a key, active.
fn first_key(
    db: &Connection,
    ledger: &mut Ledger,
    level: KeyLevel,
    key: &Sealed,
    created: Timestamp,
) -> Result<(), WriteError> {
    write_key::new_version(db, ledger, level, 1, KeyState::Active, key, created)
}

fn insert(db: &Connection, ledger: &mut Ledger, write: &ObjectWrite) -> Result<(), WriteError> {
    let stored = &write.stored;
    if let Some(sealed) = &stored.sealed {
        ledger.sealed(db, KeyLevel::Service(stored.service), sealed)?;
    }
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
    rotating::follow(db, write.tenant, stored.service, None, &stored.object)?;
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
    /// The version of the service's key under which it is sealed.
    sealed_under: Option<u32>,
    /// Whether its envelope is the one that it would have.
    is_sealed_so: bool,
    object: Object,
    entries: Vec<Entry>,
}

/// The envelope of an object, and nothing else of it.
fn reseal(
    db: &Connection,
    ledger: &mut Ledger,
    write: &ObjectWrite,
    replaces: u64,
) -> Result<(), WriteError> {
    let (stored, conflict) = (&write.stored, || WriteError::Refused(Error::Conflict));
    let sql = "SELECT substr(sealed, 1, ?4) FROM objects
               WHERE tenant = ?1 AND uid = ?2 AND revision = ?3 AND sealed IS NOT NULL";
    let params = params![write.tenant.0, stored.object.uid, number(replaces), ENVELOPE_HEAD_BYTES];
    let head = db.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
    let head: Vec<u8> = head.ok_or_else(conflict)?;
    let level = KeyLevel::Service(stored.service);
    let old = Sealed::from_envelope(&head).parent_version();
    ledger.replaced(db, level, old, stored.sealed.as_ref())?;
    let sql = "UPDATE objects SET revision = ?4, sealed = ?5
               WHERE tenant = ?1 AND uid = ?2 AND revision = ?3 AND service = ?6";
    let sealed = stored.sealed.as_ref().map(Sealed::as_bytes);
    let (before, after) = (number(replaces), number(stored.revision));
    let params =
        params![write.tenant.0, stored.object.uid, before, after, sealed, stored.service.0];
    if run(db, sql, params)? == 1 { Ok(()) } else { Err(conflict()) }
}

fn update(
    db: &Connection,
    ledger: &mut Ledger,
    write: &ObjectWrite,
    replaces: u64,
) -> Result<(), WriteError> {
    let stored = &write.stored;
    let Some(present) = present(db, write)? else {
        return Err(WriteError::Refused(Error::Conflict));
    };
    if present.revision != number(replaces) || present.service != stored.service {
        return Err(WriteError::Refused(Error::Conflict));
    }
    let level = KeyLevel::Service(stored.service);
    if !present.is_sealed_so {
        ledger.replaced(db, level, present.sealed_under, stored.sealed.as_ref())?;
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
    let before = Some(&present.object);
    rotating::follow(db, write.tenant, stored.service, before, &stored.object)?;
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
        "SELECT seq, revision, service, attributes, substr(sealed, 1, ?3), sealed IS ?4 FROM objects
         WHERE tenant = ?1 AND uid = ?2",
    )?;
    let sealed = write.stored.sealed.as_ref().map(Sealed::as_bytes);
    let params = params![write.tenant.0, object.uid, ENVELOPE_HEAD_BYTES, sealed];
    let row = statement
        .query_row(params, |row| {
            let (attributes, head): (Vec<u8>, Option<Vec<u8>>) = (row.get(3)?, row.get(4)?);
            let sealed_under = head.and_then(|head| Sealed::from_envelope(&head).parent_version());
            let under = (sealed_under, row.get(5)?);
            Ok((row.get(0)?, row.get(1)?, ServiceId(row.get(2)?), under, attributes))
        })
        .optional()?;
    let Some((seq, revision, service, under, attributes)) = row else { return Ok(None) };
    let (sealed_under, is_sealed_so) = under;
    let old = row_format::decode(object.uid.clone(), object.object_type, &attributes)?;
    let entries = row_format::entries(&old);
    Ok(Some(Present { seq, revision, service, sealed_under, is_sealed_so, object: old, entries }))
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
