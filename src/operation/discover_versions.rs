//! Discover Versions (KMIP 1.4 §4.26, KMIP 2.1 §6.1.15).

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::discover_versions::{Request, Response};
use kmip_ttlv::{ProtocolVersion, Version};

use super::{Context, Failure, Outcome};

/// Tells the versions that both sides speak: the client's, in its order, or all of ours, best
/// first.
pub(super) async fn discover_versions(
    _: &Context<'_>,
    request: &Request,
) -> Result<Outcome, Failure> {
    let versions = if request.versions.is_empty() {
        Version::ALL.into_iter().rev().map(ProtocolVersion::from).collect()
    } else {
        let known = |asked: &&ProtocolVersion| asked.version().is_some();
        request.versions.iter().filter(known).copied().collect()
    };
    Ok(Outcome::told(ResponsePayload::DiscoverVersions(Response { versions })))
}
