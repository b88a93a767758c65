//! Get (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).

use kmip_ttlv::UniqueIdentifier;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{KeyCompressionType, KeyFormatType, KeyWrapType};
use kmip_ttlv::object::{KeyWrappingData, KeyWrappingSpecification, ManagedObject};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::get::{Request, Response};

use super::context::{Context, Held, Right};
use super::{Failure, Outcome, key_use, own_keys, pkcs12, wrapping};
use crate::store::Change;

/// Hands out an object's value, in the Key Format Type that was asked for, wrapped if that was.
///
/// It works in every state but the destroyed ones: `pg_tde`, Ceph and vCenter never activate.
pub(super) async fn get(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let wants = Form {
        key_format: request.key_format,
        key_compression: request.key_compression,
        wrap_type: request.key_wrap_type,
        wrapping: request.wrapping.as_deref(),
    };
    let Given { held, value, mut changes } = value(cx, request.uid.as_ref(), wants).await?;
    let object = held.object();
    let uid = object.uid.clone();
    let response =
        Response { object_type: object.object_type, uid: uid.clone().into(), object: value };
    handed_out(cx, &held, &mut changes);
    Ok(Outcome::changed(uid, changes, ResponsePayload::Get(response)))
}

/// The form in which a client wants a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) key_format: Option<KeyFormatType>,
    pub(super) key_compression: Option<KeyCompressionType>,
    pub(super) wrap_type: Option<KeyWrapType>,
    pub(super) wrapping: Option<&'a KeyWrappingSpecification>,
}

impl Form<'_> {
    /// Whether a value that is kept like this is to be unwrapped first. One that came wrapped is
    /// given as it came unless the client says something else.
    ///
    /// # Errors
    /// [`wrapping::Error::WrapType`]: a wrapped key is not wrapped once more.
    fn unwraps(&self, kept: Option<&KeyWrappingData>) -> Result<bool, Failure> {
        match self.wrap_type {
            Some(KeyWrapType::Unknown(_)) => Err(wrapping::Error::WrapType.into()),
            Some(KeyWrapType::AsRegistered) if self.wrapping.is_some() && kept.is_some() => {
                Err(wrapping::Error::WrapType.into())
            }
            Some(KeyWrapType::NotWrapped) => Ok(true),
            Some(KeyWrapType::AsRegistered) | None => Ok(self.wrapping.is_some()),
        }
    }

    /// Whether whoever gets the value can read it.
    fn is_readable(&self, unwraps: bool, kept: Option<&KeyWrappingData>) -> bool {
        match (self.wrapping, kept) {
            (Some(specification), _) => !wrapping::hides(specification.method),
            (None, Some(data)) => unwraps || !wrapping::hides(data.method),
            (None, None) => true,
        }
    }
}

/// What a client is given.
pub(super) struct Given {
    pub(super) held: Held,
    /// The value in the form that is wanted.
    pub(super) value: ManagedObject,
    /// What must be durable before it is given.
    pub(super) changes: Vec<Change>,
}

/// An object and its value, for a client that may have it.
///
/// # Errors
/// Those of [`Context::object`]; [`Failure::Sensitive`], [`Failure::NotExtractable`],
/// [`Failure::Forbidden`] for a one-time pad, or that it cannot be given in this form.
pub(super) async fn value(
    cx: &Context<'_>,
    uid: Option<&UniqueIdentifier<'_>>,
    form: Form<'_>,
) -> Result<Given, Failure> {
    let held = cx.object(uid, Right::Value).await?;
    let object = held.object();
    if object.is_pad() {
        return Err(Failure::Forbidden("a one-time pad is used here, and handed out to nobody"));
    }
    if own_keys::is_one(&object.uid) {
        return Err(Failure::Sensitive);
    }
    let kept = cx.value(&held).await?;
    let wrapped = kept.key_block().and_then(|block| block.wrapping.as_deref());
    let unwraps = form.unwraps(wrapped)?;
    if object.is_sensitive() && form.is_readable(unwraps, wrapped) {
        return Err(Failure::Sensitive);
    }
    if !object.is_extractable() {
        return Err(Failure::NotExtractable);
    }
    let mut changes = Vec::new();
    let value = if unwraps {
        let (plain, place) = wrapping::unwrap(cx, kept).await?;
        let plain = in_format(cx, &held, form, plain).await?;
        match form.wrapping {
            Some(wanted) => wrapping::wrap(cx, wanted, &held, (plain, place), &mut changes).await?,
            None => plain,
        }
    } else {
        in_format(cx, &held, form, kept).await?
    };
    Ok(Given { held, value, changes })
}

/// The value in the Key Format Type that is wanted, or as it is kept.
async fn in_format(
    cx: &Context<'_>,
    held: &Held,
    form: Form<'_>,
    value: ManagedObject,
) -> Result<ManagedObject, Failure> {
    let (format, compression) = (form.key_format, form.key_compression);
    if format == Some(KeyFormatType::Pkcs12) && compression.is_none() {
        return pkcs12::container(cx, held, &value, form.wrapping.is_some()).await;
    }
    let attributes = &held.object().attributes;
    super::value::in_format(cx.version(), attributes, value, format, compression)
}

/// Notes that the object is not fresh any more, the first time that it is handed out (KMIP 1.4
/// §3.34).
fn handed_out(cx: &Context<'_>, held: &Held, changes: &mut Vec<Change>) {
    if held.object().fresh() != Some(true) {
        return;
    }
    if let Some(object) = key_use::changed(changes, &held.object().uid) {
        object.attributes.put(Attribute::Fresh(false));
        return;
    }
    let mut object = held.object().clone();
    object.attributes.put(Attribute::Fresh(false));
    changes.push(cx.update(held, object));
}
