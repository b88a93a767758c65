//! Requests of which a field is missing or has another type, for every operation that is served. They
//! are made from the facts (`operation_fields.csv`), so an operation that is new is tested with them.

use std::collections::BTreeMap;

use keystrata::operation::SERVED;
use kmip_ttlv::enums::{Operation, ResultReason as R};
use kmip_ttlv::message::{RequestMessage, ResponseMessage};
use kmip_ttlv::{Tag, Value, Version, codec};

use super::csv::number;
use super::generate::Choices;
use super::generate_payload::{OPERATIONS, is_in, message};
use super::world::{Client, World};

/// How many requests are made until one has the field.
const TRIES: usize = 400;

/// Knuth's generator for MMIX, whose upper bits are good enough for choices.
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

/// Fields of the header and of the batch item that are kept.
const KEPT: [Tag; 4] = [Tag::ProtocolVersion, Tag::BatchCount, Tag::Operation, Tag::RequestPayload];

/// Requests for an operation, made by choices that are always the same.
pub(crate) struct Samples {
    operation: Operation,
    direction: String,
    version: Version,
    seed: u64,
}

impl Samples {
    pub(crate) fn of(operation: Operation, direction: &str, version: Version) -> Self {
        Self { operation, direction: direction.to_owned(), version, seed: 1 }
    }
}

impl Iterator for Samples {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.seed += 1;
        let mut state = self.seed;
        let choices: Vec<u8> = (0..400)
            .map(|_| {
                state = state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
                state.to_be_bytes()[0]
            })
            .collect();
        let choices = &mut Choices(&choices);
        Some(message(self.operation, &self.direction, "request", self.version, choices))
    }
}

/// Names this object wherever an object is named, and asks for nothing special beside the payload.
/// Whether the payload names one.
pub(crate) fn aim(value: &mut Value, uid: &str) -> bool {
    let Value::Structure(fields) = value else { return false };
    let mut names_object = false;
    for (tag, value) in fields {
        match (tag, value) {
            (Tag::RequestHeader, Value::Structure(fields)) => {
                fields.retain(|(tag, _)| KEPT.contains(tag));
            }
            (Tag::BatchItem, item @ Value::Structure(_)) => {
                if let Value::Structure(fields) = &mut *item {
                    fields.retain(|(tag, _)| KEPT.contains(tag));
                }
                names_object |= aim(item, uid);
            }
            (Tag::UniqueIdentifier, value @ Value::TextString(_)) => {
                *value = Value::from(uid);
                names_object = true;
            }
            (_, value) => names_object |= aim(value, uid),
        }
    }
    names_object
}

/// The fields of the payload.
fn payload(tree: &mut Value) -> &mut Vec<(Tag, Value)> {
    fn inside(value: &mut Value, wanted: Tag) -> &mut Vec<(Tag, Value)> {
        let Value::Structure(fields) = value else { panic!("a structure") };
        let at = fields.iter().position(|(tag, _)| *tag == wanted).unwrap();
        match &mut fields[at].1 {
            Value::Structure(fields) => fields,
            _ => panic!("a structure"),
        }
    }
    let item = inside(tree, Tag::BatchItem);
    let at = item.iter().position(|(tag, _)| *tag == Tag::RequestPayload).unwrap();
    match &mut item[at].1 {
        Value::Structure(fields) => fields,
        _ => panic!("a payload"),
    }
}

/// A readable request of the operation that has this field in its payload.
fn with_field(operation: Operation, version: Version, field: Tag, uid: &str) -> Option<Value> {
    let samples = Samples::of(operation, "client-to-server", version);
    samples.take(TRIES).find_map(|bytes| {
        let mut tree: Value = codec::decode(Tag::RequestMessage, &bytes, version).ok()?;
        aim(&mut tree, uid);
        let bytes = codec::encode(Tag::RequestMessage, &tree, version);
        RequestMessage::from_bytes(&bytes).ok()?;
        payload(&mut tree).iter().any(|(tag, _)| *tag == field).then_some(tree)
    })
}

/// Another type than the value has.
fn other_type(value: &Value) -> Value {
    match value {
        Value::Structure(_) => Value::Integer(1),
        _ => Value::Structure(Vec::new()),
    }
}

async fn reason(client: &Client<'_>, tree: &Value, version: Version) -> Option<R> {
    let bytes = codec::encode(Tag::RequestMessage, tree, version);
    let answer = client.answer_bytes(&bytes).await;
    ResponseMessage::from_bytes(&answer).unwrap().items[0].reason
}

/// Fields that the specification requires and this server does without, and why. The request is then
/// carried out, or refused for something else in it.
const NOT_NEEDED: &[(Operation, Tag, &str)] = &[
    (Operation::Query, Tag::QueryFunction, "a client asks for nothing, and gets it"),
    (Operation::DeriveKey, Tag::UniqueIdentifier, "the ID Placeholder will do"),
    (Operation::Locate, Tag::Attributes, "all objects are meant, as in 1.x"),
    (Operation::SetConstraints, Tag::Constraints, "an official case takes all away like this"),
    (Operation::Import, Tag::ObjectType, "the object says of what type it is"),
    (Operation::Import, Tag::Attribute, "an object may have none"),
    (Operation::Import, Tag::Attributes, "an object may have none"),
];

/// Fields that may be of any type, so that a wrong one is found later.
const OF_ANY_TYPE: [(Operation, Tag); 1] = [(Operation::AdjustAttribute, Tag::AdjustmentValue)];

#[tokio::test]
async fn a_field_that_is_missing_or_of_another_type_makes_the_message_invalid() {
    let world = World::new().await;
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::new());
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.key(128, Vec::new()).await;
        let rows = OPERATIONS.iter().filter(|row| {
            row["message"] == "request"
                && row["direction"] == "client-to-server"
                && is_in(row, version)
        });
        for row in rows {
            let operation = Operation::from_xml_name(&row["operation"]).unwrap();
            if row["tag"].is_empty() {
                continue;
            }
            let field = Tag::from_number(number(&row["tag"]));
            if !SERVED.contains(&operation) {
                continue;
            }
            let Some(tree) = with_field(operation, version, field, &uid) else {
                wrong.push(format!("{version} {operation:?}: no request has {field}"));
                continue;
            };
            let mut missing = tree.clone();
            payload(&mut missing).retain(|(tag, _)| *tag != field);
            let mut changed = tree;
            let (_, value) =
                payload(&mut changed).iter_mut().find(|(tag, _)| *tag == field).unwrap();
            *value = other_type(value);
            let missing = (row["required"] == "yes").then_some(("missing", missing));
            let has_type = !OF_ANY_TYPE.contains(&(operation, field));
            let changed = has_type.then_some(("wrong type", changed));
            for (how, tree) in missing.into_iter().chain(changed) {
                let is_needed = how != "missing"
                    || !NOT_NEEDED.iter().any(|it| (it.0, it.1) == (operation, field));
                let found = reason(&client, &tree, version).await;
                if (found == Some(R::InvalidMessage)) != is_needed {
                    wrong.push(format!("{version} {operation:?} {field} {how}: {found:?}"));
                }
                *seen.entry((operation.xml_name(), how)).or_insert(0) += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{seen:#?}");
}
