//! Get (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::get::{Request, Response};

use super::context::{Context, Held, Right};
use super::{Failure, Outcome, value};
use crate::store::Change;

/// Hands out an object's value, in the Key Format Type that was asked for.
///
/// It works in every state but the destroyed ones: `pg_tde`, Ceph and vCenter never activate.
pub(super) async fn get(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    if request.wrapping.is_some() {
        return Err(Failure::FeatureNotSupported("keys are not wrapped on Get"));
    }
    let held = cx.object(request.uid.as_ref(), Right::Value).await?;
    let object = held.object();
    if object.is_sensitive() {
        return Err(Failure::Sensitive);
    }
    if !object.is_extractable() {
        return Err(Failure::NotExtractable);
    }
    let value = value::in_format(
        cx.version(),
        &object.attributes,
        cx.value(&held).await?,
        request.key_format,
        request.key_compression,
    )?;
    let uid = object.uid.clone();
    let response =
        Response { object_type: object.object_type, uid: uid.clone().into(), object: value };
    let changes = handed_out(cx, &held);
    Ok(Outcome::changed(uid, changes, ResponsePayload::Get(response)))
}

/// Notes that the object is not fresh any more, the first time that it is handed out (KMIP 1.4
/// §3.34).
fn handed_out(cx: &Context<'_>, held: &Held) -> Vec<Change> {
    if held.object().fresh() != Some(true) {
        return Vec::new();
    }
    let mut object = held.object().clone();
    object.attributes.put(Attribute::Fresh(false));
    vec![cx.update(held, object)]
}
