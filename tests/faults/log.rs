//! What a client writes into the log: by what it calls things, and by Log.
#![allow(clippy::disallowed_methods, reason = "the test waits for the log of another process")]

use std::thread;
use std::time::{Duration, Instant};

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;

use crate::support::message::{create, items, of, one, outcome, request, uid};
use crate::support::server::Server;
use crate::support::ttlv::Node;

/// A name that would be a line of its own.
const FORGED: &str = "x-\n2026-01-01T00:00:00Z  INFO keystrata::service: done";

#[test]
fn a_name_or_message_with_a_line_feed_does_not_begin_a_line() {
    let mut server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    let made = uid(&client.ask(&request((1, 4), vec![create((1, 4), None)])));
    let (operation, mut payload) = of(Operation::DeleteAttribute, &made);
    payload.push(Node::text(Tag::AttributeName, FORGED));
    let (get, named) = of(Operation::Get, FORGED);
    for refused in [one((1, 4), operation, payload), one((1, 4), get, named)] {
        assert!(outcome(items(&client.ask(&refused))[0]).is_err());
    }
    let log = |text: &str| one((2, 1), Operation::Log, vec![Node::text(Tag::LogMessage, text)]);
    assert!(outcome(items(&client.ask(&log(FORGED)))[0]).is_ok());
    assert!(outcome(items(&client.ask(&log(&"x".repeat(1025))))[0]).is_err());
    drop(client);
    assert!(server.stop().success());
    let deadline = Instant::now() + Duration::from_mins(1);
    let said = |log: &str| log.matches("2026-01-01T00:00:00Z  INFO").count();
    while said(&server.log()) < 3 && Instant::now() < deadline {
        thread::yield_now();
    }
    let log = server.log();
    assert_eq!(said(&log), 3, "both names and the message are in the log:\n{log}");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z")), "{log}");
}
