//! What a client can make the server keep, say, write down and do: never more than its limits.

use keystrata::operation::Facts;
use keystrata::store::attribute_bytes;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, RevocationReason};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, LinkType, ResultReason as R, RevocationReasonCode,
};
use kmip_ttlv::payload::{ResponsePayload, revoke};

use super::ask::{
    Request, activate, add, attributes, create, custom, delete, found, get, group, locate, modify,
    name, re_key,
};
use super::world::{Client, World};

fn names(count: usize) -> Vec<AttributeReference> {
    let named =
        |number| AttributeReference::Custom { vendor: "x".into(), name: format!("name-{number}") };
    (0..count).map(named).collect()
}

/// The length of the answer to one item.
async fn answer_bytes(client: &Client<'_>, payload: Request) -> usize {
    client.answer(&client.request(vec![payload])).await.len()
}

#[tokio::test]
async fn a_response_is_as_long_as_the_server_makes_it_and_no_longer() {
    let long = || vec![custom("long", &"x".repeat(1000))];
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(long()).await;
    let bytes = answer_bytes(&client, attributes(&uid, &[])).await;
    for (limit, fits) in [(bytes, true), (bytes - 1, false)] {
        let world = World::with_response_limit(limit).await;
        let client = world.client("orders", Version::V1_4).await;
        let uid = client.create(long()).await;
        let request = || vec![attributes(&uid, &[])];
        let answers = client.batch(None, request()).await;
        assert_eq!(answers[0].is_ok(), fits, "{limit}");
        if !fits {
            assert_eq!(*answers[0].as_ref().unwrap_err(), R::ResponseTooLarge);
        }
        // The client's own wish counts where it is smaller, and only there.
        let mut small = client.request(request());
        small.header.maximum_response_size = Some(512);
        let item = client.send(&small).await.items.remove(0);
        assert_eq!(item.reason, Some(R::ResponseTooLarge));
        let mut large = client.request(request());
        large.header.maximum_response_size = Some(i32::MAX);
        assert_eq!(client.send(&large).await.items.remove(0).reason.is_none(), fits);
    }
}

#[tokio::test]
async fn what_makes_an_answer_too_long_is_not_done() {
    let world = World::with_response_limit(256).await;
    let client = world.client("orders", Version::V1_4).await;
    let items: Vec<Request> = (0..8).map(|_| create(vec![name("one")])).collect();
    let answers = client.batch(Some(BatchErrorContinuationOption::Continue), items).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(made < 8, "{made}");
    let kept = world.client("orders", Version::V2_1).await;
    assert_eq!(found(kept.ask(locate(vec![name("one")])).await).len(), made);
}

/// A server that keeps as many bytes of attributes as a key has that was created like this.
async fn world_of(bytes_more: usize, more: Vec<Attribute>) -> World {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(more).await;
    let kept = world.stored("orders", &uid).await;
    let attribute_bytes_max = attribute_bytes(&kept.object) + bytes_more;
    World::with_facts(Facts { attribute_bytes_max, ..Facts::default() }).await
}

#[tokio::test]
async fn an_object_has_so_many_bytes_of_attributes_and_no_more() {
    let long = |bytes| custom("long", &"x".repeat(bytes));
    let world = world_of(0, vec![long(1000)]).await;
    for (version, reason) in
        [(Version::V1_4, R::PermissionDenied), (Version::V2_1, R::ServerLimitExceeded)]
    {
        let client = world.client("orders", version).await;
        let uid = client.create(vec![long(1000)]).await;
        // Values take whole units of eight bytes.
        assert_eq!(client.ask(create(vec![long(1001)])).await.unwrap_err(), reason);
        assert_eq!(client.ask(add(&uid, group("one more"))).await.unwrap_err(), reason);
        assert_eq!(client.ask(modify(&uid, None, long(1001))).await.unwrap_err(), reason);
        assert!(client.ask(modify(&uid, None, long(999))).await.is_ok());
        // The link between the keys makes both of them longer.
        assert_eq!(client.ask(re_key(&uid, None, Vec::new())).await.unwrap_err(), reason);
        assert!(client.values(&uid, AttributeKind::Link).await.is_empty());
        // What an object has can always be taken away, and the object can always be ended.
        let color = AttributeReference::Custom { vendor: "x".into(), name: "long".into() };
        if version == Version::V1_4 {
            assert!(client.ask(delete(&uid, color, None)).await.is_ok());
            assert!(client.ask(re_key(&uid, None, Vec::new())).await.is_ok());
        }
        assert!(client.ask(activate(&uid)).await.is_ok());
        assert!(
            client.ask(super::ask::revoke(&uid, RevocationReasonCode::KeyCompromise)).await.is_ok()
        );
    }
}

