//! Export (KMIP 1.4 §4.40, KMIP 2.1 §6.1.18).

use kmip_ttlv::attribute::AttributeList;
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::export::{Request, Response};

use super::context::{Context, Held, Right};
use super::{Failure, Outcome, get, shown, value};
use crate::store::Change;

/// Hands out an object with all its attributes, for another server. Its value is as hard to get as
/// by Get; of a destroyed key, all but the key is there.
pub(super) async fn export(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let held = cx.object(request.uid.as_ref(), Right::Attributes).await?;
    let rest = if cx.imitates_pykmip() { None } else { value::destroyed(held.object()) };
    if let Some(rest) = rest {
        return answer(cx, &held, rest, Vec::new()).await;
    }
    let wants = get::Form {
        key_format: request.key_format,
        key_compression: request.key_compression,
        wrap_type: request.key_wrap_type,
        wrapping: request.wrapping.as_deref(),
    };
    let get::Given { held, value, changes } = get::value(cx, request.uid.as_ref(), wants).await?;
    answer(cx, &held, value, changes).await
}

async fn answer(
    cx: &Context<'_>,
    held: &Held,
    value: ManagedObject,
    changes: Vec<Change>,
) -> Result<Outcome, Failure> {
    let object = held.object();
    let mut attributes = shown::shown(object, cx.version())?;
    attributes.extend(shown::secret_digest(cx, held).await?.map(Into::into));
    let list = AttributeList { templates: Vec::new(), attributes };
    let uid = object.uid.clone();
    let response = Response {
        object_type: object.object_type,
        uid: uid.clone().into(),
        attributes: list.into(),
        object: value,
    };
    Ok(Outcome::meant(uid, changes, ResponsePayload::Export(response)))
}
