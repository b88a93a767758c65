//! Encrypt and Decrypt with a one-time pad (the algorithm came with KMIP 1.3 §9.1.3.2.13): data and
//! pad are added without carry, from the pad's beginning.
//!
//! A pad is safe as long as it is used for one text only, and it is the client who knows how often
//! it is used: by its Usage Limits. So pads are for those estates only that are allowed what is old.

use std::iter::zip;

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::CryptographicAlgorithm;

use super::context::{Context, Held};
use super::part::{Output, Part, Step};
use super::{Failure, key_use};
use crate::crypto;

/// Adds the pad to the data, which is the same for both directions.
///
/// # Errors
/// [`Failure::Crypto`] if there is less pad than data, for parameters of another algorithm, and where
/// pads are not allowed; [`Failure::FeatureNotSupported`] for a text in parts.
pub(super) async fn apply(
    cx: &Context<'_>,
    request: Option<&CryptographicParameters>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Output, Failure> {
    if part.step != Step::Whole {
        return Err(Failure::FeatureNotSupported("a one-time pad is used in one part"));
    }
    let of_another = |parameters: &CryptographicParameters| {
        parameters
            .cryptographic_algorithm
            .is_some_and(|it| it != CryptographicAlgorithm::OneTimePad)
            || parameters.block_cipher_mode.is_some()
    };
    if request.is_some_and(of_another) {
        return Err(crypto::Error::BadParameters.into());
    }
    if !cx.policy().legacy {
        return Err(crypto::Error::Unsupported.into());
    }
    let key = cx.value(held).await?;
    let pad = key_use::bytes(&key)?;
    if pad.len() < part.data.len() {
        return Err(Failure::CryptographicFailure("there is less pad than data"));
    }
    let sum = zip(part.data, pad).map(|(data, pad)| data ^ pad).collect::<Vec<u8>>();
    Ok(Output::of(Secret::new(sum)))
}
