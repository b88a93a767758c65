//! Install lock and root check value: which root key a store belongs to.
//!
//! Both are settings, written together at the first start:
//!
//! * [`PROVIDER_SETTING`]: the name of the provider;
//! * [`CHECK_SETTING`]: an envelope of level [`Level::Check`] around [`CHECK_VALUE`]. The version in
//!   its header is the version of the root key that seals.

use subtle::ConstantTimeEq;

use super::envelope::{self, EnvelopeError, Header, Level, Place, Purpose};
use super::error::OpenError;
use super::root::{Provider, RootKey};
use crate::store::{Change, Commit, Engine, Error as StoreError, Sealed};

/// The setting that names the provider.
pub const PROVIDER_SETTING: &str = "root.provider";
/// The setting that proves the root key.
pub const CHECK_SETTING: &str = "root.check";
/// What the check value says.
pub const CHECK_VALUE: &[u8] = b"keystrata root check value";

/// The root key that a store belongs to.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    /// The version that seals.
    pub(super) version: u32,
    /// The check value.
    pub(super) check: Sealed,
}

/// Proves that `root` is the store's root key; at the first start, makes it so.
pub(super) async fn install(
    root: &dyn RootKey,
    engine: &dyn Engine,
) -> Result<Installed, OpenError> {
    if let Some(installed) = verify(root, engine).await? {
        return Ok(installed);
    }
    let version = root.versions().last().copied().ok_or(OpenError::NoRoot(root.provider()))?;
    let sealed = envelope::seal_with_root(root, version, &place(version), CHECK_VALUE).await;
    let check = sealed.map_err(|error| refusal(error, root, version))?;
    // A root that seals and cannot open must not become a store's.
    prove(root, version, &check).await?;
    let changes = vec![
        Change::NewSetting {
            name: PROVIDER_SETTING,
            value: root.provider().name().as_bytes().to_vec(),
        },
        Change::NewSetting { name: CHECK_SETTING, value: check.as_bytes().to_vec() },
    ];
    match engine.commit(Commit { changes, audit: Vec::new() }).await {
        Ok(()) => Ok(Installed { version, check }),
        // Another node was first: its root key counts.
        Err(StoreError::Conflict) => {
            verify(root, engine).await?.ok_or(OpenError::Damaged("install lock"))
        }
        Err(error) => Err(error.into()),
    }
}

async fn verify(root: &dyn RootKey, engine: &dyn Engine) -> Result<Option<Installed>, OpenError> {
    // Asked first: another node that starts now writes the settings before the first tenant.
    let is_used = engine.has_keys().await?;
    let provider = engine.setting(PROVIDER_SETTING).await?;
    let check = engine.setting(CHECK_SETTING).await?;
    let (provider, check) = match (provider, check) {
        (None, None) if is_used => {
            return Err(OpenError::Damaged("install lock and root check value"));
        }
        (None, None) => return Ok(None),
        (Some(provider), Some(check)) => (provider, Sealed::from_envelope(&check)),
        (Some(_), None) => return Err(OpenError::Damaged("root check value")),
        (None, Some(_)) => return Err(OpenError::Damaged("install lock")),
    };
    let store = Provider::ALL.into_iter().find(|known| known.name().as_bytes() == provider);
    let store = store.ok_or(OpenError::UnknownProvider)?;
    let given = root.provider();
    if store != given {
        return Err(OpenError::OtherProvider { store, given });
    }
    let (header, _) = Header::read(&check).map_err(OpenError::Check)?;
    prove(root, header.parent_version, &check).await?;
    Ok(Some(Installed { version: header.parent_version, check }))
}

/// Opens the check value.
pub(super) async fn prove(
    root: &dyn RootKey,
    version: u32,
    check: &Sealed,
) -> Result<(), OpenError> {
    let opened = envelope::open_with_root(root, &place(version), check).await;
    let opened = opened.map_err(|error| refusal(error, root, version))?;
    if bool::from(opened.as_slice().ct_eq(CHECK_VALUE)) {
        Ok(())
    } else {
        Err(OpenError::WrongRoot { provider: root.provider(), version })
    }
}

fn refusal(error: EnvelopeError, root: &dyn RootKey, version: u32) -> OpenError {
    match error {
        EnvelopeError::NotAuthentic => OpenError::WrongRoot { provider: root.provider(), version },
        EnvelopeError::OtherVersion(version) => OpenError::MissingVersion(version, root.provider()),
        EnvelopeError::Root(error) => OpenError::Root(error),
        other => OpenError::Check(other),
    }
}

fn place(version: u32) -> Place<'static> {
    let level = Level::Check;
    Place { level, tenant: "", service: "", object: "", version, purpose: Purpose::Check }
}
