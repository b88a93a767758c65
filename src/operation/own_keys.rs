//! The keys of the hierarchy that belong to a tenant (L2 and L3) as objects: symmetric keys that never
//! leave the server.
//!
//! A tenant's administrators see all of them; Re-key rotates one, Revoke suspends the tenant or service.
//! A service sees its own (L3), to encrypt and decrypt with it. To everybody else there are none.
//!
//! An identifier says which key of the *caller's* tenant is meant, so no other tenant's can be named:
//! [`TENANT_KEY`], or [`SERVICE_KEY`] and the service's name. A service's key has versions, which are
//! objects, too: they add `:` and their number. All are found by their identifier, the keys also by their
//! Object Group, [`GROUP`]; a search that asks for neither does not find them.

mod cipher;
mod revoke;
mod shown;
mod told;

use std::sync::Arc;

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::re_key::{Request, Response};

pub(super) use self::cipher::{decrypt, encrypt};
pub(super) use self::revoke::revoke;
pub(super) use self::told::changed;
use super::context::{Context, Held, Right};
use super::{Failure, Outcome};
use crate::access::Usage;
use crate::keys::rotation::{Refused, Subject};
use crate::store::{KeyLevel, Stored};
use crate::tenant::{ServiceId, ServiceName};

/// The tenant's key (L2).
const TENANT_KEY: &str = "keystrata:tenant-key";
/// Before a service's name: the service's key (L3).
const SERVICE_KEY: &str = "keystrata:service-key:";
/// The Object Group of all of them.
const GROUP: &str = "keystrata:keys";

/// Whether an identifier is a key's of the hierarchy, or could be.
pub(super) fn is_one(uid: &str) -> bool {
    uid == TENANT_KEY || uid.starts_with(SERVICE_KEY)
}

/// What an identifier names.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    /// The service; `None` for the tenant's key.
    service: Option<ServiceName>,
    /// One version of its key.
    version: Option<u32>,
}

impl Named {
    fn read(uid: &str) -> Option<Self> {
        if uid == TENANT_KEY {
            return Some(Self { service: None, version: None });
        }
        let rest = uid.strip_prefix(SERVICE_KEY)?;
        let (name, version) = match rest.split_once(':') {
            None => (rest, None),
            // In one form only, so that a version has one identifier.
            Some((name, digits)) => {
                let number =
                    digits.parse().ok().filter(|number: &u32| number.to_string() == digits);
                (name, Some(number?))
            }
        };
        Some(Self { service: Some(ServiceName::new(name).ok()?), version })
    }

    /// Whether it is the caller's own, and wanted for what a service may do with its own.
    fn is_own(&self, cx: &Context<'_>, right: Right) -> bool {
        let uses = [Right::Attributes, Right::Use(Usage::Encrypt), Right::Use(Usage::Decrypt)];
        self.service.as_ref() == Some(cx.service_name()) && uses.contains(&right)
    }
}

/// The key of the hierarchy that an identifier names, if the caller may know of it for that.
///
/// # Errors
/// The store's.
pub(super) async fn find(
    cx: &Context<'_>,
    uid: &str,
    right: Right,
) -> Result<Option<Held>, Failure> {
    let Some(named) = Named::read(uid) else { return Ok(None) };
    if !cx.is_tenant_admin() && !named.is_own(cx, right) {
        return Ok(None);
    }
    let Some(subject) = subject(cx, &named).await? else { return Ok(None) };
    held(cx, &subject, named.version).await
}

/// The keys of the hierarchy among the members of an object group.
///
/// # Errors
/// The store's.
pub(super) async fn members(
    cx: &Context<'_>,
    mut groups: impl Iterator<Item = &str>,
) -> Result<Vec<Held>, Failure> {
    if !groups.any(|group| group == GROUP) {
        return Ok(Vec::new());
    }
    let levels = if cx.is_tenant_admin() {
        let services = cx.parts().store.engine().services(cx.tenant()).await?;
        let services = services.iter().map(|service| KeyLevel::Service(service.id));
        [KeyLevel::Tenant(cx.tenant())].into_iter().chain(services).collect()
    } else {
        vec![KeyLevel::Service(cx.service())]
    };
    let mut members = Vec::with_capacity(levels.len());
    for level in levels {
        let subject = cx.parts().keyring.subject(level).await?;
        members.extend(held(cx, &subject, None).await?.filter(|held| cx.shows(held.object())));
    }
    Ok(members)
}

async fn subject(cx: &Context<'_>, named: &Named) -> Result<Option<Subject>, Failure> {
    let level = match &named.service {
        None => KeyLevel::Tenant(cx.tenant()),
        Some(name) => match cx.parts().store.service(cx.tenant(), name).await? {
            Some(service) => KeyLevel::Service(service.id),
            None => return Ok(None),
        },
    };
    Ok(Some(cx.parts().keyring.subject(level).await?))
}

/// A key, or a version of it that there is, as an object without a value.
async fn held(
    cx: &Context<'_>,
    subject: &Subject,
    version: Option<u32>,
) -> Result<Option<Held>, Failure> {
    let versions = cx.parts().store.keys(subject.level()).await?;
    let Some(object) = shown::object(subject, &versions, version) else { return Ok(None) };
    let service = match subject {
        Subject::Service(_, service) => service.id,
        Subject::Root | Subject::OwnRoot(_) | Subject::Tenant(_) => ServiceId(0),
    };
    Ok(Some(cx.hold(Arc::new(Stored { service, object, sealed: None, revision: 0 }))))
}

/// The key that is meant as a whole.
///
/// # Errors
/// [`Failure::Forbidden`] for one version of it, [`Failure::NotFound`].
async fn whole(cx: &Context<'_>, uid: &str) -> Result<Subject, Failure> {
    let named = Named::read(uid).ok_or(Failure::NotFound)?;
    if named.version.is_some() {
        return Err(Failure::Forbidden("a version is rotated and revoked with its key alone"));
    }
    subject(cx, &named).await?.ok_or(Failure::NotFound)
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
    let subject = whole(cx, uid).await?;
    let changes = cx.parts().keyring.rotation_changes(&subject).await.map_err(refused)?;
    let response = Response { uid: uid.to_owned().into(), attributes: None };
    Ok(Outcome::meant(uid.to_owned(), changes, ResponsePayload::ReKey(response)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_read_in_one_form_only() {
        let service = |name: &str, version| {
            Some(Named { service: Some(ServiceName::new(name).expect("a name")), version })
        };
        let read = |rest: &str| Named::read(&format!("{SERVICE_KEY}{rest}"));
        assert_eq!(Named::read(TENANT_KEY), Some(Named { service: None, version: None }));
        assert_eq!(read("orders"), service("orders", None));
        assert_eq!(read("orders:7"), service("orders", Some(7)));
        for bad in ["", "orders:", "orders:07", "orders:+7", "orders:7:7", "orders:4294967296", "A"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Named::read("keystrata:tenant-key:1"), None);
    }
}
