//! Events of keys, over mutual TLS, on the administrative socket and by Notify.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use keystrata::clock::{Clock as _, SystemClock, Timestamp};
use keystrata::keys::events::SUBSCRIBERS_PER_TENANT_MAX;
use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use serde_json::Value;

use crate::kill_switches::done;
use crate::support::client::Client;
use crate::support::message::{create, items, one, outcome, request, uid};
use crate::support::server::{Plan, Server, get, run_to_end};
use crate::support::ttlv::{Node, Value as NodeValue};

/// A server with an events port, and where that is.
pub(crate) fn server() -> (Server, SocketAddr) {
    let server = Plan::new().variable("KEYSTRATA_LISTEN_EVENTS", "127.0.0.1:0").start();
    // The log is written by a thread of its own.
    let log = loop {
        match server.log() {
            log if log.contains("events are told") => break log,
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let address = log.split("events=").nth(1).expect("the log says where");
    let address: String =
        address.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    (server, address.parse().expect("an address"))
}

/// Who listens, and what has come that is not looked at yet.
pub(crate) struct Listener {
    client: Client,
    text: String,
}

impl Listener {
    pub(crate) fn new(server: &Server, events: SocketAddr, tenant: &str, service: &str) -> Self {
        let identity = server.identity(tenant, service);
        let mut client = Client::connect(events, &identity).expect("connects");
        client.send(b"GET /events HTTP/1.1\r\nHost: keystrata\r\n\r\n").expect("sent");
        let mut listener = Self { client, text: String::new() };
        let head = listener.until("\n\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"), "{head}");
        // The comments of the beginning: from then on it is told everything.
        while !listener.text.is_empty() || !head.contains("listening") {
            listener.until("\n\n");
        }
        listener
    }

    fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.text.find(end) {
                let rest = self.text.split_off(at + end.len());
                return std::mem::replace(&mut self.text, rest);
            }
            let more = self.client.receive_some().expect("more");
            assert!(!more.is_empty(), "the server has closed: {}", self.text);
            self.text.push_str(std::str::from_utf8(&more).expect("text"));
        }
    }

    /// The next event; comments are passed over.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let event = self.until("\n\n");
            if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) {
                return serde_json::from_str(data).expect("JSON");
            }
        }
    }
}

/// Makes an object, so that tenant and service exist.
pub(crate) fn register(server: &Server, tenant: &str, service: &str) {
    uid(&server.connect(tenant, service).ask(&request((1, 4), vec![create((1, 4), None)])));
}

#[test]
fn a_service_hears_what_happens_to_the_keys_of_its_own_tenant_and_of_no_other() {
    let (server, events) = server();
    for (tenant, service) in
        [("tenant-a", "mongodb"), ("tenant-a", "orders"), ("tenant-b", "mongodb")]
    {
        register(&server, tenant, service);
    }
    let mut own = Listener::new(&server, events, "tenant-a", "mongodb");
    let mut other = Listener::new(&server, events, "tenant-b", "mongodb");
    done(&server, &["service", "suspend", "--tenant", "tenant-a", "--service", "orders"]);
    let event = own.next();
    assert_eq!(event["event"], "suspension");
    assert_eq!((&event["tenant_id"], &event["service"]), (&"tenant-a".into(), &"orders".into()));
    assert_eq!((&event["level"], &event["version"]), (&"L3_internal".into(), &1.into()));
    assert!(event["effective_time"].as_str().is_some_and(|time| time.ends_with('Z')), "{event}");
    done(&server, &["service", "resume", "--tenant", "tenant-a", "--service", "orders"]);
    assert_eq!(own.next()["event"], "resumption");
    done(
        &server,
        &["service", "shred", "--tenant", "tenant-a", "--service", "orders", "--confirm", "orders"],
    );
    assert_eq!(own.next()["event"], "shredding");
    done(&server, &["kek", "rotate", "--level", "tenant", "--tenant", "tenant-a"]);
    let event = own.next();
    assert_eq!(event["event"], "key_rotation");
    assert_eq!((&event["tenant_id"], &event["level"]), (&"tenant-a".into(), &"L2_internal".into()));
    assert_eq!(event["version"], 2);
    done(&server, &["tenant", "suspend", "--tenant", "tenant-b"]);
    let event = other.next();
    assert_eq!((&event["event"], &event["tenant_id"]), (&"suspension".into(), &"tenant-b".into()));
    assert_eq!(event["level"], "L2_internal");
}

