//! Batch items (KMIP 1.4 §6.15 and §7.2, KMIP 2.1 §8.3 and §8.6).

use std::borrow::Cow;

use super::MessageExtension;
use crate::codec::ttlv_struct;
use crate::enums::{Operation, ResultReason, ResultStatus};
use crate::payload::{RequestPayload, ResponsePayload};
use crate::{Decode, Encode, Error, Item, Result, Tag, Writer};

ttlv_struct! {
    /// One operation of a request, its payload not yet read (KMIP 1.4 §7.2, KMIP 2.1 §8.3).
    pub struct RequestBatchItem<'a> {
        /// What is asked for.
        Operation => operation: Operation;
        /// Whether the output is kept on the server, for later batch items only.
        Ephemeral @ V2_0.. => ephemeral: Option<bool>;
        /// The client's name for this item, to be echoed; required if there are several items.
        UniqueBatchItemId => unique_batch_item_id: Option<Cow<'a, [u8]>>;
        /// The operation's payload.
        RequestPayload => payload: Item<'a>;
        /// Vendors' additions; 1.x allows one only.
        MessageExtension => extensions: Vec<MessageExtension>;
    }
}

impl<'a> RequestBatchItem<'a> {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownOperation`], or any error of the payload's fields.
    pub fn payload(&self) -> Result<RequestPayload<'a>> {
        RequestPayload::decode(self.operation, self.payload)
    }

    /// Reads everything.
    ///
    /// # Errors
    ///
    /// Those of [`Self::payload`].
    pub fn typed(self) -> Result<RequestItem<'a>> {
        Ok(RequestItem {
            payload: self.payload()?,
            ephemeral: self.ephemeral,
            unique_batch_item_id: self.unique_batch_item_id,
            extensions: self.extensions,
        })
    }
}

/// A batch item of a request that cannot be read, with what is needed for an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct UnreadableItem<'a> {
    /// What is asked for, if that can be read.
    pub operation: Option<Operation>,
    /// The client's name for the item, if that can be read.
    pub unique_batch_item_id: Option<Cow<'a, [u8]>>,
    /// What is wrong.
    pub error: Error,
}

impl<'a> UnreadableItem<'a> {
    /// An item of which nothing can be read.
    pub(super) const fn nameless(error: Error) -> Self {
        Self { operation: None, unique_batch_item_id: None, error }
    }

    /// Finds what can be read of an item, wherever it stands; the first counts where there are two.
    pub(super) fn new(item: Item<'a>, error: Error) -> Self {
        let mut found = Self::nameless(error);
        let Ok(mut fields) = item.fields() else { return found };
        while let Ok(Some(field)) = fields.next_item() {
            match field.tag {
                Tag::Operation if found.operation.is_none() => {
                    found.operation = Operation::decode(field).ok();
                }
                Tag::UniqueBatchItemId if found.unique_batch_item_id.is_none() => {
                    found.unique_batch_item_id = field.bytes().ok().map(Cow::Borrowed);
                }
                _ => {}
            }
        }
        found
    }
}

/// One operation of a request, with its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestItem<'a> {
    /// See [`RequestBatchItem::ephemeral`].
    pub ephemeral: Option<bool>,
    /// See [`RequestBatchItem::unique_batch_item_id`].
    pub unique_batch_item_id: Option<Cow<'a, [u8]>>,
    /// The operation and its payload.
    pub payload: RequestPayload<'a>,
    /// See [`RequestBatchItem::extensions`].
    pub extensions: Vec<MessageExtension>,
}

impl<'a> RequestItem<'a> {
    /// An item with a payload and nothing else.
    #[must_use]
    pub fn new(payload: impl Into<RequestPayload<'a>>) -> Self {
        Self {
            ephemeral: None,
            unique_batch_item_id: None,
            payload: payload.into(),
            extensions: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for RequestItem<'a> {
    fn decode(item: Item<'a>) -> Result<Self> {
        RequestBatchItem::decode(item)?.typed()
    }
}

impl Encode for RequestItem<'_> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.structure(tag, |w| {
            w.put(Tag::Operation, &self.payload.operation());
            if w.version().is_2x() {
                w.put_optional(Tag::Ephemeral, self.ephemeral.as_ref());
            }
            w.put_optional(Tag::UniqueBatchItemId, self.unique_batch_item_id.as_ref());
            w.put(Tag::RequestPayload, &self.payload);
            for extension in &self.extensions {
                w.put(Tag::MessageExtension, extension);
            }
        });
    }
}

ttlv_struct! {
    /// The result of one operation, its payload not yet read (KMIP 1.4 §7.2, KMIP 2.1 §8.6).
    pub struct ResponseBatchItem<'a> {
        /// What was asked for, if the request could be read that far.
        Operation => operation: Option<Operation>;
        /// The client's name for this item.
        UniqueBatchItemId => unique_batch_item_id: Option<Cow<'a, [u8]>>;
        /// Whether it succeeded.
        ResultStatus => status: ResultStatus;
        /// Why it failed; always there if it did.
        ResultReason => reason: Option<ResultReason>;
        /// Why it failed, for people; Percona's libkmip crashes on a failure without one.
        ResultMessage => message: Option<Cow<'a, str>>;
        /// What to poll for, if the result is pending.
        AsynchronousCorrelationValue => asynchronous_correlation_value: Option<Cow<'a, [u8]>>;
        /// What the operation returned.
        ResponsePayload => payload: Option<Item<'a>>;
        /// A vendor's addition.
        MessageExtension => extension: Option<MessageExtension>;
    }
}

impl<'a> ResponseBatchItem<'a> {
    /// Reads everything.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownOperation`]; [`Error::Missing`] if there is a payload without an operation;
    /// any error of the payload's fields.
    pub fn typed(self) -> Result<ResponseItem<'a>> {
        let payload = match (self.operation, self.payload) {
            (_, None) => None,
            (None, Some(_)) => return Err(Error::Missing(Tag::Operation)),
            (Some(operation), Some(item)) => Some(ResponsePayload::decode(operation, item)?),
        };
        Ok(ResponseItem {
            operation: self.operation,
            unique_batch_item_id: self.unique_batch_item_id,
            status: self.status,
            reason: self.reason,
            message: self.message,
            asynchronous_correlation_value: self.asynchronous_correlation_value,
            payload,
            extension: self.extension,
        })
    }
}

