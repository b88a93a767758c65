//! What administrators change, in SQL; and what they ask for.

use kmip_ttlv::enums::ObjectType;
use rusqlite::{Connection, params};

use super::Embedded;
use super::ledger::Ledger;
use super::read::{all, get, one, service_columns, service_row, tenant_columns, tenant_row};
use super::write::{WriteError, run};
use super::{requests, write_key};
use crate::clock::Timestamp;
use crate::object::Object;
use crate::store::administration::{Administration, Census, Counts, HeldObject, Target};
use crate::store::row::{KeyState, Sealed, ServiceRow, TenantRow, TenantState};
use crate::store::{BoxFuture, Error, codes, row_format};
use crate::tenant::{ServiceName, TenantId, TenantName};

/// Writes a change of an administrator.
pub(super) fn write(
    db: &Connection,
    ledger: &mut Ledger,
    change: &Administration,
) -> Result<(), WriteError> {
    match change {
        Administration::Tenant { from, to } => tenant(db, from, to),
        Administration::Service { from, to } => service(db, from, to),
        Administration::Shred { target, statement } => shred(db, ledger, *target, statement),
        Administration::Erase { target, limit } => erase(db, *target, *limit),
        Administration::Hold { tenant, due, before } => hold(db, *tenant, *due, before),
        Administration::Release { tenant, uid } => {
            let sql = "DELETE FROM held WHERE tenant = ?1 AND uid = ?2";
            found(run(db, sql, params![tenant.0, uid])?)
        }
    }
}

/// Whether a statement found the row that it was meant for.
fn found(rows: usize) -> Result<(), WriteError> {
    if rows == 1 { Ok(()) } else { Err(WriteError::Refused(Error::Conflict)) }
}

fn tenant(db: &Connection, from: &TenantRow, to: &TenantRow) -> Result<(), WriteError> {
    let sql = "UPDATE tenants SET state = ?2, strict = ?3, destroy_hold = ?4, legacy = ?5
               WHERE id = ?1 AND state = ?6 AND strict = ?7 AND destroy_hold = ?8
               AND legacy IS ?9";
    let state = codes::of_tenant_state;
    found(run(
        db,
        sql,
        params![
            from.id.0,
            state(to.state),
            to.strict,
            to.destroy_hold,
            to.legacy,
            state(from.state),
            from.strict,
            from.destroy_hold,
            from.legacy,
        ],
    )?)
}

fn service(db: &Connection, from: &ServiceRow, to: &ServiceRow) -> Result<(), WriteError> {
    let sql = "UPDATE services SET state = ?2, mode = ?3, role = ?4, operations = ?5
               WHERE id = ?1 AND state = ?6 AND mode = ?7 AND role = ?8 AND operations IS ?9";
    let operations = |row: &ServiceRow| row.operations.as_deref().map(codes::of_numbers);
    found(run(
        db,
        sql,
        params![
            from.id.0,
            codes::of_tenant_state(to.state),
            codes::of_mode(to.mode),
            codes::of_role(to.role),
            operations(to),
            codes::of_tenant_state(from.state),
            codes::of_mode(from.mode),
            codes::of_role(from.role),
            operations(from),
        ],
    )?)
}

/// Envelopes are written over with as many zeros, in their place, and then taken out.
fn shred(
    db: &Connection,
    ledger: &mut Ledger,
    target: Target,
    statement: &str,
) -> Result<(), WriteError> {
    let Target { tenant, service } = target;
    let shredded = codes::of_tenant_state(TenantState::Shredded);
    let service = service.map(|service| service.0);
    found(match service {
        None => run(
            db,
            "UPDATE tenants SET state = ?2 WHERE id = ?1 AND state <> ?2",
            params![tenant.0, shredded],
        )?,
        Some(service) => run(
            db,
            "UPDATE services SET state = ?3 WHERE tenant = ?1 AND id = ?2 AND state <> ?3",
            params![tenant.0, service, shredded],
        )?,
    })?;
    // Levels 2 and 4 are the tenant's, which one service does not take along.
    let of_target = "(level IN (2, 4) AND owner = ?1 AND ?2 IS NULL
         OR level = 3 AND owner IN
            (SELECT id FROM services WHERE tenant = ?1 AND (?2 IS NULL OR id = ?2)))";
    uncount(db, ledger, target, of_target)?;
    let destroyed = codes::of_key_state(KeyState::Destroyed);
    let zeros = format!("UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE {of_target}");
    run(db, &zeros, params![tenant.0, service])?;
    let gone = format!("UPDATE keys SET sealed = x'', state = ?3 WHERE {of_target}");
    run(db, &gone, params![tenant.0, service, destroyed])?;
    let sql = "DELETE FROM rotating WHERE tenant = ?1 AND (?2 IS NULL OR service = ?2)";
    run(db, sql, params![tenant.0, service])?;
    let kept = "INSERT INTO statements (tenant, text) VALUES (?1, ?2)";
    run(db, kept, params![tenant.0, statement])?;
    Ok(())
}

