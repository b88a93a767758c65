//! Asynchronous requests (KMIP 1.4 §6.7, §4.27 and §4.28; KMIP 2.1 §6.1.5, §6.1.38, §6.1.39, §6.1.41
//! and §9.2).

use std::time::Duration;

use keystrata::tenant::Mode;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{
    AsynchronousIndicator as Indicator, BatchErrorContinuationOption, CancellationResult,
    Operation, ProcessingStage, ResultReason as R, ResultStatus as S, State,
};
use kmip_ttlv::message::{Asynchronous, ResponseItem};
use kmip_ttlv::payload::{
    RequestPayload, ResponsePayload, cancel, discover_versions, poll, process,
    query_asynchronous_requests as query,
};
use kmip_ttlv::structure::{AsynchronousCorrelationValues, Operations};

use super::ask::{Request, activate, archive, check, create, destroy, found, get, locate, name};
use super::ask::{opaque, recover, uid_of};
use super::world::{Answer, Client, World, text};

type Value = Vec<u8>;

impl Client<'_> {
    /// The answer to a request whose result the client can wait for.
    async fn may_wait(
        &self,
        indicator: Indicator,
        payloads: Vec<Request>,
    ) -> Vec<ResponseItem<'static>> {
        let mut request = self.request(payloads);
        request.header.asynchronous = Some(Asynchronous(indicator));
        self.send(&request).await.items
    }

    /// Has a request done later. Returns its correlation value.
    pub(crate) async fn later(&self, request: impl Into<RequestPayload<'static>>) -> Value {
        let request = request.into();
        let operation = request.operation();
        let mut items = self.may_wait(Indicator::Mandatory, vec![request]).await;
        let item = items.remove(0);
        assert_eq!(item.status, S::OperationPending, "{item:?}");
        assert_eq!((item.operation, &item.payload), (Some(operation), &None));
        assert!(items.is_empty());
        item.asynchronous_correlation_value.unwrap().into_owned()
    }

    /// The whole answer to Poll.
    async fn poll_item(&self, value: &[u8]) -> ResponseItem<'static> {
        let request = poll::Request { asynchronous_correlation_value: value.to_vec().into() };
        self.send(&self.request(vec![request.into()])).await.items.remove(0)
    }

    pub(crate) async fn poll(&self, value: &[u8]) -> Answer {
        let item = self.poll_item(value).await;
        assert_ne!(item.status, S::OperationPending);
        item.payload.ok_or_else(|| item.reason.unwrap())
    }

    async fn cancel(&self, value: &[u8]) -> CancellationResult {
        let request = cancel::Request { asynchronous_correlation_value: value.to_vec().into() };
        match self.ask(request).await.unwrap() {
            ResponsePayload::Cancel(response) => {
                assert_eq!(response.asynchronous_correlation_value, value);
                response.result
            }
            other => panic!("{other:?}"),
        }
    }

    async fn process(&self, value: &[u8]) -> Result<(), R> {
        let value = value.to_vec().into();
        self.ask(process::Request { asynchronous_correlation_value: value }).await.map(drop)
    }

    async fn outstanding(&self, request: query::Request) -> Vec<(Value, ProcessingStage)> {
        match self.ask(request).await.unwrap() {
            ResponsePayload::QueryAsynchronousRequests(response) => response
                .requests
                .into_iter()
                .map(|one| (one.correlation_value, one.stage))
                .collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn all() -> query::Request {
    query::Request { asynchronous_correlation_values: None, operations: None }
}

fn unknown(version: Version) -> R {
    if version.is_2x() { R::InvalidAsynchronousCorrelationValue } else { R::ItemNotFound }
}

fn by_name(wanted: &str) -> Request {
    locate(vec![name(wanted)]).into()
}

#[tokio::test]
async fn a_poll_is_answered_as_the_request_would_have_been() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let value = client.later(create(vec![name("later")])).await;
        assert_eq!(found(client.ask(by_name("later")).await).len(), 0, "nothing is done yet");
        let item = client.poll_item(&value).await;
        assert_eq!((item.operation, item.status), (Some(Operation::Create), S::Success));
        assert_eq!(item.unique_batch_item_id.as_deref(), Some(&0_usize.to_be_bytes()[..]));
        let Some(ResponsePayload::Create(response)) = item.payload else { panic!("Create") };
        let uid = text(&response.uid);
        assert_eq!(client.state(&uid).await, State::PreActive);
        // The answer may have been lost.
        assert_eq!(uid_of(client.poll(&value).await), uid);
        assert_eq!(found(client.ask(by_name("later")).await), [uid.clone()], "it is done once");
        client.ask(destroy(&uid)).await.unwrap();
    }
}

