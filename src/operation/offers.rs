//! Notify and Put (KMIP 1.4 §5.1 and §5.2, KMIP 2.1 §6.2.2 and §6.2.3): what the server sends of its
//! own accord.

use kmip_ttlv::UniqueIdentifier;
use kmip_ttlv::attribute::{
    Attribute, AttributeKind, AttributeList, IndexedAttribute, InlineAttributes, UnknownAttribute,
};
use kmip_ttlv::enums::{LinkType, PutFunction};
use kmip_ttlv::payload::{RequestPayload, notify, put};

use super::context::{Context, Right};
use super::{Failure, get, own_keys, shown};
use crate::keys::events::Event;
use crate::object::{Object, set};

/// A new object, for a client that could have read it.
///
/// # Errors
/// What keeps the client from reading it.
pub async fn put(cx: &Context<'_>, uid: &str) -> Result<RequestPayload<'static>, Failure> {
    let form =
        get::Form { key_format: None, key_compression: None, wrap_type: None, wrapping: None };
    let given = get::value(cx, Some(&UniqueIdentifier::from(uid)), form).await?;
    let (object, value) = (given.held.object(), given.value);
    let replaced = object.attributes.linked(LinkType::ReplacedObjectLink);
    let replaced = replaced.and_then(|uid| uid.text()).map(str::to_owned);
    let function = if replaced.is_some() { PutFunction::Replace } else { PutFunction::New };
    let attributes = shown::shown(object, cx.version())?;
    Ok(RequestPayload::Put(put::Request {
        uid: object.uid.clone().into(),
        function,
        replaced_uid: replaced.map(Into::into),
        object: value,
        attributes: inline(attributes),
    }))
}

/// What has changed of an object, for a client that may know of it; `None` if nothing has that it
/// knows.
///
/// # Errors
/// What keeps the client from reading the object's attributes.
pub async fn notify(
    cx: &Context<'_>,
    uid: &str,
    changed: &[IndexedAttribute],
    gone: &[IndexedAttribute],
) -> Result<Option<RequestPayload<'static>>, Failure> {
    let held = cx.object(Some(&UniqueIdentifier::from(uid)), Right::Attributes).await?;
    let (object, version) = (held.object(), cx.version());
    let is_shown = |one: &&IndexedAttribute| shown::is_shown(object, &one.attribute, version);
    let mut attributes: Vec<_> = changed.iter().filter(is_shown).cloned().collect();
    let mut references = Vec::new();
    for gone in gone.iter().filter(is_shown) {
        if version.is_2x() {
            let meant = set::reference(&gone.attribute);
            // 2.x cannot say which value is gone; it is told those that are left.
            let left: Vec<_> = object.attributes.instances(&meant).cloned().collect();
            if left.is_empty() && !references.contains(&meant) {
                references.push(meant);
            }
            attributes.extend(left.into_iter().filter(|one| !changed.contains(one)));
        } else {
            attributes.push(without_value(gone));
        }
    }
    if attributes.is_empty() && references.is_empty() {
        return Ok(None);
    }
    complete(&mut attributes, object);
    Ok(Some(RequestPayload::Notify(notify::Request {
        uid: object.uid.clone().into(),
        attributes: inline(attributes),
        references,
    })))
}

/// What an event changes of a key of the hierarchy, for a client that may know of it.
///
/// # Errors
/// The store's.
pub async fn notify_of_key(
    cx: &Context<'_>,
    event: &Event,
) -> Result<Option<RequestPayload<'static>>, Failure> {
    let Some((object, changed)) = own_keys::changed(cx, event).await? else { return Ok(None) };
    cx.note_object(&object.uid);
    let changed = changed.into_iter().map(IndexedAttribute::from);
    let is_shown = |one: &IndexedAttribute| shown::is_shown(&object, &one.attribute, cx.version());
    let attributes = changed.filter(is_shown).collect();
    Ok(Some(RequestPayload::Notify(notify::Request {
        uid: object.uid.clone().into(),
        attributes: inline(attributes),
        references: Vec::new(),
    })))
}

/// An attribute that is gone, as 1.x says it.
fn without_value(gone: &IndexedAttribute) -> IndexedAttribute {
    let name = gone.attribute.name().into_owned();
    let unvalued = UnknownAttribute::Named { vendor: None, name, value: None };
    IndexedAttribute { index: gone.index, attribute: Attribute::Unknown(unvalued) }
}

/// The Last Change Date is told with whatever has changed.
fn complete(attributes: &mut Vec<IndexedAttribute>, object: &Object) {
    let kind = AttributeKind::LastChangeDate;
    if attributes.iter().all(|told| told.attribute.kind() != kind) {
        attributes.extend(object.attributes.first(kind).cloned().map(IndexedAttribute::from));
    }
}

fn inline(attributes: Vec<IndexedAttribute>) -> InlineAttributes {
    AttributeList { templates: Vec::new(), attributes }.into()
}
