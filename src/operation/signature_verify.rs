//! Signature Verify (KMIP 1.4 §4.32, KMIP 2.1 §6.1.56).

use std::borrow::Cow;

use kmip_ttlv::enums::{Operation, ValidityIndicator};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::signature_verify::{Request, Response};

use super::context::{Context, Right};
use super::part::{Output, Part, Step};
use super::signing::{self, Input};
use super::{Failure, Outcome};
use crate::access::Usage;
use crate::crypto;

/// The longest signature that is looked at, in bytes: that of ML-DSA-87 is 4627.
const SIGNATURE_BYTES_MAX: usize = 8 * 1024;

/// Tells whether a signature is genuine. One that is not is no failure, nor is one of a scheme that
/// the key does not have: so the official cases.
pub(super) async fn signature_verify(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    let (part, input) = Input::read(
        Operation::SignatureVerify,
        request.correlation_value.as_deref(),
        [request.init, request.last],
        request.data.as_ref(),
        request.digested_data.as_deref(),
    )?;
    let part = Part { mac: request.signature.as_deref(), ..part };
    if part.mac.is_some_and(|signature| signature.len() > SIGNATURE_BYTES_MAX) {
        let text = "the Signature Data are longer than any signature";
        return Err(Failure::InvalidField(text.into()));
    }
    if part.step == Step::Whole && part.mac.is_none() {
        return Err(Failure::InvalidMessage("the Signature Data are missing".into()));
    }
    let held = part.key(cx, request.uid.as_ref(), Right::Use(Usage::Verify)).await?;
    let uid = held.object().uid.clone();
    let key = signing::public_key(cx, &held).await?;
    let output = if part.step.begins() {
        match signing::scheme(key.family(), &held, request.parameters.as_ref()) {
            Ok(scheme) => part.begin(cx, Some(&uid), input.work(scheme, part.step.limits())?)?,
            Err(Failure::Crypto(crypto::Error::WrongAlgorithm))
                if part.step == Step::Whole && key.family().is_some() =>
            {
                Output { valid: Some(false), ..Output::default() }
            }
            Err(failure) => return Err(failure),
        }
    } else {
        part.go_on(cx, Some(&uid))?
    };
    let valid = match output.digested {
        Some(digested) => Some(signing::verify(cx, key, digested).await?),
        None => output.valid,
    };
    let response = Response {
        uid: uid.clone().into(),
        validity: valid.map(verdict),
        data: None,
        correlation_value: output.correlation_value.map(Cow::Owned),
    };
    Ok(Outcome::read(uid, ResponsePayload::SignatureVerify(response)))
}

/// The verdict; there is none before the last part, in any version.
fn verdict(valid: bool) -> ValidityIndicator {
    if valid { ValidityIndicator::Valid } else { ValidityIndicator::Invalid }
}