/// The result of one operation, with its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseItem<'a> {
    /// See [`ResponseBatchItem::operation`].
    pub operation: Option<Operation>,
    /// See [`ResponseBatchItem::unique_batch_item_id`].
    pub unique_batch_item_id: Option<Cow<'a, [u8]>>,
    /// See [`ResponseBatchItem::status`].
    pub status: ResultStatus,
    /// See [`ResponseBatchItem::reason`].
    pub reason: Option<ResultReason>,
    /// See [`ResponseBatchItem::message`].
    pub message: Option<Cow<'a, str>>,
    /// See [`ResponseBatchItem::asynchronous_correlation_value`].
    pub asynchronous_correlation_value: Option<Cow<'a, [u8]>>,
    /// The payload, which belongs to `operation`.
    pub payload: Option<ResponsePayload<'a>>,
    /// See [`ResponseBatchItem::extension`].
    pub extension: Option<MessageExtension>,
}

impl<'a> ResponseItem<'a> {
    /// A success.
    #[must_use]
    pub fn success(id: Option<Cow<'a, [u8]>>, payload: impl Into<ResponsePayload<'a>>) -> Self {
        let payload = payload.into();
        Self {
            operation: Some(payload.operation()),
            unique_batch_item_id: id,
            status: ResultStatus::Success,
            reason: None,
            message: None,
            asynchronous_correlation_value: None,
            payload: Some(payload),
            extension: None,
        }
    }

    /// A failure, which always has a reason and a message.
    #[must_use]
    pub fn failure(
        operation: Option<Operation>,
        id: Option<Cow<'a, [u8]>>,
        reason: ResultReason,
        message: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            operation,
            unique_batch_item_id: id,
            status: ResultStatus::OperationFailed,
            reason: Some(reason),
            message: Some(message.into()),
            asynchronous_correlation_value: None,
            payload: None,
            extension: None,
        }
    }
}

impl<'a> Decode<'a> for ResponseItem<'a> {
    fn decode(item: Item<'a>) -> Result<Self> {
        ResponseBatchItem::decode(item)?.typed()
    }
}

impl Encode for ResponseItem<'_> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.structure(tag, |w| {
            w.put_optional(Tag::Operation, self.operation.as_ref());
            w.put_optional(Tag::UniqueBatchItemId, self.unique_batch_item_id.as_ref());
            w.put(Tag::ResultStatus, &self.status);
            w.put_optional(Tag::ResultReason, self.reason.as_ref());
            w.put_optional(Tag::ResultMessage, self.message.as_ref());
            let correlation_value = self.asynchronous_correlation_value.as_ref();
            w.put_optional(Tag::AsynchronousCorrelationValue, correlation_value);
            w.put_optional(Tag::ResponsePayload, self.payload.as_ref());
            w.put_optional(Tag::MessageExtension, self.extension.as_ref());
        });
    }
}
