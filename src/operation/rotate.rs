//! Rotation by the server: an object that is due is replaced as its owner would replace it, with
//! Re-key, Re-key Key Pair or Re-certify (KMIP 2.1 §4.48).

use kmip_ttlv::enums::{ObjectType, Operation};
use kmip_ttlv::payload::{
    re_certify as of_certificate, re_key as of_key, re_key_key_pair as of_pair,
};
use kmip_ttlv::{Interval, UniqueIdentifier};

use super::context::{Context, OWN_PREFIX, Right};
use super::{Failure, Outcome, re_certify, re_key, re_key_key_pair};
use crate::clock::Timestamp;
use crate::object::Object;

/// What is to become of an object that was found to be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// It is replaced by this operation, with this Offset.
    Now(Operation, Option<Interval>),
    /// It is due at another time, or not any more: it has changed meanwhile.
    At(Option<Timestamp>),
}

/// How an object is rotated.
fn operation(object: &Object) -> Operation {
    match object.object_type {
        ObjectType::PrivateKey => Operation::ReKeyKeyPair,
        ObjectType::Certificate => Operation::ReCertify,
        _ => Operation::ReKey,
    }
}

/// What is to become of an object.
///
/// # Errors
/// [`Failure::NotFound`], or the store's.
pub async fn plan(cx: &Context<'_>, uid: &str) -> Result<Plan, Failure> {
    // What the server makes for itself is no client's to have rotated.
    if uid.starts_with(OWN_PREFIX) {
        return Ok(Plan::At(None));
    }
    let held = cx.object(Some(&uid.into()), Right::Attributes).await?;
    let object = held.object();
    Ok(match object.rotation_due() {
        Some(due) if due <= cx.now() => {
            Plan::Now(operation(object), object.rotate_offset().map(Interval))
        }
        due => Plan::At(due.map(Timestamp::of_seconds)),
    })
}

/// Replaces an object by a request that says nothing but which.
///
/// # Errors
/// Those of the operation.
pub async fn replace(
    cx: &Context<'_>,
    operation: Operation,
    uid: &str,
    offset: Option<Interval>,
) -> Result<Outcome, Failure> {
    let uid: Option<UniqueIdentifier<'_>> = Some(uid.into());
    match operation {
        Operation::ReKeyKeyPair => {
            let request = of_pair::Request {
                private_key_uid: uid,
                offset,
                common: None,
                private_key: None,
                public_key: None,
                common_protection_storage_masks: None,
                private_protection_storage_masks: None,
                public_protection_storage_masks: None,
            };
            re_key_key_pair::re_key_key_pair(cx, &request).await
        }
        Operation::ReCertify => {
            let request = of_certificate::Request {
                uid,
                certificate_request_uid: None,
                certificate_request_type: None,
                certificate_request: None,
                offset,
                attributes: None,
                protection_storage_masks: None,
            };
            re_certify::re_certify(cx, &request).await
        }
        _ => {
            let request =
                of_key::Request { uid, offset, attributes: None, protection_storage_masks: None };
            re_key::re_key(cx, &request).await
        }
    }
}
