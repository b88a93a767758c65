//! Plays one case against a server: what must have happened before it, who asks, and on which clock.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use keystrata::crypto::policy::Policy;
use keystrata::operation::{Facts, Policies};
use kmip_ttlv::enums::Operation;
use kmip_ttlv::{Tag, Version};
use tokio::runtime::Runtime;

use crate::TENANT;
use crate::case::{Case, Element, Step};
use crate::compare;
use crate::encode::{self, Bindings};
use crate::exclude;
use crate::support::client::Client;
use crate::support::server::{self, Server};
use crate::support::ttlv::{Node, Value, hex};
use crate::world::{START, World};

/// Cases that take for granted what another has done: the beginning of a case's name, and that of the
/// case which is played before it, of the same version or (`before/…`) of our own.
pub(crate) const BEFORE: &[(&str, &str)] = &[
    ("TL-M-3", "TL-M-2"),
    ("TC-CREG-2", "TC-CREG-1"),
    // The cases of 1.4 are those of 1.3 without the one that registers the pad.
    ("TC-OTP-2-14", "before/one-time-pad-14"),
    ("TC-OTP-4-14", "before/one-time-pad-14"),
    ("TC-OTP-5-14", "before/one-time-pad-14"),
    ("TC-OTP-2", "TC-OTP-SETUP-1"),
    ("TC-OTP-4", "TC-OTP-SETUP-1"),
    ("TC-OTP-5", "TC-OTP-SETUP-1"),
    // The case says that it assumes fresh objects in the default group.
    ("TC_151", "before/default-group"),
];

/// Cases about a client that may not do everything: the beginning of a case's name, and the operations
/// that the administrator allows the client. (RNG Seed may be denied: KMIP profiles, CS-RNG-O-4.)
const ALLOWED: &[(&str, &str)] = &[("CS-RNG-O-4", "RNGRetrieve,Query")];

/// How often a request is repeated at most, a second of the moved clock apart.
const REPEATS_MAX: usize = 600;

/// How often a Poll is repeated. The server answers one that is too early only after a while.
const POLLS_MAX: usize = 64;

/// What the beginning of a case's name is paired with.
pub(crate) fn listed_for<'t>(table: &[(&str, &'t str)], case: &Case) -> Option<&'t str> {
    let stem = case.name.rsplit('/').next().unwrap_or_default();
    table.iter().find(|(start, _)| stem.starts_with(start)).map(|(_, other)| *other)
}

/// Whether a request is repeated until a date has passed, and not only until the server is done.
pub(crate) fn waits_for_date(case: &Case) -> bool {
    case.steps.iter().any(|step| step.repeats && !exclude::polls(step))
}

/// Who answers.
trait Peer {
    fn exchange(&mut self, client: &str, request: &[u8]) -> io::Result<Vec<u8>>;

    /// What the server sends this client without being asked.
    fn receive(&mut self, client: &str) -> io::Result<Vec<u8>>;

    /// Sends what the server does not answer.
    fn send(&mut self, client: &str, message: &[u8]) -> io::Result<()>;

    /// The server's time, in seconds since 1970.
    fn now(&self) -> i64;

    /// How often a request is repeated at most.
    fn repeats_max(&self) -> usize;

    /// Lets time pass before a request is repeated.
    fn wait(&mut self);
}

/// The real server at the other end of TLS.
struct Wire<'s> {
    server: &'s Server,
    service: &'s str,
    clients: HashMap<String, Client>,
}

impl Wire<'_> {
    fn client(&mut self, client: &str) -> &mut Client {
        let connect = || self.server.connect(TENANT, self.service);
        self.clients.entry(client.to_owned()).or_insert_with(connect)
    }
}

impl Peer for Wire<'_> {
    fn exchange(&mut self, client: &str, request: &[u8]) -> io::Result<Vec<u8>> {
        self.client(client).exchange(request)
    }

    fn receive(&mut self, client: &str) -> io::Result<Vec<u8>> {
        self.client(client).receive()
    }

    fn send(&mut self, client: &str, message: &[u8]) -> io::Result<()> {
        self.client(client).send(message)
    }

    fn now(&self) -> i64 {
        crate::now()
    }

    fn repeats_max(&self) -> usize {
        POLLS_MAX
    }

    fn wait(&mut self) {}
}

/// The server less its transport, whose clock is moved by hand.
struct Still {
    runtime: Runtime,
    world: World,
    seconds: i64,
}

impl Still {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let policy = Policy { legacy: true, ..Policy::default() };
        let facts = Facts { policies: Policies::new(policy), ..Facts::default() };
        let world = runtime.block_on(World::with_facts(facts));
        Self { runtime, world, seconds: 0 }
    }
}

impl Peer for Still {
    fn exchange(&mut self, _: &str, request: &[u8]) -> io::Result<Vec<u8>> {
        Ok(self.runtime.block_on(async {
            let client = self.world.client("case", Version::V1_0).await;
            client.answer_bytes(request).await
        }))
    }

