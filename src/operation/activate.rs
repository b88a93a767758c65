//! Activate (KMIP 1.4 §4.19, KMIP 2.1 §6.1.1).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::activate::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome};
use crate::object::Event;

/// Makes a Pre-Active object Active, from now on.
pub(super) async fn activate(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Change).await?;
    let mut object = held.object().clone();
    if !cx.has_state(&object) {
        return Err(Failure::NoState("objects of this type cannot be activated"));
    }
    object.step(Event::Activate, cx.now())?;
    object.attributes.put(Attribute::ActivationDate(DateTime(cx.now())));
    let uid = object.uid.clone();
    let response = ResponsePayload::Activate(Response { uid: uid.clone().into() });
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}
