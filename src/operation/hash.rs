//! Hash (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24).

use std::borrow::Cow;

use kmip_ttlv::enums::Operation;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::hash::{Request, Response};

use super::context::Context;
use super::part::{Output, Part, Work};
use super::{Failure, Outcome};
use crate::crypto::hash::Hasher;
use crate::crypto::random::Random;

/// Hashes data, at once or in parts. No object is involved.
pub(super) async fn hash(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let part = Part::read(
        Operation::Hash,
        request.correlation_value.as_deref(),
        request.init,
        request.last,
        request.data.as_ref(),
    )?;
    let output = if part.step.begins() {
        let missing = || Failure::InvalidField("the Hashing Algorithm is missing".into());
        let algorithm = request.parameters.hashing_algorithm.ok_or_else(missing)?;
        part.begin(cx, None, Box::new(Hasher::new(algorithm, part.step.limits())?))?
    } else {
        part.go_on(cx, None)?
    };
    let response = Response {
        data: output.data.map(Into::into),
        correlation_value: output.correlation_value.map(Cow::Owned),
    };
    Ok(Outcome::told(ResponsePayload::Hash(response)))
}

impl Work for Hasher {
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure> {
        Self::update(self, part.data)?;
        Ok(Output::default())
    }

    fn finish(self: Box<Self>, part: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        Ok(Output::of(Self::finish(*self, part.data)?))
    }
}
