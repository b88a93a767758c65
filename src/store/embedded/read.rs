//! Reads single rows.

use std::sync::Arc;

use kmip_ttlv::enums::ObjectType;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::connection;
use crate::clock::Timestamp;
use crate::store::row::{KeyLevel, KeyRow, Sealed, ServiceRow, Stored, TenantRow};
use crate::store::{Error, View, codes, row_format};
use crate::tenant::{ServiceId, ServiceName, TenantId, TenantName};

/// An object as it was found, and the length of its encoded attributes.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) stored: Arc<Stored>,
    pub(super) row_bytes: usize,
}

/// The columns that [`found`] reads, in its order.
macro_rules! object_columns {
    () => {
        "seq, service, uid, revision, object_type, attributes, sealed"
    };
}
pub(super) use object_columns;

/// The object with this identifier, if the view has it. One that it has not is not even read.
pub(super) fn object(db: &Connection, view: View, uid: &str) -> Result<Option<Found>, Error> {
    let sql = concat!(
        "SELECT ",
        object_columns!(),
        " FROM objects WHERE tenant = ?1 AND uid = ?2 AND (?3 IS NULL OR service = ?3)"
    );
    let service = view.service.map(|service| service.0);
    let found = one(db, sql, params![view.tenant.0, uid, service], found)?;
    Ok(found.map(|(_, found)| found))
}

/// The columns that [`tenant_row`] reads, in its order.
macro_rules! tenant_columns {
    () => {
        "id, name, state, strict, destroy_hold, legacy, created"
    };
}
pub(super) use tenant_columns;

/// The tenant of this name.
pub(super) fn tenant(db: &Connection, name: &TenantName) -> Result<Option<TenantRow>, Error> {
    let sql = concat!("SELECT ", tenant_columns!(), " FROM tenants WHERE name = ?1");
    one(db, sql, [name.as_str()], tenant_row)
}

/// Reads a tenant's row.
pub(super) fn tenant_row(row: &Row<'_>) -> Result<TenantRow, Error> {
    let name: String = get(row, 1)?;
    Ok(TenantRow {
        id: TenantId(get(row, 0)?),
        name: known("name", TenantName::new(&name).ok())?,
        state: known("state", codes::tenant_state(get(row, 2)?))?,
        strict: get(row, 3)?,
        destroy_hold: get(row, 4)?,
        legacy: get(row, 5)?,
        created: Timestamp(get(row, 6)?),
    })
}

/// The columns that [`service_row`] reads, in its order.
macro_rules! service_columns {
    () => {
        "id, name, state, mode, role, operations, created"
    };
}
pub(super) use service_columns;

/// The service of this name.
pub(super) fn service(
    db: &Connection,
    tenant: TenantId,
    name: &ServiceName,
) -> Result<Option<ServiceRow>, Error> {
    let sql =
        concat!("SELECT ", service_columns!(), " FROM services WHERE tenant = ?1 AND name = ?2");
    one(db, sql, params![tenant.0, name.as_str()], |row| service_row(tenant, row))
}

/// The service of this number.
pub(super) fn service_by_id(
    db: &Connection,
    tenant: TenantId,
    service: ServiceId,
) -> Result<Option<ServiceRow>, Error> {
    let sql =
        concat!("SELECT ", service_columns!(), " FROM services WHERE tenant = ?1 AND id = ?2");
    one(db, sql, [tenant.0, service.0], |row| service_row(tenant, row))
}

/// Reads a service's row.
pub(super) fn service_row(tenant: TenantId, row: &Row<'_>) -> Result<ServiceRow, Error> {
    let name: String = get(row, 1)?;
    let operations: Option<Vec<u8>> = get(row, 5)?;
    let operations = operations.map(|bytes| known("operations", codes::numbers(&bytes)));
    Ok(ServiceRow {
        id: ServiceId(get(row, 0)?),
        tenant,
        name: known("name", ServiceName::new(&name).ok())?,
        state: known("state", codes::tenant_state(get(row, 2)?))?,
        mode: known("mode", codes::mode(get(row, 3)?))?,
        role: known("role", codes::role(get(row, 4)?))?,
        operations: operations.transpose()?,
        created: Timestamp(get(row, 6)?),
    })
}

