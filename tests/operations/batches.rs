//! Batches (KMIP 1.4 §6.12 to §6.14, KMIP 2.1 §9.6 to §9.8), the ID Placeholder and the Maximum
//! Response Size.

use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::{
    BatchErrorContinuationOption as OnError, Operation, ResultReason, ResultStatus,
    UniqueIdentifierEnum,
};
use kmip_ttlv::payload::{ResponsePayload, discover_versions, get_attributes, ping, rng_retrieve};
use kmip_ttlv::{UniqueIdentifier, Version};

use super::ask::{
    Request, add, archive, attributes, check, create, destroy, found, get, locate, name, re_key,
    recover, uid_of,
};
use super::transfer::export;
use super::world::{Answer, World};

use ResultReason as R;

/// What became of the items: `+` done, `-` failed.
fn marks(answers: &[Answer]) -> String {
    answers.iter().map(|answer| if answer.is_ok() { '+' } else { '-' }).collect()
}

#[tokio::test]
async fn a_failed_item_stops_the_batch_lets_it_go_on_or_undoes_it() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V2_1] {
        for (option, expected, made) in [
            (None, "+-", 1),
            (Some(OnError::Stop), "+-", 1),
            (Some(OnError::Continue), "+-+", 2),
            (Some(OnError::Undo), "--", 0),
        ] {
            let service = format!("s-{}-{made}-{}", version.major(), expected.len());
            let client = world.client(&service, version).await;
            let before = found(client.ask(locate(Vec::new())).await).len();
            let batch = vec![create(vec![name("n")]), get("nobody"), create(Vec::new())];
            let answers = client.batch(option, batch).await;
            assert_eq!(marks(&answers), expected, "{option:?}");
            let after = found(client.ask(locate(Vec::new())).await).len();
            assert_eq!(after - before, made, "{option:?}");
        }
    }
}

#[tokio::test]
async fn what_is_undone_says_so_and_names_the_item_that_failed() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let old = client.create(vec![name("n")]).await;
    let batch = vec![
        add(&old, name("m")),
        re_key(&old, None, Vec::new()),
        destroy(&old),
        get(&old),
        create(Vec::new()),
    ];
    let mut request = client.request(batch);
    request.header.error_continuation = Some(OnError::Undo);
    let response = client.send(&request).await;
    let statuses: Vec<ResultStatus> = response.items.iter().map(|item| item.status).collect();
    let undone = ResultStatus::OperationUndone;
    assert_eq!(statuses, [undone, undone, undone, ResultStatus::OperationFailed]);
    assert_eq!(response.items[3].reason, Some(R::ItemNotFound));
    for (item, asked) in response.items.iter().zip(&request.items) {
        assert_eq!(item.operation, Some(asked.payload.operation()));
        assert_eq!(item.unique_batch_item_id, asked.unique_batch_item_id);
        assert!(item.payload.is_none());
    }
    assert_eq!(client.values(&old, AttributeKind::Name).await, [name("n")]);
    assert_eq!(found(client.ask(locate(Vec::new())).await), [old]);
}

#[tokio::test]
async fn items_of_a_batch_that_can_be_undone_see_what_those_before_them_have_done() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let batch = vec![
        create(vec![name("n")]),
        add("", name("m")),
        attributes("", &[AttributeKind::Name.into()]),
        re_key("", None, Vec::new()),
        get(""),
    ];
    let answers = client.batch(Some(OnError::Undo), batch).await;
    assert_eq!(marks(&answers), "+++++");
    let Ok(ResponsePayload::GetAttributes(response)) = &answers[2] else { panic!() };
    assert_eq!(response.attributes.iter().count(), 2);
    assert_eq!(found(client.ask(locate(vec![name("m")])).await), [uid_of(answers[4].clone())]);
    // What it would have to search for is not in the store yet.
    let batch = vec![create(Vec::new()), locate(Vec::new()).into()];
    let answers = client.batch(Some(OnError::Undo), batch).await;
    assert_eq!(answers, [Err(R::FeatureNotSupported), Err(R::FeatureNotSupported)]);
}

#[tokio::test]
async fn the_placeholder_is_the_object_that_was_made_or_found_last() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let [one, two] = [client.create(vec![name("one")]).await, client.create(Vec::new()).await];
    let find = |wanted: &str| -> Request { locate(vec![name(wanted)]).into() };
    let after = async |mut batch: Vec<Request>| {
        batch.push(attributes("", &[]));
        let mut answers = client.batch(None, batch).await;
        answers.pop().unwrap().map(|answer| uid_of(Ok(answer)))
    };
    assert_eq!(after(vec![find("one")]).await, Ok(one.clone()));
    // An operation that names its object does not change what the others mean.
    assert_eq!(after(vec![find("one"), get(&two)]).await, Ok(one.clone()));
    assert_eq!(after(vec![find("one"), check(&two).into()]).await, Ok(one.clone()));
    assert_eq!(after(vec![find("one"), add(&two, name("two"))]).await, Ok(one.clone()));
    assert_eq!(after(vec![find("one"), find("two")]).await, Ok(two.clone()));
    // But Export and Recover do, and this one whether the object was archived or not.
    assert_eq!(after(vec![find("one"), export(&two)]).await, Ok(two.clone()));
    client.ask(archive(&two)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(after(vec![find("one"), recover(&two)]).await, Ok(two.clone()));
    }
    // None, or more than one, is no object.
    let missing = Err(R::InvalidMessage);
    assert_eq!(after(Vec::new()).await, missing);
    assert_eq!(after(vec![find("one"), find("nobody")]).await, missing);
    assert_eq!(after(vec![find("one"), locate(Vec::new()).into()]).await, missing);
    let mut first = locate(Vec::new());
    first.maximum_items = Some(1);
    assert_eq!(after(vec![first.into()]).await, Ok(two));
    // It ends with the batch.
    assert_eq!(client.ask(get("")).await, Err(R::InvalidMessage));
}

