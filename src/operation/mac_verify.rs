//! MAC Verify (KMIP 1.4 §4.34, KMIP 2.1 §6.1.33).

use std::borrow::Cow;

use kmip_ttlv::enums::{Operation, ValidityIndicator};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::mac_verify::{Request, Response};

use super::context::{Context, Right};
use super::mac::macer;
use super::part::{Output, Part, Work};
use super::{Failure, Outcome};
use crate::access::Usage;
use crate::crypto::mac::{MAC_BYTES_MAX, Macer};
use crate::crypto::random::Random;

/// Tells whether a message authentication code is genuine. One that is not is no failure.
pub(super) async fn mac_verify(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    let part = Part::read(
        Operation::MacVerify,
        request.correlation_value.as_deref(),
        request.init,
        request.last,
        request.data.as_ref(),
    )?;
    let part = Part { mac: request.mac.as_deref(), ..part };
    if part.mac.is_some_and(|mac| mac.len() > MAC_BYTES_MAX) {
        return Err(Failure::InvalidField("the MAC Data are longer than any MAC".into()));
    }
    let held = part.key(cx, request.uid.as_ref(), Right::Use(Usage::MacVerify)).await?;
    let uid = held.object().uid.clone();
    let output = if part.step.begins() {
        let macer = macer(cx, request.parameters.as_ref(), &held, &part).await?;
        part.begin(cx, Some(&uid), Box::new(Verification { macer, expected: None }))?
    } else {
        part.go_on(cx, Some(&uid))?
    };
    let response = Response {
        uid: uid.clone().into(),
        validity: output.valid.map(verdict),
        correlation_value: output.correlation_value.map(Cow::Owned),
    };
    Ok(Outcome::read(uid, ResponsePayload::MacVerify(response)))
}

/// The verdict; there is none before the last part. 1.x calls the field required, but its test cases
/// leave it out of such answers of Signature Verify, whose table is the same.
fn verdict(valid: bool) -> ValidityIndicator {
    if valid { ValidityIndicator::Valid } else { ValidityIndicator::Invalid }
}

#[derive(Debug)]
struct Verification {
    macer: Macer,
    /// The code in question, which any part may bring; the last one counts.
    expected: Option<Vec<u8>>,
}

impl Work for Verification {
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure> {
        self.macer.update(part.data)?;
        if let Some(mac) = part.mac {
            self.expected = Some(mac.to_vec());
        }
        Ok(Output::default())
    }

    fn finish(self: Box<Self>, part: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        let missing = || Failure::InvalidMessage("the MAC Data are missing".into());
        let expected = part.mac.or(self.expected.as_deref()).ok_or_else(missing)?;
        let valid = self.macer.verify(part.data, expected)?;
        Ok(Output { valid: Some(valid), ..Output::default() })
    }
}
