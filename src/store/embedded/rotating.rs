//! What is rotated by its own attributes, and when: follows every change of an object.

use rusqlite::{Connection, params};

use super::read::{all, found, get, object_columns, one};
use super::write::{WriteError, run};
use crate::clock::Timestamp;
use crate::object::Object;
use crate::store::{DueRotation, Error, TenantState, codes};
use crate::tenant::{ServiceId, TenantId};

/// Notes when an object is due, if that is another time than before.
pub(super) fn follow(
    db: &Connection,
    tenant: TenantId,
    service: ServiceId,
    before: Option<&Object>,
    after: &Object,
) -> rusqlite::Result<()> {
    let due = after.rotation_due();
    if due == before.and_then(Object::rotation_due) {
        return Ok(());
    }
    if let Some(due) = due {
        let sql = "INSERT OR REPLACE INTO rotating (tenant, uid, service, due)
                   VALUES (?1, ?2, ?3, ?4)";
        let due = Timestamp::of_seconds(due);
        run(db, sql, params![tenant.0, after.uid, service.0, due.0])?;
    } else {
        let sql = "DELETE FROM rotating WHERE tenant = ?1 AND uid = ?2";
        run(db, sql, params![tenant.0, after.uid])?;
    }
    Ok(())
}

/// Notes when each object is due, in a store of before anybody did. One that cannot be read is left out:
/// whoever asks for it is told.
pub(super) fn fill(db: &Connection) -> rusqlite::Result<()> {
    let mut statement =
        db.prepare(concat!("SELECT ", object_columns!(), ", tenant FROM objects"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let tenant = TenantId(row.get("tenant")?);
        if let Ok((_, it)) = found(row) {
            follow(db, tenant, it.stored.service, None, &it.stored.object)?;
        }
    }
    Ok(())
}

/// Puts off what was due at `from`, or forgets it.
pub(super) fn put_off(
    db: &Connection,
    tenant: TenantId,
    uid: &str,
    from: Timestamp,
    to: Option<Timestamp>,
) -> Result<(), WriteError> {
    let of_it = "WHERE tenant = ?1 AND uid = ?2 AND due = ?3";
    if let Some(to) = to {
        let sql = format!("UPDATE rotating SET due = ?4 {of_it}");
        run(db, &sql, params![tenant.0, uid, from.0, to.0])?;
    } else {
        let sql = format!("DELETE FROM rotating {of_it}");
        run(db, &sql, params![tenant.0, uid, from.0])?;
    }
    Ok(())
}

/// See [`crate::store::Engine::due_rotations`].
pub(super) fn due(
    db: &Connection,
    now: Timestamp,
    of_tenant: usize,
    limit: usize,
) -> Result<Vec<DueRotation>, Error> {
    let sql = "SELECT due, tenant, uid, service FROM
                 (SELECT rotating.*, row_number() OVER
                    (PARTITION BY rotating.tenant ORDER BY due, uid) AS place
                  FROM rotating
                  JOIN services ON services.id = rotating.service AND services.state = ?4
                  JOIN tenants ON tenants.id = rotating.tenant AND tenants.state = ?4
                  WHERE due <= ?1)
               WHERE place <= ?2 ORDER BY due, tenant, uid LIMIT ?3";
    let rows = |number| i64::try_from(number).unwrap_or(i64::MAX);
    let active = codes::of_tenant_state(TenantState::Active);
    all(db, sql, params![now.0, rows(of_tenant), rows(limit), active], |row| {
        Ok(DueRotation {
            due: Timestamp(get(row, 0)?),
            tenant: TenantId(get(row, 1)?),
            uid: get(row, 2)?,
            service: ServiceId(get(row, 3)?),
        })
    })
}

/// See [`crate::store::Engine::next_rotation`].
pub(super) fn next(db: &Connection) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT due FROM rotating
               JOIN services ON services.id = rotating.service AND services.state = ?1
               JOIN tenants ON tenants.id = rotating.tenant AND tenants.state = ?1
               ORDER BY due LIMIT 1";
    let active = codes::of_tenant_state(TenantState::Active);
    one(db, sql, params![active], |row| Ok(Timestamp(get(row, 0)?)))
}
