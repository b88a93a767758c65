//! The keys of the hierarchy that belong to a tenant (L2 and L3), as its administrators see them:
//! symmetric keys that never leave the server and that Re-key rotates. To everybody else there are
//! none.
//!
//! An identifier says which key of the *caller's* tenant is meant, so no other tenant's can be named:
//! [`TENANT_KEY`], or [`SERVICE_KEY`] and the service's name. They are found by their identifier or by
//! their Object Group, [`GROUP`], and not by a search that asks for neither.

use std::sync::Arc;

use kmip_ttlv::attribute::{Attribute, CustomAttribute, Name};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType, State,
};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::re_key::{Request, Response};
use kmip_ttlv::{DateTime, Value};

use super::context::{Context, Held};
use super::{Failure, Outcome};
use crate::keys::rotation::{Refused, Subject};
use crate::object::{AttributeSet, Object};
use crate::store::{KeyLevel, KeyRow, KeyState, Stored, TenantState};
use crate::tenant::{ServiceId, ServiceName};

/// The tenant's key (L2).
const TENANT_KEY: &str = "keystrata:tenant-key";
/// Before a service's name: the service's key (L3).
const SERVICE_KEY: &str = "keystrata:service-key:";
/// The Object Group of all of them.
const GROUP: &str = "keystrata:keys";
/// The bits of such a key.
const KEY_BITS: i32 = 256;
/// The custom attribute that tells the version that seals.
const VERSION: &str = "Key-Version";

/// Whether an identifier is a key's of the hierarchy, or could be.
pub(super) fn is_one(uid: &str) -> bool {
    uid == TENANT_KEY || uid.starts_with(SERVICE_KEY)
}

/// The key of the hierarchy that an identifier names, if the caller may know of it.
///
/// # Errors
/// The store's.
pub(super) async fn find(cx: &Context<'_>, uid: &str) -> Result<Option<Held>, Failure> {
    if !is_one(uid) || !cx.is_tenant_admin() {
        return Ok(None);
    }
    let Some(subject) = subject(cx, uid).await? else { return Ok(None) };
    held(cx, &subject).await.map(Some)
}

/// The keys of the hierarchy among the members of an object group.
///
/// # Errors
/// The store's.
pub(super) async fn members(
    cx: &Context<'_>,
    mut groups: impl Iterator<Item = &str>,
) -> Result<Vec<Held>, Failure> {
    if !cx.is_tenant_admin() || !groups.any(|group| group == GROUP) {
        return Ok(Vec::new());
    }
    let mut levels = vec![KeyLevel::Tenant(cx.tenant())];
    let services = cx.parts().store.engine().services(cx.tenant()).await?;
    levels.extend(services.iter().map(|service| KeyLevel::Service(service.id)));
    let mut members = Vec::with_capacity(levels.len());
    for level in levels {
        let subject = cx.parts().keyring.subject(level).await?;
        let held = held(cx, &subject).await?;
        if cx.shows(held.object()) {
            members.push(held);
        }
    }
    Ok(members)
}

async fn subject(cx: &Context<'_>, uid: &str) -> Result<Option<Subject>, Failure> {
    let level = if uid == TENANT_KEY {
        KeyLevel::Tenant(cx.tenant())
    } else {
        let name = uid.strip_prefix(SERVICE_KEY).and_then(|name| ServiceName::new(name).ok());
        let Some(name) = name else { return Ok(None) };
        let Some(service) = cx.parts().store.service(cx.tenant(), &name).await? else {
            return Ok(None);
        };
        KeyLevel::Service(service.id)
    };
    Ok(Some(cx.parts().keyring.subject(level).await?))
}

/// A key as an object without a value.
async fn held(cx: &Context<'_>, subject: &Subject) -> Result<Held, Failure> {
    let versions = cx.parts().store.keys(subject.level()).await?;
    let object = object(subject, &versions);
    let service = match subject {
        Subject::Service(_, service) => service.id,
        Subject::Root | Subject::Tenant(_) => ServiceId(0),
    };
    Ok(cx.hold(Arc::new(Stored { service, object, sealed: None, revision: 0 })))
}

fn object(subject: &Subject, versions: &[KeyRow]) -> Object {
    let (uid, name, state) = match subject {
        Subject::Service(_, service) => (
            format!("{SERVICE_KEY}{}", service.name),
            format!("key of service {}", service.name),
            service.state,
        ),
        Subject::Root | Subject::Tenant(_) => {
            (TENANT_KEY.to_owned(), "key of the tenant".to_owned(), TenantState::Active)
        }
    };
    let state = match state {
        TenantState::Active => State::Active,
        TenantState::Suspended => State::Deactivated,
        TenantState::Shredded => State::Destroyed,
    };
    let mut attributes = AttributeSet::default();
    for attribute in [
        Attribute::Name(Name { value: name, kind: NameType::UninterpretedTextString }),
        Attribute::ObjectGroup(GROUP.to_owned()),
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(KEY_BITS),
        // It seals other keys, and nothing that a client gives.
        Attribute::CryptographicUsageMask(CryptographicUsageMask::default()),
        Attribute::State(state),
        Attribute::Sensitive(true),
        Attribute::AlwaysSensitive(true),
        Attribute::Extractable(false),
        Attribute::NeverExtractable(true),
    ] {
        attributes.put(attribute);
    }
    if let Some(first) = versions.first() {
        attributes.put(Attribute::InitialDate(DateTime(first.created.seconds())));
    }
    if let Some(active) = versions.iter().find(|row| row.state == KeyState::Active) {
        let since = DateTime(active.created.seconds());
        attributes.put(Attribute::ActivationDate(since));
        attributes.put(Attribute::LastChangeDate(since));
        attributes.put(Attribute::Custom(CustomAttribute {
            vendor: "y".to_owned(),
            name: VERSION.to_owned(),
            value: Value::Integer(active.version.cast_signed()),
        }));
    }
    Object { uid, object_type: ObjectType::SymmetricKey, attributes }
}

/// Re-key of such a key begins its rotation: a new version is made, and becomes the active one once
/// every node has it; what the old one sealed is sealed anew. The key stays the same object.
///
/// # Errors
/// [`Failure::WrongState`] while it is being rotated, or not served.
pub(super) async fn re_key(
    cx: &Context<'_>,
    request: &Request<'_>,
    uid: &str,
) -> Result<Outcome, Failure> {
    let is_given = request.attributes.as_ref().is_some_and(|list| !list.attributes.is_empty());
    if is_given || request.offset.is_some() || request.protection_storage_masks.is_some() {
        let message =
            "a key of the hierarchy is rotated as it is: give no attributes and no Offset";
        return Err(Failure::InvalidField(message.into()));
    }
    let subject = subject(cx, uid).await?.ok_or(Failure::NotFound)?;
    let changes = cx.parts().keyring.rotation_changes(&subject).await.map_err(refused)?;
    let response = Response { uid: uid.to_owned().into(), attributes: None };
    Ok(Outcome::made(uid.to_owned(), changes, ResponsePayload::ReKey(response)))
}

fn refused(refused: Refused) -> Failure {
    match refused {
        Refused::AnotherRunning { .. } => Failure::WrongState("the key is being rotated already"),
        Refused::NotServed(_) => Failure::WrongState("the key's service is suspended or shredded"),
        Refused::Contention => Failure::Contention,
        Refused::Keys(error) => Failure::of_keys(error),
        Refused::Store(error) => error.into(),
        _ => Failure::Internal("a rotation cannot begin"),
    }
}
