//! MAC (KMIP 1.4 §4.33, KMIP 2.1 §6.1.32).

use std::borrow::Cow;

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, Operation};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::mac::{Request, Response};

use super::context::{Context, Held, Right};
use super::part::{Output, Part, Work};
use super::{Failure, Outcome, key_use};
use crate::access::Usage;
use crate::crypto;
use crate::crypto::mac::{Macer, is_cipher, resolve};
use crate::crypto::random::Random;

/// Makes a message authentication code, at once or in parts, under a key that stays here.
pub(super) async fn mac(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let part = Part::read(
        Operation::Mac,
        request.correlation_value.as_deref(),
        request.init,
        request.last,
        request.data.as_ref(),
    )?;
    let held = part.key(cx, request.uid.as_ref(), Right::Use(Usage::MacGenerate)).await?;
    let uid = held.object().uid.clone();
    let changes = key_use::charge(cx, &held, &part)?;
    let output = if part.step.begins() {
        let macer = macer(cx, request.parameters.as_ref(), &held, &part).await?;
        part.begin(cx, Some(&uid), Box::new(macer))?
    } else {
        part.go_on(cx, Some(&uid))?
    };
    let response = Response {
        uid: uid.clone().into(),
        mac: output.data.map(|mac| Cow::Owned(mac.expose().clone())),
        correlation_value: output.correlation_value.map(Cow::Owned),
    };
    Ok(Outcome::changed(uid, changes, ResponsePayload::Mac(response)))
}

/// The beginning of a MAC. Its algorithm may be named by the request, by the key's own
/// Cryptographic Parameters, or be the key's.
///
/// # Errors
/// [`Failure::Crypto`] if the algorithm is none of ours.
pub(super) async fn macer(
    cx: &Context<'_>,
    request: Option<&CryptographicParameters>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Macer, Failure> {
    let object = held.object();
    let algorithm = resolve(object.algorithm(), request, key_use::parameters(object))?;
    allowed(cx, algorithm)?;
    let key = cx.value(held).await?;
    Ok(Macer::new(algorithm, key_use::bytes(&key)?, part.step.limits())?)
}

/// Whether the tenant's policy allows MACs of this algorithm. It need not be that of the key.
///
/// # Errors
/// [`crypto::Error::Forbidden`].
pub(super) fn allowed(
    cx: &Context<'_>,
    algorithm: CryptographicAlgorithm,
) -> Result<(), crypto::Error> {
    cx.policy().check_key(algorithm, || None)?;
    if is_cipher(algorithm) {
        cx.policy().check_mode(BlockCipherMode::Cmac)?;
    }
    Ok(())
}

impl Work for Macer {
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure> {
        Self::update(self, part.data)?;
        Ok(Output::default())
    }

    fn finish(self: Box<Self>, part: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        Ok(Output::of(Self::finish(*self, part.data)?))
    }
}
