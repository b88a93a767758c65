//! Typed questions and answers, against the real server.

use keystrata::client::{Blocking, Client, ClientError, Identity, Settings};
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList, Name};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType, ResultReason, State,
};
use kmip_ttlv::payload::{activate, create, destroy, get, get_attributes, locate};
use kmip_ttlv::{RequestPayload, ResponsePayload, Version};

use crate::support::server::Server;

fn identity(server: &Server) -> Identity {
    let files = server.identity("tenant-a", "mongodb");
    Identity::load(&files.authority, &files.certificate, &files.key).expect("`try` made it")
}

fn settings(server: &Server, version: Option<Version>) -> Settings {
    Settings { version, ..Settings::new(format!("localhost:{}", server.kmip().port())) }
}

fn name(name: &str) -> Attribute {
    Attribute::Name(Name { value: name.into(), kind: NameType::UninterpretedTextString })
}

fn create(named: &str) -> create::Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::ENCRYPT),
        name(named),
    ];
    create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect(),
        protection_storage_masks: None,
    }
}

/// The life of a key, as a program has it that uses keys.
async fn live(client: &Client, named: &str) -> Result<(), ClientError> {
    let created = client.ask(create(named)).await?;
    let uid = created.read()?.uid;
    let text = uid.text().expect("it is text");

    let found = client.ask(locate::Request {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_group_member: None,
        attributes: [name(named)].into_iter().collect::<AttributeList>().into(),
    });
    assert_eq!(found.await?.read()?.uids, std::slice::from_ref(&uid));

    client.ask(activate::Request { uid: Some(text.into()) }).await?;
    let references = vec![AttributeKind::State.into()];
    let attributes = get_attributes::Request { uid: Some(text.into()), references };
    let attributes = client.ask(attributes).await?;
    let attributes: Vec<_> = attributes.read()?.attributes.iter().cloned().collect();
    assert_eq!(attributes, [Attribute::State(State::Active)]);

    let got = client.ask(get::Request::new(text)).await?;
    let key = got.read()?.object;
    let key = key.key_block().and_then(|block| block.value.as_ref()).and_then(|key| key.bytes());
    assert_eq!(key.map(kmip_ttlv::Secret::len), Some(32));

    // An Active key is not destroyed.
    let refused = client.ask(destroy::Request { uid: Some(text.into()) }).await;
    let refused = refused.expect_err("it is Active");
    assert!(refused.refusal().is_some_and(|refusal| refusal.message.is_some()), "{refused}");
    Ok(())
}

#[tokio::test]
async fn keys_are_made_found_used_and_refused_at_every_version() {
    let server = Server::start_default();
    for version in Version::ALL {
        let client = Client::new(settings(&server, Some(version)), identity(&server)).unwrap();
        live(&client, &format!("key of {version}")).await.unwrap();
    }
    let client = Client::new(settings(&server, None), identity(&server)).unwrap();
    live(&client, "key").await.unwrap();
    assert_eq!(client.version().await.unwrap(), Version::V2_1);
}

#[test]
fn programs_without_a_run_time_have_the_same() {
    let mut server = Server::start_default();
    let client = Blocking::new(settings(&server, None), identity(&server)).unwrap();
    assert_eq!(client.version().unwrap(), Version::V2_1);
    let question = RequestPayload::from(create("key"));
    let reply = client.ask(question).unwrap();
    let ResponsePayload::Create(created) = reply.read().unwrap() else { panic!("not Create") };
    let uid = created.uid;
    let error = client.ask(get::Request::new("nothing")).unwrap_err();
    let reason = error.refusal().and_then(|refusal| refusal.reason);
    assert_eq!(reason, Some(ResultReason::ObjectNotFound));
    assert!(client.ask(get::Request::new(uid)).is_ok());
    // Nobody is there any more: that is seen before anything is sent.
    server.stop();
    let error = client.ask(get::Request::new("nothing")).unwrap_err();
    assert!(matches!(error, ClientError::Connect { .. }), "{error}");
}
