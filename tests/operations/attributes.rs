//! Get Attributes, Get Attribute List, Add, Modify, Delete and Set Attribute (KMIP 1.4 §4.12 to
//! §4.16, KMIP 2.1 §6.1).

use keystrata::operation::Facts;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference};
use kmip_ttlv::enums::{KeyFormatType, ResultReason, State};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::{Value, Version};

use super::ask::{
    add, at, attribute_list, attributes, create, custom, delete, delete_value, get, modify,
    modify_from, name, opaque, re_key, set, uid_of,
};
use super::world::{Client, World};

use ResultReason as R;

const NAME: AttributeReference = AttributeReference::Known(AttributeKind::Name);

fn color() -> AttributeReference {
    AttributeReference::Custom { vendor: "x".into(), name: "color".into() }
}

/// The names of an object with their indexes, as `index:name`.
async fn names(client: &Client<'_>, uid: &str) -> Vec<String> {
    let shown = client.instances(uid, AttributeKind::Name).await.into_iter().map(|instance| {
        let index = instance.index.map(|index| index.to_string()).unwrap_or_default();
        match instance.attribute {
            Attribute::Name(name) => format!("{index}:{}", name.value),
            other => panic!("{other:?}"),
        }
    });
    shown.collect()
}

#[tokio::test]
async fn an_index_of_1x_belongs_to_its_instance_until_that_is_deleted() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(vec![name("a"), name("b")]).await;
    client.ask(add(&uid, name("c"))).await.unwrap();
    assert_eq!(names(&client, &uid).await, [":a", "1:b", "2:c"]);
    client.ask(delete(&uid, NAME, Some(1))).await.unwrap();
    assert_eq!(names(&client, &uid).await, [":a", "2:c"]);
    client.ask(modify(&uid, Some(2), name("d"))).await.unwrap();
    client.ask(modify(&uid, None, name("e"))).await.unwrap();
    assert_eq!(names(&client, &uid).await, [":e", "2:d"]);
    // Without an index, the first is meant.
    client.ask(delete(&uid, NAME, None)).await.unwrap();
    assert_eq!(names(&client, &uid).await, ["2:d"]);
    assert_eq!(client.ask(delete(&uid, NAME, None)).await, Err(R::ItemNotFound));
}

#[tokio::test]
async fn answers_of_1x_hold_the_attribute_and_those_of_2x_do_not() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_0).await;
    let uid = client.create(Vec::new()).await;
    let shown = |answer| match answer {
        Ok(ResponsePayload::AddAttribute(response)) => response.attribute,
        Ok(ResponsePayload::ModifyAttribute(response)) => response.attribute,
        Ok(ResponsePayload::DeleteAttribute(response)) => response.attribute,
        other => panic!("{other:?}"),
    };
    let added = shown(client.ask(add(&uid, custom("color", "red"))).await).unwrap();
    assert_eq!((added.index, added.attribute), (None, custom("color", "red")));
    let added = shown(client.ask(add(&uid, custom("color", "blue"))).await).unwrap();
    assert_eq!((added.index, added.attribute), (Some(1), custom("color", "blue")));
    let modified = shown(client.ask(modify(&uid, Some(0), custom("color", "gold"))).await);
    let modified = modified.unwrap();
    assert_eq!(
        (modified.index, modified.attribute),
        (Some(0), custom("color", "gold")),
        "as asked"
    );
    let deleted = shown(client.ask(delete(&uid, color(), None)).await).unwrap();
    assert_eq!((deleted.index, deleted.attribute), (None, custom("color", "gold")));

    let client = client.speaking(Version::V2_1);
    assert_eq!(shown(client.ask(add(&uid, name("a"))).await), None);
    assert_eq!(shown(client.ask(modify(&uid, None, name("b"))).await), None);
    assert_eq!(shown(client.ask(delete_value(&uid, name("b"))).await), None);
}

#[tokio::test]
async fn bad_changes_have_the_reasons_of_1x() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(vec![name("a"), Attribute::Description("d".into())]).await;
    let mut indexed = match add(&uid, name("i")) {
        kmip_ttlv::RequestPayload::AddAttribute(request) => request,
        other => panic!("{other:?}"),
    };
    indexed.attribute.index = Some(1);
    for (request, reason) in [
        (indexed.into(), R::InvalidField),
        (add(&uid, Attribute::Description("e".into())), R::IllegalOperation),
        (add(&uid, name("a")), R::IllegalOperation),
        (modify(&uid, None, Attribute::Comment("c".into())), R::InvalidField),
        (modify(&uid, Some(7), name("b")), R::ItemNotFound),
        (delete(&uid, NAME, Some(7)), R::ItemNotFound),
        (delete(&uid, AttributeReference::Known(AttributeKind::Comment), None), R::ItemNotFound),
        (delete(&uid, AttributeReference::UnknownName("Nonsense".into()), None), R::InvalidField),
    ] {
        let what = format!("{request:?}");
        assert_eq!(client.ask(request).await, Err(reason), "{what}");
    }
}

