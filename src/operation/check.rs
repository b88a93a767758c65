//! Check (KMIP 1.4 §4.10, KMIP 2.1 §6.1.7).

use std::fmt;

use kmip_ttlv::Interval;
use kmip_ttlv::enums::{CryptographicUsageMask, ObjectType, ResultReason};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::check::{Request, Response};

use super::context::{Context, Right};
use super::{Failure, Outcome, leases};
use crate::access;
use crate::object::Object;

/// What keeps an object from being used as a client wants to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Its Cryptographic Usage Mask.
    UsageMask,
    /// Its Usage Limits.
    UsageLimits,
    /// The longest lease that it can be had for.
    LeaseTime,
}

impl Limit {
    /// The Result Reason from 2.0 on.
    #[must_use]
    pub fn reason(self) -> ResultReason {
        match self {
            Self::UsageMask => ResultReason::IncompatibleCryptographicUsageMask,
            Self::UsageLimits => ResultReason::UsageLimitExceeded,
            Self::LeaseTime => ResultReason::PermissionDenied,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UsageMask => "Cryptographic Usage Mask does not allow it",
            Self::UsageLimits => "Usage Limits are too low",
            Self::LeaseTime => "Lease Time is shorter",
        })
    }
}

/// The answer no: what forbids the use, and what would be allowed instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The first thing that forbids it.
    pub limit: Limit,
    usage_mask: Option<CryptographicUsageMask>,
    usage_limits_count: Option<i64>,
    lease_time: Option<Interval>,
}

impl Denial {
    /// What the client of 1.x is told beside the failure: the values that were not accepted, as
    /// they would be.
    #[must_use]
    pub fn response(&self) -> Response<'static> {
        Response {
            uid: None,
            usage_limits_count: self.usage_limits_count,
            usage_mask: self.usage_mask,
            lease_time: self.lease_time,
        }
    }
}

/// Says whether an object may be used as the client wants to use it.
pub(super) async fn check(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Attributes).await?;
    let object = held.object();
    if object.is_destroyed() {
        return Err(Failure::Destroyed);
    }
    if object.is_archived() {
        return Err(Failure::Archived);
    }
    if object.object_type == ObjectType::Template {
        return Err(Failure::NoState("objects of this type are not checked"));
    }
    if let Some(denial) = denial(object, leases::granted(object, cx.lease()), request) {
        return Err(Failure::Denied(denial));
    }
    let uid = object.uid.clone();
    let response = Response {
        uid: Some(uid.clone().into()),
        usage_limits_count: None,
        usage_mask: None,
        lease_time: None,
    };
    Ok(Outcome::read(uid, ResponsePayload::Check(response)))
}

fn denial(object: &Object, lease: Interval, request: &Request<'_>) -> Option<Denial> {
    let usage_mask = request.usage_mask.filter(|wanted| !access::allows(object, *wanted));
    let left = object.usage_limits().map(|limits| limits.count.unwrap_or(limits.total));
    let wanted = request.usage_limits_count;
    let usage_limits_count = left.filter(|left| wanted.is_some_and(|wanted| wanted > *left));
    let lease_time = request.lease_time.filter(|wanted| !leases::reaches(lease, *wanted));
    let limit = match (usage_mask, usage_limits_count, lease_time) {
        (Some(_), ..) => Limit::UsageMask,
        (_, Some(_), _) => Limit::UsageLimits,
        (_, _, Some(_)) => Limit::LeaseTime,
        (None, None, None) => return None,
    };
    Some(Denial {
        limit,
        usage_mask: usage_mask.map(|_| object.usage_mask()),
        usage_limits_count,
        lease_time: lease_time.map(|_| lease),
    })
}
