//! Locate (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

use std::time::Duration;

use keystrata::operation::Facts;
use kmip_ttlv::attribute::{
    ApplicationSpecificInformation, Attribute, AttributeKind, CryptographicParameters, Digest,
    UnknownAttribute, UsageLimits,
};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask,
    HashingAlgorithm, ObjectGroupMember, ObjectType, ResultReason, State, StorageStatusMask,
    UsageLimitsUnit,
};
use kmip_ttlv::payload::{ResponsePayload, locate};
use kmip_ttlv::{DateTime, Tag, Value, Version};

use super::ask::{at, create, custom, destroy, found, get, group, locate, name, revoke, uid_of};
use super::world::{Client, World};

use ResultReason as R;

fn mask(bits: &[CryptographicUsageMask]) -> Attribute {
    let none = CryptographicUsageMask::default();
    Attribute::CryptographicUsageMask(bits.iter().fold(none, |mask, bit| mask.union(*bit)))
}

fn information(namespace: &str, data: Option<&str>) -> Attribute {
    Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
        namespace: namespace.into(),
        data: data.map(Into::into),
    })
}

fn limits(total: i64, count: Option<i64>, unit: UsageLimitsUnit) -> Attribute {
    Attribute::UsageLimits(UsageLimits { total, count, unit })
}

fn parameters(
    mode: Option<BlockCipherMode>,
    algorithm: Option<CryptographicAlgorithm>,
) -> Attribute {
    let parameters = CryptographicParameters {
        block_cipher_mode: mode,
        cryptographic_algorithm: algorithm,
        ..CryptographicParameters::default()
    };
    Attribute::CryptographicParameters(parameters.into())
}

/// Three keys, ten seconds apart: `a` is Pre-Active, `b` Active, `c` Compromised.
pub(crate) async fn three(client: &Client<'_>) -> [String; 3] {
    const ENCRYPT: CryptographicUsageMask = CryptographicUsageMask::ENCRYPT;
    const DECRYPT: CryptographicUsageMask = CryptographicUsageMask::DECRYPT;
    let aes = Some(CryptographicAlgorithm::Aes);
    let keys = [
        (
            State::PreActive,
            vec![name("a"), name("both"), mask(&[ENCRYPT]), information("files", Some("1"))],
        ),
        (
            State::Active,
            vec![
                name("b"),
                name("both"),
                mask(&[ENCRYPT, DECRYPT]),
                information("files", Some("2")),
                Attribute::CryptographicLength(256),
                limits(100, None, UsageLimitsUnit::Byte),
                Attribute::DeactivationDate(at(1000)),
            ],
        ),
        (
            State::Compromised,
            vec![
                name("c"),
                custom("color", "red"),
                group("g"),
                parameters(Some(BlockCipherMode::Cbc), aes),
                Attribute::OperationPolicyName("mine".into()),
                Attribute::DeactivationDate(DateTime(i64::MAX)),
            ],
        ),
    ];
    let mut uids = Vec::new();
    for (state, attributes) in keys {
        uids.push(client.key_in(state, attributes).await);
        client.world.clock.advance(Duration::from_secs(10));
    }
    uids.try_into().unwrap()
}

/// What is found, as the letters of [`three`], newest first.
fn letters(uids: &[String; 3], found: &[String]) -> String {
    let letter = |one: &String| match uids.iter().position(|uid| uid == one) {
        Some(place) => ['a', 'b', 'c'][place],
        None => '?',
    };
    found.iter().map(letter).collect()
}