#[test]
fn a_tenant_has_so_many_subscribers_and_takes_no_others_place() {
    let (server, events) = server();
    for tenant in ["tenant-a", "tenant-b"] {
        register(&server, tenant, "mongodb");
    }
    let listen = |_| Listener::new(&server, events, "tenant-a", "mongodb");
    let listeners: Vec<_> = (0..SUBSCRIBERS_PER_TENANT_MAX).map(listen).collect();
    let asks = || {
        let identity = server.identity("tenant-a", "mongodb");
        let mut client = Client::connect(events, &identity).expect("connects");
        client.send(b"GET /events HTTP/1.1\r\n\r\n").expect("sent");
        let answer = client.receive_some().expect("an answer");
        let is_told = answer.starts_with(b"HTTP/1.1 200 ");
        assert!(is_told || answer.starts_with(b"HTTP/1.1 503 "), "{answer:?}");
        is_told
    };
    assert!(!asks(), "there is no room");
    let mut other = Listener::new(&server, events, "tenant-b", "mongodb");
    let listening = format!("keystrata_event_subscribers {}\n", SUBSCRIBERS_PER_TENANT_MAX + 1);
    assert!(get(server.admin(), "/metrics").contains(&listening));
    drop(listeners);
    // The server sees that they are gone when it does.
    while !asks() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    done(&server, &["tenant", "suspend", "--tenant", "tenant-b"]);
    assert_eq!(other.next()["event"], "suspension");
}

#[test]
fn who_is_not_served_hears_nothing_and_nothing_else_is_to_be_had() {
    let (mut server, events) = server();
    register(&server, "tenant-a", "mongodb");
    let identity = server.identity("tenant-a", "mongodb");
    let mut client = Client::connect(events, &identity).expect("connects");
    client.send(b"GET /metrics HTTP/1.1\r\n\r\n").expect("sent");
    let answer = client.receive_some().expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 404 "), "{answer:?}");
    assert!(client.is_closed_by_server());
    done(&server, &["tenant", "suspend", "--tenant", "tenant-a"]);
    let refused = Client::connect(events, &identity).and_then(|mut client| {
        client.send(b"GET /events HTTP/1.1\r\n\r\n")?;
        client.receive_some()
    });
    assert!(refused.is_err() || refused.is_ok_and(|answer| answer.is_empty()));
    let anonymous = std::sync::Arc::new(identity.anonymous());
    let refused = Client::with_config(events, anonymous).and_then(|mut client| {
        client.send(b"GET /events HTTP/1.1\r\n\r\n")?;
        client.receive_some()
    });
    assert!(refused.is_err());
    assert!(server.stop().success(), "listeners do not keep the server");
}

#[test]
fn an_administrator_hears_them_on_the_socket() {
    let server = Server::start_default();
    register(&server, "tenant-a", "mongodb");
    let mut process = Command::new(env!("CARGO_BIN_EXE_keystrata"))
        .args(["tenant", "events", "--tenant", "tenant-a", "--dir"])
        .arg(server.directory())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    // It has begun to listen when the server counts it.
    let listens = || get(server.admin(), "/metrics");
    while !listens().contains("keystrata_event_subscribers 1\n") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    done(&server, &["tenant", "suspend", "--tenant", "tenant-a"]);
    let line = lines.next().expect("a line").expect("text");
    let event: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(event["event"], "suspension");
    process.kill().expect("ours");
    process.wait().expect("ends");
}

