//! What is told of the keys of the hierarchy by Notify (KMIP 1.4 §5.1, KMIP 2.1 §6.2.2), to clients that
//! listen: a service is told of its own key, a tenant's administrator of all keys of the tenant.
//!
//! What happens to the tenant as a whole happens to the keys of its services, so a service is told it of
//! its own. That the tenant's key is rotated concerns no service: there is no such object for it.

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::State;

use super::super::Failure;
use super::super::context::Context;
use super::{Named, shown, subject};
use crate::keys::active_version;
use crate::keys::events::{Event, EventKind};
use crate::keys::rotation::Subject;
use crate::object::Object;

/// The key that an event changes, as it is now, and what it changes of it. A rotation for later tells the
/// Activation Date of the version that will seal. `None` if the caller may not know of it.
///
/// # Errors
/// The store's.
pub(in crate::operation) async fn changed(
    cx: &Context<'_>,
    event: &Event,
) -> Result<Option<(Object, Vec<Attribute>)>, Failure> {
    let Some(subject) = concerned(cx, event).await? else { return Ok(None) };
    let versions = cx.parts().store.keys(subject.level()).await?;
    let Some(object) = shown::object(&subject, &versions, None) else { return Ok(None) };
    let is = |kind| object.attributes.first(kind).cloned();
    let effective = DateTime(event.effective.seconds());
    let mut changed = match event.kind {
        EventKind::KeyRotation => {
            vec![shown::version_attribute(event.version), Attribute::ActivationDate(effective)]
        }
        // What was announced is taken back: it is as it was.
        EventKind::KeyRotationCancelled => {
            let active = active_version(&versions);
            let since = is(AttributeKind::ActivationDate);
            [Some(shown::version_attribute(active)), since].into_iter().flatten().collect()
        }
        EventKind::Suspension => vec![Attribute::State(State::Deactivated)],
        EventKind::Resumption => is(AttributeKind::State).into_iter().collect(),
        EventKind::Shredding => vec![Attribute::State(State::Destroyed)],
    };
    changed.push(Attribute::LastChangeDate(DateTime(cx.now())));
    Ok(Some((object, changed)))
}

/// Whose key it is to the caller.
async fn concerned(cx: &Context<'_>, event: &Event) -> Result<Option<Subject>, Failure> {
    let own = Named { service: Some(cx.service_name().clone()), version: None };
    let named = match &event.service {
        _ if cx.is_tenant_admin() => Named { service: event.service.clone(), version: None },
        Some(service) if service == cx.service_name() => own,
        None if !is_rotation(event.kind) => own,
        _ => return Ok(None),
    };
    subject(cx, &named).await
}

fn is_rotation(kind: EventKind) -> bool {
    matches!(kind, EventKind::KeyRotation | EventKind::KeyRotationCancelled)
}
