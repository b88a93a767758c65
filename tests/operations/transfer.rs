//! Export and Import (KMIP 2.1 §6.1.18, §6.1.25): objects that move between servers.

use keystrata::operation::Facts;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList, AttributeReference};
use kmip_ttlv::enums::{ObjectType, ResultReason as R, State};
use kmip_ttlv::payload::{ResponsePayload, export, import};
use kmip_ttlv::{DateTime, Version};

use super::ask::{Request, activate, attributes, destroy, get, name};
use super::world::{Client, World};

pub(crate) fn export(uid: &str) -> Request {
    export::Request {
        uid: Some(uid.to_owned().into()),
        key_format: None,
        key_wrap_type: None,
        key_compression: None,
        wrapping: None,
    }
    .into()
}

/// Everything of an object.
async fn exported(client: &Client<'_>, uid: &str) -> export::Response<'static> {
    match client.ask(export(uid)).await {
        Ok(ResponsePayload::Export(exported)) => exported,
        other => panic!("{other:?}"),
    }
}

fn import(object: &export::Response<'static>, replace: bool) -> import::Request<'static> {
    import::Request {
        uid: object.uid.clone(),
        object_type: Some(object.object_type),
        replace_existing: Some(replace),
        key_wrap_type: None,
        attributes: object.attributes.clone(),
        object: object.object.clone(),
    }
}

#[tokio::test]
async fn an_object_is_the_same_on_another_server() {
    for version in [Version::V1_4, Version::V2_0, Version::V2_1] {
        let (world, other) = (World::new().await, World::new().await);
        let client = world.client("orders", version).await;
        let uid = client.create(vec![name("moves")]).await;
        client.ask(activate(&uid)).await.unwrap();
        let object = exported(&client, &uid).await;
        let there = other.client("orders", version).await;
        let answer = there.ask(import(&object, false)).await;
        assert!(matches!(answer, Ok(ResponsePayload::Import(_))), "{version:?} {answer:?}");
        assert_eq!(exported(&there, &uid).await, object, "{version:?}");
    }
}

#[tokio::test]
async fn of_a_destroyed_key_all_but_the_key_is_exported() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let uid = client.create(vec![Attribute::Sensitive(true)]).await;
        client.ask(destroy(&uid)).await.unwrap();
        let object = exported(&client, &uid).await;
        assert!(object.attributes.iter().any(|it| *it == Attribute::State(State::Destroyed)));
        let block = object.object.key_block().unwrap();
        assert_eq!((block.value.as_ref(), block.length), (None, Some(128)), "{version:?}");
        let foreign = world.client("mongodb", version).await.ask(export(&uid)).await;
        assert_eq!(foreign, world.client("mongodb", version).await.ask(export("none")).await);
    }
}

#[tokio::test]
async fn an_object_is_replaced_only_where_that_is_asked_for() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(Vec::new()).await;
    let object = exported(&client, &uid).await;
    assert_eq!(client.ask(import(&object, false)).await, Err(R::ObjectAlreadyExists));
    client.ask(destroy(&uid)).await.unwrap();
    assert_eq!(client.ask(import(&object, false)).await, Err(R::ObjectAlreadyExists));
    client.ask(import(&object, true)).await.unwrap();
    let Ok(ResponsePayload::Get(got)) = client.ask(get(&uid)).await else { panic!("no key") };
    assert_eq!(got.object, object.object);
}

#[tokio::test]
async fn nobody_replaces_what_is_not_theirs() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(Vec::new()).await;
    let object = exported(&client, &uid).await;
    let sibling = world.client("mongodb", Version::V2_1).await;
    assert!(sibling.ask(import(&object, true)).await.is_err());
    assert_eq!(exported(&client, &uid).await, object);
    // An identifier belongs to its tenant.
    let foreign = world.client_of("tenant-b", "orders", Version::V2_1).await;
    assert!(foreign.ask(import(&object, false)).await.is_ok());
}

#[tokio::test]
async fn what_contradicts_itself_is_not_imported() {
    let world = World::with_facts(Facts { attributes_max: 40, ..Facts::default() }).await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(Vec::new()).await;
    let object = exported(&client, &uid).await;
    let with = |attribute: Attribute| {
        let kept = object.attributes.iter().filter(|old| old.kind() != attribute.kind()).cloned();
        let list: AttributeList = kept.chain([attribute.clone()]).collect();
        import::Request { attributes: list.into(), ..import(&object, true) }
    };
    for (request, reason) in [
        (with(Attribute::ObjectType(ObjectType::SecretData)), R::InvalidAttributeValue),
        (with(Attribute::State(State::Destroyed)), R::InvalidAttributeValue),
        (with(Attribute::CryptographicLength(256)), R::InvalidField),
        (import::Request { uid: String::new().into(), ..import(&object, true) }, R::InvalidField),
        (import::Request { uid: "x".repeat(129).into(), ..import(&object, true) }, R::InvalidField),
        (
            import::Request { object_type: Some(ObjectType::SecretData), ..import(&object, true) },
            R::InvalidField,
        ),
    ] {
        let sent = format!("{request:?}");
        assert_eq!(client.ask(request).await, Err(reason), "{sent}");
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_not_exported_and_dates_go_on() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let hidden = client.create(vec![Attribute::Sensitive(true)]).await;
    assert_eq!(client.ask(export(&hidden)).await, Err(R::Sensitive));
    let kept = client.create(vec![Attribute::Extractable(false)]).await;
    assert_eq!(client.ask(export(&kept)).await, Err(R::NotExtractable));
    let uid = client.create(Vec::new()).await;
    let object = exported(&client, &uid).await;
    let past = Attribute::ActivationDate(DateTime(super::world::START - 60));
    let list: AttributeList = object.attributes.iter().cloned().chain([past]).collect();
    let request = import::Request { attributes: list.into(), ..import(&object, true) };
    client.ask(request).await.unwrap();
    let state = AttributeReference::Known(AttributeKind::State);
    let Ok(ResponsePayload::GetAttributes(got)) = client.ask(attributes(&uid, &[state])).await
    else {
        panic!("no attributes")
    };
    assert!(got.attributes.iter().eq(&[Attribute::State(State::Active)]));
}

#[tokio::test]
async fn the_identifiers_of_the_hierarchys_keys_are_nobodys_to_give() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.create(Vec::new()).await;
    let object = exported(&client, &uid).await;
    for reserved in ["keystrata:tenant-key", "keystrata:service-key:orders", "keystrata:"] {
        let import = import::Request { uid: reserved.to_owned().into(), ..import(&object, false) };
        assert_eq!(client.ask(import).await, Err(R::InvalidField), "{reserved}");
    }
}
