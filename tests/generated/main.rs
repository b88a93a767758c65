//! Requests made at random from the facts, whole and damaged, against the whole server less its
//! transport: nothing that a client can send brings it down, and every answer is a message.

#[path = "../../kmip-ttlv/tests/facts/csv.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts")]
mod csv;
#[path = "../../kmip-ttlv/tests/laws/generate.rs"]
#[allow(dead_code, reason = "shared with the laws of structures")]
mod generate;
#[path = "../../kmip-ttlv/tests/messages/generate_payload.rs"]
#[allow(dead_code, reason = "shared with the laws of messages")]
mod generate_payload;
#[path = "../support/world.rs"]
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};

use generate::Choices;
use generate_payload::{OPERATIONS, is_in, message};
use kmip_ttlv::enums::{Operation, ResultStatus};
use kmip_ttlv::message::ResponseMessage;
use kmip_ttlv::{Tag, Value, Version, codec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use world::World;

/// How many requests are sent.
const REQUESTS: u32 = 600;

/// How many of them must be carried out, so that the generator is known to reach the operations.
const DONE_MIN: usize = 5;

/// The longest answer that the server makes.
const RESPONSE_BYTES_MAX: usize = 1 << 20;

/// Header fields that are kept of a request that is to reach its operation.
const HEADER: [Tag; 2] = [Tag::ProtocolVersion, Tag::BatchCount];

/// A request and how it is brought before the server.
#[derive(Debug, Clone)]
struct Sample {
    version: Version,
    operation: Operation,
    bytes: Vec<u8>,
    /// Whether its header asks for nothing special and it names an object that there is.
    reaches: bool,
    /// A byte that is changed on the way.
    damage: Option<(Index, u8)>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let choices = proptest::collection::vec(any::<u8>(), 0..300);
    let damage = proptest::option::weighted(0.3, (any::<Index>(), 1_u8..));
    (select(&Version::ALL), any::<Index>(), choices, prop::bool::weighted(0.8), damage).prop_map(
        |(version, row, choices, reaches, damage)| {
            let rows: Vec<_> = OPERATIONS
                .iter()
                .filter(|row| is_in(row, version) && row["message"] == "request")
                .collect();
            let row = row.get(&rows);
            let operation = Operation::from_xml_name(&row["operation"]).unwrap();
            let choices = &mut Choices(&choices);
            let bytes = message(operation, &row["direction"], "request", version, choices);
            Sample { version, operation, bytes, reaches, damage }
        },
    )
}

/// The message as it is sent; `uid` is an object's that there is.
fn sent(sample: &Sample, uid: &str) -> Vec<u8> {
    let mut bytes = sample.bytes.clone();
    if sample.reaches {
        let tag = Tag::RequestMessage;
        let mut tree: Value = codec::decode(tag, &bytes, sample.version).unwrap();
        aim(&mut tree, uid);
        bytes = codec::encode(tag, &tree, sample.version).to_vec();
    }
    if let Some((at, flip)) = sample.damage {
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
    }
    bytes
}

/// Names an object that there is, and asks for nothing special in the header.
fn aim(value: &mut Value, uid: &str) {
    let Value::Structure(fields) = value else { return };
    for (tag, value) in fields {
        match (tag, value) {
            (Tag::RequestHeader, Value::Structure(header)) => {
                header.retain(|(tag, _)| HEADER.contains(tag));
            }
            (Tag::UniqueIdentifier, value @ Value::TextString(_)) => *value = Value::from(uid),
            (_, value) => aim(value, uid),
        }
    }
}

#[test]
fn every_request_is_answered_with_a_message_of_bounded_size() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let world = runtime.block_on(World::with_response_limit(RESPONSE_BYTES_MAX));
    let config = Config { cases: REQUESTS, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let done = AtomicUsize::new(0);
    let outcome = runner.run(&sample(), |sample| {
        runtime.block_on(async {
            let client = world.client("orders", sample.version).await;
            let uid = client.key(128, Vec::new()).await;
            let bytes = sent(&sample, &uid);
            let answer = client.answer_bytes(&bytes).await;
            prop_assert!(answer.len() <= RESPONSE_BYTES_MAX);
            let message = ResponseMessage::from_bytes(&answer);
            prop_assert!(message.is_ok(), "{:?}: {message:?}", sample.operation);
            let items = message.iter().flat_map(|message| &message.items);
            let successes = items.filter(|item| item.status == ResultStatus::Success);
            done.fetch_add(successes.count(), Ordering::Relaxed);
            // The server goes on serving.
            client.key(128, Vec::new()).await;
            Ok::<(), TestCaseError>(())
        })
    });
    if let Err(why) = outcome {
        panic!("{why}");
    }
    let done = done.into_inner();
    println!("{done} of {REQUESTS} requests were carried out");
    assert!(done >= DONE_MIN, "too few requests get as far as their operation: {done}");
}