#[tokio::test]
async fn bad_changes_have_the_reasons_of_2x() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let two = vec![name("a"), name("b"), Attribute::Description("d".into())];
    let uid = client.create(two).await;
    let comment = Attribute::Comment("c".into());
    for (request, reason) in [
        (add(&uid, Attribute::Description("e".into())), R::AttributeSingleValued),
        (add(&uid, name("a")), R::NonUniqueNameAttribute),
        (modify_from(&uid, name("a"), name("b")), R::NonUniqueNameAttribute),
        (modify(&uid, None, comment.clone()), R::AttributeNotFound),
        (modify(&uid, None, name("c")), R::AttributeInstanceNotFound),
        (modify_from(&uid, name("z"), name("c")), R::AttributeInstanceNotFound),
        (modify_from(&uid, comment.clone(), name("c")), R::InvalidField),
        (delete_value(&uid, name("z")), R::AttributeInstanceNotFound),
        (delete_value(&uid, comment), R::AttributeNotFound),
        (set(&uid, name("c")), R::MultiValuedAttribute),
    ] {
        let what = format!("{request:?}");
        assert_eq!(client.ask(request).await, Err(reason), "{what}");
    }
    assert_eq!(client.values(&uid, NAME).await, [name("a"), name("b")]);
}

#[tokio::test]
async fn in_2x_an_instance_is_meant_by_its_value() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(vec![name("a"), name("b"), name("c")]).await;
    client.ask(modify_from(&uid, name("b"), name("d"))).await.unwrap();
    assert_eq!(client.values(&uid, NAME).await, [name("a"), name("d"), name("c")]);
    client.ask(delete_value(&uid, name("a"))).await.unwrap();
    assert_eq!(client.values(&uid, NAME).await, [name("d"), name("c")]);
    client.ask(delete(&uid, NAME, None)).await.unwrap();
    assert_eq!(client.values(&uid, NAME).await, []);
}

#[tokio::test]
async fn set_adds_what_is_not_there_and_changes_the_one_that_is() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(Vec::new()).await;
    for value in [custom("color", "red"), custom("color", "blue")] {
        client.ask(set(&uid, value.clone())).await.unwrap();
        assert_eq!(client.values(&uid, color()).await, [value]);
    }
    client.ask(set(&uid, Attribute::Comment("c".into()))).await.unwrap();
    client.ask(set(&uid, Attribute::Comment("d".into()))).await.unwrap();
    let comment = client.values(&uid, AttributeKind::Comment).await;
    assert_eq!(comment, [Attribute::Comment("d".into())]);
}

#[tokio::test]
async fn a_change_moves_the_last_change_date_and_a_refused_one_does_not() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(vec![name("a")]).await;
    world.clock.advance(std::time::Duration::from_secs(5));
    client.ask(add(&uid, name("a"))).await.unwrap_err();
    let changed = async || client.values(&uid, AttributeKind::LastChangeDate).await;
    assert_eq!(changed().await, [Attribute::LastChangeDate(at(0))]);
    client.ask(add(&uid, name("b"))).await.unwrap();
    assert_eq!(changed().await, [Attribute::LastChangeDate(at(5))]);
}

#[tokio::test]
async fn dates_that_are_added_take_effect_at_once() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_0).await;
    let uid = client.create(Vec::new()).await;
    client.ask(add(&uid, Attribute::ActivationDate(at(0)))).await.unwrap();
    assert_eq!(client.state(&uid).await, State::Active);
    client.ask(add(&uid, Attribute::DeactivationDate(at(0)))).await.unwrap();
    assert_eq!(client.state(&uid).await, State::Deactivated);
}

