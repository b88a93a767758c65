//! PKCS#11 (KMIP 2.1 §6.1.37): calls of a PKCS#11 module that stands at the client and has its
//! functions served here.
//!
//! Served is what a module needs to come up, to say what it is, and to go: `C_Initialize`, `C_GetInfo`
//! and `C_Finalize`. There are no slots and no sessions: keys are used by KMIP's own operations, which
//! know their rules. Every other function of the interface returns `CKR_FUNCTION_NOT_SUPPORTED`, as
//! PKCS#11 has it.
//!
//! A client that has initialized is a stream: it belongs to its service, is counted with the service's
//! streams, and is over when nobody has called it for a while.

use kmip_ttlv::enums::{Operation, Pkcs11Function, Pkcs11ReturnCode};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::pkcs11::{Request, Response};

use super::facts::VENDOR;
use super::part::{Output, Part, Step, Work};
use super::{Context, Failure, Outcome};
use crate::crypto::random::Random;

/// The names of the interface that is served: the default one of PKCS#11.
const INTERFACE: &str = "PKCS 11";

/// Functions are numbered from 1 in the order of `CK_FUNCTION_LIST_3_0` (KMIP 2.1 §11.38).
const C_INITIALIZE: u32 = 1;
const C_FINALIZE: u32 = 2;
const C_GET_INFO: u32 = 3;

/// The last function of `CK_FUNCTION_LIST_3_0`, `C_MessageVerifyFinal`.
const FUNCTION_MAX: u32 = 92;

/// Return values, by their numbers in PKCS#11 (KMIP 2.1 §11.39).
const CKR_OK: u32 = 0x00;
const CKR_ARGUMENTS_BAD: u32 = 0x07;
const CKR_FUNCTION_NOT_SUPPORTED: u32 = 0x54;
const CKR_CRYPTOKI_NOT_INITIALIZED: u32 = 0x190;
const CKR_CRYPTOKI_ALREADY_INITIALIZED: u32 = 0x191;

/// The version of PKCS#11, as `CK_INFO` has it.
const CRYPTOKI_VERSION: [u8; 2] = [3, 0];

/// What a function gives back.
struct Returned {
    code: u32,
    output: Option<Vec<u8>>,
    correlation_value: Option<Vec<u8>>,
}

impl From<u32> for Returned {
    fn from(code: u32) -> Self {
        Self { code, output: None, correlation_value: None }
    }
}

/// Calls a function. That it was called is a success, whatever it returns.
pub(super) async fn pkcs11(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    if request.interface.as_deref().is_some_and(|name| name != INTERFACE) {
        return Err(Failure::Pkcs11Interface);
    }
    let client = request.correlation_value.as_deref();
    let input = request.input.as_ref().map_or(&[][..], |input| input.expose());
    let returned = match request.function.number() {
        C_INITIALIZE => initialize(cx, client, input)?,
        C_FINALIZE => finalize(cx, client, input)?,
        C_GET_INFO => get_info(cx, client, input)?,
        0 | FUNCTION_AFTER.. => return Err(Failure::Pkcs11Function),
        _ => CKR_FUNCTION_NOT_SUPPORTED.into(),
    };
    Ok(Outcome::told(ResponsePayload::Pkcs11(Response {
        interface: request.interface.clone(),
        function: Pkcs11Function::from_number(request.function.number()),
        correlation_value: returned.correlation_value.map(Into::into),
        output: returned.output.map(Into::into),
        return_code: Pkcs11ReturnCode::from_number(returned.code),
    })))
}

/// The first number that is no function's.
const FUNCTION_AFTER: u32 = FUNCTION_MAX + 1;

/// `C_Initialize`: the arguments are about threads of the client alone.
fn initialize(cx: &Context<'_>, client: Option<&[u8]>, input: &[u8]) -> Result<Returned, Failure> {
    pointer(input)?;
    if let Some(client) = client
        && call(cx, Step::Next(client))?
    {
        return Ok(CKR_CRYPTOKI_ALREADY_INITIALIZED.into());
    }
    let begun = part(Step::First).begin(cx, None, Box::new(Initialized))?;
    Ok(Returned { correlation_value: begun.correlation_value, ..CKR_OK.into() })
}

/// `C_Finalize`, whose one argument must be no pointer.
fn finalize(cx: &Context<'_>, client: Option<&[u8]>, input: &[u8]) -> Result<Returned, Failure> {
    let reserved = pointer(input)?;
    let known = match client {
        Some(client) if reserved => call(cx, Step::Next(client))?,
        Some(client) => call(cx, Step::Last(client))?,
        None => false,
    };
    Ok(match (known, reserved) {
        (false, _) => CKR_CRYPTOKI_NOT_INITIALIZED.into(),
        (true, true) => CKR_ARGUMENTS_BAD.into(),
        (true, false) => CKR_OK.into(),
    })
}

/// `C_GetInfo`.
fn get_info(cx: &Context<'_>, client: Option<&[u8]>, input: &[u8]) -> Result<Returned, Failure> {
    pointer(input)?;
    let known = match client {
        Some(client) => call(cx, Step::Next(client))?,
        None => false,
    };
    if !known {
        return Ok(CKR_CRYPTOKI_NOT_INITIALIZED.into());
    }
    let output = Some(info(cx.parts().facts.server_version));
    Ok(Returned { output, ..CKR_OK.into() })
}

/// `CK_INFO`: numbers are big-endian, text is padded with blanks.
fn info(version: &str) -> Vec<u8> {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0_u8));
    let mut output = CRYPTOKI_VERSION.to_vec();
    output.extend(padded(VENDOR));
    // Flags: there are none.
    output.extend(0_u64.to_be_bytes());
    output.extend(padded("keystrata over KMIP"));
    output.extend([numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]);
    output
}

fn padded(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().chain(std::iter::repeat(b' ')).take(32)
}

/// Reads whether the one pointer of a function is there; left out, it is not.
fn pointer(input: &[u8]) -> Result<bool, Failure> {
    match input {
        [] | [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(Failure::Pkcs11Codec),
    }
}

/// Goes on with a client, or ends it; whether there is such a one.
fn call(cx: &Context<'_>, step: Step<'_>) -> Result<bool, Failure> {
    match part(step).go_on(cx, None) {
        Ok(_) => Ok(true),
        Err(Failure::UnknownStream) => Ok(false),
        Err(other) => Err(other),
    }
}

fn part(step: Step<'_>) -> Part<'_> {
    Part { operation: Operation::Pkcs11, step, data: &[], mac: None }
}

/// A client between `C_Initialize` and `C_Finalize`.
#[derive(Debug)]
struct Initialized;

impl Work for Initialized {
    fn update(&mut self, _: &Part<'_>) -> Result<Output, Failure> {
        Ok(Output::default())
    }

    fn finish(self: Box<Self>, _: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        Ok(Output::default())
    }
}