#[tokio::test]
async fn in_2x_an_identifier_can_be_counted_in_the_response() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let counted = |uid| {
        let request = get_attributes::Request { uid: Some(uid), references: Vec::new() };
        Request::from(request)
    };
    let at = |position| counted(UniqueIdentifier::Integer(position));
    let placeholder = counted(UniqueIdentifier::Enumeration(UniqueIdentifierEnum::IdPlaceholder));
    let batch = vec![
        create(Vec::new()),
        create(Vec::new()),
        locate(Vec::new()).into(), // both, the newer one first
        at(0),
        at(1),
        at(-1),
        at(2),
        at(3),
        create(Vec::new()),
        placeholder,
    ];
    let answers = client.batch(None, batch).await;
    let uid = |item: usize| uid_of(answers[item].clone());
    assert_eq!(uid(3), uid(0));
    assert_eq!(uid(4), uid(1));
    assert_eq!(uid(5), uid(1), "the one before");
    assert_eq!(uid(6), uid(1), "the newer one");
    assert_eq!(uid(7), uid(0), "the older one");
    assert_eq!(uid(9), uid(8));
    for position in [5, -6, i32::MAX, i32::MIN] {
        let answers = client.batch(None, vec![create(Vec::new()), at(position)]).await;
        assert_eq!(answers[1], Err(R::InvalidMessage), "{position}");
    }
}

#[tokio::test]
async fn in_2x_a_word_means_the_most_recent_result_of_its_operation() {
    use UniqueIdentifierEnum as Word;
    let world = World::new().await;
    let client = world.client("orders", Version::V2_0).await;
    let old = client.create(vec![name("old")]).await;
    let by_word = |word| {
        let uid = Some(UniqueIdentifier::Enumeration(word));
        Request::from(get_attributes::Request { uid, references: Vec::new() })
    };
    let batch = vec![
        create(Vec::new()),
        create(Vec::new()),
        locate(vec![name("old")]).into(),
        re_key("", None, Vec::new()),
        by_word(Word::Create),
        by_word(Word::Locate),
        by_word(Word::ReKey),
        by_word(Word::IdPlaceholder),
    ];
    let answers = client.batch(None, batch).await;
    let uid = |item: usize| uid_of(answers[item].clone());
    assert_eq!(uid(4), uid(1), "the later of two");
    assert_eq!(uid(5), old);
    assert_eq!([uid(6), uid(7)], [uid(3), uid(3)]);
    // What has left nothing, or more than one, means no object.
    for (before, word, reason) in [
        (create(Vec::new()), Word::Register, R::InvalidMessage),
        (create(Vec::new()), Word::CreateKeyPair, R::InvalidMessage),
        (create(Vec::new()), Word::Unknown(0x8000_0001), R::UnknownEnumeration),
        (locate(vec![name("nobody")]).into(), Word::Locate, R::InvalidMessage),
        (locate(Vec::new()).into(), Word::Locate, R::FeatureNotSupported),
    ] {
        let answers = client.batch(None, vec![before, by_word(word)]).await;
        assert_eq!(answers[1], Err(reason), "{word}");
    }
}

#[tokio::test]
async fn an_operation_of_a_later_version_is_not_supported_in_an_earlier_one() {
    let world = World::new().await;
    let random = || Request::from(rng_retrieve::Request { data_length: 8 });
    let ping = || Request::from(ping::Request {});
    let versions = || Request::from(discover_versions::Request { versions: Vec::new() });
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for (payload, first) in [
            (random(), Version::V1_2),
            (ping(), Version::V2_1),
            // Clients ask in the oldest version which others there are.
            (versions(), Version::V1_0),
        ] {
            let expected = (version < first).then_some(R::OperationNotSupported);
            let operation = payload.operation();
            let answer = client.ask(payload).await;
            assert_eq!(answer.err(), expected, "{operation} in {version}");
        }
    }
}

#[tokio::test]
async fn a_batch_item_id_comes_back_byte_for_byte_or_not_at_all() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_0).await;
    for id in [None, Some(vec![0]), Some(vec![255; 8]), Some(Vec::new())] {
        for payload in [create(Vec::new()), get("nobody")] {
            let mut request = client.request(vec![payload]);
            request.items[0].unique_batch_item_id = id.clone().map(Into::into);
            let response = client.send(&request).await;
            assert_eq!(response.items[0].unique_batch_item_id.as_deref(), id.as_deref());
        }
    }
}

#[tokio::test]
async fn an_answer_is_as_long_as_the_client_takes_it_or_fails() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(Vec::new()).await;
    let ask = |max| {
        let mut request = client.request(vec![attributes(&uid, &[])]);
        request.header.maximum_response_size = max;
        request
    };
    let whole = client.answer(&ask(None)).await;
    let size = i32::try_from(whole.len()).unwrap();
    assert_eq!(client.answer(&ask(Some(size))).await, whole);
    let response = client.send(&ask(Some(size - 1))).await;
    let item = &response.items[0];
    assert_eq!(item.operation, Some(Operation::GetAttributes));
    assert_eq!(item.status, ResultStatus::OperationFailed);
    assert_eq!(item.reason, Some(R::ResponseTooLarge));
    // What cannot be answered is not done.
    let before = found(client.ask(locate(Vec::new())).await);
    let mut request = client.request(vec![create(Vec::new())]);
    request.header.maximum_response_size = Some(100);
    let response = client.send(&request).await;
    assert_eq!(response.items[0].reason, Some(R::ResponseTooLarge));
    assert_eq!(found(client.ask(locate(Vec::new())).await), before);
}
