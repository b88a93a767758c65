//! Ping (KMIP 2.1 §6.1.37) and Interop (KMIP 2.1 §6.1.26): nothing but an answer.

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::{interop, ping};

use super::{Context, Failure, Outcome};

/// Says that the server is there.
pub(super) async fn ping(_: &Context<'_>, _: &ping::Request) -> Result<Outcome, Failure> {
    Ok(Outcome::told(ResponsePayload::Ping(ping::Response {})))
}

/// Takes note that an interoperability test begins or ends. The audit trail has the identifier of
/// neither: the operation is there so that test suites can mark their place in a log.
pub(super) async fn interop(_: &Context<'_>, _: &interop::Request) -> Result<Outcome, Failure> {
    Ok(Outcome::told(ResponsePayload::Interop(interop::Response {})))
}
