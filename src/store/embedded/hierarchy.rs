//! Reads for rotation and for its reports.

use rusqlite::{Connection, params};

use super::Embedded;
use super::read::{
    Found, all, get, known, one, root_keys, service_columns, service_row, tenant_columns,
    tenant_row,
};
use super::select::{self, AT};
use crate::clock::Timestamp;
use crate::store::hierarchy::{
    ActiveKey, Due, Envelopes, Hierarchy, NodeRow, OpenKeys, Owner, RotationRow, Scanned,
};
use crate::store::row::{KeyLevel, KeyRow, Sealed, ServiceRow, TenantRow};
use crate::store::{BoxFuture, Error, Position, View, codes};
use crate::tenant::{ServiceId, TenantId};

impl Hierarchy for Embedded {
    fn tenants(
        &self,
        after: TenantId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<TenantRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = concat!(
                "SELECT ",
                tenant_columns!(),
                " FROM tenants WHERE id > ?1 ORDER BY id LIMIT ?2"
            );
            all(db, sql, params![after.0, number(limit)], tenant_row)
        }))
    }

    fn services(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<ServiceRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = concat!(
                "SELECT ",
                service_columns!(),
                " FROM services WHERE tenant = ?1 ORDER BY id"
            );
            all(db, sql, [tenant.0], |row| service_row(tenant, row))
        }))
    }

    fn owner(&self, level: KeyLevel) -> BoxFuture<'_, Result<Option<Owner>, Error>> {
        Box::pin(self.readers.run(move |db| owner(db, level)))
    }

    fn envelopes(&self, level: KeyLevel) -> BoxFuture<'_, Result<Vec<Envelopes>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let (level, owner) = codes::of_key_level(level);
            let sql = "SELECT version, living, sealed FROM envelopes
                       WHERE level = ?1 AND owner = ?2 ORDER BY version";
            all(db, sql, [level, owner], |row| {
                let (living, sealed): (i64, i64) = (get(row, 1)?, get(row, 2)?);
                Ok(Envelopes {
                    version: get(row, 0)?,
                    living: u64::try_from(living).unwrap_or_default(),
                    sealed: u64::try_from(sealed).unwrap_or_default(),
                })
            })
        }))
    }

    fn rotations(&self) -> BoxFuture<'_, Result<Vec<RotationRow>, Error>> {
        Box::pin(self.readers.run(|db| {
            let sql = "SELECT level, owner, source, target, phase, compromised, eager, reverting,
                       started FROM rotations ORDER BY level, owner";
            all(db, sql, [], |row| {
                Ok(RotationRow {
                    level: known("level", codes::key_level(get(row, 0)?, get(row, 1)?))?,
                    from: get(row, 2)?,
                    to: get(row, 3)?,
                    phase: known("phase", codes::phase(get(row, 4)?))?,
                    compromised: get(row, 5)?,
                    eager: get(row, 6)?,
                    reverting: get(row, 7)?,
                    started: Timestamp(get(row, 8)?),
                })
            })
        }))
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeRow>, Error>> {
        Box::pin(self.readers.run(|db| {
            let sql = "SELECT name, heard, roots, tenant_keys, service_keys
                       FROM nodes ORDER BY name";
            all(db, sql, [], |row| {
                let roots: Vec<u8> = get(row, 2)?;
                Ok(NodeRow {
                    name: get(row, 0)?,
                    heard: Timestamp(get(row, 1)?),
                    roots: known("roots", codes::numbers(&roots))?,
                    open: OpenKeys { tenant: get(row, 3)?, service: get(row, 4)? },
                })
            })
        }))
    }

    fn acknowledged(
        &self,
        level: KeyLevel,
        version: u32,
    ) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let (level, owner) = codes::of_key_level(level);
            let sql = "SELECT node FROM acknowledgements
                       WHERE level = ?1 AND owner = ?2 AND version = ?3 ORDER BY node";
            all(db, sql, params![level, owner, version], |row| get(row, 0))
        }))
    }

    fn due(&self, due: Due) -> BoxFuture<'_, Result<Vec<ActiveKey>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT k.level, k.owner, k.version, k.created, coalesce(e.sealed, 0)
                       FROM keys k LEFT JOIN envelopes e USING (level, owner, version)
                       WHERE k.level = ?1 AND k.state = 2 AND (k.created < ?2 OR e.sealed >= ?3)";
            let before = due.made_before.map(|time| time.0);
            let seals = due.seals.map(|seals| i64::try_from(seals).unwrap_or(i64::MAX));
            all(db, sql, params![due.level, before, seals], |row| {
                let sealed: i64 = get(row, 4)?;
                Ok(ActiveKey {
                    level: known("level", codes::key_level(get(row, 0)?, get(row, 1)?))?,
                    version: get(row, 2)?,
                    created: Timestamp(get(row, 3)?),
                    sealed: u64::try_from(sealed).unwrap_or_default(),
                })
            })
        }))
    }

    fn root_keys(&self) -> BoxFuture<'_, Result<Vec<KeyRow>, Error>> {
        Box::pin(self.readers.run(root_keys))
    }

    fn services_with_retired(&self, limit: usize) -> BoxFuture<'_, Result<Vec<KeyLevel>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = "SELECT DISTINCT e.owner
                       FROM envelopes e JOIN keys k USING (level, owner, version)
                       WHERE e.level = 3 AND e.living > 0 AND k.state = 3 LIMIT ?1";
            all(db, sql, [number(limit)], |row| Ok(KeyLevel::Service(ServiceId(get(row, 0)?))))
        }))
    }

    fn stale(
        &self,
        tenant: TenantId,
        service: ServiceId,
        version: u32,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Scanned, Error>> {
        let view = View { tenant, service: Some(service) };
        Box::pin(self.readers.run(move |db| stale(db, view, version, after, limit)))
    }
}