#[tokio::test]
async fn what_has_all_the_attributes_given_is_found_newest_first() {
    use CryptographicUsageMask as Mask;
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uids = three(&client).await;
    let aes = Some(CryptographicAlgorithm::Aes);
    let by_uid = Attribute::UniqueIdentifier(uids[1].as_str().into());
    let date = |seconds| Attribute::InitialDate(at(seconds));
    let end = |seconds| Attribute::DeactivationDate(at(seconds));
    let never = Attribute::DeactivationDate(DateTime(i64::MAX));
    let table: Vec<(&str, Vec<Attribute>)> = vec![
        ("cba", vec![]),
        ("a", vec![name("a")]),
        ("ba", vec![name("both")]),
        ("b", vec![name("both"), name("b")]),
        ("", vec![name("a"), name("b")]),
        ("", vec![name("nobody")]),
        ("b", vec![by_uid.clone()]),
        ("", vec![by_uid, name("a")]),
        ("", vec![Attribute::UniqueIdentifier("nobody".into())]),
        ("cba", vec![Attribute::ObjectType(ObjectType::SymmetricKey)]),
        ("", vec![Attribute::ObjectType(ObjectType::SecretData)]),
        ("b", vec![Attribute::State(State::Active)]),
        ("", vec![Attribute::State(State::Deactivated)]),
        ("cba", vec![Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes)]),
        ("b", vec![Attribute::CryptographicLength(256)]),
        ("cba", vec![mask(&[Mask::ENCRYPT])]),
        ("b", vec![mask(&[Mask::ENCRYPT, Mask::DECRYPT])]),
        ("", vec![mask(&[Mask::SIGN])]),
        ("ba", vec![information("files", None)]),
        ("b", vec![information("files", Some("2"))]),
        ("", vec![information("file", None)]),
        ("c", vec![custom("color", "red")]),
        ("", vec![custom("color", "blue")]),
        ("c", vec![group("g")]),
        ("c", vec![parameters(Some(BlockCipherMode::Cbc), None)]),
        ("c", vec![parameters(None, aes)]),
        ("", vec![parameters(Some(BlockCipherMode::Gcm), aes)]),
        ("b", vec![limits(100, None, UsageLimitsUnit::Byte)]),
        ("b", vec![limits(1, Some(100), UsageLimitsUnit::Byte)]),
        ("", vec![limits(1, Some(101), UsageLimitsUnit::Byte)]),
        ("", vec![limits(101, None, UsageLimitsUnit::Byte)]),
        ("", vec![limits(1, None, UsageLimitsUnit::Object)]),
        ("b", vec![date(10)]),
        ("", vec![date(11)]),
        ("ba", vec![date(0), date(10)]),
        ("ba", vec![date(10), date(0)]),
        ("cb", vec![date(1), date(20)]),
        ("", vec![date(11), date(19)]),
        ("b", vec![end(0), end(1000)]),
        ("ca", vec![never.clone()]),
        ("cb", vec![end(0), never]),
        ("ba", vec![Attribute::OperationPolicyName("default".into())]),
        ("c", vec![Attribute::OperationPolicyName("mine".into())]),
        ("cba", vec![Attribute::Fresh(true)]),
        ("", vec![Attribute::Description("none".into())]),
    ];
    for (expected, filter) in table {
        let what = format!("{filter:?}");
        let found = found(client.ask(locate(filter)).await);
        assert_eq!(letters(&uids, &found), expected, "{what}");
    }
}

#[tokio::test]
async fn what_follows_from_the_object_can_be_looked_for_too() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uids = three(&client).await;
    let short = client.values(&uids[1], AttributeKind::ShortUniqueIdentifier).await;
    assert_eq!(letters(&uids, &found(client.ask(locate(short)).await)), "b");
    let digest = client.values(&uids[2], AttributeKind::Digest).await;
    assert_eq!(letters(&uids, &found(client.ask(locate(digest.clone())).await)), "c");
    let [Attribute::Digest(Digest { value, .. })] = digest.as_slice() else { panic!() };
    let partial = Attribute::Digest(Digest {
        hashing_algorithm: HashingAlgorithm::Sha256,
        value: value.clone(),
        key_format_type: None,
    });
    assert_eq!(letters(&uids, &found(client.ask(locate(vec![partial])).await)), "c");
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_refused_and_never_left_out() {
    let world = World::new().await;
    let in_1x = |name: &str| {
        let value = Some(Value::Integer(1));
        Attribute::Unknown(UnknownAttribute::Named { vendor: None, name: name.into(), value })
    };
    let in_2x = Attribute::Unknown(UnknownAttribute::Tagged {
        tag: Tag::IvCounterNonce,
        value: Value::Integer(1),
    });
    for (version, filter, reason) in [
        (Version::V1_0, in_1x("Nonsense"), R::InvalidField),
        (Version::V1_0, in_1x("Fresh"), R::InvalidField),
        (Version::V2_1, in_2x, R::InvalidAttribute),
    ] {
        let client = world.client("orders", version).await;
        client.create(Vec::new()).await;
        assert_eq!(client.ask(locate(vec![filter])).await, Err(reason), "{version:?}");
    }
    let client = world.client("orders", Version::V2_1).await;
    let dates = (1..4).map(|seconds| Attribute::InitialDate(at(seconds))).collect();
    assert_eq!(client.ask(locate(dates)).await, Err(R::InvalidField));
}