#[tokio::test]
async fn attributes_come_in_the_order_asked_for_each_at_most_once() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(vec![name("a"), custom("color", "red"), name("b")]).await;
    let known = AttributeReference::Known;
    let asked = [
        color(),
        known(AttributeKind::Name),
        known(AttributeKind::DeactivationDate),
        AttributeReference::UnknownName("Nonsense".into()),
        known(AttributeKind::ObjectType),
    ];
    let answer = client.ask(attributes(&uid, &asked)).await.unwrap();
    let ResponsePayload::GetAttributes(response) = answer else { panic!() };
    let shown: Vec<String> =
        response.attributes.iter().map(|attribute| attribute.name().into_owned()).collect();
    assert_eq!(shown, ["x-color", "Name", "Name", "Object Type"]);
    let twice = [known(AttributeKind::Name), color(), known(AttributeKind::Name)];
    assert_eq!(client.ask(attributes(&uid, &twice)).await, Err(R::InvalidMessage));
}

/// What the server sets by itself on a symmetric key that it has made.
#[rustfmt::skip]
const BY_ITSELF: &[(Version, &[&str])] = &[
    (Version::V1_0, &["Unique Identifier", "Object Type", "Cryptographic Algorithm",
        "Cryptographic Length", "Cryptographic Usage Mask", "Digest", "Initial Date",
        "Last Change Date", "Lease Time", "State", "Operation Policy Name"]),
    (Version::V1_1, &["Fresh"]),
    (Version::V1_2, &["Original Creation Date"]),
    (Version::V1_3, &["Random Number Generator"]),
    (Version::V1_4, &["Sensitive", "Always Sensitive", "Extractable", "Never Extractable"]),
    (Version::V2_0, &["Short Unique Identifier", "Key Format Type", "Protection Storage Mask"]),
    (Version::V2_1, &[]),
];

#[tokio::test]
async fn each_version_is_shown_the_attributes_that_it_has() {
    let world = World::new().await;
    let mut expected: Vec<&str> = Vec::new();
    for (version, more) in BY_ITSELF {
        expected.extend(*more);
        expected.retain(|name| !(version.is_2x() && *name == "Operation Policy Name"));
        expected.sort_unstable();
        let client = world.client("orders", *version).await;
        let uid = client.create(Vec::new()).await;
        let answer = client.ask(attribute_list(&uid)).await.unwrap();
        let ResponsePayload::GetAttributeList(response) = answer else { panic!() };
        let mut listed: Vec<_> = response.references.iter().map(|one| one.name()).collect();
        listed.sort_unstable();
        assert_eq!(listed, expected, "{version:?}");
        // Get Attributes without names shows the same.
        let answer = client.ask(attributes(&uid, &[])).await.unwrap();
        let ResponsePayload::GetAttributes(response) = answer else { panic!() };
        let mut shown: Vec<_> = response.attributes.iter().map(Attribute::name).collect();
        shown.sort_unstable();
        assert_eq!(shown, expected, "{version:?}");
    }
}

#[tokio::test]
async fn an_object_is_fresh_until_it_is_first_handed_out() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let uid = client.create(Vec::new()).await;
    let fresh = async || client.values(&uid, AttributeKind::Fresh).await;
    assert_eq!(fresh().await, [Attribute::Fresh(true)]);
    client.ask(get(&uid)).await.unwrap();
    assert_eq!(fresh().await, [Attribute::Fresh(false)]);
    client.ask(get(&uid)).await.unwrap();
    assert_eq!(fresh().await, [Attribute::Fresh(false)]);
}

#[tokio::test]
async fn custom_values_of_every_type_come_back_as_they_went() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let values = [
        Value::Integer(0),
        Value::LongInteger(i64::MIN),
        Value::Enumeration(0x8000_0001),
        Value::Boolean(false),
        Value::TextString("trailing  ".to_owned().into()),
        Value::TextString("Α".to_owned().into()),
        Value::ByteString(vec![0, 255].into()),
        Value::DateTime(-1),
        Value::Interval(u32::MAX),
        Value::Structure(vec![(kmip_ttlv::Tag::NameValue, Value::Integer(1))]),
    ];
    let made = values.into_iter().enumerate().map(|(number, value)| {
        Attribute::Custom(kmip_ttlv::attribute::CustomAttribute {
            vendor: "example.com".into(),
            name: format!("n {number} "),
            value,
        })
    });
    let made: Vec<Attribute> = made.collect();
    let uid = client.create(made.clone()).await;
    let answer = client.ask(attributes(&uid, &[])).await.unwrap();
    let ResponsePayload::GetAttributes(response) = answer else { panic!() };
    let is_custom = |attribute: &&Attribute| attribute.kind() == AttributeKind::Custom;
    let shown: Vec<Attribute> = response.attributes.iter().filter(is_custom).cloned().collect();
    assert_eq!(shown, made);
    // 1.x cannot name them.
    let client = client.speaking(Version::V1_4);
    let answer = client.ask(attributes(&uid, &[])).await.unwrap();
    let ResponsePayload::GetAttributes(response) = answer else { panic!() };
    assert!(response.attributes.iter().all(|shown| shown.kind() != AttributeKind::Custom));
}

