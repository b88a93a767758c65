//! Broken messages: each gets the answer that the specification has for it, and the connection goes
//! on if its next message can still be found.

use kmip_ttlv::Tag;
use kmip_ttlv::enums::{Operation, ResultReason};

use crate::support::client::Client;
use crate::support::message::{self, create, header, items, one, outcome, request};
use crate::support::server::Server;
use crate::support::ttlv::{Node, Value};

/// A request that is well-formed and harmless.
fn query() -> Node {
    one((1, 4), Operation::Query, vec![Node::enumeration(Tag::QueryFunction, 1)])
}

/// Whether an answer is one failed item with one of these reasons.
fn assert_refused(answer: &Node, reasons: &[ResultReason], case: &str) {
    let items = items(answer);
    assert_eq!(items.len(), 1, "{case}: {answer:?}");
    let reason = outcome(items[0]).expect_err(case);
    assert!(reasons.contains(&reason), "{case}: {reason:?}, not one of {reasons:?}");
}

/// Sends bytes, expects a refusal, and that the connection still serves.
fn refused_and_served(client: &mut Client, bytes: &[u8], reasons: &[ResultReason], case: &str) {
    let answer = client.exchange(bytes).unwrap_or_else(|e| panic!("{case}: no answer: {e}"));
    assert_refused(&Node::parse(&answer).expect("TTLV"), reasons, case);
    let answer = client.ask(&query());
    assert_eq!(outcome(items(&answer)[0]), Ok(()), "{case}: the next request is served");
}

/// A request with its item replaced by what `change` makes of it.
fn changed(change: impl FnOnce(&mut Vec<Node>)) -> Vec<u8> {
    let mut message = query();
    if let Value::Structure(children) = &mut message.value {
        change(children);
    }
    message.encode()
}

#[test]
fn a_message_that_cannot_be_understood_is_refused_and_the_next_is_served() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    for (case, bytes) in [wrong_headers(), wrong_items(), wrong_bytes()].concat() {
        let reasons = [ResultReason::InvalidMessage, ResultReason::InvalidField];
        refused_and_served(&mut client, &bytes, &reasons, case);
    }
}

/// Messages with a header that is wrong or does not fit the items.
fn wrong_headers() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "a Batch Count in words",
            changed(|children| {
                children[0] = Node::structure(
                    Tag::RequestHeader,
                    vec![
                        header((1, 4), 1).children()[0].clone(),
                        Node::text(Tag::BatchCount, "one"),
                    ],
                );
            }),
        ),
        (
            "an item more than the Batch Count says",
            changed(|children| {
                children.push(children[1].clone());
            }),
        ),
        (
            "an item less than the Batch Count says",
            changed(|children| {
                children.pop();
            }),
        ),
        (
            "no items at all",
            changed(|children| {
                *children = vec![header((1, 4), 0)];
            }),
        ),
        (
            "a Batch Count below zero",
            changed(|children| {
                children[0] = header((1, 4), -1);
            }),
        ),
        (
            "no header",
            changed(|children| {
                children.remove(0);
            }),
        ),
    ]
}

/// Messages of well-formed items that do not belong together.
fn wrong_items() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "an item after the last",
            changed(|children| {
                children.push(Node::integer(Tag::BatchCount, 1));
            }),
        ),
        (
            "a payload that is no structure",
            changed(|children| {
                let operation = Node::enumeration(Tag::Operation, Operation::Query.number());
                let payload = Node::integer(Tag::RequestPayload, 1);
                children[1] = Node::structure(Tag::BatchItem, vec![operation, payload]);
            }),
        ),
        (
            "a field of the wrong type",
            one((1, 4), Operation::Query, vec![Node::text(Tag::QueryFunction, "operations")])
                .encode(),
        ),
        (
            "a field that does not belong",
            one(
                (1, 4),
                Operation::Get,
                vec![Node::text(Tag::UniqueIdentifier, "x"), Node::integer(Tag::MaximumItems, 1)],
            )
            .encode(),
        ),
        ("a structure too deep", deep(200).encode()),
    ]
}

/// Messages with bytes that are not TTLV.
fn wrong_bytes() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "padding that is not zero",
            spoilt(&query(), |bytes| {
                // The major version's padding.
                bytes[36] = 1;
            }),
        ),
        (
            "an inner length that lies",
            spoilt(&query(), |bytes| {
                // The request header says that it is as long as the message.
                let total = bytes[7];
                bytes[15] = total;
            }),
        ),
        (
            "an unknown type",
            spoilt(&query(), |bytes| {
                // The batch item's.
                let item = bytes.len() - 48;
                bytes[item + 3] = 0x0f;
            }),
        ),
        (
            "text that is not UTF-8",
            spoilt(
                &one((1, 4), Operation::Get, vec![Node::text(Tag::UniqueIdentifier, "xxxxxxxx")]),
                |bytes| {
                    let last = bytes.len() - 1;
                    bytes[last] = 0xff;
                },
            ),
        ),
    ]
}