#[tokio::test]
async fn every_page_is_that_part_of_the_whole() {
    let world = World::with_facts(Facts { located_items_max: 4, ..Facts::default() }).await;
    let client = world.client("orders", Version::V1_3).await;
    let mut all = Vec::new();
    for number in ["first", "2", "3", "4", "5"] {
        all.insert(0, client.create(vec![name(number)]).await);
    }
    // Who asks for neither a page nor a number must not take a part for the whole.
    assert_eq!(client.ask(locate(Vec::new())).await, Err(R::PermissionDenied));
    let late = client.speaking(Version::V2_1);
    assert_eq!(late.ask(locate(Vec::new())).await, Err(R::ServerLimitExceeded));
    let first = locate(vec![name("first")]);
    assert_eq!(found(client.ask(first).await), all[4..]);
    for offset in [None, Some(0), Some(1), Some(4), Some(5), Some(i32::MAX)] {
        for maximum in [None, Some(0), Some(1), Some(3), Some(4), Some(i32::MAX)] {
            if offset.is_none() && maximum.is_none() {
                continue;
            }
            let skipped = all.iter().skip(offset.unwrap_or(0).try_into().unwrap());
            let limit = usize::try_from(maximum.unwrap_or(i32::MAX)).unwrap().min(4);
            let expected: Vec<String> = skipped.take(limit).cloned().collect();
            let asked = locate::Request {
                offset_items: offset,
                maximum_items: maximum,
                ..locate(Vec::new())
            };
            let Ok(ResponsePayload::Locate(response)) = client.ask(asked.clone()).await else {
                panic!()
            };
            // The total is told to those who page.
            assert_eq!(response.located_items, offset.map(|_| 5));
            assert_eq!(found(Ok(response.into())), expected, "{offset:?} {maximum:?}");
            // Who pages before 1.3 gets the page and not the field that 1.3 brought.
            let early = client.speaking(Version::V1_0);
            let Ok(ResponsePayload::Locate(response)) = early.ask(asked).await else { panic!() };
            assert_eq!(response.located_items, None);
            assert_eq!(found(Ok(response.into())), expected);
        }
    }
    for asked in [
        locate::Request { offset_items: Some(-1), ..locate(Vec::new()) },
        locate::Request { maximum_items: Some(-1), ..locate(Vec::new()) },
    ] {
        assert_eq!(client.ask(asked).await, Err(R::InvalidField));
    }
}

#[tokio::test]
async fn a_long_search_finds_everything_once_and_has_an_end() {
    let facts = Facts { located_scan_max: 512, ..Facts::default() };
    let world = World::with_facts(facts).await;
    let client = world.client("orders", Version::V1_4).await;
    let undo = Some(BatchErrorContinuationOption::Undo);
    let mut all = Vec::new();
    for _ in 0..3 {
        for answer in client.batch(undo, vec![create(Vec::new()); 100]).await {
            all.insert(0, uid_of(answer));
        }
    }
    assert_eq!(found(client.ask(locate(Vec::new())).await), all);
    for _ in 0..3 {
        client.batch(undo, vec![create(Vec::new()); 100]).await;
    }
    let rare = locate(vec![Attribute::Description("none".into())]);
    assert_eq!(client.ask(rare).await, Err(R::PermissionDenied));
    let few = locate::Request { maximum_items: Some(300), ..locate(Vec::new()) };
    assert_eq!(found(client.ask(few).await).len(), 300);
}

#[tokio::test]
async fn destroyed_objects_are_found_when_they_are_asked_for() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let live = client.create(Vec::new()).await;
    let gone = client.create(Vec::new()).await;
    client.ask(destroy(&gone)).await.unwrap();
    let both = vec![gone.clone(), live.clone()];
    let on_line = StorageStatusMask::ON_LINE_STORAGE;
    let archived = StorageStatusMask::ARCHIVAL_STORAGE;
    let destroyed = StorageStatusMask::DESTROYED_STORAGE;
    for (mask, expected) in [
        (None, vec![live.clone()]),
        (Some(on_line), vec![live.clone()]),
        (Some(archived), vec![]),
        (Some(destroyed), vec![gone.clone()]),
        (Some(on_line.union(destroyed)), both),
    ] {
        let asked = locate::Request { storage_status_mask: mask, ..locate(Vec::new()) };
        assert_eq!(found(client.ask(asked).await), expected, "{mask:?}");
    }
    let by_uid = locate(vec![Attribute::UniqueIdentifier(gone.as_str().into())]);
    let by_state = locate(vec![Attribute::State(State::Destroyed)]);
    assert_eq!(found(client.ask(by_uid.clone()).await), Vec::<String>::new());
    assert_eq!(found(client.ask(by_state.clone()).await), Vec::<String>::new());
    // The mask of 1.x has no word for destroyed objects; their state says it.
    let client = client.speaking(Version::V1_4);
    assert_eq!(found(client.ask(by_uid).await), Vec::<String>::new());
    assert_eq!(found(client.ask(by_state).await), [gone]);
}

