//! What holds for every answer.

use kmip_ttlv::enums::{BatchErrorContinuationOption as OnError, Operation, ResultStatus};
use kmip_ttlv::message::{ResponseItem, ResponseMessage, request};
use kmip_ttlv::{Limits, Tag, Value, Version, codec};

use super::known::{FOREIGN_KEY, FOREIGN_NAME, Known};
use super::permitted;

/// The longest answer that the server makes of what is asked for, in bytes.
pub(crate) const RESPONSE_BYTES_MAX: usize = 1 << 20;

/// What a failed item may add to it: its reason must be said whatever the size.
const FAILURE_BYTES_MAX: usize = 512;

/// An item of the request as far as it can be read.
struct Asked {
    operation: Option<Operation>,
    id: Option<Vec<u8>>,
}

/// An answer that keeps the laws.
#[derive(Debug)]
pub(crate) struct Lawful {
    /// All of it.
    pub(crate) tree: Value,
    /// What was asked for and done.
    pub(crate) done: Vec<Operation>,
}

/// Holds the answer to a request to the laws.
///
/// # Errors
/// The law that is broken.
pub(crate) fn check(sent: &[u8], answer: &[u8], known: &Known) -> Result<Lawful, String> {
    let message =
        ResponseMessage::from_bytes(answer).map_err(|why| format!("unreadable: {why}"))?;
    let stated = message.header.protocol_version;
    let version = stated.version().ok_or("a version that nobody has")?;
    let tree: Value = codec::decode(Tag::ResponseMessage, answer, version)
        .map_err(|why| format!("no tree: {why}"))?;
    permitted::check(&tree, version)?;
    secrecy(answer, &tree, known)?;
    let most = RESPONSE_BYTES_MAX + FAILURE_BYTES_MAX * message.items.len().max(1);
    if answer.len() > most {
        return Err(format!("{} bytes long", answer.len()));
    }
    let limits = Limits::default();
    let Ok(request) = request::read(sent, &limits) else {
        return match message.items.as_slice() {
            [item] if item.operation.is_none() && is_whole(item, version) => {
                Ok(Lawful { tree, done: Vec::new() })
            }
            _ => Err("the answer to what cannot be read is one item without an operation".into()),
        };
    };
    if request.version != version {
        return Err(format!("asked in {} and answered in {version}", request.version));
    }
    let asked: Vec<_> = request.items().map(asked).collect();
    let on_error = request.header.error_continuation();
    items(&asked, &message.items, on_error, version)?;
    let done = message.items.iter().filter(|item| item.status == ResultStatus::Success);
    let done = done.filter_map(|item| item.operation).collect();
    Ok(Lawful { tree, done })
}

fn asked(
    item: Result<kmip_ttlv::message::RequestBatchItem<'_>, kmip_ttlv::message::UnreadableItem<'_>>,
) -> Asked {
    let (operation, id) = match item {
        Ok(item) => (Some(item.operation), item.unique_batch_item_id),
        Err(item) => (item.operation, item.unique_batch_item_id),
    };
    Asked { operation, id: id.map(std::borrow::Cow::into_owned) }
}

/// Every item is answered in its place, or the last answer says why not.
fn items(
    asked: &[Asked],
    answers: &[ResponseItem<'_>],
    on_error: OnError,
    version: Version,
) -> Result<(), String> {
    let ended = answers.last().is_some_and(|item| item.status != ResultStatus::Success);
    let is_short = answers.len() < asked.len();
    if answers.len() > asked.len() || (is_short && (on_error == OnError::Continue || !ended)) {
        return Err(format!("{} items and {} answers", asked.len(), answers.len()));
    }
    for (number, (asked, answer)) in asked.iter().zip(answers).enumerate() {
        if asked.id.as_deref() != answer.unique_batch_item_id.as_deref() {
            return Err(format!("item {number}: another identifier"));
        }
        // Poll is answered as what it asks about.
        if asked.operation != answer.operation && asked.operation != Some(Operation::Poll) {
            return Err(format!("item {number}: {:?} answered", answer.operation));
        }
        if !is_whole(answer, version) {
            return Err(format!("item {number}: {answer:?}"));
        }
    }
    Ok(())
}

/// Whether an item has what its status calls for, and nothing that it forbids.
fn is_whole(item: &ResponseItem<'_>, version: Version) -> bool {
    let has_reason = item.reason.is_some() && item.message.as_ref().is_some_and(|m| !m.is_empty());
    let denial = item.operation == Some(Operation::Check) && !version.is_2x();
    match item.status {
        ResultStatus::Success => item.reason.is_none() && item.payload.is_some(),
        ResultStatus::OperationFailed | ResultStatus::OperationUndone => {
            has_reason && (item.payload.is_none() || denial)
        }
        ResultStatus::OperationPending => {
            item.asynchronous_correlation_value.is_some() && item.payload.is_none()
        }
        ResultStatus::Unknown(_) => false,
    }
}

/// Nothing of somebody else's is in the answer.
fn secrecy(answer: &[u8], tree: &Value, known: &Known) -> Result<(), String> {
    let holds = |secret: &[u8]| answer.windows(secret.len()).any(|part| part == secret);
    if holds(FOREIGN_KEY) || holds(FOREIGN_NAME.as_bytes()) {
        return Err("it tells what belongs to somebody else".into());
    }
    if names(tree, &known.foreign) {
        return Err("it names an object of somebody else".into());
    }
    Ok(())
}

/// Whether one of these is named as an object that there is.
fn names(tree: &Value, foreign: &[String]) -> bool {
    let Value::Structure(fields) = tree else { return false };
    fields.iter().any(|(tag, value)| match (tag, value) {
        (Tag::UniqueIdentifier, Value::TextString(uid)) => foreign.iter().any(|f| **f == **uid),
        (_, value) => names(value, foreign),
    })
}
