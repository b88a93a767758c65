//! Who is not served as on the day of their admission: what administrators have changed since.
//!
//! A connection is admitted once and lives for hours. Before each of its requests this table is
//! asked; it holds only what differs, so it is nearly always empty, and asking costs one atomic load.
//! It is written when the change is durable, so a request that begins after the command has been
//! answered is held to it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::error::Error;
use crate::store::{ServiceRow, TenantRow, TenantState};
use crate::tenant::{Caller, ServiceId, ServiceName, TenantId, TenantName};

#[derive(Debug, Default, Clone)]
struct Table {
    /// Tenants that were changed, or whose policy is not the usual one.
    tenants: HashMap<TenantId, TenantRow>,
    /// Services that were changed. No more than there are services.
    services: HashMap<ServiceId, Arc<ServiceRow>>,
}

/// The table.
#[derive(Debug, Default)]
pub struct Standing {
    table: ArcSwap<Table>,
}

impl Standing {
    /// Notes a tenant that was admitted. Only what is unusual about it is kept.
    pub fn admitted(&self, tenant: &TenantRow) {
        let is_usual = !tenant.strict && tenant.destroy_hold == 0 && tenant.legacy.is_none();
        if !is_usual && !self.table.load().tenants.contains_key(&tenant.id) {
            self.tenant(tenant);
        }
    }

    /// A tenant's row is this one from now on.
    pub fn tenant(&self, row: &TenantRow) {
        self.change(|table| drop(table.tenants.insert(row.id, row.clone())));
    }

    /// A service's row is this one from now on.
    pub fn service(&self, row: &ServiceRow) {
        self.change(|table| drop(table.services.insert(row.id, Arc::new(row.clone()))));
    }

    fn change(&self, change: impl Fn(&mut Table)) {
        self.table.rcu(|table| {
            let mut table = Table::clone(table);
            change(&mut table);
            table
        });
    }

    /// Whether a caller is still served; and its service as it is now, if that was changed.
    ///
    /// # Errors
    /// Suspended or shredded since its admission.
    pub fn check(&self, caller: &Caller) -> Result<Option<Arc<ServiceRow>>, Error> {
        let table = self.table.load();
        if table.tenants.is_empty() && table.services.is_empty() {
            return Ok(None);
        }
        if let Some(tenant) = table.tenants.get(&caller.tenant_id) {
            refuse_tenant(tenant.state, &tenant.name)?;
        }
        let Some(service) = table.services.get(&caller.service_id) else { return Ok(None) };
        refuse_service(service.state, &caller.identity.tenant, &service.name)?;
        Ok(Some(Arc::clone(service)))
    }

    /// Whether a key may still be opened for this service.
    pub(super) fn check_key(&self, caller: &Caller, owner: ServiceId) -> Result<(), Error> {
        let table = self.table.load();
        if let Some(tenant) = table.tenants.get(&caller.tenant_id) {
            refuse_tenant(tenant.state, &tenant.name)?;
        }
        match table.services.get(&owner) {
            Some(row) => refuse_service(row.state, &caller.identity.tenant, &row.name),
            None => Ok(()),
        }
    }

    /// How long the tenant's destroyed objects are kept, in seconds; 0 is not at all.
    #[must_use]
    pub fn destroy_hold(&self, tenant: TenantId) -> u32 {
        self.table.load().tenants.get(&tenant).map(|row| row.destroy_hold).unwrap_or_default()
    }

    /// Whether the tenant may what only old estates need, if that is said of it in the store.
    #[must_use]
    pub fn legacy(&self, tenant: TenantId) -> Option<bool> {
        self.table.load().tenants.get(&tenant).and_then(|row| row.legacy)
    }

    /// Whether the tenant's compromised objects refuse everything.
    #[must_use]
    pub fn is_strict(&self, tenant: TenantId) -> bool {
        self.table.load().tenants.get(&tenant).is_some_and(|row| row.strict)
    }
}

fn refuse_tenant(state: TenantState, name: &TenantName) -> Result<(), Error> {
    match state {
        TenantState::Active => Ok(()),
        TenantState::Suspended => Err(Error::TenantSuspended(name.clone())),
        TenantState::Shredded => Err(Error::TenantShredded(name.clone())),
    }
}

fn refuse_service(
    state: TenantState,
    tenant: &TenantName,
    name: &ServiceName,
) -> Result<(), Error> {
    match state {
        TenantState::Active => Ok(()),
        TenantState::Suspended => Err(Error::ServiceSuspended(tenant.clone(), name.clone())),
        TenantState::Shredded => Err(Error::ServiceShredded(tenant.clone(), name.clone())),
    }
}
