//! Re-certify (KMIP 1.4 §4.8, KMIP 2.1 §6.1.45).

use kmip_ttlv::OwnedIdentifier;
use kmip_ttlv::attribute::{AttributeKind, AttributeReference};
use kmip_ttlv::enums::LinkType;
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::re_certify::{Request, Response};

use super::authority::Authority;
use super::certify::{self, Said};
use super::context::{Context, Held, Right};
use super::{Failure, Outcome, certificate, certificate_request, creation, re_key};
use crate::crypto::x509::{Certificate, Wish};
use crate::object::{AttributeSet, Object, rekey, rotation, set};
use crate::store::Change;

/// Issues a certificate that takes the place of another, for the same key: with its attributes and
/// names, and linked to it.
pub(super) async fn re_certify(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let held = cx.object(request.uid.as_ref(), Right::Change).await?;
    let mut old = held.object().clone();
    if old.is_destroyed() {
        return Err(Failure::Destroyed);
    }
    let ManagedObject::Certificate(value) = cx.value(&held).await? else {
        return Err(Failure::NotUsable("only certificates can be certified again"));
    };
    let before = certificate::read(&value)?;
    let wish = wish(cx, request, &before).await?;
    let given = Said::of(cx, request.attributes.as_ref()).await?.attributes;
    let is_given = |kind: AttributeKind| given.first(kind).is_some();
    re_key::check_offset(request.offset.is_some(), is_given)?;
    let offset = request.offset.map(|offset| i64::from(offset.0));
    let mut attributes = taken_over(cx, &mut old, offset, &given)?;
    let authority = Authority::of(cx).await?;
    let lasted = before.not_after.saturating_sub(before.not_before);
    let value = certify::issue(cx, &authority, wish, &attributes, lasted)?;
    let key = old.attributes.linked(LinkType::PublicKeyLink).cloned();
    certificate::accept(cx.version(), &value, &mut attributes)?;
    let (mut new, value) = certify::object(cx, attributes, value, is_given)?;
    rekey::link(&mut old, &mut new);
    rotation::mark(&mut old, &mut new, cx.now());
    if let Some(key) = &key {
        let key = key.text().unwrap_or_default();
        new.attributes.add(set::link(LinkType::PublicKeyLink, key));
    }
    old.touch(cx.now());
    creation::check_size(cx, &old)?;
    creation::check_size(cx, &new)?;
    let uid = new.uid.clone();
    let mut changes = authority.changes;
    changes.extend(turned(cx, key.as_ref(), &old.uid, &uid).await?);
    changes.push(cx.insert_beside(&held, new, &value).await?);
    changes.push(cx.update(&held, old));
    let response = Response { uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, changes, ResponsePayload::ReCertify(response)))
}

/// What the new certificate should say: what a request asks for, or the same again.
async fn wish(
    cx: &Context<'_>,
    request: &Request<'_>,
    before: &Certificate,
) -> Result<Wish, Failure> {
    let given = certificate_request::given(
        request.certificate_request_type,
        request.certificate_request.as_deref(),
    )?;
    let asked = match (given, &request.certificate_request_uid) {
        (Some(_), Some(_)) => {
            let text = "a Certificate Request is given twice";
            return Err(Failure::InvalidMessage(text.into()));
        }
        (Some(wish), None) => wish,
        (None, Some(uid)) => certificate_request::kept(cx, uid).await?.1,
        (None, None) => return Ok(Wish::from(before)),
    };
    certificate_request::check_key(&asked, &before.key()?)?;
    Ok(asked)
}

/// The attributes of the old certificate that are not what it says of itself, with those that are
/// given.
fn taken_over(
    cx: &Context<'_>,
    old: &mut Object,
    offset: Option<i64>,
    given: &AttributeSet,
) -> Result<AttributeSet, Failure> {
    let mut attributes = rekey::take_over(old, cx.now(), offset)?;
    certificate::forget(&mut attributes);
    rekey::give(&mut attributes, given);
    Ok(attributes)
}

/// The public key with its link turned to the new certificate. One that is not there any more, or
/// not this caller's, has none to turn.
async fn turned(
    cx: &Context<'_>,
    key: Option<&OwnedIdentifier>,
    old: &str,
    new: &str,
) -> Result<Option<Change>, Failure> {
    let Some(key) = key else { return Ok(None) };
    let held: Held = match cx.object(Some(&key.0), Right::Change).await {
        Ok(held) => held,
        Err(Failure::NotFound) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let mut object = held.object().clone();
    let links = AttributeReference::Known(AttributeKind::Link);
    let to_old = set::link(LinkType::CertificateLink, old);
    let place = object.attributes.instances(&links).find(|link| link.attribute == to_old);
    let place = place.map(set::index_of);
    let to_new = set::link(LinkType::CertificateLink, new);
    match place {
        Some(place) => {
            object.attributes.replace(place, to_new);
        }
        None => {
            object.attributes.add(to_new);
        }
    }
    object.touch(cx.now());
    creation::check_size(cx, &object)?;
    Ok(Some(cx.update(&held, object)))
}
