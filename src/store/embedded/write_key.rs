//! Writes what rotation changes: versions of keys, their states and envelopes, rotations, nodes.

use rusqlite::{Connection, OptionalExtension, params};

use super::ledger::Ledger;
use super::write::{WriteError, run};
use crate::clock::Timestamp;
use crate::store::hierarchy::{OpenKeys, RotationRow};
use crate::store::row::{KeyLevel, KeyState, Sealed};
use crate::store::{Error, codes};
use crate::tenant::{ServiceId, TenantId, Whose};

/// The key that has sealed an envelope of this level; `None` for the check values of roots.
pub(super) fn parent(
    db: &Connection,
    level: KeyLevel,
    sealed: &Sealed,
) -> Result<Option<KeyLevel>, WriteError> {
    match level {
        KeyLevel::Root | KeyLevel::OwnRoot(_) => Ok(None),
        KeyLevel::Tenant(tenant) => Ok(Some(match sealed.whose() {
            Whose::Shared => KeyLevel::Root,
            Whose::Own => KeyLevel::OwnRoot(tenant),
        })),
        KeyLevel::Service(ServiceId(id)) => {
            let sql = "SELECT tenant FROM services WHERE id = ?1";
            let tenant = db.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            let tenant = tenant.ok_or(WriteError::Refused(Error::Conflict))?;
            Ok(Some(KeyLevel::Tenant(TenantId(tenant))))
        }
    }
}

/// Counts an envelope that is written. A tenant's key has to be sealed by the root that seals for the
/// tenant now: its own, if that has an active version, and the shared one otherwise.
fn sealed(
    db: &Connection,
    ledger: &mut Ledger,
    level: KeyLevel,
    envelope: &Sealed,
) -> Result<(), WriteError> {
    let Some(parent) = parent(db, level, envelope)? else { return Ok(()) };
    if let KeyLevel::Tenant(tenant) = level {
        let is_own = ledger.is_active(db, KeyLevel::OwnRoot(tenant))?;
        if is_own != (envelope.whose() == Whose::Own) {
            return Err(WriteError::Refused(Error::Conflict));
        }
    }
    ledger.sealed(db, parent, envelope)
}

/// A version of a key. It follows all versions that there ever were.
pub(super) fn new_version(
    db: &Connection,
    ledger: &mut Ledger,
    level: KeyLevel,
    version: u32,
    state: KeyState,
    envelope: &Sealed,
    created: Timestamp,
) -> Result<(), WriteError> {
    sealed(db, ledger, level, envelope)?;
    let (number, owner) = codes::of_key_level(level);
    let added = run(
        db,
        "INSERT INTO keys (level, owner, version, state, sealed, created)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS
             (SELECT 1 FROM keys WHERE level = ?1 AND owner = ?2 AND version >= ?3)",
        params![number, owner, version, codes::of_key_state(state), envelope.as_bytes(), created.0],
    )?;
    ledger.forget(level);
    one(added)
}

/// The state of a version. One that is destroyed loses its envelope.
pub(super) fn state(
    db: &Connection,
    ledger: &mut Ledger,
    level: KeyLevel,
    version: u32,
    from: KeyState,
    to: KeyState,
) -> Result<(), WriteError> {
    let (number, owner) = codes::of_key_level(level);
    if to == KeyState::Destroyed {
        if let Some(old) = envelope(db, level, version)?
            && let Some(parent) = parent(db, level, &old)?
        {
            ledger.gone(parent, old.parent_version());
        }
        let sql = "UPDATE keys SET sealed = zeroblob(0)
                   WHERE level = ?1 AND owner = ?2 AND version = ?3";
        run(db, sql, params![number, owner, version])?;
    }
    let sql = "UPDATE keys SET state = ?5
               WHERE level = ?1 AND owner = ?2 AND version = ?3 AND state = ?4";
    let (from, to) = (codes::of_key_state(from), codes::of_key_state(to));
    let changed = run(db, sql, params![number, owner, version, from, to])?;
    ledger.forget(level);
    one(changed)
}

/// A version of a root is destroyed; its check value, which is counted nowhere, stays.
pub(super) fn doom(
    db: &Connection,
    ledger: &mut Ledger,
    level: KeyLevel,
    version: u32,
    from: KeyState,
) -> Result<(), WriteError> {
    let (number, owner) = codes::of_key_level(level);
    let sql = "UPDATE keys SET state = ?5
               WHERE level = ?1 AND owner = ?2 AND version = ?3 AND state = ?4 AND level IN (1, 4)";
    let (from, to) = (codes::of_key_state(from), codes::of_key_state(KeyState::Destroyed));
    let changed = run(db, sql, params![number, owner, version, from, to])?;
    ledger.forget(level);
    one(changed)
}

/// The check value of a destroyed version goes.
pub(super) fn gone(
    db: &Connection,
    level: KeyLevel,
    version: u32,
    check: &Sealed,
) -> Result<(), WriteError> {
    let (level, owner) = codes::of_key_level(level);
    let sql = "UPDATE keys SET sealed = zeroblob(0)
               WHERE level = ?1 AND owner = ?2 AND version = ?3 AND state = ?4 AND sealed = ?5";
    let destroyed = codes::of_key_state(KeyState::Destroyed);
    one(run(db, sql, params![level, owner, version, destroyed, check.as_bytes()])?)
}

