//! What real clients send, and what no client should, from `fixtures/traces/`.
//!
//! A trace has a head of `key: value` lines and a body of hexadecimal, with comments after `#`.
//! `expect:` names the operations of the batch, or says `error` and the text for the client.

use std::collections::HashMap;
use std::path::Path;

use kmip_ttlv::message::{RequestMessage, request};
use kmip_ttlv::{Dump, Limits};

struct Trace {
    name: String,
    head: HashMap<String, String>,
    bytes: Vec<u8>,
}

fn traces() -> Vec<Trace> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/traces");
    let mut traces: Vec<Trace> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let (head, body) = text.split_once("\n\n").unwrap();
            let head = head.lines().map(|line| line.split_once(": ").unwrap());
            Trace {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                head: head.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
                bytes: bytes(body),
            }
        })
        .collect();
    traces.sort_by(|one, other| one.name.cmp(&other.name));
    traces
}

fn bytes(body: &str) -> Vec<u8> {
    let digits: String = body
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|hex| hex.chars().filter(|character| !character.is_whitespace()))
        .collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// The operations of the batch, or what the client is told.
fn outcome(bytes: &[u8]) -> String {
    let read = request::read(bytes, &Limits::default()).map_err(|refused| refused.error);
    let operations = read.and_then(|request| {
        let items = request.items().map(|item| item.map_err(|bad| bad.error)?.typed());
        items.map(|item| Ok(item?.payload.operation().to_string())).collect::<Result<Vec<_>, _>>()
    });
    operations.map_or_else(|error| format!("error {error}"), |names| names.join(", "))
}

#[test]
fn traces_are_read_as_expected() {
    for trace in traces() {
        assert_eq!(outcome(&trace.bytes), trace.head["expect"], "{}", trace.name);
    }
}

#[test]
fn what_clients_send_is_written_back_byte_for_byte() {
    let mut count = 0;
    for trace in traces() {
        if trace.head["expect"].starts_with("error ") {
            continue;
        }
        let message = RequestMessage::from_bytes(&trace.bytes).unwrap();
        let version = message.header.protocol_version.version().unwrap();
        assert_eq!(version.to_string(), trace.head["version"], "{}", trace.name);
        assert_eq!(*message.to_bytes().unwrap(), *trace.bytes, "{}", trace.name);
        count += 1;
    }
    assert!(count >= 8, "the traces of the real clients are there");
}

#[test]
fn the_password_of_a_trace_is_shown_to_nobody() {
    let trace = traces().into_iter().find(|t| t.name == "pykmip-create-with-credential").unwrap();
    let message = RequestMessage::from_bytes(&trace.bytes).unwrap();
    let password = "s3cret";
    assert!(trace.bytes.windows(password.len()).any(|window| window == password.as_bytes()));
    assert!(!format!("{message:?}").contains(password));
    assert!(!Dump(&trace.bytes).to_string().contains(password));
}
