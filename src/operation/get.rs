//! Get (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).

use kmip_ttlv::UniqueIdentifier;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{KeyCompressionType, KeyFormatType};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::get::{Request, Response};

use super::context::{Context, Held, Right};
use super::{Failure, Outcome};
use crate::store::Change;

/// Hands out an object's value, in the Key Format Type that was asked for.
///
/// It works in every state but the destroyed ones: `pg_tde`, Ceph and vCenter never activate.
pub(super) async fn get(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let wants = Form {
        key_format: request.key_format,
        key_compression: request.key_compression,
        is_wrapped: request.wrapping.is_some(),
    };
    let (held, value) = value(cx, request.uid.as_ref(), wants).await?;
    let object = held.object();
    let uid = object.uid.clone();
    let response =
        Response { object_type: object.object_type, uid: uid.clone().into(), object: value };
    let changes = handed_out(cx, &held);
    Ok(Outcome::changed(uid, changes, ResponsePayload::Get(response)))
}

/// The form in which a client wants a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) key_format: Option<KeyFormatType>,
    pub(super) key_compression: Option<KeyCompressionType>,
    pub(super) is_wrapped: bool,
}

/// An object and its value, for a client that may have it.
///
/// # Errors
/// Those of [`Context::object`]; [`Failure::Sensitive`], [`Failure::NotExtractable`], or that it
/// cannot be given in this form.
pub(super) async fn value(
    cx: &Context<'_>,
    uid: Option<&UniqueIdentifier<'_>>,
    form: Form,
) -> Result<(Held, ManagedObject), Failure> {
    if form.is_wrapped {
        return Err(Failure::FeatureNotSupported("keys are not wrapped when they are handed out"));
    }
    let held = cx.object(uid, Right::Value).await?;
    let object = held.object();
    if object.is_sensitive() {
        return Err(Failure::Sensitive);
    }
    if !object.is_extractable() {
        return Err(Failure::NotExtractable);
    }
    let value = super::value::in_format(
        cx.version(),
        &object.attributes,
        cx.value(&held).await?,
        form.key_format,
        form.key_compression,
    )?;
    Ok((held, value))
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
