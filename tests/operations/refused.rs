//! What is refused before it is run: batch items that cannot be read, headers that ask for what does
//! not exist. Each answer says what it answers, and each refusal is on record.

use kmip_ttlv::enums::{
    AsynchronousIndicator, BatchErrorContinuationOption as OnError, Operation, ResultReason,
    ResultStatus,
};
use kmip_ttlv::message::{Asynchronous, ResponseMessage};
use kmip_ttlv::{Tag, Version};

use super::ask::{create, found, locate};
use super::world::{Client, World};

use ResultReason as R;

/// Three Creates, of which the second has another tag in the place of one of its fields.
async fn damaged(client: &Client<'_>, on_error: OnError, tag: Tag) -> ResponseMessage<'static> {
    let mut request = client.request(vec![create(Vec::new()); 3]);
    request.header.error_continuation = Some(on_error);
    let mut bytes = request.to_bytes().unwrap().to_vec();
    let header = |tag: Tag| tag.number().to_be_bytes()[1..].to_vec();
    let (found, other) = (header(tag), header(Tag::VendorExtension));
    let starts: Vec<usize> =
        (0..bytes.len() - 3).filter(|at| bytes[*at..at + 3] == found).collect();
    assert_eq!(starts.len(), 3);
    bytes[starts[1]..starts[1] + 3].copy_from_slice(&other);
    ResponseMessage::from_bytes(Vec::leak(client.answer_bytes(&bytes).await)).unwrap()
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_answered_by_its_operation_and_name() {
    let world = World::new().await;
    for (version, reason) in
        [(Version::V1_0, R::InvalidMessage), (Version::V2_1, R::InvalidMessage)]
    {
        let client = world.client("orders", version).await;
        for (option, statuses) in [
            (OnError::Stop, vec![ResultStatus::Success, ResultStatus::OperationFailed]),
            (
                OnError::Continue,
                vec![ResultStatus::Success, ResultStatus::OperationFailed, ResultStatus::Success],
            ),
            (OnError::Undo, vec![ResultStatus::OperationUndone, ResultStatus::OperationFailed]),
        ] {
            let response = damaged(&client, option, Tag::RequestPayload).await;
            let found: Vec<_> = response.items.iter().map(|item| item.status).collect();
            assert_eq!(found, statuses);
            for (number, item) in response.items.iter().enumerate() {
                assert_eq!(item.operation, Some(Operation::Create));
                let id = item.unique_batch_item_id.as_deref();
                assert_eq!(id, Some(number.to_be_bytes().as_slice()));
            }
            assert_eq!(response.items[1].reason, Some(reason));
            assert!(response.items[1].message.is_some());
        }
        // Where the operation itself cannot be read, there is still the name.
        let response = damaged(&client, OnError::Stop, Tag::Operation).await;
        assert_eq!(response.items[1].operation, None);
        assert!(response.items[1].unique_batch_item_id.is_some());
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_on_record() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    for tag in [Tag::RequestPayload, Tag::Operation] {
        damaged(&client, OnError::Stop, tag).await;
    }
    let files = world.close();
    let text: Vec<_> = files.iter().map(|file| String::from_utf8_lossy(file)).collect();
    let records = text.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with('{'));
    let failed: Vec<&str> = records.filter(|line| line.contains("InvalidMessage")).collect();
    assert_eq!(failed.len(), 2, "{failed:#?}");
    for (record, operation) in failed.iter().zip(["Create", "Unknown"]) {
        assert!(record.contains(&format!("\"operation\":\"{operation}\"")), "{record}");
    }
}

#[tokio::test]
async fn a_header_that_asks_for_what_does_not_exist_refuses_the_whole_request() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let before = found(client.ask(locate(Vec::new())).await);
        let reason = if version.is_2x() { R::UnknownEnumeration } else { R::InvalidField };
        let mut option = client.request(vec![create(Vec::new()); 2]);
        option.header.error_continuation = Some(OnError::Unknown(4));
        let mut requests = vec![option];
        if version.is_2x() {
            let mut indicator = client.request(vec![create(Vec::new()); 2]);
            let value = AsynchronousIndicator::Unknown(4);
            indicator.header.asynchronous = Some(Asynchronous(value));
            requests.push(indicator);
        }
        for request in requests {
            let response = client.send(&request).await;
            let reasons: Vec<_> = response.items.iter().map(|item| item.reason).collect();
            assert_eq!(reasons, [Some(reason), Some(reason)], "{version}");
        }
        assert_eq!(found(client.ask(locate(Vec::new())).await), before);
    }
}