#[tokio::test]
async fn what_fails_later_fails_as_it_would_have() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let missing = if version.is_2x() { R::ObjectNotFound } else { R::ItemNotFound };
        let value = client.later(activate("nobody")).await;
        let item = client.poll_item(&value).await;
        assert_eq!((item.operation, item.status), (Some(Operation::Activate), S::OperationFailed));
        assert_eq!(item.reason, Some(missing));
        assert!(item.message.is_some());
        assert_eq!(client.cancel(&value).await, CancellationResult::Failed);
        // Check says no with what would be allowed, to clients of 1.x.
        let uid = client.create(Vec::new()).await;
        let lease_time = Some(kmip_ttlv::Interval(9999));
        let asked = kmip_ttlv::payload::check::Request { lease_time, ..check(&uid) };
        let item = client.poll_item(&client.later(asked).await).await;
        assert_eq!(item.status, S::OperationFailed);
        assert_eq!(item.payload.is_some(), !version.is_2x());
    }
}

#[tokio::test]
async fn a_request_is_begun_by_itself_when_its_time_has_come() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let value = client.later(create(vec![name("later")])).await;
    assert!(!world.service.do_due().await, "it can still be canceled");
    world.clock.advance(Duration::from_secs(1));
    assert!(world.service.do_due().await);
    let found = found(client.ask(by_name("later")).await);
    assert_eq!(found.len(), 1);
    assert!(!world.service.do_due().await, "it is done once");
    assert_eq!(client.cancel(&value).await, CancellationResult::Completed);
    assert_eq!(uid_of(client.poll(&value).await), found[0]);
}

#[tokio::test]
async fn promises_and_results_survive_a_restart() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let waiting = client.later(create(vec![name("waiting")])).await;
    let done = client.later(create(vec![name("done")])).await;
    let uid = uid_of(client.poll(&done).await);
    let other = client.later(create(vec![name("other")])).await;

    let world = world.restarted().await;
    world.clock.advance(Duration::from_secs(2));
    // Nobody of this service has come back yet.
    assert!(world.service.do_due().await);
    let client = world.client("orders", Version::V2_1).await;
    for wanted in ["waiting", "done", "other"] {
        assert_eq!(found(client.ask(by_name(wanted)).await).len(), 1, "{wanted}");
    }
    assert_eq!(uid_of(client.poll(&done).await), uid, "in another version, too");
    let waited = uid_of(client.poll(&waiting).await);
    assert_eq!(found(client.ask(by_name("waiting")).await), [waited]);
    client.poll(&other).await.unwrap();
}

#[tokio::test]
async fn what_is_canceled_in_time_is_not_done() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let value = client.later(create(vec![name("canceled")])).await;
        assert_eq!(client.cancel(&value).await, CancellationResult::Canceled);
        assert_eq!(client.cancel(&value).await, CancellationResult::Canceled);
        let item = client.poll_item(&value).await;
        assert_eq!((item.operation, item.status), (Some(Operation::Create), S::OperationFailed));
        assert_eq!(item.reason, Some(R::OperationCanceledByRequester));
        world.clock.advance(Duration::from_secs(2));
        assert!(!world.service.do_due().await);
        assert_eq!(found(client.ask(by_name("canceled")).await), [""; 0]);
        assert_eq!(client.cancel(b"no such value").await, CancellationResult::Unavailable);
        assert_eq!(client.cancel(&[7; 16]).await, CancellationResult::Unavailable);
    }
}

