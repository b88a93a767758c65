//! Objects that are not there for the caller: unknown ones, and those of others. Both are answered by
//! the same bytes.

use kmip_ttlv::enums::{Operation, ResultReason as R};
use kmip_ttlv::{Tag, Value, Version, codec};

use super::damage::{Samples, aim};
use super::generate_payload::{OPERATIONS, is_in};
use super::requests::{ROWS, every_mask};
use super::table::{Table, word};
use super::world::World;

const HEAD: &str =
    "What each operation on one object answers about an identifier that nobody has, an
object of another service, and one of another tenant.";

/// An identifier of the server's form that it never gives.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn objects_of_others_are_as_unknown_as_those_that_do_not_exist() {
    let world = World::new().await;
    let mut table = Table::default();
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let neighbour = world.client("mongodb", version).await;
        let stranger = world.client_of("tenant-b", "orders", version).await;
        for row in ROWS.iter().filter(|row| row.is_in(version)) {
            let reason = match row.operation {
                Operation::AdjustAttribute | Operation::Certify | Operation::CreateSplitKey => {
                    R::ItemNotFound
                }
                _ if version.is_2x() => R::ObjectNotFound,
                _ => R::ItemNotFound,
            };
            let of_neighbour = row.object(&neighbour, every_mask()).await;
            let of_stranger = row.object(&stranger, every_mask()).await;
            let mut answers = Vec::new();
            for (column, uid) in
                [("unknown", NOBODY), ("neighbour's", &of_neighbour), ("stranger's", &of_stranger)]
            {
                let request = client.request(vec![(row.request)(uid)]);
                answers.push(client.answer(&request).await);
                let outcome = client.ask((row.request)(uid)).await.err();
                assert_eq!(outcome, Some(reason), "{version} {} {column}", row.name());
                table.put(version, row.name(), column, word(outcome));
            }
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{version} {}", row.name());
        }
    }
    table.check("strangers", HEAD);
}

/// Operations whose request names no object that must be there: what they make has the identifier.
const MAKERS: [Operation; 1] = [Operation::Import];

#[tokio::test]
async fn whatever_else_a_request_says_it_learns_nothing_about_the_objects_of_others() {
    let world = World::new().await;
    let mut compared = 0;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let stranger = world.client_of("tenant-b", "orders", version).await;
        let foreign = stranger.key(128, Vec::new()).await;
        let named = OPERATIONS.iter().filter(|row| {
            row["message"] == "request" && row["field"] == "UniqueIdentifier" && is_in(row, version)
        });
        for row in named {
            let operation = Operation::from_xml_name(&row["operation"]).unwrap();
            if MAKERS.contains(&operation) {
                continue;
            }
            for bytes in Samples::of(operation, &row["direction"], version).take(4) {
                let mut answers = Vec::new();
                let mut names_object = false;
                for uid in [NOBODY, &foreign] {
                    let mut tree: Value =
                        codec::decode(Tag::RequestMessage, &bytes, version).unwrap();
                    names_object = aim(&mut tree, uid);
                    let bytes = codec::encode(Tag::RequestMessage, &tree, version);
                    answers.push(client.answer_bytes(&bytes).await);
                }
                if names_object {
                    compared += 1;
                    assert_eq!(answers[0], answers[1], "{version} {operation:?}");
                }
            }
        }
    }
    assert!(compared > 200, "too few requests name an object: {compared}");
}