    fn receive(&mut self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn send(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn now(&self) -> i64 {
        START + self.seconds
    }

    fn repeats_max(&self) -> usize {
        REPEATS_MAX
    }

    fn wait(&mut self) {
        self.seconds += 1;
        self.world.clock.advance(Duration::from_secs(1));
    }
}

/// Plays `before`, if there is such a case, and then the case. One that waits for a date is played
/// against a server whose clock is moved.
pub(crate) fn play(
    before: Option<&Case>,
    case: &Case,
    server: &Server,
    service: &str,
) -> Result<(), String> {
    if let Some(operations) = listed_for(ALLOWED, case) {
        allow(server, service, operations);
    }
    let mut wire;
    let mut still;
    let peer: &mut dyn Peer = if waits_for_date(case) {
        still = Still::new();
        &mut still
    } else {
        wire = Wire { server, service, clients: HashMap::new() };
        &mut wire
    };
    let mut bindings = Bindings::new(peer.now());
    if let Some(before) = before {
        run(before, peer, &mut bindings).map_err(|why| format!("before it, {why}"))?;
    }
    run(case, peer, &mut bindings)
}

/// What an administrator does before the client may come.
fn allow(server: &Server, service: &str, operations: &str) {
    let directory = server.directory().to_str().expect("a path in UTF-8");
    let who = ["--dir", directory, "--tenant", TENANT, "--service", service];
    let commands: [&[&str]; 2] =
        [&["service", "create"], &["service", "set-operations", "--operations", operations]];
    for command in commands {
        let done = server::run_to_end(&[command, &who].concat(), &[]);
        assert!(done.status.success(), "{}", done.stderr);
    }
}

/// Sends a case's requests and compares the answers.
fn run(case: &Case, peer: &mut dyn Peer, bindings: &mut Bindings) -> Result<(), String> {
    for (number, step) in case.steps.iter().enumerate() {
        if step.from_server {
            if number == 0 {
                greet(step, peer, bindings).map_err(|why| format!("before it: {why}"))?;
            }
            hear(step, peer, bindings).map_err(|why| format!("step {number}: {why}"))?;
            continue;
        }
        let mut repeats = 0;
        loop {
            let mut tried = bindings.clone();
            match ask(step, peer, &mut tried) {
                Err(_) if step.repeats && repeats < peer.repeats_max() => peer.wait(),
                Err(why) => return Err(format!("step {number}: {why}")),
                Ok(()) => {
                    *bindings = tried;
                    break;
                }
            }
            repeats += 1;
        }
        if repeats > 0 {
            bindings.now = peer.now();
        }
    }
    Ok(())
}

/// Lets the server know the client and its version, where a case begins with what the server sends.
fn greet(step: &Step, peer: &mut dyn Peer, bindings: &mut Bindings) -> Result<(), String> {
    let mut request = step.request.clone();
    request.children.retain(|child| child.name == "RequestHeader");
    request.children.push(item("DiscoverVersions", "RequestPayload"));
    let request = encode::request(&request, bindings)?;
    peer.exchange(&step.client, &request.encode()).map_err(|e| e.to_string())?;
    Ok(())
}

/// Takes the request that the server is to send, and answers it as the case does. Questions that the
/// case does not speak of are answered before it, by a client that does not know them.
fn hear(step: &Step, peer: &mut dyn Peer, bindings: &mut Bindings) -> Result<(), String> {
    let expected = step.request.child("BatchItem").map_or("", |item| item.value_of("Operation"));
    loop {
        let bytes = peer.receive(&step.client).map_err(|e| e.to_string())?;
        let found = Node::parse(&bytes).map_err(|why| format!("{why}: {}", hex(&bytes)))?;
        let question = ["DiscoverVersions", "Query"]
            .into_iter()
            .find(|question| *question != expected && is_about(&found, question));
        let answer = if let Some(question) = question {
            unknown(&step.response, question)
        } else {
            let differences = compare::request(&step.request, &found, bindings);
            if !differences.is_empty() {
                return Err(format!("{}\n{found:?}", differences.join("\n  ")));
            }
            step.response.clone()
        };
        // What an answer says, the dates in its header say, is nothing that the server could repeat.
        let answer = encode::request(&answer, &mut bindings.clone())?.encode();
        peer.send(&step.client, &answer).map_err(|e| e.to_string())?;
        if question.is_none() {
            return Ok(());
        }
    }
}

/// Whether a message of one item is about this operation.
fn is_about(message: &Node, operation: &str) -> bool {
    let item = message.child(Tag::BatchItem).and_then(|item| item.child(Tag::Operation));
    let number = Operation::from_xml_name(operation).map(Operation::number);
    matches!(item.map(|item| &item.value), Some(Value::Enumeration(found)) if Some(*found) == number)
}

/// The answer of a client that does not know a question, under the header of its other answers.
fn unknown(response: &Element, question: &str) -> Element {
    let mut response = response.clone();
    response.children.retain(|child| child.name == "ResponseHeader");
    let mut item = item(question, "");
    let leaf = |name: &str, kind: &str, value: &str| Element {
        name: name.into(),
        kind: kind.into(),
        value: value.into(),
        children: Vec::new(),
    };
    item.children.push(leaf("ResultStatus", "Enumeration", "OperationFailed"));
    item.children.push(leaf("ResultReason", "Enumeration", "OperationNotSupported"));
    item.children.push(leaf("ResultMessage", "TextString", "unknown"));
    response.children.push(item);
    response
}

/// A batch item, with an empty payload if it has a name.
fn item(operation: &str, payload: &str) -> Element {
    let operation = Element {
        name: "Operation".into(),
        kind: "Enumeration".into(),
        value: operation.into(),
        children: Vec::new(),
    };
    let payload = Element { name: payload.into(), ..Element::default() };
    let mut children = vec![operation, payload];
    children.retain(|child| !child.name.is_empty());
    Element { name: "BatchItem".into(), children, ..Element::default() }
}

fn ask(step: &Step, peer: &mut dyn Peer, bindings: &mut Bindings) -> Result<(), String> {
    let request = encode::request(&step.request, bindings)?;
    let bytes = peer.exchange(&step.client, &request.encode()).map_err(|e| e.to_string())?;
    let answer = Node::parse(&bytes).map_err(|why| format!("{why}: {}", hex(&bytes)))?;
    let differences = compare::response(&step.response, &answer, &step.request, bindings);
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{answer:?}", differences.join("\n  ")))
}