fn owner(db: &Connection, level: KeyLevel) -> Result<Option<Owner>, Error> {
    let tenant = |id: i64| {
        let sql = concat!("SELECT ", tenant_columns!(), " FROM tenants WHERE id = ?1");
        one(db, sql, [id], tenant_row)
    };
    match level {
        KeyLevel::Root => Ok(None),
        KeyLevel::OwnRoot(TenantId(id)) | KeyLevel::Tenant(TenantId(id)) => {
            Ok(tenant(id)?.map(|tenant| (tenant, None)))
        }
        KeyLevel::Service(ServiceId(id)) => {
            let of = one(db, "SELECT tenant FROM services WHERE id = ?1", [id], |row| get(row, 0))?;
            let Some(of) = of else { return Ok(None) };
            let sql = concat!("SELECT ", service_columns!(), " FROM services WHERE id = ?1");
            let service = one(db, sql, [id], |row| service_row(TenantId(of), row))?;
            Ok(tenant(of)?.map(|tenant| (tenant, service)))
        }
    }
}

/// The `limit` oldest objects after a position, whatever their kinds: an object that changes its
/// kind meanwhile keeps its position, so that none is missed.
fn stale(
    db: &mut Connection,
    view: View,
    version: u32,
    after: Position,
    limit: usize,
) -> Result<Scanned, Error> {
    let places = select::oldest(db, view, after, limit)?;
    let next = places.last().filter(|_| places.len() == limit).map(|seq| Position(*seq));
    let mut stale = Vec::new();
    for seq in places {
        let found = one(db, AT, [seq], super::read::found)?;
        let Some((_, Found { stored, .. })) = found else { continue };
        let named = stored.sealed.as_ref().and_then(Sealed::parent_version);
        if named.is_some_and(|named| named != version) {
            stale.push(stored);
        }
    }
    Ok(Scanned { stale, next })
}

fn number(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
