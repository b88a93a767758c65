//! Revoke (KMIP 1.4 §4.20, KMIP 2.1 §6.1.44).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::RevocationReasonCode;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::revoke::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome, own_keys};
use crate::object::Event;

/// Bytes of the longest Revocation Message. The object keeps it, and must be revocable however many
/// bytes of attributes it has already.
const MESSAGE_BYTES_MAX: usize = 4096;

/// Ends the protection that an object may give, or declares it compromised.
pub(super) async fn revoke(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Revoke).await?;
    let message = request.reason.message.as_deref().unwrap_or_default();
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(Failure::LimitExceeded("the Revocation Message is too long"));
    }
    // KMIP 1.4 §11.21: "the specified Revocation Reason Code is invalid".
    if matches!(request.reason.code, RevocationReasonCode::Unknown(_)) {
        return Err(Failure::InvalidField("there is no such Revocation Reason Code".into()));
    }
    if own_keys::is_one(&held.object().uid) {
        return own_keys::revoke(cx, &held.object().uid).await;
    }
    let mut object = held.object().clone();
    let event = Event::of_revocation(request.reason.code);
    // PyKMIP declares whatever it finds compromised.
    if event != Event::Compromise && !cx.has_state(&object) {
        return Err(Failure::NoState(
            "objects of this type cannot be revoked, but by a compromise",
        ));
    }
    object.step(event, cx.now())?;
    let now = DateTime(cx.now());
    if event == Event::Compromise {
        let occurred = request.compromise_occurrence_date;
        let occurred = occurred.or(object.initial_date().map(DateTime)).unwrap_or(now);
        object.attributes.put(Attribute::CompromiseDate(now));
        object.attributes.put(Attribute::CompromiseOccurrenceDate(occurred));
    } else {
        object.attributes.put(Attribute::DeactivationDate(now));
    }
    object.attributes.put(Attribute::RevocationReason(request.reason.clone()));
    let uid = object.uid.clone();
    let response = ResponsePayload::Revoke(Response { uid: uid.clone().into() });
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}