fn member(member: ObjectGroupMember, maximum: i32, groups: &[&str]) -> locate::Request {
    locate::Request {
        object_group_member: Some(member),
        maximum_items: Some(maximum),
        ..locate(groups.iter().map(|name| group(name)).collect())
    }
}

#[tokio::test]
async fn the_default_members_of_a_group_take_turns() {
    use ObjectGroupMember::GroupMemberDefault as Default;
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(client.create(vec![group("g")]).await);
    }
    let other = client.create(vec![group("h")]).await;
    let turn = async || found(client.ask(member(Default, 1, &["g"])).await).remove(0);
    // An answer that the client does not get, or that is taken back, is nobody's turn.
    let mut request = client.request(vec![member(Default, 1, &["g"]).into()]);
    request.header.maximum_response_size = Some(1);
    assert_eq!(client.send(&request).await.items[0].reason, Some(R::ResponseTooLarge));
    let undone = vec![member(Default, 1, &["g"]).into(), get("nobody")];
    client.batch(Some(BatchErrorContinuationOption::Undo), undone).await;
    for expected in [0, 1, 2] {
        assert_eq!(turn().await, members[expected]);
    }
    let batch = vec![member(Default, 1, &["g"]).into(), get(&other)];
    let mut answers = client.batch(Some(BatchErrorContinuationOption::Undo), batch).await;
    assert_eq!(found(answers.remove(0)), [members[0].clone()]);
    assert_eq!(found(client.ask(member(Default, 1, &["h"])).await), [other]);
    // A member that is gone is passed over, a new one has its turn.
    client.ask(destroy(&members[1])).await.unwrap();
    members.push(client.create(vec![group("g")]).await);
    for expected in [2, 3, 0, 2] {
        assert_eq!(turn().await, members[expected]);
    }
    assert_eq!(found(client.ask(member(Default, 0, &["g"])).await), Vec::<String>::new());
    assert_eq!(found(client.ask(member(Default, 1, &["none"])).await), Vec::<String>::new());
    assert_eq!(client.ask(member(Default, 1, &[])).await, Err(R::InvalidField));
    // Each service has turns of its own.
    let neighbour = world.client("billing", Version::V1_4).await;
    let theirs = neighbour.create(vec![group("g")]).await;
    assert_eq!(found(neighbour.ask(member(Default, 1, &["g"])).await), [theirs]);
}

#[tokio::test]
async fn fresh_members_of_a_group_are_those_that_nobody_got() {
    use ObjectGroupMember::GroupMemberFresh as Fresh;
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let old = client.create(vec![group("g")]).await;
    let new = client.create(vec![group("g")]).await;
    client.create(Vec::new()).await;
    assert_eq!(found(client.ask(member(Fresh, 9, &["g"])).await), [new.clone(), old.clone()]);
    client.ask(get(&new)).await.unwrap();
    assert_eq!(found(client.ask(member(Fresh, 9, &["g"])).await), [old.clone()]);
    client.ask(get(&old)).await.unwrap();
    assert_eq!(found(client.ask(member(Fresh, 9, &["g"])).await), Vec::<String>::new());
    assert_eq!(client.ask(member(Fresh, 1, &[])).await, Err(R::InvalidField));
}

#[tokio::test]
async fn the_state_that_is_looked_for_is_the_state_now() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client
        .create(vec![Attribute::ActivationDate(at(10)), Attribute::DeactivationDate(at(20))])
        .await;
    for state in [State::PreActive, State::Active, State::Deactivated] {
        for asked in [State::PreActive, State::Active, State::Deactivated] {
            let expected: &[String] = if asked == state { std::slice::from_ref(&uid) } else { &[] };
            let answer = client.ask(locate(vec![Attribute::State(asked)])).await;
            assert_eq!(found(answer), expected, "{asked:?} in {state:?}");
        }
        world.clock.advance(Duration::from_secs(10));
    }
    client.ask(revoke(&uid, kmip_ttlv::enums::RevocationReasonCode::KeyCompromise)).await.unwrap();
    let answer = client.ask(locate(vec![Attribute::State(State::Compromised)])).await;
    assert_eq!(found(answer), [uid]);
}
