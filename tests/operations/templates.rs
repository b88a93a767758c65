//! Templates (KMIP 1.4 §2.2.6): attributes kept under a name.

use kmip_ttlv::attribute::{Attribute, AttributeKind, IndexedAttribute, Name};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, NameType, ObjectType, ResultReason as R, State,
};
use kmip_ttlv::object::{ManagedObject, Template};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload, create, register};
use kmip_ttlv::{Interval, Version};

use super::ask::{
    Request, attributes, check, create, custom, destroy, found, get, group, locate, name,
};
use super::world::{Client, World, text};

fn template(beside: Vec<Attribute>, inside: Vec<Attribute>) -> Request {
    let inside = inside.into_iter().map(IndexedAttribute::from).collect();
    register::Request {
        object_type: ObjectType::Template,
        attributes: beside.into_iter().collect(),
        object: Some(ManagedObject::Template(Template { attributes: inside })),
        protection_storage_masks: None,
    }
    .into()
}

/// Create that names templates.
fn from(templates: &[&str], more: Vec<Attribute>) -> Request {
    let RequestPayload::Create(mut request) = create(more) else { panic!("not Create") };
    let kind = NameType::UninterpretedTextString;
    let named = |value: &&str| Name { value: (*value).to_owned(), kind };
    request.attributes.templates = templates.iter().map(named).collect();
    RequestPayload::from(create::Request { ..request })
}

async fn made(client: &Client<'_>, request: Request) -> String {
    match client.ask(request).await {
        Ok(ResponsePayload::Create(made)) => text(&made.uid),
        Ok(ResponsePayload::Register(made)) => text(&made.uid),
        other => panic!("{other:?}"),
    }
}

/// The values of the attribute of this name, in their order.
async fn values(client: &Client<'_>, uid: &str, kind: AttributeKind) -> Vec<Attribute> {
    let reference = kmip_ttlv::attribute::AttributeReference::Known(kind);
    match client.ask(attributes(uid, &[reference])).await {
        Ok(ResponsePayload::GetAttributes(got)) => got.attributes.iter().cloned().collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_object_has_what_its_templates_say_and_the_client_does_not() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_2).await;
    let length = Attribute::CryptographicLength;
    let inside = vec![length(192), group("first"), Attribute::ContactInformation("Joe".into())];
    made(&client, template(vec![name("one")], inside)).await;
    let inside = vec![Attribute::ContactInformation("Ann".into()), group("second")];
    made(&client, template(vec![name("two")], inside)).await;

    let uid = made(&client, from(&["one", "two"], vec![length(256), group("own")])).await;
    let groups = values(&client, &uid, AttributeKind::ObjectGroup).await;
    assert_eq!(groups, [group("first"), group("second"), group("own")]);
    let length_kept = values(&client, &uid, AttributeKind::CryptographicLength).await;
    assert_eq!(length_kept, [length(256)], "the client's own word counts");
    let contact = values(&client, &uid, AttributeKind::ContactInformation).await;
    assert_eq!(contact, [Attribute::ContactInformation("Ann".into())], "the later template's");
    assert_eq!(values(&client, &uid, AttributeKind::Name).await, [], "names are the templates'");
}

#[tokio::test]
async fn a_template_is_handed_out_as_it_was_brought_but_for_its_name() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_0).await;
    let uid = made(&client, template(Vec::new(), vec![custom("use", "a"), name("t")])).await;
    assert_eq!(values(&client, &uid, AttributeKind::Name).await, [name("t")]);
    let Ok(ResponsePayload::Get(got)) = client.ask(get(&uid)).await else { panic!("no template") };
    let inside = vec![custom("use", "a").into()];
    assert_eq!(got.object, ManagedObject::Template(Template { attributes: inside }));
}

#[tokio::test]
async fn nobody_uses_a_template_that_is_not_there_or_not_theirs() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_2).await;
    let uid = made(&client, template(vec![name("t")], vec![group("g")])).await;
    assert_eq!(client.ask(from(&["other"], Vec::new())).await, Err(R::ItemNotFound));
    for other in [
        world.client("mongodb", Version::V1_2).await,
        world.client_of("tenant-b", "orders", Version::V1_2).await,
    ] {
        assert_eq!(other.ask(from(&["t"], Vec::new())).await, Err(R::ItemNotFound));
    }
    assert!(client.ask(from(&["t"], Vec::new())).await.is_ok());
    client.ask(destroy(&uid)).await.unwrap();
    assert_eq!(client.ask(from(&["t"], Vec::new())).await, Err(R::ItemNotFound));
}

#[tokio::test]
async fn a_template_holds_only_what_a_client_may_give() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_2).await;
    for attribute in [Attribute::CertificateLength(1), Attribute::LeaseTime(Interval(1))] {
        let request = template(vec![name("t")], vec![attribute]);
        assert_eq!(client.ask(request).await, Err(R::PermissionDenied));
    }
    let request = template(vec![name("t")], vec![name("inside")]);
    assert_eq!(client.ask(request).await, Err(R::InvalidField));
    let uid = made(&client, template(vec![name("t")], Vec::new())).await;
    assert_eq!(client.ask(check(&uid)).await, Err(R::IllegalOperation));
    let many = vec!["t"; 17];
    assert_eq!(client.ask(from(&many, Vec::new())).await, Err(R::PermissionDenied));
}

#[tokio::test]
async fn of_a_destroyed_template_nothing_is_left() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4] {
        let client = world.client("orders", version).await;
        let uid = made(&client, template(vec![name("t")], vec![group("g")])).await;
        let batch = vec![destroy(&uid), attributes(&uid, &[])];
        let answers = client.batch(Some(BatchErrorContinuationOption::Continue), batch).await;
        assert_eq!(answers[1], Err(R::ItemNotFound), "later in the batch");
        for asked in [attributes(&uid, &[]), get(&uid), destroy(&uid)] {
            assert_eq!(client.ask(asked).await, Err(R::ItemNotFound));
        }
        for state in [State::Destroyed, State::PreActive] {
            let asked = locate(vec![Attribute::State(state)]);
            assert!(!found(client.ask(asked).await).contains(&uid), "{state}");
        }
        let stored = world.stored("orders", &uid).await;
        assert!(stored.sealed.is_none());
        let kinds: Vec<_> = stored.object.attributes.iter().map(|it| it.attribute.kind()).collect();
        assert!(!kinds.contains(&AttributeKind::Name), "{kinds:?}");
        assert!(kinds.len() <= 3, "{kinds:?}");
        // The name is free again.
        made(&client, template(vec![name("t")], vec![group("g")])).await;
        client.ask(from(&["t"], Vec::new())).await.unwrap();
        for uid in found(client.ask(locate(vec![name("t")])).await) {
            client.ask(destroy(&uid)).await.unwrap();
        }
    }
}