#[test]
fn a_rotation_for_later_is_announced_and_waits_for_its_time() {
    let (mut server, events) = server();
    register(&server, "tenant-a", "mongodb");
    let mut own = Listener::new(&server, events, "tenant-a", "mongodb");
    let rotate = ["kek", "rotate", "--level", "tenant", "--tenant", "tenant-a", "--at"];
    let late = "2099-01-31T03:00:00Z";
    done(&server, &[&rotate[..], &[late]].concat());
    let event = own.next();
    assert_eq!((&event["event"], &event["version"]), (&"key_rotation".into(), &2.into()));
    assert_eq!(event["effective_time"], late);
    let directory = server.directory().to_str().expect("UTF-8").to_owned();
    let command = |arguments: &[&str]| {
        run_to_end(&[arguments, &["--dir", &directory, "--json"]].concat(), &[])
    };
    let status = |arguments: &[&str]| -> Value {
        serde_json::from_str(&command(arguments).stdout).expect("JSON")
    };
    let shows = ["kek", "status", "--tenant", "tenant-a"];
    let steps = || {
        let versions = status(&shows)["tenants"][0]["versions"].clone();
        let versions = versions.as_array().expect("versions").clone();
        versions.iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(steps(), ["active", "pending"]);
    assert_eq!(status(&shows)["rotations"][0]["effective_time"], late);
    for (at, words) in [
        ("2020-01-31T03:00:00Z", "the effective time is not to come"),
        ("soon", "--at is a time such as"),
    ] {
        let refused = command(&["kek", "rotate", "--level", "root", "--at", at]);
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    let at_once = ["--compromised", "--at", late];
    let refused = command(&[&["kek", "rotate", "--level", "root"][..], &at_once].concat());
    assert!(refused.stderr.contains("a compromised version is rotated at once"), "{refused:?}");
    done(&server, &["kek", "abort", "--level", "tenant", "--tenant", "tenant-a"]);
    let event = own.next();
    assert_eq!((&event["event"], &event["version"]), (&"key_rotation_cancelled".into(), &2.into()));

    // One for soon waits, over a restart too, and then takes effect.
    let soon = Timestamp(SystemClock::new().now().0 + 4_000_000);
    done(&server, &[&rotate[..], &[&soon.rfc3339()]].concat());
    assert_eq!(own.next()["effective_time"], soon.rfc3339());
    assert!(server.stop().success());
    server.start();
    loop {
        let steps = steps();
        let now = SystemClock::new().now();
        if steps == ["retired", "active"] {
            assert!(now >= soon, "not before its time");
            break;
        }
        assert_eq!(steps, ["active", "pending"]);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A client of KMIP 2.1 to which the server sends requests.
struct Told(Client);

impl Told {
    fn new(server: &Server, tenant: &str, service: &str) -> Self {
        let mut client = server.connect(tenant, service);
        let role = Node::enumeration(Tag::EndpointRole, 1);
        let (version, operation) = ((2, 1), Operation::SetEndpointRole);
        let answer = client.ask(&one(version, operation, vec![role]));
        outcome(items(&answer)[0]).expect("it listens");
        let mut told = Self(client);
        // It is asked what it takes; it does not know the questions.
        for _ in 0..2 {
            told.request(false);
        }
        told
    }

    /// The next request, which is answered.
    fn request(&mut self, is_known: bool) -> Node {
        let request = Node::parse(&self.0.receive().expect("a request")).expect("TTLV");
        let operation = request.find(Tag::Operation).expect("an operation").clone();
        let version = request.find(Tag::ProtocolVersion).expect("a version").clone();
        let time = Node::new(Tag::TimeStamp, NodeValue::DateTime(1));
        let header = vec![version, time, Node::integer(Tag::BatchCount, 1)];
        let mut item = vec![operation, Node::enumeration(Tag::ResultStatus, u32::from(!is_known))];
        if is_known {
            item.push(Node::structure(Tag::ResponsePayload, Vec::new()));
        } else {
            item.push(Node::enumeration(Tag::ResultReason, 5));
            item.push(Node::text(Tag::ResultMessage, "unknown"));
        }
        let header = Node::structure(Tag::ResponseHeader, header);
        let item = Node::structure(Tag::BatchItem, item);
        let answer = Node::structure(Tag::ResponseMessage, vec![header, item]);
        self.0.send(&answer.encode()).expect("sent");
        request
    }

    /// The key that the next Notify is about, and one of its attributes.
    fn next(&mut self, tag: Tag) -> (String, NodeValue) {
        let notify = self.request(true);
        let operation = notify.find(Tag::Operation).and_then(Node::as_enumeration);
        assert_eq!(operation, Some(Operation::Notify.number()), "{notify:?}");
        assert!(notify.find(Tag::LastChangeDate).is_some(), "{notify:?}");
        let uid = notify.find(Tag::UniqueIdentifier).expect("an identifier").as_text().to_owned();
        (uid, notify.find(tag).unwrap_or_else(|| panic!("{notify:?}")).value.clone())
    }
}

#[test]
fn a_client_that_listens_is_notified_of_its_own_key_and_of_no_other_tenants() {
    let server = Server::start_default();
    for (tenant, service) in [("tenant-a", "orders"), ("tenant-b", "mongodb")] {
        register(&server, tenant, service);
    }
    let mut own = Told::new(&server, "tenant-a", "orders");
    let mut other = Told::new(&server, "tenant-b", "mongodb");
    let orders = "keystrata:service-key:orders".to_owned();
    let of_orders = ["--tenant", "tenant-a", "--service", "orders"];
    let rotate = ["kek", "rotate", "--level", "service"];
    done(&server, &[&rotate[..], &of_orders].concat());
    let (uid, version) = own.next(Tag::AttributeValue);
    assert_eq!((uid, version), (orders.clone(), NodeValue::Integer(2)));
    let late = Timestamp::from_rfc3339("2099-01-31T03:00:00Z").expect("a time");
    done(&server, &[&rotate[..], &of_orders, &["--at", &late.rfc3339()]].concat());
    let (uid, since) = own.next(Tag::ActivationDate);
    assert_eq!((uid, since), (orders.clone(), NodeValue::DateTime(late.seconds())));
    done(&server, &[&["kek", "abort", "--level", "service"][..], &of_orders].concat());
    let (_, version) = own.next(Tag::AttributeValue);
    assert_eq!(version, NodeValue::Integer(2), "as it was");
    let state = |of: &mut Told| of.next(Tag::State);
    for (command, number) in [("suspend", 3), ("resume", 2), ("suspend", 3)] {
        done(&server, &[&["service", command][..], &of_orders].concat());
        assert_eq!(state(&mut own), (orders.clone(), NodeValue::Enumeration(number)));
    }
    done(&server, &[&["service", "shred"][..], &of_orders, &["--confirm", "orders"]].concat());
    assert_eq!(state(&mut own), (orders, NodeValue::Enumeration(5)));
    // The other tenant has heard nothing of all that: what comes first is its own.
    done(&server, &["tenant", "suspend", "--tenant", "tenant-b"]);
    let own_key = "keystrata:service-key:mongodb".to_owned();
    assert_eq!(state(&mut other), (own_key, NodeValue::Enumeration(3)));
}