/// Takes the keys that die out of the counts of their parents, and ends what is under way for them.
fn uncount(
    db: &Connection,
    ledger: &mut Ledger,
    target: Target,
    of_target: &str,
) -> Result<(), WriteError> {
    let Target { tenant, service } = target;
    let service = service.map(|service| service.0);
    let sql = format!("SELECT level, owner, sealed FROM keys WHERE {of_target}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant.0, service])?;
    while let Some(row) = rows.next()? {
        let sealed = Sealed::from_envelope(&row.get::<_, Vec<u8>>(2)?);
        let Some(level) = codes::key_level(row.get(0)?, row.get(1)?) else { continue };
        if let Some(parent) = write_key::parent(db, level, &sealed)? {
            ledger.gone(parent, sealed.parent_version());
        }
        ledger.forget(level);
    }
    requests::forget(db, tenant, target.service)?;
    for table in ["rotations", "acknowledgements"] {
        let sql = format!("DELETE FROM {table} WHERE {of_target}");
        run(db, &sql, params![tenant.0, service])?;
    }
    // What their children were sealed by does not matter any more.
    let sql = format!("UPDATE envelopes SET living = 0 WHERE level = 3 AND ({of_target})");
    run(db, &sql, params![tenant.0, service])?;
    Ok(())
}

fn hold(
    db: &Connection,
    tenant: TenantId,
    due: Timestamp,
    before: &Object,
) -> Result<(), WriteError> {
    let sql = "INSERT INTO held (tenant, uid, due, type, before) VALUES (?1, ?2, ?3, ?4, ?5)";
    let attributes = row_format::encode(before);
    let object_type = before.object_type.number();
    run(db, sql, params![tenant.0, before.uid, due.0, object_type, attributes])?;
    Ok(())
}

fn erase(db: &Connection, target: Target, limit: u32) -> Result<(), WriteError> {
    let sql = "UPDATE objects SET sealed = NULL, revision = revision + 1 WHERE seq IN
                 (SELECT seq FROM objects
                  WHERE tenant = ?1 AND (?2 IS NULL OR service = ?2) AND sealed IS NOT NULL
                  LIMIT ?3)";
    run(db, sql, params![target.tenant.0, target.service.map(|service| service.0), limit])?;
    // What is held and has no value any more is only destroyed.
    let sql = "DELETE FROM held WHERE tenant = ?1 AND uid IN
                 (SELECT uid FROM objects WHERE tenant = ?1 AND sealed IS NULL)";
    run(db, sql, [target.tenant.0])?;
    Ok(())
}

impl Census for Embedded {
    fn tenants_by_name(
        &self,
        after: Option<TenantName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<TenantRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = concat!(
                "SELECT ",
                tenant_columns!(),
                " FROM tenants WHERE name > ?1 ORDER BY name LIMIT ?2"
            );
            // No name is empty.
            let after = after.as_ref().map_or("", TenantName::as_str);
            all(db, sql, params![after, rows(limit)], tenant_row)
        }))
    }

    fn services_by_name(
        &self,
        tenant: TenantId,
        after: Option<ServiceName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServiceRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = concat!(
                "SELECT ",
                service_columns!(),
                " FROM services WHERE tenant = ?1 AND name > ?2 ORDER BY name LIMIT ?3"
            );
            let after = after.as_ref().map_or("", ServiceName::as_str);
            all(db, sql, params![tenant.0, after, rows(limit)], |row| service_row(tenant, row))
        }))
    }

    fn counts(&self, target: Target) -> BoxFuture<'_, Result<Counts, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT count(*), count(sealed) FROM objects
                       WHERE tenant = ?1 AND (?2 IS NULL OR service = ?2)";
            let service = target.service.map(|service| service.0);
            let counts = one(db, sql, params![target.tenant.0, service], |row| {
                let number = |column| {
                    get::<i64>(row, column).map(|number| u64::try_from(number).unwrap_or_default())
                };
                Ok(Counts { objects: number(0)?, values: number(1)? })
            })?;
            Ok(counts.unwrap_or_default())
        }))
    }

    fn held(
        &self,
        tenant: TenantId,
        uid: String,
    ) -> BoxFuture<'_, Result<Option<HeldObject>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT due, type, before FROM held WHERE tenant = ?1 AND uid = ?2";
            one(db, sql, params![tenant.0, uid], |row| {
                let before: Vec<u8> = get(row, 2)?;
                let object_type = ObjectType::from_number(get(row, 1)?);
                let before = row_format::decode(uid.clone(), object_type, &before)
                    .map_err(|error| Error::Failed(error.to_string().into()))?;
                Ok(HeldObject { due: Timestamp(get(row, 0)?), before })
            })
        }))
    }

    fn held_until(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(TenantId, String)>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT tenant, uid FROM held WHERE due <= ?1 ORDER BY due LIMIT ?2";
            all(db, sql, params![now.0, rows(limit)], |row| {
                Ok((TenantId(get(row, 0)?), get(row, 1)?))
            })
        }))
    }

    fn statements(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT text FROM statements WHERE tenant = ?1 ORDER BY number";
            all(db, sql, [tenant.0], |row| get(row, 0))
        }))
    }
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
