//! Tenants' keys (L2), opened when they are needed.

use std::sync::Arc;

use super::envelope::{self, EnvelopeError};
use super::error::Error;
use super::keyring::Keyring;
use super::rules::{active, tenant_key_place};
use crate::crypto::aead::Key;
use crate::metrics::ColdKey;
use crate::store::{KeyLevel, KeyRow, KeyState, TenantRow};

impl Keyring {
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
        let usable = |row: &&KeyRow| row.version == version && row.state != KeyState::Destroyed;
        let row = rows.iter().find(usable).ok_or(EnvelopeError::OtherVersion(version))?;
        let place = tenant_key_place(&tenant.name, version);
        let root = Arc::clone(self.roots.load().that_sealed(&row.sealed)?);
        let bytes = envelope::open_with_root(&*root, &place, &row.sealed).await?;
        self.metrics.key_opened(ColdKey::Tenant);
        Ok(Arc::new(Key::from_slice(&bytes).ok_or(EnvelopeError::Malformed)?))
    }
}
