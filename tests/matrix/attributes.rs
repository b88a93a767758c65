//! Attributes that are not the client's to give, change or delete (`attributes.csv`).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{
    CryptographicUsageMask as M, Operation, ResultReason, RevocationReasonCode,
};
use kmip_ttlv::payload::ResponsePayload;

use super::ask::{self, Request};
use super::csv::{Row, range, rows};
use super::facts::allowed;
use super::table::{Table, word};
use super::world::{Client, World};

const HEAD: &str = "What the operations that give, change and delete attributes answer about each
attribute of a compromised key: the value is the one that the key has. (KMIP 1.4 §3, KMIP 2.1 §4;
attributes.csv)";

/// What is done with an attribute; given the object and the value that it has.
type Deed = fn(&str, Attribute) -> Request;

const DEEDS: [(Operation, Deed); 5] = [
    (Operation::Create, |_, value| ask::create(vec![value])),
    (Operation::AddAttribute, ask::add),
    (Operation::ModifyAttribute, |uid, value| ask::modify(uid, None, value)),
    (Operation::DeleteAttribute, |uid, value| ask::delete(uid, value.kind().into(), None)),
    (Operation::SetAttribute, ask::set),
];

/// A key that has as many attributes as a key can have without being destroyed.
async fn rich(client: &Client<'_>) -> String {
    let given = vec![
        ask::name("rich"),
        ask::group("group"),
        Attribute::CryptographicUsageMask(M::ENCRYPT),
        Attribute::ContactInformation("somebody".into()),
    ];
    let uid = client.create(given).await;
    for step in [ask::activate(&uid), ask::revoke(&uid, RevocationReasonCode::KeyCompromise)] {
        client.ask(step).await.unwrap();
    }
    uid
}

/// The attributes of an object, but for those that have no kind.
async fn all(client: &Client<'_>, uid: &str) -> Vec<(AttributeKind, Attribute)> {
    match client.ask(ask::attributes(uid, &[])).await {
        Ok(ResponsePayload::GetAttributes(response)) => {
            let list = response.attributes.0.map_or_else(Vec::new, |list| list.attributes);
            let attributes = list.into_iter().map(|instance| instance.attribute);
            attributes.map(|attribute| (attribute.kind(), attribute)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The row of the facts about an attribute at a version.
fn fact(facts: &[Row], kind: AttributeKind, version: Version) -> Option<&Row> {
    let mut of_kind = facts.iter().filter(|row| row["attribute"] == kind.name());
    of_kind.find(|row| range(&row["versions"]).contains(version))
}

/// Attributes of the server's that the client asks for.
const ASKED_FOR: &[&str] = &["Cryptographic Algorithm", "Cryptographic Length", "Key Format Type"];

/// Whether the facts forbid the deed. Algorithm and length are the server's in the tables, because
/// Create sets them from the template; that template is the client's. The Key Format Type is the
/// server's, and the client's to ask for (KMIP 2.1 §4.26).
fn is_forbidden(fact: &Row, operation: Operation) -> bool {
    let given =
        fact["initially_set_by"].contains("client") || ASKED_FOR.contains(&&*fact["attribute"]);
    match operation {
        Operation::Create => !given,
        // What has one value can be added while the server shows a default for it.
        Operation::AddAttribute => {
            !given || fact["multi_instance"] == "no" && fact["always_has_value"] == "yes"
        }
        Operation::DeleteAttribute => fact["deletable_by_client"] == "no",
        _ => fact["modifiable_by_client"] == "no",
    }
}

#[tokio::test]
async fn attributes_are_given_changed_and_deleted_by_those_alone_who_may() {
    let world = World::new().await;
    let mut table = Table::default();
    let facts = rows("attributes");
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let mut uid = rich(&client).await;
        for (kind, value) in all(&client, &uid).await {
            let Some(fact) = fact(&facts, kind, version) else { continue };
            for (operation, deed) in DEEDS.iter().filter(|(operation, _)| operation.is_in(version))
            {
                let outcome: Option<ResultReason> =
                    client.ask(deed(&uid, value.clone())).await.err();
                // What was refused has changed nothing.
                if outcome.is_none() {
                    uid = rich(&client).await;
                }
                let (name, found) = (operation.xml_name(), word(outcome));
                let at = format!("{version} {name} {}: {found}", kind.name());
                assert!(!is_forbidden(fact, *operation) || outcome.is_some(), "{at}");
                assert!(outcome.is_none() || allowed(*operation, version).contains(&found), "{at}");
                table.put(version, kind.name(), name, found);
            }
        }
    }
    table.check("attributes", HEAD);
}