/// A Query with an extension of so many structures in each other.
fn deep(levels: usize) -> Node {
    let mut node = Node::integer(Tag::Unknown(0x54_0001), 1);
    for _ in 0..levels {
        node = Node::structure(Tag::VendorExtension, vec![node]);
    }
    let extension = vec![
        Node::text(Tag::VendorIdentification, "deep"),
        Node::new(Tag::CriticalityIndicator, Value::Boolean(false)),
        node,
    ];
    let mut message = query();
    if let Value::Structure(children) = &mut message.value
        && let Value::Structure(item) = &mut children[1].value
    {
        item.push(Node::structure(Tag::MessageExtension, extension));
    }
    message
}

fn spoilt(message: &Node, spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = message.encode();
    spoil(&mut bytes);
    bytes
}

#[test]
fn an_unknown_version_is_answered_in_one_that_is_served() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    for version in [(0, 9), (1, 5), (2, 2), (3, 0), (99, 99), (-1, 0)] {
        let answer = client.ask(&one(version, Operation::Query, Vec::new()));
        let reasons = [ResultReason::InvalidMessage, ResultReason::UnsupportedProtocolVersion];
        assert_refused(&answer, &reasons, &format!("{version:?}"));
        let numbers: Vec<_> =
            answer.find(Tag::ProtocolVersion).expect("a version").children().to_vec();
        let is_ours = message::VERSIONS.iter().any(|(major, minor)| {
            numbers
                == [
                    Node::integer(Tag::ProtocolVersionMajor, *major),
                    Node::integer(Tag::ProtocolVersionMinor, *minor),
                ]
        });
        assert!(is_ours, "{version:?} is answered in {numbers:?}");
    }
}

#[test]
fn an_operation_that_is_not_served_says_so() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    for version in message::VERSIONS {
        for number in [0x7ffe, 0x7fff, 0x8000_0001] {
            let operation = Operation::from_number(number);
            let answer = client.ask(&one(version, operation, Vec::new()));
            let case = format!("{version:?} {number:#x}");
            assert_refused(&answer, &[ResultReason::OperationNotSupported], &case);
            let echo = items(&answer)[0].child(Tag::Operation).and_then(Node::as_enumeration);
            assert_eq!(echo, Some(number), "{case}: the operation is named");
        }
    }
}

#[test]
fn a_thousand_items_are_refused_before_any_is_done() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    let many = (0..1000).map(|_| create((1, 4), Some("of a thousand"))).collect();
    let answer = client.exchange(&request((1, 4), many).encode()).expect("an answer");
    let answer = Node::parse(&answer).expect("TTLV");
    assert!(items(&answer).iter().all(|item| outcome(item).is_err()), "{answer:?}");
    let located = client.ask(&one((1, 4), Operation::Locate, Vec::new()));
    assert_eq!(outcome(items(&located)[0]), Ok(()));
    assert!(located.find(Tag::UniqueIdentifier).is_none(), "nothing was made: {located:?}");
}

#[test]
fn a_message_too_long_is_answered_and_the_connection_closed() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    let mut head = query().encode()[..8].to_vec();
    head[4..8].copy_from_slice(&0x7fff_fff8_u32.to_be_bytes());
    // The rest would take an hour; the answer comes at once.
    client.send(&head).expect("sent");
    let answer = client.receive().expect("an answer");
    assert_refused(
        &Node::parse(&answer).expect("TTLV"),
        &[ResultReason::InvalidMessage, ResultReason::InvalidField],
        "two gigabytes",
    );
    assert!(client.is_closed_by_server(), "nobody knows where the next message starts");
    served(&server);
}

#[test]
fn what_is_no_message_at_all_ends_the_connection() {
    let server = Server::start_default();
    for bytes in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0; 64], &[0xff; 64]] {
        let mut client = server.connect("tenant-a", "mongodb");
        client.send(bytes).expect("sent");
        match client.receive() {
            Ok(answer) => {
                let answer = Node::parse(&answer).expect("TTLV");
                assert_refused(&answer, &[ResultReason::InvalidMessage], "no message");
                assert!(client.is_closed_by_server());
            }
            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::UnexpectedEof, "closed, not {e}"),
        }
    }
    served(&server);
}

/// Others are served.
fn served(server: &Server) {
    let answer = server.connect("tenant-b", "mongodb").ask(&query());
    assert_eq!(outcome(items(&answer)[0]), Ok(()));
}
