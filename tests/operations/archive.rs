//! Archive and Recover (KMIP 1.4 §4.22 and §4.23, KMIP 2.1 §6.1.4 and §6.1.42).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{ResultReason as R, RevocationReasonCode, State, StorageStatusMask};
use kmip_ttlv::payload::{get_usage_allocation, locate, obtain_lease};

use super::ask::{
    Request, activate, add, archive, at, attribute_list, check, create, custom, destroy, found,
    get, locate, re_key, recover, revoke,
};
use super::world::World;

/// Everything that nobody does with an archived object.
fn forbidden(uid: &str) -> Vec<Request> {
    let of = || Some(uid.to_owned().into());
    vec![
        get(uid),
        activate(uid),
        revoke(uid, RevocationReasonCode::Unspecified),
        destroy(uid),
        archive(uid),
        add(uid, custom("x-a", "b")),
        re_key(uid, None, Vec::new()),
        check(uid).into(),
        obtain_lease::Request { uid: of() }.into(),
        get_usage_allocation::Request { uid: of(), usage_limits_count: 1 }.into(),
    ]
}

#[tokio::test]
async fn an_archived_object_is_only_described_until_it_is_recovered() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.create(Vec::new()).await;
        client.ask(archive(&uid)).await.unwrap();
        for request in forbidden(&uid) {
            let name = request.operation();
            let answer = client.ask(request).await;
            assert_eq!(answer, Err(R::ObjectArchived), "{name} {version:?}");
        }
        let date = [Attribute::ArchiveDate(at(0))];
        assert_eq!(client.values(&uid, AttributeKind::ArchiveDate).await, date);
        client.ask(attribute_list(&uid)).await.unwrap();
        assert_eq!(client.state(&uid).await, State::PreActive, "it is no other object");

        client.ask(recover(&uid)).await.unwrap();
        assert_eq!(client.values(&uid, AttributeKind::ArchiveDate).await, []);
        client.ask(get(&uid)).await.unwrap();
        client.ask(recover(&uid)).await.expect("it is on line already");
        client.ask(destroy(&uid)).await.unwrap();
    }
}

#[tokio::test]
async fn a_search_looks_where_it_is_told() {
    let world = World::new().await;
    let on_line = StorageStatusMask::ON_LINE_STORAGE;
    let archival = StorageStatusMask::ARCHIVAL_STORAGE;
    for (number, version) in Version::ALL.into_iter().enumerate() {
        let client = world.client(&format!("service-{number}"), version).await;
        let here = client.create(Vec::new()).await;
        let there = client.create(Vec::new()).await;
        client.ask(archive(&there)).await.unwrap();
        let by_uid = vec![Attribute::UniqueIdentifier(there.as_str().into())];
        for (mask, filter, expected) in [
            (None, vec![], vec![here.clone()]),
            (Some(on_line), vec![], vec![here.clone()]),
            (Some(archival), vec![], vec![there.clone()]),
            (Some(on_line.union(archival)), vec![], vec![there.clone(), here.clone()]),
            (None, by_uid.clone(), vec![]),
            (Some(archival), by_uid, vec![there.clone()]),
        ] {
            let asked = locate::Request { storage_status_mask: mask, ..locate(filter) };
            assert_eq!(found(client.ask(asked).await), expected, "{mask:?} {version:?}");
        }
    }
}

#[tokio::test]
async fn what_is_gone_or_belongs_to_others_is_neither_archived_nor_recovered() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let gone = client.key_in(State::Destroyed, Vec::new()).await;
        let other = world.client("other", version).await.create(Vec::new()).await;
        let (destroyed, missing) = if version.is_2x() {
            (R::ObjectDestroyed, R::ObjectNotFound)
        } else {
            (R::ItemNotFound, R::ItemNotFound)
        };
        for request in [archive, recover] {
            assert_eq!(client.ask(request(&gone)).await, Err(destroyed));
            assert_eq!(client.ask(request(&other)).await, Err(missing));
            assert_eq!(client.ask(request("nobody")).await, Err(missing));
            assert_eq!(client.ask(request("")).await, Err(R::InvalidMessage));
        }
    }
}

#[tokio::test]
async fn a_batch_archives_what_it_has_made() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let batch = vec![create(Vec::new()), archive(""), get(""), recover("")];
    let continues = Some(kmip_ttlv::enums::BatchErrorContinuationOption::Continue);
    let answers = client.batch(continues, batch).await;
    let reasons: Vec<_> = answers.into_iter().map(Result::err).collect();
    assert_eq!(reasons, [None, None, Some(R::ObjectArchived), None]);
}

#[tokio::test]
async fn an_archived_template_makes_no_objects() {
    use kmip_ttlv::attribute::{AttributeList, Name};
    use kmip_ttlv::enums::{NameType, ObjectType};
    use kmip_ttlv::object::{ManagedObject, Template};
    use kmip_ttlv::payload::{create as making, register};

    let world = World::new().await;
    let client = world.client("orders", Version::V1_2).await;
    let name = Name { value: "t".into(), kind: NameType::UninterpretedTextString };
    let template = register::Request {
        object_type: ObjectType::Template,
        attributes: vec![Attribute::Name(name.clone())].into_iter().collect(),
        object: Some(ManagedObject::Template(Template { attributes: Vec::new() })),
        protection_storage_masks: None,
    };
    let uid = super::ask::uid_of(client.ask(template).await);
    client.ask(archive(&uid)).await.unwrap();
    let Request::Create(request) = create(Vec::new()) else { panic!("Create") };
    let attributes = AttributeList { templates: vec![name], ..request.attributes };
    let request = making::Request { attributes, ..request };
    assert_eq!(client.ask(request.clone()).await, Err(R::ObjectArchived));
    client.ask(recover(&uid)).await.unwrap();
    client.ask(request).await.unwrap();
}
