//! Revoke of a key of the hierarchy: whoever has it is suspended.

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::revoke::Response;

use super::super::context::Context;
use super::super::{Failure, Outcome};
use crate::keys::rotation::Subject;
use crate::store::{Administration, Change, ServiceRow, TenantRow, TenantState};

/// Suspends the tenant whose key it is, or the service: its requests are refused, and its keys leave
/// memory, once this is durable. Only an operator can resume it.
///
/// # Errors
/// [`Failure::WrongState`] if it is not served already, [`Failure::Forbidden`] for one version of a key.
pub(in crate::operation) async fn revoke(cx: &Context<'_>, uid: &str) -> Result<Outcome, Failure> {
    let suspended = TenantState::Suspended;
    let (state, change) = match super::whole(cx, uid).await? {
        Subject::Root | Subject::OwnRoot(_) => return Err(Failure::NotFound),
        Subject::Tenant(from) => {
            let to = TenantRow { state: suspended, ..from.clone() };
            (from.state, Administration::Tenant { from, to })
        }
        Subject::Service(_, from) => {
            let to = ServiceRow { state: suspended, ..from.clone() };
            (from.state, Administration::Service { from, to })
        }
    };
    if state != TenantState::Active {
        return Err(Failure::WrongState("the key's service is suspended or shredded already"));
    }
    let response = ResponsePayload::Revoke(Response { uid: uid.to_owned().into() });
    Ok(Outcome::changed(uid.to_owned(), vec![Change::Administer(change)], response))
}
