//! Asynchronous requests, in SQL.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Embedded;
use super::ledger::Ledger;
use super::read::{all, get, one};
use super::write::{ENVELOPE_HEAD_BYTES, WriteError, number, run};
use crate::clock::Timestamp;
use crate::store::request::{
    REQUEST_VALUE_BYTES, RequestChange, RequestCounts, RequestKey, RequestLimits, RequestRow,
    RequestStage, Requests,
};
use crate::store::row::{KeyLevel, Sealed};
use crate::store::{BoxFuture, Error};
use crate::tenant::{ServiceId, TenantId};

/// The columns that [`row`] reads, in its order; the envelope follows.
const COLUMNS: &str = "tenant, service, value, revision, operation, stage, fetched, submitted, due";

/// The stages and their numbers.
const STAGES: [(i64, RequestStage); 4] = [
    (WAITING, RequestStage::Waiting),
    (2, RequestStage::Done),
    (3, RequestStage::Failed),
    (4, RequestStage::Canceled),
];

const WAITING: i64 = 1;

/// Writes a change of a request.
pub(super) fn write(
    db: &Connection,
    ledger: &mut Ledger,
    change: &RequestChange,
) -> Result<(), WriteError> {
    match change {
        RequestChange::New { row, limits } => insert(db, ledger, row, *limits),
        RequestChange::Replace(row) => replace(db, ledger, row),
        RequestChange::Delete { key, revision } => delete(db, ledger, *key, *revision),
    }
}

fn conflict() -> WriteError {
    WriteError::Refused(Error::Conflict)
}

fn insert(
    db: &Connection,
    ledger: &mut Ledger,
    row: &RequestRow,
    limits: RequestLimits,
) -> Result<(), WriteError> {
    let RequestKey { tenant, service, value } = row.key;
    let there = count(db, tenant, service)?;
    if there.service >= limits.service_max || there.tenant >= limits.tenant_max {
        return Err(conflict());
    }
    if let Some(sealed) = &row.sealed {
        ledger.sealed(db, KeyLevel::Service(service), sealed)?;
    }
    let sql = "INSERT INTO requests
                 (tenant, service, value, revision, operation, stage, fetched, submitted, due, sealed)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let params = params![
        tenant.0,
        service.0,
        value,
        number(row.revision),
        row.operation,
        code(row.stage),
        row.is_fetched,
        row.submitted.0,
        row.due.0,
        row.sealed.as_ref().map(Sealed::as_bytes),
    ];
    run(db, sql, params)?;
    Ok(())
}

fn replace(db: &Connection, ledger: &mut Ledger, row: &RequestRow) -> Result<(), WriteError> {
    let RequestKey { tenant, service, value } = row.key;
    let sealed = row.sealed.as_ref().map(Sealed::as_bytes);
    let (old, is_kept) = sealed_under(db, row.key, row.revision, sealed)?;
    if !is_kept {
        ledger.replaced(db, KeyLevel::Service(service), old, row.sealed.as_ref())?;
    }
    let sql = "UPDATE requests SET revision = revision + 1, stage = ?4, fetched = ?5, due = ?6,
                      sealed = ?7
               WHERE tenant = ?1 AND service = ?2 AND value = ?3";
    let (stage, fetched, due) = (code(row.stage), row.is_fetched, row.due.0);
    run(db, sql, params![tenant.0, service.0, value, stage, fetched, due, sealed])?;
    Ok(())
}

fn delete(
    db: &Connection,
    ledger: &mut Ledger,
    key: RequestKey,
    revision: u64,
) -> Result<(), WriteError> {
    let RequestKey { tenant, service, value } = key;
    let (old, _) = sealed_under(db, key, revision, None)?;
    ledger.gone(KeyLevel::Service(service), old);
    let sql = "DELETE FROM requests WHERE tenant = ?1 AND service = ?2 AND value = ?3";
    run(db, sql, params![tenant.0, service.0, value])?;
    Ok(())
}

/// Takes the requests of a tenant, or of one service, whose keys are gone.
pub(super) fn forget(
    db: &Connection,
    tenant: TenantId,
    service: Option<ServiceId>,
) -> Result<(), WriteError> {
    let sql = "DELETE FROM requests WHERE tenant = ?1 AND (?2 IS NULL OR service = ?2)";
    run(db, sql, params![tenant.0, service.map(|service| service.0)])?;
    Ok(())
}

