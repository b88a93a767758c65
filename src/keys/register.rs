//! Admission: from the identity in a certificate to the rows of its tenant and service, which are
//! registered on first sight where the policy allows it. A registration leaves a record of its own,
//! with the certificate that caused it.

use super::envelope;
use super::error::Error;
use super::keyring::Keyring;
use super::rules::{check_service, check_tenant, service_key_place};
use crate::audit::{Act, Actor, Record};
use crate::crypto::aead::Key;
use crate::store::{Change, Commit, Error as StoreError, NewKey, ServiceRow, TenantRow};
use crate::tenant::{Identity, Mode, Role, ServiceName, TenantName};

/// The version of a key that was just made.
const FIRST_VERSION: u32 = 1;
/// How often a registration is tried again after a conflict. Each conflict means that another node
/// registered the same name, which is then found.
const ATTEMPTS_MAX: usize = 4;

/// What the first accepted certificate of an unknown name registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoRegister {
    /// Nothing: tenant and service must exist.
    None,
    /// A service of a tenant that exists.
    #[default]
    Services,
    /// Tenant and service.
    Tenants,
}

impl Keyring {
    /// The tenant and service of an identity, registered first if they are new and `policy` allows
    /// it. To be asked once per connection.
    ///
    /// # Errors
    /// [`Error`]: unknown and not to be registered, suspended, shredded, or root key or store in
    /// trouble.
    pub async fn admit(
        &self,
        identity: &Identity,
        policy: AutoRegister,
    ) -> Result<(TenantRow, ServiceRow), Error> {
        if identity.service.is_authority() {
            let (tenant, service) = (identity.tenant.clone(), identity.service.clone());
            return Err(Error::UnknownService(tenant, service));
        }
        if let Some(found) = self.find(identity).await? {
            return Ok(self.seen(found).await);
        }
        if policy == AutoRegister::None {
            return Err(self.unknown(identity).await?);
        }
        let _alone = self.registering.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            match self.register(identity, policy).await {
                Err(Error::Store(StoreError::Conflict)) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    if let Some(found) = self.find(identity).await? {
                        return Ok(self.seen(found).await);
                    }
                }
            }
        }
        Err(Error::Contention)
    }

    /// Has the root key of the tenant's own prove itself, if it has one. If that is in trouble, each
    /// request is told, and not the connection refused.
    async fn seen(&self, found: (TenantRow, ServiceRow)) -> (TenantRow, ServiceRow) {
        if let Err(error) = self.look_at_root(&found.0, false).await {
            tracing::warn!(%error, tenant = found.0.name.as_str(), "refused");
        }
        found
    }

    /// Tenant and service, if both exist; refused if one of them is not served.
    async fn find(&self, identity: &Identity) -> Result<Option<(TenantRow, ServiceRow)>, Error> {
        let Some(tenant) = self.engine.tenant(&identity.tenant).await? else { return Ok(None) };
        check_tenant(&tenant)?;
        let service = self.engine.service(tenant.id, &identity.service).await?;
        let Some(service) = service else { return Ok(None) };
        check_service(&tenant, &service)?;
        Ok(Some((tenant, service)))
    }

    async fn unknown(&self, identity: &Identity) -> Result<Error, Error> {
        let tenant = identity.tenant.clone();
        Ok(match self.engine.tenant(&tenant).await? {
            None => Error::UnknownTenant(tenant),
            Some(_) => Error::UnknownService(tenant, identity.service.clone()),
        })
    }

    async fn register(&self, identity: &Identity, policy: AutoRegister) -> Result<(), Error> {
        let tenant = match self.engine.tenant(&identity.tenant).await? {
            Some(tenant) => tenant,
            None if policy == AutoRegister::Tenants => {
                let record = self.registration(identity, "tenant register", None);
                self.create_tenant(&identity.tenant, vec![record]).await?;
                told(identity, "tenant registered");
                let made = self.engine.tenant(&identity.tenant).await?;
                made.ok_or(Error::Store(StoreError::Conflict))?
            }
            None => return Err(Error::UnknownTenant(identity.tenant.clone())),
        };
        check_tenant(&tenant)?;
        if self.engine.service(tenant.id, &identity.service).await?.is_some() {
            return Ok(());
        }
        let service = Some(identity.service.clone());
        let record = self.registration(identity, "service register", service);
        self.create_service(&tenant, &identity.service, vec![record]).await?;
        told(identity, "service registered");
        Ok(())
    }

    /// Makes a tenant with version 1 of its key, durable together with `audit`. If a root key of the
    /// tenant's own is described, that seals it.
    ///
    /// # Errors
    /// [`Error`]: the name is taken (a conflict), or root key or store in trouble.
    pub async fn create_tenant(&self, name: &TenantName, audit: Vec<Record>) -> Result<(), Error> {
        let key = Key::random(&*self.random)?;
        let (sealing, root) = self.first_root(name).await?;
        let sealed = sealing.seal(name, FIRST_VERSION, key.as_bytes()).await?;
        let (name, key, created) = (name.clone(), NewKey { sealed }, self.clock.now());
        self.commit(Change::NewTenant { name, root, key, created }, audit).await
    }

    /// Makes a service with version 1 of its key, durable together with `audit`.
    ///
    /// # Errors
    /// As [`Keyring::create_tenant`].
    pub async fn create_service(
        &self,
        tenant: &TenantRow,
        name: &ServiceName,
        audit: Vec<Record>,
    ) -> Result<(), Error> {
        let (version, parent) = self.active_tenant_key(tenant).await?;
        let key = Key::random(&*self.random)?;
        let place = service_key_place(&tenant.name, name, FIRST_VERSION);
        let sealed = envelope::seal(&parent, version, &place, &*self.random, key.as_bytes())?;
        let service = Change::NewService {
            tenant: tenant.id,
            name: name.clone(),
            mode: Mode::default(),
            role: Role::default(),
            key: NewKey { sealed },
            created: self.clock.now(),
        };
        self.commit(service, audit).await
    }

    /// The record of a registration, which nobody has ordered: it names the certificate.
    fn registration(
        &self,
        identity: &Identity,
        operation: &'static str,
        service: Option<ServiceName>,
    ) -> Record {
        let peer = &identity.peer;
        let is_own = service.is_none() && self.has_own_root(&identity.tenant);
        let detail = format!(
            "registered{} by certificate {}, serial number {}, from {}",
            if is_own { " under a root key of its own" } else { "" },
            peer.fingerprint,
            peer.serial,
            peer.address
        );
        let tenant = Some(identity.tenant.clone());
        let actor = Actor::Server(Box::new(Act { tenant, service, detail }));
        Record::of_act(self.clock.now(), actor, operation)
    }

    async fn commit(&self, change: Change, audit: Vec<Record>) -> Result<(), Error> {
        let commit = Commit { changes: vec![change], audit };
        Ok(self.engine.commit(commit).await?)
    }
}

/// Notes whose certificate has registered something.
fn told(identity: &Identity, what: &str) {
    let peer = &identity.peer;
    tracing::info!(
        tenant = identity.tenant.as_str(),
        service = identity.service.as_str(),
        peer = %peer.address,
        certificate = %peer.fingerprint,
        serial = peer.serial,
        "{what}"
    );
}
