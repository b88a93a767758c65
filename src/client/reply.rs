//! The answer to one question.

use std::fmt;
use std::marker::PhantomData;

use kmip_ttlv::codec::decode;
use kmip_ttlv::enums::{Operation, ResultStatus};
use kmip_ttlv::item::first;
use kmip_ttlv::message::request::protocol_version;
use kmip_ttlv::message::{ResponseBatchItem, ResponseHeader};
use kmip_ttlv::payload::{Question, ResponsePayload};
use kmip_ttlv::{
    Buffer, Decode, Error, Item, Limits, ProtocolVersion, Result as Read, Tag, Version, scan,
};

use super::{ClientError, Refusal};

/// The most items of an answer: many more than a server takes, for Locate may find much.
const ITEMS_MAX: usize = 1 << 20;

/// The success of an operation. The message that it came in is wiped when this is dropped.
pub struct Reply<Q> {
    bytes: Buffer,
    operation: Operation,
    version: Version,
    question: PhantomData<fn(Q)>,
}

impl<Q> Reply<Q> {
    /// Looks through a response to one batch item, and finds out whether it is a success.
    pub(super) fn read_from(operation: Operation, bytes: Buffer) -> Result<Self, ClientError> {
        let version = checked(&bytes)?;
        let reply = Self { bytes, operation, version, question: PhantomData };
        let item = reply.item()?;
        if item.status != ResultStatus::Success {
            return Err(Refusal::of(&item).into());
        }
        // Poll is answered by what it polled for.
        if operation != Operation::Poll && item.operation != Some(operation) {
            return Err(ClientError::Unexpected(operation));
        }
        Ok(reply)
    }

    /// The operation that succeeded.
    ///
    /// # Errors
    /// None after the reply was made; the item is read anew each time.
    fn item(&self) -> Result<ResponseBatchItem<'_>, ClientError> {
        let response: Response<'_> = decode(Tag::ResponseMessage, &self.bytes, self.version)?;
        let mut items = response.items.into_iter();
        match (items.next(), items.next()) {
            (Some(item), None) => Ok(item),
            _ => Err(ClientError::Unexpected(self.operation)),
        }
    }

    /// What the operation returns.
    ///
    /// # Errors
    /// [`ClientError::Unreadable`] if it is not as the specification has it,
    /// [`ClientError::Unexpected`] if it is something else's.
    pub fn read<'q>(&self) -> Result<Q::Answer<'_>, ClientError>
    where
        Q: Question<'q>,
    {
        let item = self.item()?;
        let operation = item.operation.unwrap_or(self.operation);
        let payload = item.payload.ok_or(Error::Missing(Tag::ResponsePayload))?;
        let payload = ResponsePayload::decode(operation, payload)?;
        Q::answer(payload).ok_or(ClientError::Unexpected(self.operation))
    }

    /// What the operation returns, as it came: also fields that the specification does not have.
    ///
    /// # Errors
    /// [`ClientError::Unreadable`].
    pub fn payload(&self) -> Result<Option<Item<'_>>, ClientError> {
        Ok(self.item()?.payload)
    }

    /// The version that the server has answered in.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The whole message.
    #[must_use]
    pub const fn bytes(&self) -> &Buffer {
        &self.bytes
    }
}

impl<Q> fmt::Debug for Reply<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reply").field(&self.operation).field(&self.bytes).finish()
    }
}

/// The version of a response whose form is right.
pub(super) fn checked(bytes: &[u8]) -> Result<Version, ClientError> {
    let limits =
        Limits { message_bytes_max: bytes.len(), items_max: ITEMS_MAX, ..Limits::default() };
    scan(bytes, &limits)?;
    let (message, _) = first(bytes, Version::V1_0)?;
    if message.tag != Tag::ResponseMessage {
        return Err(Error::Unexpected(message.tag).into());
    }
    let stated = protocol_version(bytes).ok_or(Error::Missing(Tag::ProtocolVersion))?;
    let ProtocolVersion { major, minor } = stated;
    Ok(stated.version().ok_or(Error::UnsupportedVersion { major, minor })?)
}

/// A response whose payloads are not read yet.
struct Response<'a> {
    items: Vec<ResponseBatchItem<'a>>,
}

impl<'a> Decode<'a> for Response<'a> {
    fn decode(item: Item<'a>) -> Read<Self> {
        item.structure(|fields| {
            let _: ResponseHeader<'a> = fields.required(Tag::ResponseHeader)?;
            Ok(Self { items: fields.repeated(Tag::BatchItem)? })
        })
    }
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::enums::ResultReason;
    use kmip_ttlv::message::{ResponseItem, ResponseMessage};
    use kmip_ttlv::payload::{activate, destroy};
    use kmip_ttlv::{DateTime, TimeStamp};

    use super::*;

    type Activation<'q> = Reply<activate::Request<'q>>;

    fn response(items: Vec<ResponseItem<'_>>) -> Buffer {
        let header = ResponseHeader {
            batch_count: i32::try_from(items.len()).unwrap(),
            ..ResponseHeader::new(Version::V1_2.into(), TimeStamp::Seconds(DateTime(0)))
        };
        ResponseMessage { header, items }.to_bytes().unwrap()
    }

    fn activated() -> ResponseItem<'static> {
        ResponseItem::success(None, activate::Response { uid: "7".into() })
    }

    fn read(items: Vec<ResponseItem<'_>>) -> Result<Activation<'_>, ClientError> {
        Activation::read_from(Operation::Activate, response(items))
    }

    #[test]
    fn a_success_is_read_in_the_type_of_its_question() {
        let reply = read(vec![activated()]).unwrap();
        assert_eq!(reply.read().unwrap().uid, "7".into());
        assert_eq!(reply.version(), Version::V1_2);
    }

    #[test]
    fn a_refusal_carries_status_reason_and_message() {
        let reason = ResultReason::ItemNotFound;
        let item = ResponseItem::failure(Some(Operation::Activate), None, reason, "not found");
        let error = read(vec![item]).unwrap_err();
        assert_eq!(error.to_string(), "refused: ItemNotFound (not found)");
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.status, ResultStatus::OperationFailed);
        assert_eq!((refusal.operation, refusal.reason), (Some(Operation::Activate), Some(reason)));
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        let destroyed = ResponseItem::success(None, destroy::Response { uid: "7".into() });
        for items in [vec![destroyed], vec![], vec![activated(), activated()]] {
            let error = read(items).unwrap_err();
            assert!(matches!(error, ClientError::Unexpected(Operation::Activate)), "{error}");
        }
    }

    #[test]
    fn what_is_no_response_is_unreadable() {
        let whole = response(vec![activated()]);
        for end in 0..whole.len() {
            let mut bytes = Buffer::new();
            bytes.extend(&whole[..end]);
            let refused = Activation::read_from(Operation::Activate, bytes).err();
            assert!(matches!(refused, Some(ClientError::Unreadable(_))), "{end}");
        }
    }
}