#[tokio::test]
async fn the_requests_of_others_do_not_exist() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let value = client.later(create(Vec::new())).await;
        for (tenant, service) in [("tenant-a", "other"), ("tenant-b", "orders")] {
            let other = world.client_of(tenant, service, version).await;
            assert_eq!(other.poll(&value).await, Err(unknown(version)));
            assert_eq!(other.poll(&[7; 16]).await, Err(unknown(version)));
            assert_eq!(other.poll(b"").await, Err(unknown(version)));
            assert_eq!(other.cancel(&value).await, CancellationResult::Unavailable);
            if version == Version::V2_1 {
                assert_eq!(other.process(&value).await, Err(unknown(version)));
                assert_eq!(other.outstanding(all()).await, []);
            }
        }
        client.poll(&value).await.unwrap();
    }
}

#[tokio::test]
async fn the_indicator_says_whether_a_client_waits() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for (indicator, expected) in [
            (Indicator::Prohibited, S::Success),
            // In 2.x the server has the choice, and answers at once.
            (Indicator::Optional, if version.is_2x() { S::Success } else { S::OperationPending }),
            (Indicator::Mandatory, S::OperationPending),
        ] {
            let items = client.may_wait(indicator, vec![create(Vec::new())]).await;
            assert_eq!(items[0].status, expected, "{indicator} {version:?}");
        }
        // What a Poll would come too late for is answered at once, unless the client insists.
        let versions = || Request::from(discover_versions::Request { versions: Vec::new() });
        let uid = client.create(Vec::new()).await;
        for request in [versions(), get(&uid)] {
            let items = client.may_wait(Indicator::Optional, vec![request]).await;
            assert_eq!(items[0].status, S::Success);
        }
        if version.is_2x() {
            for batch in [vec![versions()], vec![get(&uid)], vec![create(Vec::new()); 2]] {
                let count = batch.len();
                let items = client.may_wait(Indicator::Mandatory, batch).await;
                assert_eq!(items.len(), count);
                assert!(items.iter().all(|item| item.reason == Some(R::FeatureNotSupported)));
            }
        } else {
            let batch = vec![create(Vec::new()), get("")];
            let items = client.may_wait(Indicator::Optional, batch).await;
            assert!(items.iter().all(|item| item.status == S::Success), "they follow each other");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_once() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let reader = client.in_mode(Mode::ReadOnly);
    let items = reader.may_wait(Indicator::Optional, vec![create(Vec::new())]).await;
    assert_eq!(items[0].reason, Some(R::PermissionDenied));
    // And what may not be any more when its time comes, then.
    let value = client.later(create(Vec::new())).await;
    assert_eq!(reader.poll(&value).await, Err(R::PermissionDenied));
    client.poll(&value).await.unwrap();
}

#[tokio::test]
async fn in_2_1_a_request_can_be_processed_and_asked_about() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let first = client.later(create(Vec::new())).await;
    world.clock.advance(Duration::from_millis(1));
    let second = client.later(by_name("any")).await;
    let submitted = ProcessingStage::Submitted;
    let both = vec![(first.clone(), submitted), (second.clone(), submitted)];
    assert_eq!(client.outstanding(all()).await, both);
    let values = AsynchronousCorrelationValues { values: vec![second.clone(), vec![1]] };
    let asked = query::Request { asynchronous_correlation_values: Some(values), ..all() };
    assert_eq!(client.outstanding(asked).await, both[1..]);
    let operations = Operations { operations: vec![Operation::Create] };
    let asked = query::Request { operations: Some(operations), ..all() };
    assert_eq!(client.outstanding(asked).await, both[..1]);

    assert_eq!(client.process(&first).await, Ok(()));
    let stages = [(first.clone(), ProcessingStage::Completed), (second.clone(), submitted)];
    assert_eq!(client.outstanding(all()).await, stages);
    assert_eq!(client.process(&first).await, Err(R::DuplicateProcessRequest));
    assert_eq!(client.cancel(&second).await, CancellationResult::Canceled);
    assert_eq!(client.process(&second).await, Err(R::InvalidAsynchronousCorrelationValue));
    client.poll(&first).await.unwrap();
    assert_eq!(client.outstanding(all()).await, []);
    for version in [Version::V1_4, Version::V2_0] {
        let older = client.speaking(version);
        assert_eq!(older.process(&first).await, Err(R::OperationNotSupported));
        assert_eq!(older.ask(all()).await, Err(R::OperationNotSupported));
    }
}

