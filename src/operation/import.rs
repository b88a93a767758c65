//! Import (KMIP 1.4 §4.41, KMIP 2.1 §6.1.25).

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference};
use kmip_ttlv::enums::{KeyWrapType, State};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::import::{Request, Response};

use super::context::{Context, OWN_PREFIX, Right};
use super::{Failure, Outcome, creation, pkcs12, register, wrapping};
use crate::object::{AttributeSet, Object, rules, set};
use crate::store::Change;

/// The longest identifier that a client may give an object, in bytes. Those of this server are 36.
const UID_BYTES_MAX: usize = 128;

/// Takes an object from another server, with its identifier and the attributes that it had there:
/// those, too, that are otherwise the server's to give. What it did not bring is made here.
pub(super) async fn import(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let bad = |message: &str| Failure::InvalidField(message.into());
    let uid = request.uid.text().ok_or_else(|| bad("the Unique Identifier must be text"))?;
    if uid.is_empty() || uid.len() > UID_BYTES_MAX {
        return Err(bad("the Unique Identifier is empty or too long"));
    }
    if uid.starts_with(OWN_PREFIX) {
        return Err(bad("the Unique Identifier is one of the server's own"));
    }
    let object_type = request.object.object_type();
    if request.object_type.is_some_and(|said| said != object_type) {
        return Err(bad("the object is not of the Object Type given"));
    }
    let mut attributes = AttributeSet::default();
    for attribute in request.attributes.iter() {
        take(cx, &mut attributes, attribute, uid, request)?;
    }
    let value = unwrapped(cx, request).await?;
    let (value, mut changes) = opened(cx, value, &mut attributes).await?;
    let value = register::accept(cx, value, &mut attributes)?;
    creation::check_policy(cx, object_type, &attributes)?;
    complete(cx, &mut attributes);
    creation::describe_missing(cx, &mut attributes, &value)?;
    let object = Object { uid: uid.to_owned(), object_type, attributes };
    object.check_dates(|_| true)?;
    let object = object.settled(cx.now()).unwrap_or(object);
    creation::check_size(cx, &object)?;
    changes.push(match cx.object(Some(&request.uid), Right::Attributes).await {
        Err(Failure::NotFound) => cx.insert(object, &value).await?,
        Ok(_) if request.replace_existing != Some(true) => return Err(Failure::AlreadyExists),
        Ok(held) if held.object().is_archived() => return Err(Failure::Archived),
        Ok(held) => cx.overwrite(&held, object, &value).await?,
        Err(failure) => return Err(failure),
    });
    let uid = uid.to_owned();
    let response = Response { uid: uid.clone().into() };
    Ok(Outcome::meant(uid, changes, ResponsePayload::Import(response)))
}

/// A key out of its PKCS#12 container, and new objects for the certificates that came with it. Import
/// has no reason of its own for a wrong password.
async fn opened(
    cx: &Context<'_>,
    value: ManagedObject,
    attributes: &mut AttributeSet,
) -> Result<(ManagedObject, Vec<Change>), Failure> {
    let format = |value: &ManagedObject| value.key_block().map(|block| block.format);
    let before = format(&value);
    match pkcs12::open(cx, value, attributes).await {
        Ok((value, changes)) => {
            if format(&value) != before {
                attributes.remove_all(&AttributeReference::Known(AttributeKind::KeyFormatType));
            }
            Ok((value, changes))
        }
        Err(Failure::Password(why)) => Err(Failure::InvalidField(why.into())),
        Err(failure) => Err(failure),
    }
}

/// The object as it is to be kept: as it came, or unwrapped if the client wants that. Import has no
/// reasons of its own for what wrapping keys can be wrong with.
async fn unwrapped(cx: &Context<'_>, request: &Request<'_>) -> Result<ManagedObject, Failure> {
    let object = request.object.clone();
    match request.key_wrap_type {
        None | Some(KeyWrapType::AsRegistered) => Ok(object),
        Some(KeyWrapType::NotWrapped) => match wrapping::unwrap(cx, object).await {
            Ok((object, _)) => Ok(object),
            Err(Failure::Wrapping(error @ wrapping::Error::Encoding(_))) => Err(error.into()),
            Err(Failure::Wrapping(error)) => Err(Failure::InvalidField(error.to_string())),
            Err(failure) => Err(failure),
        },
        Some(KeyWrapType::Unknown(_)) => {
            Err(Failure::InvalidField(wrapping::Error::WrapType.to_string()))
        }
    }
}

/// Takes one attribute as it is, unless it only repeats what the request says already.
fn take(
    cx: &Context<'_>,
    attributes: &mut AttributeSet,
    attribute: &Attribute,
    uid: &str,
    request: &Request<'_>,
) -> Result<(), Failure> {
    let name = || attribute.name().into_owned();
    let contradiction = || Failure::InvalidAttributeValue(format!("another {:.64}", name()));
    match attribute {
        Attribute::UniqueIdentifier(said) if said.text() == Some(uid) => return Ok(()),
        Attribute::ObjectType(said) if *said == request.object.object_type() => return Ok(()),
        Attribute::UniqueIdentifier(_) | Attribute::ObjectType(_) => return Err(contradiction()),
        // It follows from the identifier, by each server's own rule.
        Attribute::ShortUniqueIdentifier(_) => return Ok(()),
        Attribute::State(
            State::PreActive | State::Active | State::Deactivated | State::Compromised,
        ) => {}
        // Nothing is left of such an object that could be imported.
        Attribute::State(_) => return Err(Failure::InvalidAttributeValue("bad State".into())),
        _ => {}
    }
    if rules::rule(attribute.kind()).is_none() {
        return Err(Failure::UnsupportedAttribute(name()));
    }
    creation::check_namespace(attribute)?;
    if attributes.iter().count() >= cx.parts().facts.attributes_max {
        return Err(Failure::TooManyAttributes);
    }
    let is_many = attribute.kind().is_multi_instance();
    if !is_many && attributes.instances(&set::reference(attribute)).next().is_some() {
        return Err(Failure::AttributeSingleValued(name()));
    }
    attributes.add(creation::resolved(cx, attribute)?.into_owned());
    Ok(())
}

/// Adds what every object has and this one did not bring.
fn complete(cx: &Context<'_>, attributes: &mut AttributeSet) {
    let now = DateTime(cx.now());
    creation::default(attributes, Attribute::Sensitive(false));
    creation::default(attributes, Attribute::Extractable(true));
    let is = |attributes: &AttributeSet, wanted: Attribute| {
        attributes.first(wanted.kind()) == Some(&wanted)
    };
    let always = Attribute::AlwaysSensitive(is(attributes, Attribute::Sensitive(true)));
    let never = Attribute::NeverExtractable(is(attributes, Attribute::Extractable(false)));
    creation::default(attributes, always);
    creation::default(attributes, never);
    creation::default(attributes, Attribute::State(State::PreActive));
    creation::default(attributes, Attribute::InitialDate(now));
    creation::default(attributes, Attribute::LastChangeDate(now));
    if attributes.first(AttributeKind::Fresh).is_none() {
        attributes.put(Attribute::Fresh(true));
    }
}
