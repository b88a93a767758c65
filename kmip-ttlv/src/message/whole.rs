//! Whole messages, for clients and tests (KMIP 1.4 §7.1, KMIP 2.1 §8.1 and §8.4).

use super::request::protocol_version;
use super::{RequestHeader, RequestItem, ResponseHeader, ResponseItem};
use crate::codec::ttlv_struct;
use crate::{Buffer, Error, ProtocolVersion, Result, Tag, Version, codec};

ttlv_struct! {
    /// A request with all its batch items read (KMIP 1.4 §7.1, KMIP 2.1 §8.1).
    pub struct RequestMessage<'a> {
        /// The header.
        RequestHeader => header: RequestHeader<'a>;
        /// The batch items, of which there must be as many as the header says.
        BatchItem => items: Vec<RequestItem<'a>>;
    }
}

impl<'a> RequestMessage<'a> {
    /// Reads a request in the version that its header states.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedVersion`], or any error of the fields.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self> {
        codec::decode(Tag::RequestMessage, bytes, stated_version(bytes)?)
    }

    /// Writes the request in the version that its header states.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedVersion`].
    pub fn to_bytes(&self) -> Result<Buffer> {
        let version = supported(self.header.protocol_version)?;
        Ok(codec::encode(Tag::RequestMessage, self, version))
    }
}

ttlv_struct! {
    /// A response with all its batch items read (KMIP 1.4 §7.1, KMIP 2.1 §8.4).
    pub struct ResponseMessage<'a> {
        /// The header.
        ResponseHeader => header: ResponseHeader<'a>;
        /// The batch items, of which there must be as many as the header says.
        BatchItem => items: Vec<ResponseItem<'a>>;
    }
}

impl<'a> ResponseMessage<'a> {
    /// Reads a response in the version that its header states.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedVersion`], or any error of the fields.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self> {
        codec::decode(Tag::ResponseMessage, bytes, stated_version(bytes)?)
    }

    /// Writes the response in the version that its header states.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedVersion`].
    pub fn to_bytes(&self) -> Result<Buffer> {
        let version = supported(self.header.protocol_version)?;
        Ok(codec::encode(Tag::ResponseMessage, self, version))
    }
}

fn stated_version(bytes: &[u8]) -> Result<Version> {
    supported(protocol_version(bytes).ok_or(Error::Missing(Tag::ProtocolVersion))?)
}

fn supported(stated: ProtocolVersion) -> Result<Version> {
    let ProtocolVersion { major, minor } = stated;
    stated.version().ok_or(Error::UnsupportedVersion { major, minor })
}
