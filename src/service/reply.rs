//! Answers to what cannot be run: whole messages, and items of them.

use kmip_ttlv::enums::Operation;
use kmip_ttlv::message::{ResponseHeader, ResponseItem, ResponseWriter};
use kmip_ttlv::{Buffer, DateTime, Error, ProtocolVersion, TimeStamp, Version};

use crate::clock::Timestamp;
use crate::operation::Failure;

/// The version to answer in: the one stated, or the nearest that is served (KMIP 1.4 §6.1).
pub(super) fn closest_version(stated: Option<ProtocolVersion>) -> Version {
    let Some(stated) = stated else { return Version::V1_0 };
    let at_most =
        |version: &Version| (version.major(), version.minor()) <= (stated.major, stated.minor);
    Version::ALL.into_iter().rev().find(at_most).unwrap_or(Version::V1_0)
}

/// A response header with the fields that every client expects and no others.
pub(super) fn header(version: Version, now: Timestamp) -> ResponseHeader<'static> {
    ResponseHeader::new(version.into(), TimeStamp::Seconds(DateTime(now.seconds())))
}

/// Answers a message of which nothing is run: one failed item without an operation.
pub(super) fn refuse(response: &mut Buffer, version: Version, now: Timestamp, error: Error) {
    let mut writer = ResponseWriter::new(response, version, &header(version, now));
    let failure = Failure::Malformed(error);
    writer.item(&failed(None, None, version, &failure));
    writer.finish();
}

/// A failed item. It always has a message: Percona's libkmip crashes without one.
pub(super) fn failed<'a>(
    operation: Option<Operation>,
    id: Option<std::borrow::Cow<'a, [u8]>>,
    version: Version,
    failure: &Failure,
) -> ResponseItem<'a> {
    let reason = failure.reason_of(operation, version);
    ResponseItem::failure(operation, id, reason, failure.to_string())
}
