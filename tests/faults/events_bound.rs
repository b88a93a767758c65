//! How many may listen to events in all.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use keystrata::keys::events::{SUBSCRIBERS_MAX, SUBSCRIBERS_PER_TENANT_MAX};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::events::{Listener, register, server};
use crate::kill_switches::done;
use crate::support::client::Client;
use crate::support::server::get;

/// The socket in the store's directory takes whoever may open it; the bound on all who listen holds for
/// both ports together.
#[test]
fn so_many_listen_in_all_and_no_more() {
    more_files();
    let (server, events) = server();
    register(&server, "tenant-a", "mongodb");
    let socket = server.directory().join("data/store/admin.sock");
    let listen = |tenant: usize| {
        let mut stream = UnixStream::connect(&socket).expect("connects");
        let request = format!("GET /events/crowd-{tenant} HTTP/1.0\r\nHost: keystrata\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    };
    let crowd = |number| listen(number / SUBSCRIBERS_PER_TENANT_MAX);
    let mut listeners: Vec<_> = (0..SUBSCRIBERS_MAX - 1).map(crowd).collect();
    let until_listen = |count: usize| {
        let line = format!("keystrata_event_subscribers {count}\n");
        while !get(server.admin(), "/metrics").contains(&line) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    until_listen(SUBSCRIBERS_MAX - 1);
    let mut last = Listener::new(&server, events, "tenant-a", "mongodb");
    until_listen(SUBSCRIBERS_MAX);

    // One more, on either port, is told so, and nobody else notices.
    let mut refusal = String::new();
    listen(SUBSCRIBERS_MAX).read_to_string(&mut refusal).expect("an answer");
    assert!(refusal.starts_with("HTTP/1.0 503 "), "{refusal}");
    assert!(refusal.contains("too many listen already"), "{refusal}");
    let mut client =
        Client::connect(events, &server.identity("tenant-a", "mongodb")).expect("connects");
    client.send(b"GET /events HTTP/1.1\r\n\r\n").expect("sent");
    let answer = client.receive_some().expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 503 "), "{answer:?}");
    done(&server, &["tenant", "suspend", "--tenant", "tenant-a"]);
    assert_eq!(last.next()["event"], "suspension");
    done(&server, &["tenant", "resume", "--tenant", "tenant-a"]);

    // Who leaves makes room for exactly one.
    drop(listeners.pop());
    let mut next = loop {
        let mut client =
            Client::connect(events, &server.identity("tenant-a", "mongodb")).expect("connects");
        client.send(b"GET /events HTTP/1.1\r\n\r\n").expect("sent");
        if client.receive_some().expect("an answer").starts_with(b"HTTP/1.1 200 ") {
            break client;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    until_listen(SUBSCRIBERS_MAX);
    done(&server, &["tenant", "suspend", "--tenant", "tenant-a"]);
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains("suspension") {
        told.extend(next.receive_some().expect("more"));
    }
}

/// Lets this process and those that it starts have as many files as they may.
fn more_files() {
    let limit = getrlimit(Resource::Nofile);
    let more = Rlimit { current: limit.maximum, ..limit };
    setrlimit(Resource::Nofile, more).expect("up to the hard limit");
}
