//! Destroy (KMIP 1.4 §4.21, KMIP 2.1 §6.1.14).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::State;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::destroy::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome};
use crate::object::{AttributeSet, Event};

/// What is left of a destroyed Template in the store: that its identifier was in use.
const LEFT: &[AttributeKind] =
    &[AttributeKind::State, AttributeKind::InitialDate, AttributeKind::DestroyDate];

/// Erases an object's value, at once or after the time for which its tenant has destroyed objects held.
/// What is left are its attributes; no client finds it any more but by asking for destroyed objects. Of
/// a Template nothing is left: "the object itself, including all meta-data, SHALL be destroyed".
///
/// A second Destroy does not find it in 1.x, as clients there want; KMIP 1.4 §11.22 would have it
/// forbidden.
///
/// Links stay on both sides, as they are. Those that lead to a destroyed object name one that can
/// still be asked for, and tell of a key where it came from and what became of it; so do its own. A
/// Template is linked by nobody but a client, and a link is never more than a name: what follows one
/// (Re-key Key Pair, Certify, Validate) looks the object up, and answers as for any that is not there.
/// Re-key, Re-certify, Derive Key and Create Split Key link both ends in the commit that makes the new
/// object. Join Split Key links nothing, for no Link Type says that a key was joined of others; its
/// parts keep the links to each other and to the key that was split.
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
    if object.is_gone() {
        let kept = object.attributes.iter();
        let kept = kept.filter(|instance| LEFT.contains(&instance.attribute.kind())).cloned();
        object.attributes = AttributeSet::from_instances(kept.collect());
    }
    let uid = object.uid.clone();
    let response = ResponsePayload::Destroy(Response { uid: uid.clone().into() });
    let changes = cx.destroy(&held, object);
    Ok(Outcome::changed(uid, changes, response))
}
