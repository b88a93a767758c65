//! Asynchronous requests outlive the key that sealed them, and the process.

use kmip_ttlv::Tag;
use kmip_ttlv::enums::{Operation, ResultStatus};

use crate::support::client::Client;
use crate::support::message::{create, header, items, one, uid};
use crate::support::server::{Server, run_to_end};
use crate::support::ttlv::{Node, Value};

const VERSION: (i32, i32) = (1, 4);

fn kek(server: &Server, arguments: &[&str]) {
    let directory = server.directory().to_str().expect("UTF-8");
    let which = ["--level", "service", "--tenant", "tenant-a", "--service", "orders"];
    let ended = run_to_end(&[&["kek"], arguments, &which, &["--dir", directory]].concat(), &[]);
    assert!(ended.status.success(), "{arguments:?}: {ended:?}\n{}", server.log());
}

/// A Create that is done later. Returns its correlation value.
fn later(client: &mut Client) -> Node {
    let (operation, payload) = create(VERSION, None);
    let mut fields = header(VERSION, 1).children().to_vec();
    fields.insert(1, Node::new(Tag::AsynchronousIndicator, Value::Boolean(true)));
    let item = vec![
        Node::enumeration(Tag::Operation, operation.number()),
        Node::structure(Tag::RequestPayload, payload),
    ];
    let message =
        vec![Node::structure(Tag::RequestHeader, fields), Node::structure(Tag::BatchItem, item)];
    let answer = client.ask(&Node::structure(Tag::RequestMessage, message));
    let item = items(&answer)[0];
    let status = item.child(Tag::ResultStatus).and_then(Node::as_enumeration);
    assert_eq!(status, Some(ResultStatus::OperationPending.number()), "{answer:?}");
    item.child(Tag::AsynchronousCorrelationValue).expect("a value").clone()
}

fn poll(client: &mut Client, value: &Node) -> String {
    uid(&client.ask(&one(VERSION, Operation::Poll, vec![value.clone()])))
}

#[test]
fn requests_outlive_the_version_that_sealed_them_and_a_crash() {
    let mut server = Server::start_default();
    let mut client = server.connect("tenant-a", "orders");
    let (fetched, promised) = (later(&mut client), later(&mut client));
    let made = poll(&mut client, &fetched);
    kek(&server, &["rotate"]);
    kek(&server, &["rewrap"]);
    // Refused as long as anything names it.
    kek(&server, &["remove", "--version", "1"]);
    let mut unsealed = later(&mut client);
    server.kill();
    server.start();
    let mut client = server.connect("tenant-a", "orders");
    assert_eq!(poll(&mut client, &fetched), made);
    for value in [&promised, &unsealed] {
        assert_eq!(poll(&mut client, value), poll(&mut client, value), "it is done once");
    }
    unsealed = later(&mut client);
    assert_ne!(poll(&mut client, &unsealed), made);
}
