//! Install lock and root check value: which root key a store belongs to. A tenant's own root has check
//! values, too, one for each version, and no lock.
//!
//! Both are settings, written together at the first start:
//!
//! * [`PROVIDER_SETTING`]: the name of the provider;
//! * [`CHECK_SETTING`]: an envelope of level [`Level::Check`] around [`CHECK_VALUE`]. The version in
//!   its header is the version of the root key that seals.
//!
//! Each version of the root key also has a row of its own with its check value, as tenants' and
//! services' keys have. A switch to another version changes the setting with the rows. While the
//! root moves to another provider, the version that seals may be the other provider's before the
//! lock is; a row in the table of rotations says so.

use subtle::ConstantTimeEq;

use super::envelope::{self, EnvelopeError, Header, Level, Place, Purpose};
use super::error::OpenError;
use super::root::{Provider, RootKey};
use super::root_set::RootSet;
use crate::clock::Timestamp;
pub use crate::store::{CHECK_SETTING, PROVIDER_SETTING};
use crate::store::{Change, Commit, Engine, Error as StoreError, KeyLevel, KeyState, Sealed};

/// What the check value says.
pub const CHECK_VALUE: &[u8] = b"keystrata root check value";

/// The root key that a store belongs to.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    /// The provider of the version that seals.
    pub(super) provider: Provider,
    /// The version that seals.
    pub(super) version: u32,
    /// The check value.
    pub(super) check: Sealed,
}

/// Proves that `roots` has the store's root key; at the first start, makes it so.
pub(super) async fn install(
    roots: &RootSet,
    engine: &dyn Engine,
    now: Timestamp,
) -> Result<Installed, OpenError> {
    if let Some(installed) = verify(roots, engine).await? {
        note(&installed, engine, now).await?;
        return Ok(installed);
    }
    let root = &*roots.primary;
    let version = root.versions().last().copied().ok_or(OpenError::NoRoot(root.provider()))?;
    let check = check_value(root, "", version).await?;
    let changes = vec![
        Change::NewSetting {
            name: PROVIDER_SETTING,
            value: root.provider().name().as_bytes().to_vec(),
        },
        Change::NewSetting { name: CHECK_SETTING, value: check.as_bytes().to_vec() },
        first_version(version, &check, now),
    ];
    match engine.commit(Commit { changes, audit: Vec::new() }).await {
        Ok(()) => Ok(Installed { provider: root.provider(), version, check }),
        // Another node was first: its root key counts.
        Err(StoreError::Conflict) => {
            verify(roots, engine).await?.ok_or(OpenError::Damaged("install lock"))
        }
        Err(error) => Err(error.into()),
    }
}

/// A check value under a version of a root, which has proved that it also opens. `owner` is the tenant
/// whose own root it is, and empty for the shared one.
pub(super) async fn check_value(
    root: &dyn RootKey,
    owner: &str,
    version: u32,
) -> Result<Sealed, OpenError> {
    let place = place(owner, version);
    let sealed = envelope::seal_with_root(root, version, &place, CHECK_VALUE).await;
    let check = sealed.map_err(|error| refusal(error, root, version))?;
    // A root that seals and cannot open must not become a store's.
    prove(root, owner, version, &check).await?;
    Ok(check)
}

fn first_version(version: u32, check: &Sealed, created: Timestamp) -> Change {
    let (level, state, sealed) = (KeyLevel::Root, KeyState::Active, check.clone());
    Change::NewVersion { level, version, state, sealed, created }
}

/// Gives the version that seals its row, in a store that was made when there were none.
async fn note(installed: &Installed, engine: &dyn Engine, now: Timestamp) -> Result<(), OpenError> {
    if !engine.keys(KeyLevel::Root).await?.is_empty() {
        return Ok(());
    }
    let changes = vec![first_version(installed.version, &installed.check, now)];
    match engine.commit(Commit { changes, audit: Vec::new() }).await {
        Ok(()) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The provider that the store is locked to; `None` before its first start.
///
/// # Errors
/// [`OpenError::UnknownProvider`], or the store's.
pub async fn locked(engine: &dyn Engine) -> Result<Option<Provider>, OpenError> {
    let Some(name) = engine.setting(PROVIDER_SETTING).await? else { return Ok(None) };
    let known = Provider::ALL.into_iter().find(|known| known.name().as_bytes() == name);
    known.map(Some).ok_or(OpenError::UnknownProvider)
}

async fn verify(roots: &RootSet, engine: &dyn Engine) -> Result<Option<Installed>, OpenError> {
    // Asked first: another node that starts now writes the settings before the first tenant.
    let is_used = engine.has_keys().await?;
    let locked = locked(engine).await?;
    let check = engine.setting(CHECK_SETTING).await?;
    let (locked, check) = match (locked, check) {
        (None, None) if is_used => {
            return Err(OpenError::Damaged("install lock and root check value"));
        }
        (None, None) => return Ok(None),
        (Some(locked), Some(check)) => (locked, Sealed::from_envelope(&check)),
        (Some(_), None) => return Err(OpenError::Damaged("root check value")),
        (None, Some(_)) => return Err(OpenError::Damaged("install lock")),
    };
    let given = roots.primary.provider();
    if roots.of(locked).is_none() {
        return Err(OpenError::OtherProvider { store: locked, given });
    }
    let (header, _) = Header::read(&check).map_err(OpenError::Check)?;
    let found = header.provider.ok_or(OpenError::Check(EnvelopeError::Malformed))?;
    // Only while the root moves may lock and check value differ.
    if found != locked && !moves(engine).await? {
        return Err(OpenError::Check(EnvelopeError::OtherProvider { found, given: locked }));
    }
    let Some(root) = roots.of(found) else {
        return Err(OpenError::Check(EnvelopeError::OtherProvider { found, given }));
    };
    prove(&**root, "", header.parent_version, &check).await?;
    Ok(Some(Installed { provider: found, version: header.parent_version, check }))
}

/// Whether the root is on its way from one version to another.
async fn moves(engine: &dyn Engine) -> Result<bool, OpenError> {
    Ok(engine.rotations().await?.iter().any(|rotation| rotation.level == KeyLevel::Root))
}

/// Opens the check value of a version of a root; `owner` as for [`check_value`].
pub(super) async fn prove(
    root: &dyn RootKey,
    owner: &str,
    version: u32,
    check: &Sealed,
) -> Result<(), OpenError> {
    let opened = envelope::open_with_root(root, &place(owner, version), check).await;
    let opened = opened.map_err(|error| refusal(error, root, version))?;
    if bool::from(opened.as_slice().ct_eq(CHECK_VALUE)) {
        Ok(())
    } else {
        Err(OpenError::WrongRoot { provider: root.provider(), version })
    }
}

/// What it means that a root key did not open an envelope.
pub(super) fn refusal(error: EnvelopeError, root: &dyn RootKey, version: u32) -> OpenError {
    match error {
        EnvelopeError::NotAuthentic => OpenError::WrongRoot { provider: root.provider(), version },
        EnvelopeError::OtherVersion(version) => OpenError::MissingVersion(version, root.provider()),
        EnvelopeError::Root(error) => OpenError::Root(error),
        other => OpenError::Check(other),
    }
}

/// Where a check value belongs; `owner` as for [`check_value`].
pub(super) fn place(owner: &str, version: u32) -> Place<'_> {
    let level = Level::Check;
    Place { level, tenant: owner, service: "", object: "", version, purpose: Purpose::Check }
}
