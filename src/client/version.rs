//! Which version both sides speak (KMIP 1.4 §4.26, KMIP 2.1 §6.1.16).

use kmip_ttlv::enums::ResultReason;
use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage};
use kmip_ttlv::payload::discover_versions;
use kmip_ttlv::{ProtocolVersion, Version};

use super::reply::checked;
use super::{Client, ClientError, Reply};

/// The oldest version that has Discover Versions, and the one that most servers have.
const ASKED_IN: Version = Version::V1_1;
/// The version of servers that do not know the question.
const WITHOUT_QUESTION: Version = Version::V1_0;

/// Asks for the newest version that the server and we speak.
///
/// A server that does not know the version of the question says which it speaks in the header of its
/// refusal, and is asked again in that.
pub(super) async fn negotiate(client: &Client) -> Result<Version, ClientError> {
    match ask(client, ASKED_IN).await? {
        Found::Version(version) => Ok(version),
        Found::None => Err(ClientError::NoVersion),
        Found::Refused { in_version, .. } if in_version > ASKED_IN => {
            match ask(client, in_version).await? {
                Found::Version(version) => Ok(version),
                Found::None => Err(ClientError::NoVersion),
                Found::Refused { error, .. } => Err(error),
            }
        }
        Found::Refused { error, .. }
            if error.refusal().is_some_and(|one| is_unknown(one.reason)) =>
        {
            Ok(WITHOUT_QUESTION)
        }
        Found::Refused { error, .. } => Err(error),
    }
}

/// What a server says.
enum Found {
    Version(Version),
    None,
    Refused { in_version: Version, error: ClientError },
}

async fn ask(client: &Client, version: Version) -> Result<Found, ClientError> {
    let ours = Version::ALL.into_iter().rev().map(ProtocolVersion::from);
    let question = discover_versions::Request { versions: ours.collect() };
    let message = RequestMessage {
        header: RequestHeader::new(version.into(), 1),
        items: vec![RequestItem::new(question)],
    };
    let answer = client.exchange(&message.to_bytes()?).await?;
    let in_version = checked(&answer)?;
    let operation = kmip_ttlv::enums::Operation::DiscoverVersions;
    let reply: Reply<discover_versions::Request> = match Reply::read_from(operation, answer) {
        Ok(reply) => reply,
        Err(error @ ClientError::Refused(_)) => return Ok(Found::Refused { in_version, error }),
        Err(error) => return Err(error),
    };
    let theirs = reply.read()?.versions;
    let common = theirs.into_iter().filter_map(ProtocolVersion::version).max();
    Ok(common.map_or(Found::None, Found::Version))
}

/// Whether a server says so that does not know the operation, or the version that it is asked in.
fn is_unknown(reason: Option<ResultReason>) -> bool {
    use ResultReason::{InvalidMessage, OperationNotSupported, UnsupportedProtocolVersion};
    matches!(reason, Some(OperationNotSupported | InvalidMessage | UnsupportedProtocolVersion))
}
