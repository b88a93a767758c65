//! Archive (KMIP 1.4 §4.22, KMIP 2.1 §6.1.4) and Recover (KMIP 1.4 §4.23, KMIP 2.1 §6.1.42).
//!
//! An archived object keeps its row and its envelope; what the archive takes away is its use. Until
//! it is recovered nobody gets, uses or changes it, and only its attributes can be read.

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::payload::{ResponsePayload, archive, recover};

use super::context::{Context, Right};
use super::{Failure, Outcome};

/// Puts an object into the archive.
pub(super) async fn archive(
    cx: &Context<'_>,
    request: &archive::Request<'_>,
) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Change).await?;
    let mut object = held.object().clone();
    if object.is_destroyed() {
        return Err(Failure::Destroyed);
    }
    object.attributes.put(Attribute::ArchiveDate(DateTime(cx.now())));
    object.touch(cx.now());
    let uid = object.uid.clone();
    let response = ResponsePayload::Archive(archive::Response { uid: uid.clone().into() });
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}

/// Takes an object out of the archive. One that is not there is on line already.
pub(super) async fn recover(
    cx: &Context<'_>,
    request: &recover::Request<'_>,
) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Recover).await?;
    let mut object = held.object().clone();
    if object.is_destroyed() {
        return Err(Failure::Destroyed);
    }
    let uid = object.uid.clone();
    let response = ResponsePayload::Recover(recover::Response { uid: uid.clone().into() });
    let mut changes = Vec::new();
    if object.is_archived() {
        object.attributes.remove_all(&AttributeKind::ArchiveDate.into());
        object.touch(cx.now());
        changes.push(cx.update(&held, object));
    }
    Ok(Outcome::meant(uid, changes, response))
}