/// The columns that [`key_row`] reads, in its order.
macro_rules! key_columns {
    () => {
        "level, owner, version, state, sealed, created, compromised, client_use"
    };
}

/// All versions of a key, oldest first.
pub(super) fn keys(db: &Connection, key: KeyLevel) -> Result<Vec<KeyRow>, Error> {
    let (level, owner) = codes::of_key_level(key);
    let sql = concat!(
        "SELECT ",
        key_columns!(),
        " FROM keys WHERE level = ?1 AND owner = ?2 ORDER BY version"
    );
    all(db, sql, [level, owner], key_row)
}

/// Every version of a root that has a check value.
pub(super) fn root_keys(db: &mut Connection) -> Result<Vec<KeyRow>, Error> {
    let sql = concat!(
        "SELECT ",
        key_columns!(),
        " FROM keys WHERE level IN (1, 4) AND length(sealed) > 0 ORDER BY level, owner, version"
    );
    all(db, sql, [], key_row)
}

fn key_row(row: &Row<'_>) -> Result<KeyRow, Error> {
    let sealed: Vec<u8> = get(row, 4)?;
    Ok(KeyRow {
        level: known("level", codes::key_level(get(row, 0)?, get(row, 1)?))?,
        version: get(row, 2)?,
        state: known("state", codes::key_state(get(row, 3)?))?,
        sealed: Sealed::from_envelope(&sealed),
        created: Timestamp(get(row, 5)?),
        compromised: get(row, 6)?,
        client_use: get(row, 7)?,
    })
}

/// Whether there is any tenant or key.
pub(super) fn has_keys(db: &Connection) -> Result<bool, Error> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM tenants) OR EXISTS (SELECT 1 FROM keys WHERE level > 1)";
    Ok(one(db, sql, [], |row| get(row, 0))?.unwrap_or_default())
}

/// A setting.
pub(super) fn setting(db: &Connection, name: &str) -> Result<Option<Vec<u8>>, Error> {
    one(db, "SELECT value FROM settings WHERE name = ?1", [name], |row| get(row, 0))
}

/// Reads an object's row and its place.
pub(super) fn found(row: &Row<'_>) -> Result<(i64, Found), Error> {
    let attributes: Vec<u8> = get(row, 5)?;
    let sealed: Option<Vec<u8>> = get(row, 6)?;
    let object_type = ObjectType::from_number(get(row, 4)?);
    let object = row_format::decode(get(row, 2)?, object_type, &attributes)
        .map_err(|error| Error::Failed(error.to_string().into()))?;
    let revision: i64 = get(row, 3)?;
    let stored = Stored {
        service: ServiceId(get(row, 1)?),
        object,
        sealed: sealed.as_deref().map(Sealed::from_envelope),
        revision: u64::try_from(revision).unwrap_or_default(),
    };
    Ok((get(row, 0)?, Found { stored: Arc::new(stored), row_bytes: attributes.len() }))
}

/// The first row of an answer.
pub(super) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let row = statement.query_row(params, |row| Ok(read(row))).optional().map_err(failed)?;
    row.transpose()
}

/// Every row of an answer.
pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A column.
pub(super) fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    row.get(column).map_err(failed)
}

pub(super) fn known<T>(column: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::Failed(format!("a row has an unknown {column}").into()))
}

/// What a reader cannot read is not for anybody to write.
#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn failed(error: rusqlite::Error) -> Error {
    match connection::error(&error) {
        Error::Unwritable(text) => Error::Failed(text),
        other => other,
    }
}
