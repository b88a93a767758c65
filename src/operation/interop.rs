//! Interop (KMIP 2.1 §6.1.26): suites of tests mark where each test begins and ends. It "SHALL NOT be
//! available in a production server", so the configuration can switch it off.

use kmip_ttlv::enums::InteropFunction;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::interop::{Request, Response};

use super::{Context, Failure, Outcome, beginning};

/// Whether the configuration leaves it switched on.
pub(super) fn is_allowed(cx: &Context<'_>) -> bool {
    cx.parts().facts.interop
}

/// Puts the mark into the log line of the item.
pub(super) async fn interop(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let step = match request.function {
        InteropFunction::Begin => "begin",
        InteropFunction::End => "end",
        InteropFunction::Reset => {
            let why = "no client can bring the server back to an earlier state";
            return Err(Failure::FeatureNotSupported(why));
        }
        // Its table of errors has no Unknown Enumeration (KMIP 2.1 §6.1.26.1).
        InteropFunction::Unknown(_) => {
            return Err(Failure::InvalidField("the Interop Function is not known".into()));
        }
    };
    cx.note_message(&format!("{step} {}", beginning(&request.identifier)));
    Ok(Outcome::told(ResponsePayload::Interop(Response {})))
}