#[tokio::test]
async fn times_finer_than_seconds_are_not_shown_to_1x_wherever_they_stand() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let inside = |value| Value::Structure(vec![(kmip_ttlv::Tag::NameValue, value)]);
    let values = [
        Value::Integer(1),
        inside(Value::DateTime(1)),
        Value::DateTimeExtended(1),
        inside(Value::DateTimeExtended(1)),
        inside(inside(Value::DateTimeExtended(1))),
    ];
    let made = values.into_iter().enumerate().map(|(number, value)| {
        let (vendor, name) = ("x".into(), number.to_string());
        Attribute::Custom(kmip_ttlv::attribute::CustomAttribute { vendor, name, value })
    });
    let made: Vec<Attribute> = made.collect();
    let uid = client.create(made.clone()).await;
    for (version, shown) in [(Version::V2_0, 5), (Version::V1_4, 2), (Version::V1_0, 2)] {
        let client = client.speaking(version);
        let answer = client.ask(attributes(&uid, &[])).await.unwrap();
        let ResponsePayload::GetAttributes(response) = answer else { panic!() };
        let is_custom = |attribute: &&Attribute| attribute.kind() == AttributeKind::Custom;
        let custom: Vec<Attribute> =
            response.attributes.iter().filter(is_custom).cloned().collect();
        assert_eq!(custom, made[..shown], "{version}");
    }
}

#[tokio::test]
async fn a_key_is_made_in_the_format_that_is_asked_for_or_not_at_all() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let asked = |format| vec![Attribute::KeyFormatType(format)];
    let transparent = KeyFormatType::TransparentSymmetricKey;
    let made = client.create(asked(transparent)).await;
    let again = uid_of(client.ask(re_key(&made, None, asked(transparent))).await);
    for uid in [made, again] {
        assert_eq!(client.values(&uid, AttributeKind::KeyFormatType).await, asked(transparent));
        let Ok(ResponsePayload::Get(got)) = client.ask(get(&uid)).await else { panic!("no key") };
        assert_eq!(got.object.key_block().map(|block| block.format), Some(transparent));
        let digests = client.values(&uid, AttributeKind::Digest).await;
        let formats = digests.iter().map(|digest| match digest {
            Attribute::Digest(digest) => digest.key_format_type,
            other => panic!("{other:?}"),
        });
        let both = [Some(transparent), Some(KeyFormatType::Raw)];
        assert!(formats.eq(both), "one as it is kept, and one in the usual format");
    }
    let answer = client.ask(create(asked(KeyFormatType::Pkcs8))).await;
    assert_eq!(answer, Err(R::KeyFormatTypeNotSupported));
    let old = client.speaking(Version::V1_4);
    let uid = old.create(Vec::new()).await;
    assert_eq!(client.values(&uid, AttributeKind::KeyFormatType).await, asked(KeyFormatType::Raw));
}

#[tokio::test]
async fn what_is_no_key_has_a_format_too() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = uid_of(client.ask(opaque(vec![])).await);
    let format = Attribute::KeyFormatType(KeyFormatType::Opaque);
    assert_eq!(client.values(&uid, AttributeKind::KeyFormatType).await, [format]);
}

#[tokio::test]
async fn an_object_has_no_more_attributes_than_the_server_keeps() {
    let world = World::with_facts(Facts { attributes_max: 30, ..Facts::default() }).await;
    let many = |count: usize| (0..count).map(|n| name(&n.to_string())).collect::<Vec<_>>();
    for (version, reason) in
        [(Version::V1_4, R::IndexOutOfBounds), (Version::V2_1, R::ServerLimitExceeded)]
    {
        let client = world.client("orders", version).await;
        assert_eq!(client.ask(create(many(28))).await, Err(reason));
        let uid = client.create(Vec::new()).await;
        let mut added = 0;
        let refused = loop {
            match client.ask(add(&uid, name(&added.to_string()))).await {
                Ok(_) => added += 1,
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused, reason);
        // What can be added one by one can be given at once.
        client.create(many(added)).await;
        assert_eq!(client.ask(create(many(added + 1))).await, Err(reason));
        // What is there can still be changed and taken away.
        client.ask(delete(&uid, NAME, None)).await.unwrap();
        client.ask(add(&uid, name("again"))).await.unwrap();
    }
}
