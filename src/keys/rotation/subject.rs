//! A key of the hierarchy with the names of its owner: made, loaded and proved, version by version.

use super::super::envelope::{self, EnvelopeError, Header, Place};
use super::super::error::Error;
use super::super::install;
use super::super::keyring::Keyring;
use super::super::root::{Provider, RootKey as _};
use super::super::rules::{active, service_key_place, tenant_key_place};
use super::error::Refused;
use crate::audit::Act;
use crate::crypto::aead::Key;
use crate::store::{KeyLevel, KeyRow, KeyState, Sealed, ServiceRow, TenantRow, TenantState};

/// A key of the hierarchy.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The root.
    Root,
    /// A tenant's.
    Tenant(TenantRow),
    /// A service's.
    Service(TenantRow, ServiceRow),
}

impl Subject {
    /// Which key it is in the store.
    #[must_use]
    pub fn level(&self) -> KeyLevel {
        match self {
            Self::Root => KeyLevel::Root,
            Self::Tenant(tenant) => KeyLevel::Tenant(tenant.id),
            Self::Service(_, service) => KeyLevel::Service(service.id),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Root => "the root key".to_owned(),
            Self::Tenant(tenant) => format!("the key of tenant {}", tenant.name),
            Self::Service(tenant, service) => {
                format!("the key of service {}/{}", tenant.name, service.name)
            }
        }
    }

    /// What the audit trail says of an act on it.
    #[must_use]
    pub fn act(&self, detail: String) -> Act {
        let (tenant, service) = match self {
            Self::Root => (None, None),
            Self::Tenant(tenant) => (Some(tenant.name.clone()), None),
            Self::Service(tenant, service) => {
                (Some(tenant.name.clone()), Some(service.name.clone()))
            }
        };
        Act { tenant, service, detail }
    }

    /// Whether its owner is served.
    pub(super) fn is_served(&self) -> bool {
        match self {
            Self::Root => true,
            Self::Tenant(tenant) => tenant.state == TenantState::Active,
            Self::Service(tenant, service) => {
                tenant.state == TenantState::Active && service.state == TenantState::Active
            }
        }
    }
}

/// The name of a state.
#[must_use]
pub fn state_name(state: KeyState) -> &'static str {
    match state {
        KeyState::Pending => "pending",
        KeyState::Active => "active",
        KeyState::Retired => "retired",
        KeyState::Destroyed => "destroyed",
    }
}

impl Keyring {
    /// The key at a place in the store, with the names of its owner.
    ///
    /// # Errors
    /// The store's; [`Error::NoVersion`] if its owner is gone.
    pub async fn subject(&self, level: KeyLevel) -> Result<Subject, Error> {
        if level == KeyLevel::Root {
            return Ok(Subject::Root);
        }
        match self.engine.owner(level).await? {
            Some((tenant, None)) if matches!(level, KeyLevel::Tenant(_)) => {
                Ok(Subject::Tenant(tenant))
            }
            Some((tenant, Some(service))) => Ok(Subject::Service(tenant, service)),
            _ => Err(Error::NoVersion("a key without an owner")),
        }
    }

    /// A new version of a key, made and sealed. A version of the root key exists already, and is
    /// proved.
    pub(super) async fn make_version(
        &self,
        subject: &Subject,
        version: u32,
        provider: Option<Provider>,
    ) -> Result<Sealed, Refused> {
        match subject {
            Subject::Root => {
                let roots = self.roots.load_full();
                let provider = provider.unwrap_or(roots.primary.provider());
                let root = roots.of(provider).ok_or(Refused::NotOpen(provider))?;
                Ok(install::check_value(&**root, version).await?)
            }
            Subject::Tenant(tenant) => {
                let key = Key::random(&*self.random).map_err(Error::from)?;
                let place = tenant_key_place(&tenant.name, version);
                let (root, sealing) = (self.root(), self.installed.load().version);
                Ok(envelope::seal_with_root(&*root, sealing, &place, key.as_bytes()).await?)
            }
            Subject::Service(tenant, service) => {
                let key = Key::random(&*self.random).map_err(Error::from)?;
                let (sealing, parent) = self.active_tenant_key(tenant).await?;
                let place = service_key_place(&tenant.name, &service.name, version);
                Ok(envelope::seal(&parent, sealing, &place, &*self.random, key.as_bytes())?)
            }
        }
    }

    /// Loads a version of a key and proves that it is what it should be.
    pub(super) async fn load_version(
        &self,
        subject: &Subject,
        row: &KeyRow,
    ) -> Result<(), Refused> {
        match subject {
            Subject::Root => {
                let roots = self.roots.load_full();
                install::prove(&**roots.that_sealed(&row.sealed)?, row.version, &row.sealed)
                    .await?;
            }
            Subject::Tenant(tenant) => {
                self.tenant_key(tenant, row.version).await?;
            }
            Subject::Service(tenant, service) => {
                self.open_version(tenant, service, row.version).await?;
            }
        }
        Ok(())
    }

    /// A tenant's key, opened and sealed again under the root key that seals now. `None` if it is
    /// sealed under that already.
    pub(super) async fn reseal_tenant_key(
        &self,
        tenant: &TenantRow,
        row: &KeyRow,
        to: u32,
    ) -> Result<Option<Sealed>, Refused> {
        if row.sealed.parent_version() == Some(to) {
            return Ok(None);
        }
        let roots = self.roots.load_full();
        let place = tenant_key_place(&tenant.name, row.version);
        let root = roots.that_sealed(&row.sealed)?;
        let plain = envelope::open_with_root(&**root, &place, &row.sealed).await?;
        Ok(Some(envelope::seal_with_root(&*roots.primary, to, &place, &plain).await?))
    }

    /// A service's key, opened and sealed again under version `to` of its tenant's key. `None` if it
    /// is sealed under that already.
    pub(super) async fn reseal_service_key(
        &self,
        tenant: &TenantRow,
        service: &ServiceRow,
        row: &KeyRow,
        to: u32,
    ) -> Result<Option<Sealed>, Refused> {
        let (header, _) = Header::read(&row.sealed)?;
        if header.parent_version == to {
            return Ok(None);
        }
        let place: Place<'_> = service_key_place(&tenant.name, &service.name, row.version);
        let old = self.tenant_key(tenant, header.parent_version).await?;
        let plain = envelope::open(&old, header.parent_version, &place, &row.sealed)?;
        let new = self.tenant_key(tenant, to).await?;
        Ok(Some(envelope::seal(&new, to, &place, &*self.random, &plain)?))
    }
}

/// The versions of a key, and the one that seals.
pub(super) async fn versions(
    keyring: &Keyring,
    subject: &Subject,
) -> Result<(Vec<KeyRow>, u32), Refused> {
    let rows = keyring.engine.keys(subject.level()).await?;
    let active = active(&rows, "the key")?;
    Ok((rows, active))
}

/// The row of a version.
pub(super) fn row<'a>(
    rows: &'a [KeyRow],
    subject: &Subject,
    version: u32,
) -> Result<&'a KeyRow, Refused> {
    let found = rows.iter().find(|row| row.version == version);
    found.ok_or_else(|| Refused::UnknownVersion { key: subject.name(), version })
}

/// The provider of a version of the root key, as its check value says.
pub(super) fn provider(row: &KeyRow) -> Result<Provider, EnvelopeError> {
    let (header, _) = Header::read(&row.sealed)?;
    header.provider.ok_or(EnvelopeError::Malformed)
}
