//! Sign (KMIP 1.4 §4.31, KMIP 2.1 §6.1.55).

use std::borrow::Cow;

use kmip_ttlv::enums::Operation;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::sign::{Request, Response};

use super::context::{Context, Right};
use super::signing::{self, Input};
use super::{Failure, Outcome, key_use};
use crate::access::Usage;

/// Signs data, at once or in parts, or their digest, with a private key that stays here.
pub(super) async fn sign(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let (part, input) = Input::read(
        Operation::Sign,
        request.correlation_value.as_deref(),
        [request.init, request.last],
        request.data.as_ref(),
        request.digested_data.as_deref(),
    )?;
    let held = part.key(cx, request.uid.as_ref(), Right::Use(Usage::Sign)).await?;
    let uid = held.object().uid.clone();
    let changes = key_use::charge(cx, &held, &part)?;
    let key = signing::private_key(cx, &held).await?;
    let output = if part.step.begins() {
        let scheme = signing::scheme(key.family(), &held, request.parameters.as_ref())?;
        part.begin(cx, Some(&uid), input.work(scheme, part.step.limits())?)?
    } else {
        part.go_on(cx, Some(&uid))?
    };
    let signature = match output.digested {
        Some(digested) => Some(signing::sign(cx, key, digested).await?),
        None => None,
    };
    let response = Response {
        uid: uid.clone().into(),
        signature: signature.map(Cow::Owned),
        correlation_value: output.correlation_value.map(Cow::Owned),
    };
    Ok(Outcome::changed(uid, changes, ResponsePayload::Sign(response)))
}
