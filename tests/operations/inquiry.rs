//! What the server asks of a client before it sends it anything (KMIP 1.4 §5.3 and §5.4, KMIP 2.1
//! §6.2.1 and §6.2.4).

use keystrata::service::Heard;
use kmip_ttlv::enums::{ObjectType, Operation, PutFunction, QueryFunction, ResultReason};
use kmip_ttlv::message::ResponseItem;
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::{Buffer, Version};

use super::ask::{add, custom, delete_value};
use super::line::{Line, says};
use super::world::{World, text};

/// Both questions come first, one after the other, and once.
#[tokio::test]
async fn the_server_asks_what_a_client_takes_before_it_tells_it_anything() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut line = Line::listening(&client).await;
    let uid = client.create(Vec::new()).await;
    let first = line.sent().await.unwrap();
    assert_eq!(first.operation(), Operation::DiscoverVersions);
    assert!(!line.session.listens(), "the answer comes first");
    assert_eq!(line.answer(&first).await, Heard::Answer);
    let RequestPayload::Query(asked) = line.sent().await.unwrap() else { panic!("no Query") };
    assert!(asked.functions.contains(&QueryFunction::QueryOperations));
    assert!(asked.functions.contains(&QueryFunction::QueryObjects));
    assert_eq!(line.answer(&asked.into()).await, Heard::Answer);
    line.asked = vec![Operation::DiscoverVersions, Operation::Query];
    assert_eq!(text(&line.put().await.uid), uid);
    assert_eq!(line.told().await, None);
    assert_eq!(line.asked.len(), 2, "it is not asked again");
}

#[tokio::test]
async fn a_client_is_sent_what_it_says_that_it_takes_and_nothing_else() {
    use Operation as O;
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    // What it says that it takes, and whether it is told of a new key and of its change.
    for (operations, objects, puts, notifies) in [
        (None, vec![], true, true),
        (Some(vec![]), vec![], true, true),
        (Some(vec![O::Put]), vec![], true, false),
        (Some(vec![O::Notify]), vec![], false, true),
        (Some(vec![O::Put, O::Notify]), vec![ObjectType::SymmetricKey], true, true),
        (Some(vec![O::Put, O::Notify]), vec![ObjectType::Certificate], false, true),
        (Some(vec![O::Locate]), vec![ObjectType::SymmetricKey], false, false),
    ] {
        let mut line = Line::listening(&client).await;
        line.operations.clone_from(&operations);
        line.objects = objects;
        let uid = client.create(Vec::new()).await;
        client.ask(add(&uid, custom("a", "1"))).await.unwrap();
        let mut told = Vec::new();
        while let Some(one) = line.told().await {
            told.push(one.operation());
        }
        let expected: Vec<_> = [(O::Put, puts), (O::Notify, notifies)]
            .into_iter()
            .filter_map(|(operation, takes)| takes.then_some(operation))
            .collect();
        assert_eq!(told, expected, "{operations:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_know_a_message_is_not_sent_another_like_it() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let mut line = Line::listening(&client).await;
    let uid = client.create(Vec::new()).await;
    line.put().await;
    for _ in 0..2 {
        client.ask(add(&uid, custom("a", "1"))).await.unwrap();
        let Some(notify) = line.sent().await else { break };
        let reason = ResultReason::OperationNotSupported;
        let failure = ResponseItem::failure(Some(notify.operation()), None, reason, "unknown");
        let message = line.message(failure);
        assert_eq!(line.hear(&message, &mut Buffer::new()).await, Heard::Answer);
        client.ask(delete_value(&uid, custom("a", "1"))).await.unwrap();
        assert_eq!(line.told().await, None);
    }
    client.create(Vec::new()).await;
    assert_eq!(line.put().await.function, PutFunction::New);
}

#[tokio::test]
async fn a_client_is_spoken_to_in_a_version_that_it_says_it_speaks() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for versions in [vec![], vec![Version::V2_1], vec![Version::V1_4, Version::V1_0]] {
        let mut line = Line::listening(&client).await;
        line.versions = Some(versions.clone());
        client.create(Vec::new()).await;
        let put = line.told().await.map(|told| told.operation());
        assert_eq!(put, Some(Operation::Put), "{versions:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_or_is_too_long_says_nothing() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let long = says(&[Operation::Locate].repeat(5_000), &[]);
    let item = || ResponseItem::success(None, long.clone());
    let mut line = Line::listening(&client).await;
    let whole = line.message(item());
    for bytes in [whole.clone(), whole[..200].to_vec(), whole[..3].to_vec()] {
        let mut line = Line::listening(&client).await;
        let versions = line.sent().await.unwrap();
        assert_eq!(line.answer(&versions).await, Heard::Answer);
        assert_eq!(line.sent().await.unwrap().operation(), Operation::Query);
        assert_eq!(line.hear(&bytes, &mut Buffer::new()).await, Heard::Answer);
        client.create(Vec::new()).await;
        line.asked = vec![Operation::DiscoverVersions, Operation::Query];
        line.put().await;
    }
    // An answer to another question says nothing either.
    let versions = line.sent().await.unwrap();
    assert_eq!(versions.operation(), Operation::DiscoverVersions);
    let other = line.message(ResponseItem::success(None, says(&[Operation::Locate], &[])));
    assert_eq!(line.hear(&other, &mut Buffer::new()).await, Heard::Answer);
    client.create(Vec::new()).await;
    line.put().await;
}
