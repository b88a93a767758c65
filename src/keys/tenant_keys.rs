//! Tenants' keys (L2): sealed by the root that seals for the tenant, and opened by the one that has
//! sealed them.

use std::sync::Arc;

use super::envelope::{self, EnvelopeError};
use super::error::{Error, OpenError};
use super::install;
use super::keyring::Keyring;
use super::root::{RootKey as _, Whose};
use super::rules::{active, tenant_key_place, usable};
use super::watch::WatchedRoot;
use crate::crypto::aead::Key;
use crate::metrics::ColdKey;
use crate::store::{KeyLevel, KeyRow, KeyState, NewRoot, SHARED_ROOT, Sealed, TenantRow};
use crate::tenant::TenantName;

/// A version of a root key.
#[derive(Debug)]
pub(super) struct RootVersion {
    root: Arc<WatchedRoot>,
    version: u32,
}

impl RootVersion {
    /// Seals version `version` of a tenant's key.
    pub(super) async fn seal(
        &self,
        tenant: &TenantName,
        version: u32,
        key: &[u8],
    ) -> Result<Sealed, Error> {
        let place = tenant_key_place(tenant, version);
        let sealed = envelope::seal_with_root(&*self.root, self.version, &place, key).await;
        sealed.map_err(|error| of_root(tenant, self.root.whose(), error))
    }
}

impl Keyring {
    /// The version of the shared root key that seals.
    fn shared_root(&self) -> RootVersion {
        self.shared_version(self.installed.load().version)
    }

    /// A version of the shared root key.
    pub(super) fn shared_version(&self, version: u32) -> RootVersion {
        RootVersion { root: self.root(), version }
    }

    /// The root key that seals for a tenant.
    pub(super) async fn sealing_root(&self, tenant: &TenantRow) -> Result<RootVersion, Error> {
        match self.own_active(tenant.id).await? {
            None => Ok(self.shared_root()),
            Some(row) => {
                let root = self.proved_root(&tenant.name, &row).await?;
                Ok(RootVersion { root, version: row.version })
            }
        }
    }

    /// The root key that seals for a tenant that does not exist yet, with what makes it the tenant's if
    /// it is one of its own. Its key is made if there is none.
    pub(super) async fn first_root(
        &self,
        tenant: &TenantName,
    ) -> Result<(RootVersion, Option<NewRoot>), Error> {
        if !self.has_own_root(tenant) {
            return Ok((self.shared_root(), None));
        }
        let root = self.own_root_in_reach(tenant).await?;
        let version = match root.versions().last() {
            Some(version) => *version,
            None if root.can_make() => {
                root.make(1).await.map_err(|error| Error::own_root(tenant, error))?;
                1
            }
            None => return Err(Error::own_root(tenant, OpenError::NoRoot(root.provider()))),
        };
        let check = install::check_value(&*root, tenant.as_str(), version).await;
        let check = check.map_err(|error| Error::own_root(tenant, error))?;
        Ok((RootVersion { root, version }, Some(NewRoot { version, check })))
    }

    /// The root key that has sealed a version of a tenant's key. Only the one that the tenant is under is
    /// good, and both while the tenant moves from one to the other.
    async fn root_that_sealed(
        &self,
        tenant: &TenantRow,
        sealed: &Sealed,
    ) -> Result<Arc<WatchedRoot>, Error> {
        let rows = self.engine.keys(KeyLevel::OwnRoot(tenant.id)).await?;
        let is_own = rows.iter().any(|row| row.state == KeyState::Active);
        let (found, given) = (sealed.whose(), if is_own { Whose::Own } else { Whose::Shared });
        if found != given && !self.is_moving(tenant.id).await? {
            return Err(EnvelopeError::OtherRoot { found, given }.into());
        }
        if found == Whose::Shared {
            return Ok(Arc::clone(self.roots.load().that_sealed(sealed)?));
        }
        let version = sealed.parent_version().ok_or(EnvelopeError::Malformed)?;
        self.proved_root(&tenant.name, usable(&rows, version)?).await
    }

    /// A version of a tenant's key, opened.
    pub(super) async fn open_tenant_key(
        &self,
        tenant: &TenantRow,
        row: &KeyRow,
    ) -> Result<Key, Error> {
        let place = tenant_key_place(&tenant.name, row.version);
        let root = self.root_that_sealed(tenant, &row.sealed).await?;
        let bytes = envelope::open_with_root(&*root, &place, &row.sealed).await;
        let bytes = bytes.map_err(|error| of_root(&tenant.name, root.whose(), error))?;
        Ok(Key::from_slice(&bytes).ok_or(EnvelopeError::Malformed)?)
    }

    /// The tenant's key that seals, and its version.
    pub(super) async fn active_tenant_key(
        &self,
        tenant: &TenantRow,
    ) -> Result<(u32, Arc<Key>), Error> {
        let rows = self.engine.keys(KeyLevel::Tenant(tenant.id)).await?;
        let version = active(&rows, "the tenant's key")?;
        Ok((version, self.tenant_key(tenant, version).await?))
    }

    pub(super) async fn tenant_key(
        &self,
        tenant: &TenantRow,
        version: u32,
    ) -> Result<Arc<Key>, Error> {
        let open = self.open_tenant(tenant, version);
        self.tenants.get_or_insert_async(&(tenant.id, version), open).await
    }

    async fn open_tenant(&self, tenant: &TenantRow, version: u32) -> Result<Arc<Key>, Error> {
        let rows = self.engine.keys(KeyLevel::Tenant(tenant.id)).await?;
        let key = self.open_tenant_key(tenant, usable(&rows, version)?).await?;
        self.metrics.key_opened(ColdKey::Tenant);
        Ok(Arc::new(key))
    }

    /// A version of a tenant's key, opened and sealed again under `root`.
    pub(super) async fn reseal_tenant_key(
        &self,
        tenant: &TenantRow,
        row: &KeyRow,
        root: &RootVersion,
    ) -> Result<Sealed, Error> {
        let key = self.open_tenant_key(tenant, row).await?;
        root.seal(&tenant.name, row.version, key.as_bytes()).await
    }

    /// A version of a tenant's own root; [`SHARED_ROOT`] is the shared one, in the version that seals.
    pub(super) fn own_version(
        &self,
        tenant: &TenantName,
        version: u32,
    ) -> Result<RootVersion, Error> {
        if version == SHARED_ROOT {
            return Ok(self.shared_root());
        }
        Ok(RootVersion { root: self.own_root(tenant)?, version })
    }
}

/// An error of a root key; of one of the tenant's own, with whose it is.
fn of_root(tenant: &TenantName, whose: Whose, error: EnvelopeError) -> Error {
    match (whose, error) {
        (Whose::Own, EnvelopeError::Root(error)) => Error::own_root(tenant, error),
        (_, error) => error.into(),
    }
}
