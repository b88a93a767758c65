//! Ping (KMIP 2.1 §6.1.37): nothing but an answer.

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::ping::{Request, Response};

use super::{Context, Failure, Outcome};

/// Says that the server is there.
pub(super) async fn ping(_: &Context<'_>, _: &Request) -> Result<Outcome, Failure> {
    Ok(Outcome::told(ResponsePayload::Ping(Response {})))
}