#[tokio::test]
async fn a_revocation_message_is_kept_up_to_its_limit() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(Vec::new()).await;
    for (bytes, answer) in [(4097, Err(R::ServerLimitExceeded)), (4096, Ok(()))] {
        let code = RevocationReasonCode::KeyCompromise;
        let reason = RevocationReason { code, message: Some("x".repeat(bytes)) };
        let uid = Some(uid.clone().into());
        let request = revoke::Request { uid, reason, compromise_occurrence_date: None };
        assert_eq!(client.ask(request).await.map(drop), answer);
    }
}

#[tokio::test]
async fn attributes_are_asked_for_by_so_many_names_and_no_more() {
    let facts = Facts { attributes_max: 40, ..Facts::default() };
    let world = World::with_facts(facts).await;
    for (version, reason) in
        [(Version::V1_4, R::PermissionDenied), (Version::V2_1, R::ServerLimitExceeded)]
    {
        let client = world.client("orders", version).await;
        let uid = client.create(Vec::new()).await;
        assert!(client.ask(attributes(&uid, &names(40))).await.is_ok());
        assert_eq!(client.ask(attributes(&uid, &names(41))).await.unwrap_err(), reason);
    }
}

#[tokio::test]
async fn a_search_looks_at_so_many_attributes_and_at_equal_ones_once() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let all: Vec<Attribute> = (0..33).map(|number| group(&format!("group-{number}"))).collect();
    let uid = client.create(all.clone()).await;
    assert_eq!(found(client.ask(locate(all[..32].to_vec())).await), [uid.as_str()]);
    assert_eq!(client.ask(locate(all.clone())).await.unwrap_err(), R::InvalidField);
    let same = vec![all[0].clone(); 1000];
    assert_eq!(found(client.ask(locate(same)).await), [uid]);
}

#[tokio::test]
async fn a_batch_that_can_be_undone_changes_one_object_as_often_as_it_likes() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let old = client.create(Vec::new()).await;
    let undo = Some(BatchErrorContinuationOption::Undo);
    let adds = |uid: &str| -> Vec<Request> {
        (0..20).map(|number| add(uid, group(&format!("group-{number}")))).collect()
    };
    // An object of before, and one that the batch makes.
    let answers = client.batch(undo, adds(&old)).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(client.values(&old, AttributeKind::ObjectGroup).await.len(), 20);
    let mut items = vec![create(vec![name("new")])];
    items.extend(adds(""));
    items.push(activate(""));
    items.push(re_key("", None, Vec::new()));
    let answers = client.batch(undo, items).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let Ok(ResponsePayload::Create(made)) = &answers[0] else { panic!() };
    let made = made.uid.text().unwrap();
    assert_eq!(client.values(made, AttributeKind::ObjectGroup).await.len(), 20);
    let links = client.values(made, AttributeKind::Link).await;
    assert!(
        matches!(&links[..], [Attribute::Link(l)] if l.kind == LinkType::ReplacementObjectLink)
    );
    // The row has moved on by one, whatever the batch did to it.
    assert_eq!(world.stored("orders", made).await.revision, 1);
    assert_eq!(world.stored("orders", &old).await.revision, 2);
    assert!(client.ask(add(&old, name("later"))).await.is_ok());
}

#[tokio::test]
async fn what_a_client_calls_things_is_cut_in_records_and_messages() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(Vec::new()).await;
    // 128 bytes are in the middle of a letter.
    let long = format!("x{}", "ä".repeat(50_000));
    let color = AttributeReference::Custom { vendor: "x".into(), name: long.clone() };
    for payload in [get(&long), delete(&uid, color, None)] {
        let mut request = client.request(vec![payload]);
        request.header.client_correlation_value = Some(long.as_str().into());
        let item = client.send(&request).await.items.remove(0);
        let message = item.message.unwrap();
        assert!(message.chars().count() < 128, "{} bytes", message.len());
    }
    let files = world.close();
    let lines = files.iter().flat_map(|file| file.split(|byte| *byte == b'\n'));
    // Pages of the store may have any bytes between two line feeds.
    let is_record = |line: &&[u8]| {
        line.starts_with(b"{") && serde_json::from_slice::<serde_json::Value>(line).is_ok()
    };
    let records = lines.filter(is_record);
    let longest = records.map(<[u8]>::len).max();
    assert!(longest.is_some_and(|bytes| bytes < 2048), "{longest:?}");
}
