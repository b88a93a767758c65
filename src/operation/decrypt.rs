//! Decrypt (KMIP 1.4 §4.30, KMIP 2.1 §6.1.11).

use std::borrow::Cow;
use std::mem;

use kmip_ttlv::enums::{ObjectType, Operation};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::decrypt::{Request, Response};

use super::context::{Context, Held, Right};
use super::part::{Output, Part, Work};
use super::{Failure, Outcome, cipher_parameters, key_use, one_time_pad, own_keys, rsa_cipher};
use crate::access::Usage;
use crate::crypto::cipher::Decryptor;
use crate::crypto::random::Random;

/// Decrypts data, at once or in parts, under a key that stays here.
pub(super) async fn decrypt(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let part = Part::read(
        Operation::Decrypt,
        request.correlation_value.as_deref(),
        request.init,
        request.last,
        request.data.as_ref(),
    )?;
    let authenticated = [request.additional_data.is_some(), request.tag.is_some()];
    cipher_parameters::check_authenticated(&part, authenticated)?;
    let held = part.key(cx, request.uid.as_ref(), Right::Use(Usage::Decrypt)).await?;
    let uid = held.object().uid.clone();
    if own_keys::is_one(&uid) {
        return own_keys::decrypt(cx, request, &held, &part).await;
    }
    let output = if held.object().is_pad() {
        cipher_parameters::check_unauthenticated(authenticated)?;
        one_time_pad::apply(cx, request.parameters.as_ref(), &held, &part).await?
    } else if held.object().object_type != ObjectType::SymmetricKey {
        cipher_parameters::check_unauthenticated(authenticated)?;
        rsa_cipher::decrypt(cx, request.parameters.as_ref(), &held, &part).await?
    } else if part.step.begins() {
        part.begin(cx, Some(&uid), start(cx, request, &held, &part).await?)?
    } else {
        part.go_on(cx, Some(&uid))?
    };
    let response = Response {
        uid: uid.clone().into(),
        data: output.data.map(Into::into),
        correlation_value: output.correlation_value.map(Cow::Owned),
    };
    Ok(Outcome::read(uid, ResponsePayload::Decrypt(response)))
}

async fn start(
    cx: &Context<'_>,
    request: &Request<'_>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Box<dyn Work>, Failure> {
    let wanted = request.parameters.as_ref();
    let parameters = cipher_parameters::settle(cx, held.object(), wanted)?;
    let key = cx.value(held).await?;
    let decryptor = Decryptor::new(
        &parameters,
        key_use::bytes(&key)?,
        request.iv.as_deref(),
        request.additional_data.as_deref().unwrap_or_default(),
        request.tag.as_deref(),
        part.step.limits(),
    )?;
    Ok(Box::new(Decryption {
        decryptor,
        is_held: parameters.authenticates() || parameters.is_whole(),
    }))
}

#[derive(Debug)]
struct Decryption {
    decryptor: Decryptor,
    is_held: bool,
}

impl Work for Decryption {
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure> {
        let mut text = self.decryptor.update(part.data)?;
        Ok(Output::of(mem::take(&mut *text)))
    }

    fn finish(self: Box<Self>, part: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        let mut text = self.decryptor.finish(part.data)?;
        Ok(Output::of(mem::take(&mut *text)))
    }

    /// Text that is not authenticated yet does not leave the server.
    fn holds_back(&self) -> bool {
        self.is_held
    }
}