/// Marks a version compromised.
pub(super) fn compromise(db: &Connection, level: KeyLevel, version: u32) -> Result<(), WriteError> {
    let (level, owner) = codes::of_key_level(level);
    let sql = "UPDATE keys SET compromised = 1 WHERE level = ?1 AND owner = ?2 AND version = ?3";
    one(run(db, sql, params![level, owner, version])?)
}

/// Marks the active version as one that a client encrypts with.
pub(super) fn client_use(db: &Connection, level: KeyLevel, version: u32) -> Result<(), WriteError> {
    let (level, owner) = codes::of_key_level(level);
    let sql = "UPDATE keys SET client_use = 1
               WHERE level = ?1 AND owner = ?2 AND version = ?3 AND state = ?4";
    let active = codes::of_key_state(KeyState::Active);
    one(run(db, sql, params![level, owner, version, active])?)
}

/// A key's envelope in place of another.
pub(super) fn reseal(
    db: &Connection,
    ledger: &mut Ledger,
    level: KeyLevel,
    version: u32,
    from: &Sealed,
    to: &Sealed,
) -> Result<(), WriteError> {
    let (old, new) = (parent(db, level, from)?, parent(db, level, to)?);
    if (old, from.parent_version()) != (new, to.parent_version()) {
        if let Some(old) = old {
            ledger.gone(old, from.parent_version());
        }
        sealed(db, ledger, level, to)?;
    }
    let (level, owner) = codes::of_key_level(level);
    let sql = "UPDATE keys SET sealed = ?5
               WHERE level = ?1 AND owner = ?2 AND version = ?3 AND sealed = ?4";
    one(run(db, sql, params![level, owner, version, from.as_bytes(), to.as_bytes()])?)
}

fn envelope(
    db: &Connection,
    level: KeyLevel,
    version: u32,
) -> Result<Option<Sealed>, rusqlite::Error> {
    let (level, owner) = codes::of_key_level(level);
    let sql = "SELECT sealed FROM keys WHERE level = ?1 AND owner = ?2 AND version = ?3";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_row(params![level, owner, version], |row| row.get(0)).optional()?;
    Ok(found.map(|sealed: Vec<u8>| Sealed::from_envelope(&sealed)))
}

/// A setting's new value in place of a known one.
pub(super) fn setting(
    db: &Connection,
    name: &str,
    from: &[u8],
    to: &[u8],
) -> Result<(), WriteError> {
    let sql = "UPDATE settings SET value = ?3 WHERE name = ?1 AND value = ?2";
    one(run(db, sql, params![name, from, to])?)
}

/// A rotation begins, goes on or ends.
pub(super) fn rotation(
    db: &Connection,
    level: KeyLevel,
    from: Option<&RotationRow>,
    to: Option<&RotationRow>,
) -> Result<(), WriteError> {
    let (number, owner) = codes::of_key_level(level);
    if let Some(from) = from {
        let sql = "DELETE FROM rotations
                   WHERE level = ?1 AND owner = ?2 AND phase = ?3 AND target = ?4";
        one(run(db, sql, params![number, owner, codes::of_phase(from.phase), from.to])?)?;
    }
    let Some(row) = to else {
        let sql = "DELETE FROM acknowledgements WHERE level = ?1 AND owner = ?2";
        run(db, sql, [number, owner])?;
        return Ok(());
    };
    // A rotation of this key that is there already violates the table's key: a conflict.
    run(
        db,
        "INSERT INTO rotations (level, owner, source, target, phase, compromised, eager, reverting,
             started) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            number,
            owner,
            row.from,
            row.to,
            codes::of_phase(row.phase),
            row.compromised,
            row.eager,
            row.reverting,
            row.started.0
        ],
    )?;
    Ok(())
}

/// A node says that it lives, which versions of the root key it has, and how many other keys.
pub(super) fn heartbeat(
    db: &Connection,
    node: &str,
    heard: Timestamp,
    roots: &[u32],
    open: OpenKeys,
) -> Result<(), WriteError> {
    let roots = codes::of_numbers(roots);
    let sql = "INSERT INTO nodes (name, heard, roots, tenant_keys, service_keys)
               VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET heard = ?2, roots = ?3, tenant_keys = ?4,
                   service_keys = ?5";
    run(db, sql, params![node, heard.0, roots, open.tenant, open.service])?;
    Ok(())
}

/// A node says that it has loaded a version.
pub(super) fn acknowledge(
    db: &Connection,
    node: &str,
    level: KeyLevel,
    version: u32,
) -> Result<(), WriteError> {
    let (level, owner) = codes::of_key_level(level);
    let sql = "INSERT OR IGNORE INTO acknowledgements (level, owner, version, node)
               VALUES (?1, ?2, ?3, ?4)";
    run(db, sql, params![level, owner, version, node])?;
    Ok(())
}

/// Whether exactly one row was changed: otherwise somebody else was faster.
fn one(changed: usize) -> Result<(), WriteError> {
    if changed == 1 { Ok(()) } else { Err(WriteError::Refused(Error::Conflict)) }
}