/// The version of the service's key that sealed what is there, and whether that is `sealed`.
fn sealed_under(
    db: &Connection,
    key: RequestKey,
    revision: u64,
    sealed: Option<&[u8]>,
) -> Result<(Option<u32>, bool), WriteError> {
    let sql = "SELECT substr(sealed, 1, ?5), sealed IS ?6 FROM requests
               WHERE tenant = ?1 AND service = ?2 AND value = ?3 AND revision = ?4";
    let RequestKey { tenant, service, value } = key;
    let params = params![tenant.0, service.0, value, number(revision), ENVELOPE_HEAD_BYTES, sealed];
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = db.prepare_cached(sql)?.query_row(params, read).optional()?;
    let (head, is_kept): (Option<Vec<u8>>, bool) = found.ok_or_else(conflict)?;
    Ok((head.and_then(|head| Sealed::from_envelope(&head).parent_version()), is_kept))
}

fn count(db: &Connection, tenant: TenantId, service: ServiceId) -> rusqlite::Result<RequestCounts> {
    let sql = "SELECT count(*), count(CASE WHEN service = ?2 THEN 1 END)
               FROM requests WHERE tenant = ?1";
    db.prepare_cached(sql)?.query_row([tenant.0, service.0], |row| {
        Ok(RequestCounts { tenant: row.get(0)?, service: row.get(1)? })
    })
}

fn code(stage: RequestStage) -> i64 {
    STAGES.iter().find(|(_, known)| *known == stage).map_or(WAITING, |(code, _)| *code)
}

fn row(found: &Row<'_>) -> Result<RequestRow, Error> {
    let damaged = || Error::Failed("a request cannot be read".into());
    let value: Vec<u8> = get(found, 2)?;
    let value = <[u8; REQUEST_VALUE_BYTES]>::try_from(value).map_err(|_| damaged())?;
    let (revision, stage): (i64, i64) = (get(found, 3)?, get(found, 5)?);
    let stage = STAGES.iter().find(|(code, _)| *code == stage).ok_or_else(damaged)?.1;
    let (tenant, service) = (TenantId(get(found, 0)?), ServiceId(get(found, 1)?));
    Ok(RequestRow {
        key: RequestKey { tenant, service, value },
        revision: u64::try_from(revision).map_err(|_| damaged())?,
        operation: get(found, 4)?,
        stage,
        is_fetched: get(found, 6)?,
        submitted: Timestamp(get(found, 7)?),
        due: Timestamp(get(found, 8)?),
        sealed: None,
    })
}

fn whole_row(found: &Row<'_>) -> Result<RequestRow, Error> {
    let sealed: Option<Vec<u8>> = get(found, 9)?;
    let sealed = sealed.map(|sealed| Sealed::from_envelope(&sealed));
    Ok(RequestRow { sealed, ..row(found)? })
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Requests for Embedded {
    fn request(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<RequestRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = format!(
                "SELECT {COLUMNS}, sealed FROM requests
                 WHERE tenant = ?1 AND service = ?2 AND value = ?3"
            );
            let RequestKey { tenant, service, value } = key;
            one(db, &sql, params![tenant.0, service.0, value], whole_row)
        }))
    }

    fn requests(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM requests WHERE tenant = ?1 AND service = ?2
                 ORDER BY submitted, value"
            );
            all(db, &sql, [tenant.0, service.0], row)
        }))
    }

    fn request_counts(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<RequestCounts, Error>> {
        Box::pin(self.readers.run(move |db| {
            count(db, tenant, service).map_err(|error| super::connection::error(&error))
        }))
    }

    fn due_requests(
        &self,
        now: Timestamp,
        of_tenant: usize,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM
                   (SELECT *, row_number() OVER (PARTITION BY tenant ORDER BY due, value) AS place
                    FROM requests WHERE due <= ?1 AND stage = ?2)
                 WHERE place <= ?3 ORDER BY due, value LIMIT ?4"
            );
            all(db, &sql, params![now.0, WAITING, rows(of_tenant), rows(limit)], row)
        }))
    }

    fn ended_requests(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM requests WHERE due <= ?1 AND stage <> ?2
                 ORDER BY due LIMIT ?3"
            );
            all(db, &sql, params![now.0, WAITING, rows(limit)], row)
        }))
    }

    fn stale_requests(
        &self,
        tenant: TenantId,
        service: ServiceId,
        version: u32,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>> {
        Box::pin(self.readers.run(move |db| {
            // Bytes 4 to 7 of an envelope are its parent's version, big-endian.
            let sql = format!(
                "SELECT {COLUMNS}, sealed FROM requests
                 WHERE tenant = ?1 AND service = ?2 AND sealed IS NOT NULL
                   AND substr(sealed, 4, 4) <> ?3
                 ORDER BY submitted, value LIMIT ?4"
            );
            let version = version.to_be_bytes();
            all(db, &sql, params![tenant.0, service.0, version, rows(limit)], whole_row)
        }))
    }
}
