//! Whether a root key opens what is in a copy of a store.

use super::envelope::{self, EnvelopeError, Header, Place};
use super::error::OpenError;
use super::install;
use super::root::{Provider, RootKey};
use super::rules::tenant_key_place;
use crate::store::RootSample;

/// The provider and the version of the root key that sealed an envelope, as it says.
///
/// # Errors
/// [`OpenError::Check`] for what is no envelope of a root key.
pub fn sample_provider(sample: &RootSample) -> Result<(Provider, u32), OpenError> {
    let (header, _) = Header::read(&sample.sealed).map_err(OpenError::Check)?;
    let provider = header.provider.ok_or(OpenError::Check(EnvelopeError::Malformed))?;
    Ok((provider, header.parent_version))
}

/// The same for a root key of a tenant's own, which does not know that it is one.
async fn prove_own_sample(
    root: &dyn RootKey,
    place: &Place<'_>,
    sample: &RootSample,
) -> Result<(), OpenError> {
    let (store, version) = sample_provider(sample)?;
    let given = root.provider();
    if store != given {
        return Err(OpenError::OtherProvider { store, given });
    }
    match envelope::is_sealed_by(root, place, &sample.sealed).await {
        Ok(true) => Ok(()),
        Ok(false) if root.versions().contains(&version) => {
            Err(OpenError::WrongRoot { provider: given, version })
        }
        Ok(false) => Err(OpenError::MissingVersion(version, given)),
        Err(error) => Err(install::refusal(error, root, version)),
    }
}

/// Proves that a root key opens an envelope out of a copy: the key itself, and not only its name, is
/// the one that the copy was sealed with.
///
/// # Errors
/// [`OpenError`].
pub async fn prove_sample(root: &dyn RootKey, sample: &RootSample) -> Result<(), OpenError> {
    let (_, version) = sample_provider(sample)?;
    let Some(tenant) = &sample.tenant else {
        return install::prove(root, "", version, &sample.sealed).await;
    };
    let place = tenant_key_place(tenant, sample.version);
    if sample.own().is_some() {
        return prove_own_sample(root, &place, sample).await;
    }
    let opened = envelope::open_with_root(root, &place, &sample.sealed).await;
    opened.map(drop).map_err(|error| install::refusal(error, root, version))
}