#[tokio::test]
async fn results_are_kept_for_a_time_and_requests_in_a_number() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let fetched = client.later(by_name("any")).await;
    client.poll(&fetched).await.unwrap();
    let forgotten = client.later(by_name("any")).await;
    client.process(&forgotten).await.unwrap();
    for _ in 2..64 {
        client.later(by_name("any")).await;
    }
    let request = || vec![by_name("any")];
    let refused = client.may_wait(Indicator::Mandatory, request()).await;
    assert_eq!(refused[0].reason, Some(R::ServerLimitExceeded));
    let older = client.speaking(Version::V1_4);
    let refused = older.may_wait(Indicator::Optional, request()).await;
    assert_eq!(refused[0].reason, Some(R::PermissionDenied));
    let other = world.client("other", Version::V2_1).await;
    let of_other = other.later(by_name("any")).await;

    world.clock.advance(Duration::from_mins(6));
    while world.service.do_due().await {}
    assert_eq!(client.poll(&fetched).await, Err(R::InvalidAsynchronousCorrelationValue));
    client.later(by_name("any")).await;
    client.poll(&forgotten).await.expect("its client has an hour");
    world.clock.advance(Duration::from_hours(1));
    while world.service.do_due().await {}
    assert_eq!(client.outstanding(all()).await.len(), 1, "the one of five minutes ago");
    assert_eq!(other.cancel(&of_other).await, CancellationResult::Unavailable);
}

#[tokio::test]
async fn a_recovery_is_asynchronous_when_asked() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.create(Vec::new()).await;
        client.poll(&client.later(archive(&uid)).await).await.unwrap();
        assert_eq!(client.ask(get(&uid)).await, Err(R::ObjectArchived));
        let value = client.later(recover(&uid)).await;
        assert_eq!(client.ask(get(&uid)).await, Err(R::ObjectArchived), "not yet");
        client.poll(&value).await.unwrap();
        client.ask(get(&uid)).await.unwrap();
    }
}

#[tokio::test]
async fn polls_are_part_of_batches_that_are_not_undone() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let value = client.later(create(Vec::new())).await;
    let poll = |value: &[u8]| -> Request {
        poll::Request { asynchronous_correlation_value: value.to_vec().into() }.into()
    };
    let batch = || vec![create(Vec::new()), poll(&value)];
    let undo = Some(BatchErrorContinuationOption::Undo);
    let answers = client.batch(undo, batch()).await;
    assert_eq!(answers[1], Err(R::FeatureNotSupported));
    let answers = client.batch(None, batch()).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    // A batch stops where a Poll tells of a failure.
    let failed = client.later(activate("nobody")).await;
    let batch = vec![poll(&failed), create(Vec::new())];
    assert_eq!(client.batch(None, batch).await, [Err(R::ItemNotFound)]);
}

#[tokio::test]
async fn what_a_client_brings_is_sealed_while_it_waits() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let secret = b"never on the disk in the clear!!";
    let description = Attribute::Description("a description that is long enough".into());
    let Request::Register(mut request) = opaque(vec![description]) else { panic!("Register") };
    let Some(kmip_ttlv::ManagedObject::OpaqueObject(object)) = &mut request.object else {
        panic!("opaque")
    };
    object.value = kmip_ttlv::Secret::new(secret.to_vec());
    let value = client.later(request).await;
    let world = world.restarted().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = uid_of(client.poll(&value).await);
    assert_eq!(client.values(&uid, AttributeKind::Description).await.len(), 1);
    for file in world.close() {
        assert!(!file.windows(secret.len()).any(|part| part == secret));
    }
}
