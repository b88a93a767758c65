//! Operation × object type: what an operation answers about an object of each type, Active where there
//! is such a state, and for every use.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{KeyFormatType, ObjectType, SecretDataType};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData};
use kmip_ttlv::payload::register;
use kmip_ttlv::{Secret, Version};

use super::ask::{self, uid_of};
use super::facts::allowed;
use super::requests::{ROWS, certificate, every_mask, make_pair};
use super::table::{Table, word};
use super::world::{Client, World};

const HEAD: &str = "What each operation answers about an object of each type, which is Active (if
objects of its type are ever that) and for every use.";

const TYPES: [(ObjectType, &str); 6] = [
    (ObjectType::SymmetricKey, "SymmetricKey"),
    (ObjectType::PrivateKey, "PrivateKey"),
    (ObjectType::PublicKey, "PublicKey"),
    (ObjectType::SecretData, "SecretData"),
    (ObjectType::Certificate, "Certificate"),
    (ObjectType::OpaqueObject, "OpaqueObject"),
];

async fn secret(client: &Client<'_>, contact: Attribute) -> String {
    let value = KeyValue::new(KeyMaterial::Bytes(Secret::new(vec![5; 32])));
    let key_block = KeyBlock::new(KeyFormatType::Opaque, value);
    let attributes = [Attribute::CryptographicUsageMask(every_mask()), contact];
    let request = register::Request {
        object_type: ObjectType::SecretData,
        attributes: attributes.into_iter().collect(),
        object: Some(ManagedObject::SecretData(SecretData {
            kind: SecretDataType::Seed,
            key_block,
        })),
        protection_storage_masks: None,
    };
    uid_of(client.ask(request).await)
}

async fn object(client: &Client<'_>, object_type: ObjectType) -> String {
    let contact = || Attribute::ContactInformation("first".into());
    let uid = match object_type {
        ObjectType::SymmetricKey => {
            client.create(vec![Attribute::CryptographicUsageMask(every_mask()), contact()]).await
        }
        ObjectType::PrivateKey => make_pair(client, every_mask()).await.0,
        ObjectType::PublicKey => make_pair(client, every_mask()).await.1,
        ObjectType::Certificate => certificate(client).await,
        ObjectType::SecretData => secret(client, contact()).await,
        _ => return uid_of(client.ask(ask::opaque(vec![contact()])).await),
    };
    client.ask(ask::activate(&uid)).await.unwrap();
    uid
}

#[tokio::test]
async fn every_operation_answers_about_every_type_of_object_as_the_table_says() {
    let world = World::new().await;
    let mut table = Table::default();
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for row in ROWS.iter().filter(|row| row.is_in(version)) {
            for (object_type, name) in TYPES {
                let uid = object(&client, object_type).await;
                let outcome = client.ask((row.request)(&uid)).await.err();
                table.put(version, row.name(), name, word(outcome));
                let allowed = allowed(row.operation, version);
                let found = word(outcome);
                let is_known = outcome.is_none() || allowed.contains(&found);
                assert!(is_known, "{version} {} {name}: {found} of {allowed:?}", row.name());
            }
        }
    }
    table.check("types", HEAD);
}
