//! Log (KMIP 2.1 §6.1.29).

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::log::{Request, Response};

use super::{Context, Failure, Outcome};

/// The longest message, in bytes. It becomes a field of one log line.
const MESSAGE_BYTES_MAX: usize = 1024;

/// Hands the client's words to the line that the service writes of this item.
pub(super) async fn log(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    if request.message.len() > MESSAGE_BYTES_MAX {
        return Err(Failure::LimitExceeded("the Log Message is longer than 1024 bytes"));
    }
    cx.note_message(&request.message);
    Ok(Outcome::told(ResponsePayload::Log(Response {})))
}
