//! Get Usage Allocation (KMIP 1.4 §4.18, KMIP 2.1 §6.1.23).

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::get_usage_allocation::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome};
use crate::access;

/// Takes what a client is going to protect by itself off the key's Usage Limits. What is granted
/// counts as used.
pub(super) async fn get_usage_allocation(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Lease).await?;
    let mut object = held.object().clone();
    if !access::can_protect(&object) {
        return Err(Failure::NotProtecting);
    }
    if object.usage_limits().is_none() {
        return Err(Failure::Unlimited);
    }
    if request.usage_limits_count < 0 {
        return Err(Failure::InvalidField("the Usage Limits Count is negative".into()));
    }
    if !access::protects_now(&object, cx.now()) {
        return Err(Failure::NotGranted("the key may not protect anything at this time"));
    }
    let changed = object.allocate(request.usage_limits_count)?;
    let uid = object.uid.clone();
    let response = ResponsePayload::GetUsageAllocation(Response { uid: uid.clone().into() });
    if !changed {
        return Ok(Outcome::read(uid, response));
    }
    object.touch(cx.now());
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}
