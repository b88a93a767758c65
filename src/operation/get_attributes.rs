//! Get Attributes (KMIP 1.4 §4.12, KMIP 2.1 §6.1.20) and Get Attribute List (KMIP 1.4 §4.13,
//! KMIP 2.1 §6.1.21).

use kmip_ttlv::attribute::{AttributeKind, AttributeList, AttributeReference};
use kmip_ttlv::payload::{ResponsePayload, get_attribute_list, get_attributes};

use super::context::{Context, Right};
use super::{Failure, Outcome, shown};
use crate::object::set;

/// Gives the attributes that are asked for, all of them if none is. One that is not set, or that
/// nobody knows, is left out.
pub(super) async fn get_attributes(
    cx: &Context<'_>,
    request: &get_attributes::Request<'_>,
) -> Result<Outcome, Failure> {
    if request.references.len() > cx.parts().facts.attributes_max {
        return Err(Failure::LimitExceeded(
            "more attributes are asked for than an object can have",
        ));
    }
    for (place, one) in request.references.iter().enumerate() {
        if request.references.iter().take(place).any(|earlier| earlier == one) {
            let message = format!("{:.64} is asked for more than once", one.name());
            return Err(Failure::InvalidMessage(message));
        }
    }
    let held = cx.object(request.uid.as_ref(), Right::Attributes).await?;
    let mut attributes = shown::shown(held.object(), cx.version())?;
    let digest = AttributeReference::Known(AttributeKind::Digest);
    if (request.references.is_empty() || request.references.contains(&digest))
        && let Some(digest) = shown::secret_digest(cx, &held).await?
    {
        attributes.push(digest.into());
    }
    if !request.references.is_empty() {
        attributes = shown::pick(&attributes, &request.references);
    }
    if cx.imitates_pykmip() && !cx.version().is_2x() {
        for instance in &mut attributes {
            let is_one_of_many = instance.attribute.kind().is_multi_instance();
            instance.index = instance.index.or(is_one_of_many.then_some(0));
        }
    }
    let uid = held.object().uid.clone();
    let list = AttributeList { templates: Vec::new(), attributes };
    let response = get_attributes::Response { uid: uid.clone().into(), attributes: list.into() };
    Ok(Outcome::read(uid, ResponsePayload::GetAttributes(response)))
}

/// Names the attributes that the object has.
pub(super) async fn get_attribute_list(
    cx: &Context<'_>,
    request: &get_attribute_list::Request<'_>,
) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Attributes).await?;
    let mut references: Vec<AttributeReference> = Vec::new();
    for instance in shown::shown(held.object(), cx.version())? {
        let reference = set::reference(&instance.attribute);
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    if shown::has_secret_digest(cx, &held) {
        references.push(AttributeReference::Known(AttributeKind::Digest));
    }
    let uid = held.object().uid.clone();
    let response = get_attribute_list::Response { uid: uid.clone().into(), references };
    Ok(Outcome::read(uid, ResponsePayload::GetAttributeList(response)))
}
