//! Reading a request as a server does: the header first, each batch item when its turn comes.

use super::{RequestBatchItem, RequestHeader, UnreadableItem};
use crate::scan::{Limits, scan};
use crate::{Decode, Error, Fields, Item, ProtocolVersion, Result, Tag, Version, item};

/// A request whose header has been read and whose batch items have been counted.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The version of the request and of its response.
    pub version: Version,
    /// The header.
    pub header: RequestHeader<'a>,
    items: Fields<'a>,
}

impl<'a> Request<'a> {
    /// The batch items in their order, each read when it is asked for.
    ///
    /// An item that cannot be read does not hide those after it.
    pub fn items(
        &self,
    ) -> impl Iterator<Item = Result<RequestBatchItem<'a>, UnreadableItem<'a>>> + use<'a> {
        let mut fields = self.items.clone();
        std::iter::from_fn(move || next_batch_item(&mut fields).transpose()).map(|item| {
            let item = item.map_err(UnreadableItem::nameless)?;
            RequestBatchItem::decode(item).map_err(|error| UnreadableItem::new(item, error))
        })
    }
}

/// A message that is no readable request, with what is needed for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The version that the header states, if it could be read that far; it may be one that is not
    /// served.
    pub protocol_version: Option<ProtocolVersion>,
    /// What is wrong.
    pub error: Error,
}

/// Reads a request up to its batch items, after a look at its whole form.
///
/// # Errors
///
/// [`Error::UnsupportedVersion`] for a version that this crate does not know;
/// [`Error::Missing`] or [`Error::Unexpected`] about Batch Item if the batch count is wrong; any
/// error of [`scan`] or of the header's fields.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Request<'a>, Refused> {
    let protocol_version = protocol_version(bytes);
    read_body(bytes, limits, protocol_version).map_err(|error| Refused { protocol_version, error })
}

fn read_body<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    stated: Option<ProtocolVersion>,
) -> Result<Request<'a>> {
    scan(bytes, limits)?;
    let ProtocolVersion { major, minor } = stated.ok_or(Error::Missing(Tag::ProtocolVersion))?;
    let version =
        Version::from_numbers(major, minor).ok_or(Error::UnsupportedVersion { major, minor })?;
    let (message, _) = item::first(bytes, version)?;
    if message.tag != Tag::RequestMessage {
        return Err(Error::Unexpected(message.tag));
    }
    let mut fields = message.fields()?;
    let header: RequestHeader<'_> = fields.required(Tag::RequestHeader)?;
    check_count(fields.clone(), header.batch_count)?;
    Ok(Request { version, header, items: fields })
}

/// Compares the stated with the real number of batch items, of which there must be one at least.
fn check_count(mut fields: Fields<'_>, stated: i32) -> Result<()> {
    let mut found = 0_i32;
    while next_batch_item(&mut fields)?.is_some() {
        found = found.saturating_add(1);
    }
    if found > stated {
        return Err(Error::Unexpected(Tag::BatchItem));
    }
    if found < stated || found == 0 {
        return Err(Error::Missing(Tag::BatchItem));
    }
    Ok(())
}

fn next_batch_item<'a>(fields: &mut Fields<'a>) -> Result<Option<Item<'a>>> {
    match fields.next_item()? {
        Some(item) if item.tag != Tag::BatchItem => Err(Error::Unexpected(item.tag)),
        item => Ok(item),
    }
}

/// The version that the header of a request or response states, even if the rest is broken.
#[must_use]
pub fn protocol_version(bytes: &[u8]) -> Option<ProtocolVersion> {
    // Nothing that is read here differs between versions.
    let mut message = Fields::new(bytes.get(item::HEADER_BYTES..)?, Version::V1_0);
    let header = message.next_item().ok()??;
    if !matches!(header.tag, Tag::RequestHeader | Tag::ResponseHeader) {
        return None;
    }
    header.fields().ok()?.required(Tag::ProtocolVersion).ok()
}
