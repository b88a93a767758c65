//! Who owns the certificate authority of a tenant: a service of its own, so that its key is sealed,
//! rotated, suspended and shredded as every other is, and is nobody's who calls.

use super::error::Error;
use super::keyring::Keyring;
use super::rules::{check_service, check_tenant};
use crate::audit::{Act, Actor, Record};
use crate::store::{Error as StoreError, TenantRow};
use crate::tenant::{Caller, ServiceId, ServiceName};

impl Keyring {
    /// The service that owns the certificate authority of the caller's tenant, if there is one.
    ///
    /// # Errors
    /// [`Error`]: suspended or shredded, or the store in trouble.
    pub async fn find_authority(&self, caller: &Caller) -> Result<Option<ServiceId>, Error> {
        let tenant = self.tenant_of(caller).await?;
        let service = self.engine.service(tenant.id, &ServiceName::authority()).await?;
        let Some(service) = service else { return Ok(None) };
        check_service(&tenant, &service)?;
        Ok(Some(service.id))
    }

    /// Likewise; it is made, with a record of its own, the first time that somebody needs it.
    ///
    /// # Errors
    /// As [`Keyring::find_authority`], or the root key in trouble.
    pub async fn authority(&self, caller: &Caller) -> Result<ServiceId, Error> {
        if let Some(found) = self.find_authority(caller).await? {
            return Ok(found);
        }
        let _alone = self.registering.lock().await;
        let tenant = self.tenant_of(caller).await?;
        if self.engine.service(tenant.id, &ServiceName::authority()).await?.is_none() {
            let record = self.beginning(caller);
            match self.create_service(&tenant, &ServiceName::authority(), vec![record]).await {
                // Another node was faster.
                Ok(()) | Err(Error::Store(StoreError::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        self.find_authority(caller).await?.ok_or(Error::Contention)
    }

    async fn tenant_of(&self, caller: &Caller) -> Result<TenantRow, Error> {
        let name = &caller.identity.tenant;
        let tenant = self.engine.tenant(name).await?;
        let tenant = tenant.filter(|tenant| tenant.id == caller.tenant_id);
        let tenant = tenant.ok_or_else(|| Error::UnknownTenant(name.clone()))?;
        check_tenant(&tenant)?;
        Ok(tenant)
    }

    fn beginning(&self, caller: &Caller) -> Record {
        let identity = &caller.identity;
        let detail = format!("made for the first certificate, asked for by {}", identity.service);
        let (tenant, service) = (Some(identity.tenant.clone()), Some(ServiceName::authority()));
        let actor = Actor::Server(Box::new(Act { tenant, service, detail }));
        Record::of_act(self.clock.now(), actor, "service register")
    }
}
