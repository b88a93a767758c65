//! Rude connections: they disturb nobody.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;

use crate::support::client::{Client, Identity};
use crate::support::message::{items, one, outcome};
use crate::support::server::Server;
use crate::support::ttlv::Node;

fn query() -> Node {
    one((1, 2), Operation::Query, vec![Node::enumeration(Tag::QueryFunction, 1)])
}

fn assert_served(client: &mut Client, case: &str) {
    let answer = client.ask(&query());
    assert_eq!(outcome(items(&answer)[0]), Ok(()), "{case}");
}

#[test]
fn requests_sent_together_are_answered_in_order() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    let versions = [(1, 0), (2, 1), (1, 4), (2, 0)];
    let together: Vec<u8> =
        versions.iter().flat_map(|v| one(*v, Operation::Query, Vec::new()).encode()).collect();
    client.send(&together).expect("sent");
    for version in versions {
        let answer = Node::parse(&client.receive().expect("an answer")).expect("TTLV");
        let major = answer.find(Tag::ProtocolVersionMajor).cloned();
        assert_eq!(major, Some(Node::integer(Tag::ProtocolVersionMajor, version.0)));
    }
}

#[test]
fn a_request_byte_by_byte_is_answered() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    for byte in query().encode() {
        client.send(&[byte]).expect("sent");
    }
    let answer = Node::parse(&client.receive().expect("an answer")).expect("TTLV");
    assert_eq!(outcome(items(&answer)[0]), Ok(()));
}

#[test]
fn a_client_that_has_said_all_still_gets_its_answer() {
    let server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    client.send(&query().encode()).expect("sent");
    client.half_close().expect("closed for writing");
    let answer = Node::parse(&client.receive().expect("an answer")).expect("TTLV");
    assert_eq!(outcome(items(&answer)[0]), Ok(()));
    assert!(client.is_closed_by_server());
}

#[test]
fn half_a_message_and_then_the_end_leaves_others_served() {
    let server = Server::start_default();
    let message = query().encode();
    for length in [1, 7, 8, 9, message.len() - 1] {
        let mut client = server.connect("tenant-a", "mongodb");
        client.send(&message[..length]).expect("sent");
        client.half_close().expect("closed for writing");
        client.set_patience(Duration::from_secs(20));
        // Cut off where no message can be found: an answer, perhaps, and then the end.
        let _ = client.receive();
        assert!(client.is_closed_by_server(), "{length} bytes");
    }
    assert_served(&mut server.connect("tenant-a", "mongodb"), "after halves");
}

#[test]
fn idle_and_vanishing_connections_leave_others_served() {
    let server = Server::start_default();
    let mut first = server.connect("tenant-a", "mongodb");
    let config = Arc::new(server.identity("tenant-b", "mongodb").config());
    let idle: Vec<Client> = (0..200)
        .map(|_| Client::with_config(server.kmip(), Arc::clone(&config)).expect("a connection"))
        .collect();
    let silent: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(server.kmip()).expect("a connection")).collect();
    for number in 0..200 {
        let mut vanishing = TcpStream::connect(server.kmip()).expect("a connection");
        // Half a TLS record, in half of the cases.
        if number % 2 == 0 {
            vanishing.write_all(&[0x16, 3, 1, 2, 0, 1]).expect("sent");
        }
    }
    assert_served(&mut first, "a connection from before");
    assert_served(&mut server.connect("tenant-a", "mongodb"), "a new connection");
    drop((idle, silent));
    assert_served(&mut first, "after they have gone");
}

#[test]
fn what_is_not_tls_is_turned_away() {
    let server = Server::start_default();
    let mut socket = TcpStream::connect(server.kmip()).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    socket.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "KMIP's port speaks no HTTP");
    assert_served(&mut server.connect("tenant-a", "mongodb"), "after plain text");
}

/// Whether the server serves a connection with this configuration. In TLS 1.3 the refusal comes
/// after the client's handshake.
fn is_served(server: &Server, config: rustls::ClientConfig) -> bool {
    Client::with_config(server.kmip(), Arc::new(config))
        .and_then(|mut client| client.exchange(&query().encode()))
        .is_ok()
}

#[test]
fn a_client_without_a_certificate_of_the_authority_is_turned_away() {
    let server = Server::start_default();
    let good = server.identity("tenant-a", "mongodb");
    assert!(is_served(&server, good.config()));
    assert!(is_served(&server, good.config_with(&[&rustls::version::TLS12])), "TLS 1.2 still is");
    assert!(!is_served(&server, good.anonymous()), "without a certificate");
    let other = Server::start_default();
    let stranger = Identity { authority: good.authority, ..other.identity("tenant-a", "mongodb") };
    assert!(!is_served(&server, stranger.config()), "with a certificate of another authority");
    assert_served(&mut server.connect("tenant-a", "mongodb"), "after refusals");
}
