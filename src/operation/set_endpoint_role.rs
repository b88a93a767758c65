//! Set Endpoint Role (KMIP 2.1 §6.1.54).

use kmip_ttlv::enums::EndpointRole;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::set_endpoint_role::{Request, Response};
use kmip_ttlv::{Error, Tag};

use super::{Context, Failure, Outcome};

/// Takes the role that the client gives the server on this connection: as a client, the server asks
/// and tells from then on, and the peer answers.
pub(super) async fn set_endpoint_role(
    cx: &Context<'_>,
    request: &Request,
) -> Result<Outcome, Failure> {
    match request.role {
        EndpointRole::Server => {}
        EndpointRole::Client => cx.listen()?,
        EndpointRole::Unknown(value) => {
            return Err(Error::UnknownValue { tag: Tag::EndpointRole, value }.into());
        }
    }
    Ok(Outcome::told(ResponsePayload::SetEndpointRole(Response { role: request.role })))
}
