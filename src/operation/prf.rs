//! The function by which Derive Key computes: which one is meant, and whether the tenant's policy allows it.

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::HashingAlgorithm;
use kmip_ttlv::structure::DerivationParameters;

use super::context::Context;
use super::{Failure, key_use, mac};
use crate::crypto::derive::Prf;
use crate::object::Object;

/// The pseudorandom function that is meant, as far as anybody says.
#[derive(Clone, Copy)]
pub(super) struct Meant<'a> {
    /// The request's parameters; without any, the first of the key's own.
    parameters: Option<&'a CryptographicParameters>,
    /// What the key is for, if that is HMAC.
    own: Option<Prf>,
}

impl<'a> Meant<'a> {
    pub(super) fn of(asked: &'a DerivationParameters, base: &'a Object) -> Self {
        let parameters = asked.parameters.as_ref().or_else(|| key_use::parameters(base));
        Self { parameters, own: base.algorithm().and_then(|own| Prf::of_mac(own).ok()) }
    }

    /// The function of the parameters, named by its hash or as a MAC.
    fn named(self) -> Result<Option<Prf>, Failure> {
        let Some(parameters) = self.parameters else { return Ok(None) };
        Ok(match (parameters.hashing_algorithm, parameters.cryptographic_algorithm) {
            (Some(hash), _) => Some(Prf::of_hash(hash)?),
            (None, Some(algorithm)) => Some(Prf::of_mac(algorithm)?),
            (None, None) => None,
        })
    }

    /// The function that is meant.
    ///
    /// # Errors
    /// [`Failure::InvalidField`] if nobody says, [`Failure::Crypto`] for one that is not supported or
    /// not allowed.
    pub(super) fn prf(self, cx: &Context<'_>) -> Result<Prf, Failure> {
        allowed(cx, self.named()?.or(self.own).ok_or_else(no_hash)?)
    }

    /// The function that is meant for PBKDF2: HMAC-SHA-1 unless another is asked for (RFC 8018 §B.1).
    ///
    /// # Errors
    /// Those of [`Meant::prf`].
    pub(super) fn prf_of_pbkdf2(self, cx: &Context<'_>) -> Result<Prf, Failure> {
        match self.named()? {
            Some(named) => allowed(cx, named),
            None => allowed(cx, Prf::of_hash(HashingAlgorithm::Sha1)?),
        }
    }

    /// The hash that is meant. A policy knows it by its HMAC, for KMIP names no other algorithm of it; a
    /// SHA-512 that is cut by that of the whole one.
    ///
    /// # Errors
    /// Those of [`Meant::prf`].
    pub(super) fn hash(self, cx: &Context<'_>) -> Result<HashingAlgorithm, Failure> {
        use HashingAlgorithm as H;
        let named = self.parameters.and_then(|parameters| parameters.hashing_algorithm);
        let hash = named.ok_or_else(no_hash)?;
        let whole = if matches!(hash, H::Sha512_224 | H::Sha512_256) { H::Sha512 } else { hash };
        allowed(cx, Prf::of_hash(whole)?)?;
        Ok(hash)
    }
}

fn no_hash() -> Failure {
    Failure::InvalidField("the Hashing Algorithm is missing".into())
}

/// The function, if the tenant's policy allows MACs by it.
///
/// # Errors
/// [`Failure::Crypto`].
pub(super) fn allowed(cx: &Context<'_>, prf: Prf) -> Result<Prf, Failure> {
    mac::allowed(cx, prf.algorithm())?;
    Ok(prf)
}
