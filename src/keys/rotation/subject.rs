//! A key of the hierarchy with the names of its owner: made, loaded and proved, version by version.

use std::sync::Arc;

use super::super::envelope::{self, EnvelopeError, Header, Place};
use super::super::error::Error;
use super::super::install;
use super::super::keyring::Keyring;
use super::super::root::{Provider, RootKey as _, Whose};
use super::super::rules::{active, service_key_place};
use super::super::watch::WatchedRoot;
use super::error::Refused;
use crate::audit::Act;
use crate::crypto::aead::Key;
use crate::store::{
    KeyLevel, KeyRow, KeyState, SHARED_ROOT, Sealed, ServiceRow, TenantRow, TenantState,
};

/// A key of the hierarchy.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The root that tenants share.
    Root,
    /// A root of a tenant's own.
    OwnRoot(TenantRow),
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
            Self::OwnRoot(tenant) => KeyLevel::OwnRoot(tenant.id),
            Self::Tenant(tenant) => KeyLevel::Tenant(tenant.id),
            Self::Service(_, service) => KeyLevel::Service(service.id),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Root => "the root key".to_owned(),
            Self::OwnRoot(tenant) => format!("the own root key of tenant {}", tenant.name),
            Self::Tenant(tenant) => format!("the key of tenant {}", tenant.name),
            Self::Service(tenant, service) => {
                format!("the key of service {}/{}", tenant.name, service.name)
            }
        }
    }

    /// What is said of an act on it where its owner is named: of a tenant, that it was the root key.
    #[must_use]
    pub fn said(&self, detail: String) -> String {
        match self {
            Self::OwnRoot(_) => format!("own root key: {detail}"),
            Self::Root | Self::Tenant(_) | Self::Service(..) => detail,
        }
    }

    /// What the audit trail says of an act on it.
    #[must_use]
    pub fn act(&self, detail: String) -> Act {
        let detail = self.said(detail);
        let (tenant, service) = match self {
            Self::Root => (None, None),
            Self::OwnRoot(tenant) | Self::Tenant(tenant) => (Some(tenant.name.clone()), None),
            Self::Service(tenant, service) => {
                (Some(tenant.name.clone()), Some(service.name.clone()))
            }
        };
        Act { tenant, service, detail }
    }

    /// Whether it is a root key.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root | Self::OwnRoot(_))
    }

    /// Whether it is the root key that tenants share.
    #[must_use]
    pub fn is_shared_root(&self) -> bool {
        matches!(self, Self::Root)
    }

    /// Whether a version of a tenant's key that this root has sealed, or shall have, is to be sealed anew
    /// under its version `to`. Which version of the shared root seals is no matter of a tenant's own.
    pub(super) fn is_stale(&self, row: &KeyRow, to: u32) -> bool {
        let (whose, version) = (row.sealed.whose(), row.sealed.parent_version());
        let is_stale = match self {
            Self::Root => whose == Whose::Shared && version != Some(to),
            Self::OwnRoot(_) if to == SHARED_ROOT => whose == Whose::Own,
            Self::OwnRoot(_) => whose == Whose::Shared || version != Some(to),
            Self::Tenant(_) | Self::Service(..) => false,
        };
        is_stale && row.state != KeyState::Destroyed
    }

    /// Whether its owner is served.
    pub(super) fn is_served(&self) -> bool {
        match self {
            Self::Root => true,
            Self::OwnRoot(tenant) | Self::Tenant(tenant) => tenant.state == TenantState::Active,
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
            Some((tenant, None)) => Ok(match level {
                KeyLevel::OwnRoot(_) => Subject::OwnRoot(tenant),
                _ => Subject::Tenant(tenant),
            }),
            Some((tenant, Some(service))) => Ok(Subject::Service(tenant, service)),
            None => Err(Error::NoVersion("a key without an owner")),
        }
    }

    /// The root key that a subject is: of a provider, or of the one that seals; `None` for what is no
    /// root. Its versions are known.
    pub(super) async fn root_of(
        &self,
        subject: &Subject,
        provider: Option<Provider>,
    ) -> Result<Option<Arc<WatchedRoot>>, Refused> {
        match subject {
            Subject::Root => {
                let roots = self.roots.load_full();
                let provider = provider.unwrap_or(roots.primary.provider());
                let root = roots.of(provider).ok_or(Refused::NotOpen(provider))?;
                Ok(Some(Arc::clone(root)))
            }
            Subject::OwnRoot(tenant) => Ok(Some(self.own_root_in_reach(&tenant.name).await?)),
            Subject::Tenant(_) | Subject::Service(..) => Ok(None),
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
                let root = self.root_of(subject, provider).await?;
                let root = root.ok_or(Error::NoVersion("the root key"))?;
                Ok(install::check_value(&*root, "", version).await?)
            }
            Subject::OwnRoot(tenant) => {
                let (root, owner) = (self.own_root(&tenant.name)?, tenant.name.as_str());
                let check = install::check_value(&*root, owner, version).await;
                Ok(check.map_err(|error| Error::own_root(&tenant.name, error))?)
            }
            Subject::Tenant(tenant) => {
                let key = Key::random(&*self.random).map_err(Error::from)?;
                let root = self.sealing_root(tenant).await?;
                Ok(root.seal(&tenant.name, version, key.as_bytes()).await?)
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
                let root = roots.that_sealed(&row.sealed)?;
                install::prove(&**root, "", row.version, &row.sealed).await?;
            }
            Subject::OwnRoot(tenant) => self.prove_own(&tenant.name, row).await?,
            Subject::Tenant(tenant) => {
                self.tenant_key(tenant, row.version).await?;
            }
            Subject::Service(tenant, service) => {
                self.open_version(tenant, service, row.version).await?;
            }
        }
        Ok(())
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

/// The versions of a key, and the one that seals; of a tenant's own root that may be [`SHARED_ROOT`].
pub(super) async fn versions(
    keyring: &Keyring,
    subject: &Subject,
) -> Result<(Vec<KeyRow>, u32), Refused> {
    let rows = keyring.engine.keys(subject.level()).await?;
    let active = match (active(&rows, "the key"), subject) {
        (Err(_), Subject::OwnRoot(_)) => SHARED_ROOT,
        (active, _) => active?,
    };
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

/// The provider that a version of a root key is in, as its check value says; `None` once it is
/// destroyed.
#[must_use]
pub fn provider_of(row: &KeyRow) -> Option<Provider> {
    provider(row).ok()
}
