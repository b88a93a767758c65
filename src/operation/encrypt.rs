//! Encrypt (KMIP 1.4 §4.29, KMIP 2.1 §6.1.17).

use std::borrow::Cow;

use kmip_ttlv::Secret;
use kmip_ttlv::enums::{ObjectType, Operation};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::encrypt::{Request, Response};

use super::context::{Context, Held, Right};
use super::part::{Output, Part, Work};
use super::{Failure, Outcome, cipher_parameters, key_use, one_time_pad, own_keys, rsa_cipher};
use crate::access::Usage;
use crate::crypto::cipher::Encryptor;
use crate::crypto::random::Random;

/// Encrypts data, at once or in parts, under a key that stays here.
pub(super) async fn encrypt(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let part = Part::read(
        Operation::Encrypt,
        request.correlation_value.as_deref(),
        request.init,
        request.last,
        request.data.as_ref(),
    )?;
    cipher_parameters::check_authenticated(&part, [request.additional_data.is_some(), false])?;
    let held = part.key(cx, request.uid.as_ref(), Right::Use(Usage::Encrypt)).await?;
    let uid = held.object().uid.clone();
    if own_keys::is_one(&uid) {
        return own_keys::encrypt(cx, request, &held, &part).await;
    }
    let changes = key_use::charge(cx, &held, &part)?;
    let output = if held.object().is_pad() {
        cipher_parameters::check_unauthenticated([request.additional_data.is_some(), false])?;
        // It takes the pad off again as well as it puts it on.
        cx.check_value(&held)?;
        one_time_pad::apply(cx, request.parameters.as_ref(), &held, &part).await?
    } else if held.object().object_type != ObjectType::SymmetricKey {
        cipher_parameters::check_unauthenticated([request.additional_data.is_some(), false])?;
        rsa_cipher::encrypt(cx, request.parameters.as_ref(), &held, &part).await?
    } else if part.step.begins() {
        part.begin(cx, Some(&uid), start(cx, request, &held, &part).await?)?
    } else {
        part.go_on(cx, Some(&uid))?
    };
    let response = Response {
        uid: uid.clone().into(),
        data: output.data.map(Into::into),
        iv: output.iv.map(Cow::Owned),
        correlation_value: output.correlation_value.map(Cow::Owned),
        tag: output.tag.map(Cow::Owned),
    };
    Ok(Outcome::changed(uid, changes, ResponsePayload::Encrypt(response)))
}

async fn start(
    cx: &Context<'_>,
    request: &Request<'_>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Box<dyn Work>, Failure> {
    let wanted = request.parameters.as_ref();
    let parameters = cipher_parameters::settle(cx, held.object(), wanted)?;
    if parameters.key_stream_is_known(request.iv.is_some()) {
        // It would take the key stream off again as well as put it on.
        cx.check_value(held)?;
    }
    let key = cx.value(held).await?;
    let encryptor = Encryptor::new(
        &parameters,
        key_use::bytes(&key)?,
        request.iv.as_deref(),
        request.additional_data.as_deref().unwrap_or_default(),
        part.step.limits(),
        &*cx.parts().random,
    )?;
    let made_iv = encryptor.made_iv().map(<[u8]>::to_vec);
    Ok(Box::new(Encryption { encryptor, made_iv, is_whole: parameters.is_whole() }))
}

#[derive(Debug)]
struct Encryption {
    encryptor: Encryptor,
    /// The IV, if it was made here, until it has been told.
    made_iv: Option<Vec<u8>>,
    is_whole: bool,
}

impl Work for Encryption {
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure> {
        let data = self.encryptor.update(part.data)?;
        Ok(Output { iv: self.made_iv.take(), ..Output::of(data) })
    }

    fn finish(self: Box<Self>, part: &Part<'_>, random: &dyn Random) -> Result<Output, Failure> {
        let sealed = self.encryptor.finish(part.data, random)?;
        let data = Some(Secret::new(sealed.data));
        Ok(Output { data, iv: self.made_iv, tag: sealed.tag, ..Output::default() })
    }

    /// Text of which the end must be known first.
    fn holds_back(&self) -> bool {
        self.is_whole
    }
}
