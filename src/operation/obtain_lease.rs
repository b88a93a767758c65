//! Obtain Lease (KMIP 1.4 §4.17, KMIP 2.1 §6.1.35).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::State;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::obtain_lease::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome, leases};
use crate::object::{Object, rules};

/// Says for how long an object may be used without asking again, and when it was last changed.
///
/// Nothing is kept: a lease is a promise of the client, and whoever asks again gets a whole one.
pub(super) async fn obtain_lease(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Lease).await?;
    let object = held.object();
    if !rules::is_held(AttributeKind::LeaseTime, object, cx.version()) {
        return Err(Failure::NotGranted("objects of this type have no leases"));
    }
    if object.state() == State::Compromised {
        return Err(Failure::NotGranted("no lease is given for a compromised object"));
    }
    let uid = object.uid.clone();
    let response = Response {
        uid: uid.clone().into(),
        lease_time: leases::granted(object, cx.lease()),
        last_change_date: last_change(object),
    };
    Ok(Outcome::read(uid, ResponsePayload::ObtainLease(response)))
}

fn last_change(object: &Object) -> DateTime {
    match object.attributes.first(AttributeKind::LastChangeDate) {
        Some(Attribute::LastChangeDate(date)) => *date,
        _ => DateTime(object.initial_date().unwrap_or_default()),
    }
}
