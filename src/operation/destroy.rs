//! Destroy (KMIP 1.4 §4.21, KMIP 2.1 §6.1.14).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::State;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::destroy::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome};
use crate::object::Event;

/// Erases an object's value, at once or after the time for which its tenant has destroyed objects held.
/// What is left are its attributes; no client finds it any more but by asking for destroyed objects.
///
/// A second Destroy does not find it in 1.x, as clients there want; KMIP 1.4 §11.22 would have it
/// forbidden.
pub(super) async fn destroy(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Change).await?;
    let mut object = held.object().clone();
    if object.is_destroyed() {
        return Err(cx.destroyed());
    }
    // What has no State for this client has none that could stand in the way.
    if object.state() == State::Active && !cx.has_state(&object) {
        object.step(Event::Deactivate, cx.now())?;
    }
    object.step(Event::Destroy, cx.now())?;
    object.attributes.put(Attribute::DestroyDate(DateTime(cx.now())));
    let uid = object.uid.clone();
    let response = ResponsePayload::Destroy(Response { uid: uid.clone().into() });
    let changes = cx.destroy(&held, object);
    Ok(Outcome::changed(uid, changes, response))
}
