//! What is sealed of an asynchronous request.
//!
//! ```text
//! a request   format (1), then each as its length in bytes (4, big-endian) and its content:
//!             peer's address, fingerprint, serial, TLS version, suite and group, and the request as
//!             a message of one batch item
//! a result    format (1), KMIP version (2: major, minor), and the response's batch item
//! ```

use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage, ResponseItem};
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::{Buffer, Tag, Version, codec};

use crate::operation::Failure;
use crate::service::batch::Run;
use crate::tenant::{Fingerprint, Peer};

/// The format that this server writes, and the only one that it reads.
const FORMAT: u8 = 1;

/// A request, to be sealed.
pub(super) fn request(run: &Run<'_>, payload: RequestPayload<'_>) -> Result<Buffer, Failure> {
    let header = RequestHeader {
        client_correlation_value: run.request.header.client_correlation_value.clone(),
        ..RequestHeader::new(run.request.version.into(), 1)
    };
    let message = RequestMessage { header, items: vec![RequestItem::new(payload)] }.to_bytes()?;
    let peer = &run.caller.identity.peer;
    let mut bytes = Buffer::with_capacity(message.len() + 256);
    bytes.extend(&[FORMAT]);
    let fields: [&[u8]; 7] = [
        peer.address.as_str().as_bytes(),
        &peer.fingerprint.0,
        peer.serial.as_bytes(),
        peer.tls_version.as_bytes(),
        peer.tls_suite.as_bytes(),
        peer.tls_group.as_bytes(),
        &message,
    ];
    for field in fields {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        bytes.extend(&length.to_be_bytes());
        bytes.extend(field);
    }
    Ok(bytes)
}

/// Who made a request, and its message.
pub(super) fn read_request(bytes: &[u8]) -> Result<(Peer, &[u8]), Failure> {
    read_fields(bytes).ok_or(Failure::Internal("a kept request cannot be read"))
}

fn read_fields(bytes: &[u8]) -> Option<(Peer, &[u8])> {
    let mut rest = bytes.strip_prefix(&[FORMAT])?;
    let mut field = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (content, after) = after.split_at_checked(length)?;
        rest = after;
        Some(content)
    };
    let (address, fingerprint) = (text(field()?)?.parse().ok()?, field()?.try_into().ok()?);
    let mut words = || text(field()?).map(str::to_owned);
    let (serial, tls_version) = (words()?, words()?);
    let (tls_suite, tls_group) = (words()?, words()?);
    let message = field()?;
    let fingerprint = Fingerprint(fingerprint);
    let certificate = std::sync::Arc::default();
    let peer =
        Peer { address, fingerprint, certificate, serial, tls_version, tls_suite, tls_group };
    rest.is_empty().then_some((peer, message))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A result, to be sealed.
pub(super) fn result(item: &ResponseItem<'_>, version: Version) -> Buffer {
    let item = codec::encode(Tag::BatchItem, item, version);
    let mut bytes = Buffer::with_capacity(item.len() + 3);
    let number = |number: i32| u8::try_from(number).unwrap_or_default();
    bytes.extend(&[FORMAT, number(version.major()), number(version.minor())]);
    bytes.extend(&item);
    bytes
}

/// The response's batch item.
pub(super) fn read_result(bytes: &[u8]) -> Result<ResponseItem<'_>, Failure> {
    let broken = || Failure::Internal("a kept result cannot be read");
    let (head, item) = bytes.split_first_chunk::<3>().ok_or_else(broken)?;
    let [FORMAT, major, minor] = *head else { return Err(broken()) };
    let version = Version::from_numbers(major.into(), minor.into()).ok_or_else(broken)?;
    codec::decode(Tag::BatchItem, item, version).map_err(|_| broken())
}
