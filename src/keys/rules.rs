//! Where keys belong, and whose are served.

use super::envelope::{EnvelopeError, Level, Place, Purpose};
use super::error::Error;
use crate::store::{KeyRow, KeyState, ServiceRow, TenantRow, TenantState};
use crate::tenant::{ServiceName, TenantName};

/// Where version `version` of a tenant's key belongs.
pub(super) fn tenant_key_place(tenant: &TenantName, version: u32) -> Place<'_> {
    let (level, purpose) = (Level::Tenant, Purpose::Key);
    Place { level, tenant: tenant.as_str(), service: "", object: "", version, purpose }
}

/// Where version `version` of a service's key belongs.
pub(super) fn service_key_place<'a>(
    tenant: &'a TenantName,
    service: &'a ServiceName,
    version: u32,
) -> Place<'a> {
    let (tenant, service) = (tenant.as_str(), service.as_str());
    Place { level: Level::Service, tenant, service, object: "", version, purpose: Purpose::Key }
}

/// Refuses a service that is not served, or whose tenant is not.
///
/// # Errors
/// Suspended or shredded.
pub fn check_served(tenant: &TenantRow, service: &ServiceRow) -> Result<(), Error> {
    check_tenant(tenant)?;
    check_service(tenant, service)
}

/// Refuses a tenant that is not served.
pub(super) fn check_tenant(tenant: &TenantRow) -> Result<(), Error> {
    match tenant.state {
        TenantState::Active => Ok(()),
        TenantState::Suspended => Err(Error::TenantSuspended(tenant.name.clone())),
        TenantState::Shredded => Err(Error::TenantShredded(tenant.name.clone())),
    }
}

/// Refuses a service that is not served.
pub(super) fn check_service(tenant: &TenantRow, service: &ServiceRow) -> Result<(), Error> {
    let names = || (tenant.name.clone(), service.name.clone());
    let refuse = |error: fn(TenantName, ServiceName) -> Error| {
        let (tenant, service) = names();
        Err(error(tenant, service))
    };
    match service.state {
        TenantState::Active => Ok(()),
        TenantState::Suspended => refuse(Error::ServiceSuspended),
        TenantState::Shredded => refuse(Error::ServiceShredded),
    }
}

/// The row of a version that is not destroyed.
///
/// # Errors
/// [`EnvelopeError::OtherVersion`] if there is none.
pub(super) fn usable(rows: &[KeyRow], version: u32) -> Result<&KeyRow, EnvelopeError> {
    let usable = |row: &&KeyRow| row.version == version && row.state != KeyState::Destroyed;
    rows.iter().find(usable).ok_or(EnvelopeError::OtherVersion(version))
}

/// The version that seals.
pub(super) fn active(rows: &[KeyRow], what: &'static str) -> Result<u32, Error> {
    let row = rows.iter().find(|row| row.state == KeyState::Active);
    Ok(row.ok_or(Error::NoVersion(what))?.version)
}
