//! What Encrypt and Decrypt are to do (KMIP 1.4 §4.29, §4.30).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::CryptographicParameters;

use super::part::Part;
use super::{Context, Failure, key_use};
use crate::crypto;
use crate::crypto::cipher::Parameters;
use crate::object::Object;

/// The parameters of the request, completed from the key's own, completed from what is usual.
///
/// # Errors
/// [`Failure::Crypto`] for parameters that are not supported or do not fit the key,
/// [`Failure::FeatureNotSupported`] for a mode whose tag has no field in the client's version.
pub(super) fn settle(
    cx: &Context<'_>,
    key: &Object,
    request: Option<&CryptographicParameters>,
) -> Result<Parameters, Failure> {
    let parameters = Parameters::resolve(key.algorithm(), request, key_use::parameters(key))?;
    allowed(cx, &parameters, || key.length_bits())?;
    if parameters.authenticates() && cx.version() < Version::V1_4 {
        return Err(Failure::FeatureNotSupported(
            "modes that authenticate need KMIP 1.4 or later, where the tag has a field",
        ));
    }
    Ok(parameters)
}

/// Whether the tenant's policy allows a cipher like this, with a key of so many bits. The key need not say
/// what it is for.
///
/// # Errors
/// [`crypto::Error::Forbidden`].
pub(super) fn allowed(
    cx: &Context<'_>,
    parameters: &Parameters,
    bits: impl FnOnce() -> Option<i32>,
) -> Result<(), crypto::Error> {
    cx.policy().check_key(parameters.algorithm(), bits)?;
    Ok(cx.policy().check_mode(parameters.mode())?)
}

/// Holds that nothing is to be authenticated by a cipher that does not.
///
/// # Errors
/// [`Failure::Crypto`].
pub(super) fn check_unauthenticated(fields: [bool; 2]) -> Result<(), Failure> {
    if fields.contains(&true) {
        return Err(crypto::Error::NotAuthenticating.into());
    }
    Ok(())
}

/// Holds that what is authenticated comes with the first part of a stream.
///
/// # Errors
/// [`Failure::InvalidMessage`].
pub(super) fn check_authenticated(part: &Part<'_>, fields: [bool; 2]) -> Result<(), Failure> {
    if !part.step.begins() && fields.contains(&true) {
        return Err(Failure::InvalidMessage(
            "additional data and tag belong to the first part of a stream".into(),
        ));
    }
    Ok(())
}
