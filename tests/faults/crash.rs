//! Death in the middle of work: what was acknowledged is there afterwards, and nothing half made.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;

use crate::support::client::Client;
use crate::support::message::{create, items, of, one, outcome, request, uid};
use crate::support::server::Server;
use crate::support::ttlv::Node;

const CLIENTS: usize = 4;
/// How many objects are acknowledged before the server is killed.
const ENOUGH: usize = 400;

/// Creates objects until the server is gone, and tells the identifier of each acknowledged.
fn work(mut client: Client, made: &mpsc::Sender<String>) {
    let message = request((1, 4), vec![create((1, 4), Some("made under load"))]).encode();
    while let Ok(answer) = client.exchange(&message) {
        let answer = Node::parse(&answer).expect("an answer is whole or not there");
        if made.send(uid(&answer)).is_err() {
            return;
        }
    }
}

/// Has clients create under load, kills the server, and returns what was acknowledged.
fn killed_at_work(server: &mut Server) -> BTreeSet<String> {
    let (sender, made) = mpsc::channel();
    let workers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let client = server.connect("tenant-a", "mongodb");
            let sender = sender.clone();
            thread::spawn(move || work(client, &sender))
        })
        .collect();
    drop(sender);
    let mut acknowledged: BTreeSet<String> = made.iter().take(ENOUGH).collect();
    assert_eq!(acknowledged.len(), ENOUGH, "identifiers are not given twice");
    server.kill();
    acknowledged.extend(made.iter());
    for worker in workers {
        worker.join().expect("every answer was whole");
    }
    acknowledged
}

#[test]
fn all_that_was_acknowledged_is_there_after_a_kill() {
    let mut server = Server::start_default();
    for _ in 0..3 {
        let acknowledged = killed_at_work(&mut server);
        server.start();
        let mut client = server.connect("tenant-a", "mongodb");
        for uid in &acknowledged {
            let (operation, payload) = of(Operation::Get, uid);
            let answer = client.ask(&one((1, 4), operation, payload));
            assert_eq!(outcome(items(&answer)[0]), Ok(()), "{uid} was acknowledged");
            let material = answer.find(Tag::KeyMaterial).expect("key material");
            assert_eq!(material.as_bytes().len(), 32);
        }
    }
    nothing_is_half_made(&server);
    audit_holds(&mut server);
}

/// Whatever can be found can be fetched.
fn nothing_is_half_made(server: &Server) {
    let mut client = server.connect("tenant-a", "mongodb");
    let answer = client.ask(&one((1, 4), Operation::Locate, Vec::new()));
    let payload = answer.find(Tag::ResponsePayload).expect("a payload");
    let found = payload.children().iter().filter(|child| child.tag == Tag::UniqueIdentifier);
    let found: Vec<&str> = found.map(Node::as_text).collect();
    assert!(found.len() >= 3 * ENOUGH);
    for uid in found {
        let (operation, payload) = of(Operation::Get, uid);
        let answer = client.ask(&one((1, 4), operation, payload));
        assert_eq!(outcome(items(&answer)[0]), Ok(()), "{uid} can be found");
    }
}

/// The chain of audit records has no gap.
fn audit_holds(server: &mut Server) {
    assert!(server.stop().success());
    let config = server.directory().join("keystrata.toml");
    let config = config.to_str().expect("a path in UTF-8");
    let ended = crate::support::server::run_to_end(&["audit", "verify", "--config", config], &[]);
    assert!(ended.status.success(), "{ended:?}");
}
