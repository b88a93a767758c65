//! Add Attribute (KMIP 1.4 §4.14, KMIP 2.1 §6.1.2), Modify Attribute (KMIP 1.4 §4.15, KMIP 2.1
//! §6.1.34), Delete Attribute (KMIP 1.4 §4.16, KMIP 2.1 §6.1.13) and Set Attribute (KMIP 2.1
//! §6.1.52).

use kmip_ttlv::attribute::IndexedAttribute;
use kmip_ttlv::payload::{
    ResponsePayload, add_attribute, delete_attribute, modify_attribute, set_attribute,
};

use super::attribute_change as change;
use super::context::{Context, Held, Right};
use super::{Failure, Outcome, creation};
use crate::object::{Object, set};

/// Adds an attribute, or one more instance of it.
pub(super) async fn add_attribute(
    cx: &Context<'_>,
    request: &add_attribute::Request<'_>,
) -> Result<Outcome, Failure> {
    let (held, mut object) = edit(cx, request.uid.as_ref()).await?;
    let added = &request.attribute;
    if added.index.is_some() {
        // The index of a new instance is the server's to choose (KMIP 1.4 §4.14).
        return Err(Failure::InvalidField("a new attribute has no Attribute Index yet".into()));
    }
    let added = change::add(cx, &mut object, &added.attribute)?;
    let uid = object.uid.clone();
    let response = add_attribute::Response { uid: uid.clone().into(), attribute: Some(added) };
    let response = ResponsePayload::AddAttribute(response);
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}

/// Gives an instance that is there another value.
pub(super) async fn modify_attribute(
    cx: &Context<'_>,
    request: &modify_attribute::Request<'_>,
) -> Result<Outcome, Failure> {
    let (held, mut object) = edit(cx, request.uid.as_ref()).await?;
    let meant = set::reference(&request.attribute.attribute);
    let current = request.current.as_ref().map(|it| creation::resolved(cx, &it.attribute));
    let current = current.transpose()?;
    if current.as_deref().is_some_and(|current| set::reference(current) != meant) {
        return Err(Failure::InvalidField("current and new attribute are not the same".into()));
    }
    let modified = change::replace(cx, &mut object, &request.attribute, current.as_deref())?;
    let modified = said(modified, request.attribute.index);
    let uid = object.uid.clone();
    let response =
        modify_attribute::Response { uid: uid.clone().into(), attribute: Some(modified) };
    let response = ResponsePayload::ModifyAttribute(response);
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}

/// The first instance of an attribute that takes several has its index in the answer if the request
/// had it, as PyKMIP expects; the official cases have none for attributes that take one.
fn said(attribute: IndexedAttribute, asked: Option<i32>) -> IndexedAttribute {
    let index = asked.filter(|_| attribute.attribute.kind().is_multi_instance());
    IndexedAttribute { index: attribute.index.or(index), ..attribute }
}

/// Takes an instance away; in 2.x, by reference, all instances.
pub(super) async fn delete_attribute(
    cx: &Context<'_>,
    request: &delete_attribute::Request<'_>,
) -> Result<Outcome, Failure> {
    let (held, mut object) = edit(cx, request.uid.as_ref()).await?;
    let gone = delete(cx, request, &mut object)?;
    let uid = object.uid.clone();
    let response = delete_attribute::Response { uid: uid.clone().into(), attribute: gone };
    let response = ResponsePayload::DeleteAttribute(response);
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}

fn delete(
    cx: &Context<'_>,
    request: &delete_attribute::Request<'_>,
    object: &mut Object,
) -> Result<Option<IndexedAttribute>, Failure> {
    let is_2x = cx.version().is_2x();
    match (&request.current, &request.reference) {
        (Some(current), _) => {
            let current = creation::resolved(cx, &current.attribute)?;
            change::remove_value(object, &current, cx.now()).map(Some)
        }
        (None, Some(meant)) if is_2x => {
            change::remove_all(object, meant, cx.now())?;
            Ok(None)
        }
        (None, Some(meant)) => {
            let gone = change::remove(object, meant, request.index.unwrap_or(0), cx.now())?;
            Ok(Some(said(gone, request.index)))
        }
        (None, None) => Err(Failure::InvalidMessage("no attribute is named".into())),
    }
}

/// Adds or changes an attribute that has one value.
pub(super) async fn set_attribute(
    cx: &Context<'_>,
    request: &set_attribute::Request<'_>,
) -> Result<Outcome, Failure> {
    let (held, mut object) = edit(cx, request.uid.as_ref()).await?;
    change::put(cx, &mut object, &request.attribute.attribute)?;
    let uid = object.uid.clone();
    let response =
        ResponsePayload::SetAttribute(set_attribute::Response { uid: uid.clone().into() });
    Ok(Outcome::changed(uid, vec![cx.update(&held, object)], response))
}

/// The object as it is, and as it shall be.
///
/// # Errors
/// [`Failure::Destroyed`], and those of [`Context::object`].
pub(super) async fn edit(
    cx: &Context<'_>,
    uid: Option<&kmip_ttlv::UniqueIdentifier<'_>>,
) -> Result<(Held, Object), Failure> {
    let held = cx.object(uid, Right::Change).await?;
    if held.object().is_destroyed() {
        return Err(Failure::Destroyed);
    }
    let object = held.object().clone();
    Ok((held, object))
}
