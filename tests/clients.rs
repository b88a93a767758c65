//! Clients that people have, against the real server: `PyKMIP`, libmongocrypt, and requests
//! captured from others. And two tenants, neither of which learns anything of the other.

mod support;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use kmip_ttlv::Tag;
use kmip_ttlv::enums::{CertificateRequestType, Operation, ResultReason};
use rcgen::{CertificateParams, KeyPair};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use support::client::{Client, Identity};
use support::message::{self, VERSIONS, Version, of, one, outcome, uid, without_time_stamp};
use support::names::Names;
use support::python;
use support::server::{Plan, Server};
use support::ttlv::{Node, unhex};

#[test]
fn pykmip_makes_every_call_at_every_version_and_strangers_learn_nothing() {
    python::run("pykmip_calls.py", &Server::start_default(), &[]);
}

#[test]
fn pykmip_passes_its_own_tests_where_its_own_server_does() {
    let services = ["version-0", "version-1", "version-2", "version-3", "version-4", "version-5"];
    let plan = Plan::new().tenant("pykmip", &services);
    let server = plan.variable("KEYSTRATA_COMPATIBILITY_PYKMIP", "[\"pykmip\"]").start();
    python::run("pykmip_tests.py", &server, &[]);
}

#[test]
fn libmongocrypt_opens_its_data_key_again_after_a_restart() {
    libmongocrypt(&[]);
}

#[test]
fn libmongocrypt_has_its_data_key_sealed_by_the_server_and_opened_after_a_restart() {
    libmongocrypt(&["--delegated"]);
}

/// A certificate in PEM.
fn pem(der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn a_client_renews_its_certificate_connects_with_the_new_one_and_finds_its_keys() {
    const V: Version = (2, 1);
    let mut server = Server::start_default();
    let mut client = server.connect("tenant-a", "orders");
    let (operation, payload) = message::create(V, Some("kept"));
    let key = uid(&client.ask(&one(V, operation, payload)));
    let pair = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&pair).expect("a request");
    let request = vec![
        Node::enumeration(Tag::CertificateRequestType, CertificateRequestType::Pkcs10.number()),
        Node::bytes(Tag::CertificateRequestValue, request.der()),
    ];
    let request = Node::structure(Tag::CertificateRequest, request);
    let new = uid(&client.ask(&one(V, Operation::ReProvision, vec![request])));
    let get = |client: &mut Client, uid: &str| {
        let (operation, payload) = of(Operation::Get, uid);
        client.ask(&one(V, operation, payload))
    };
    let answer = get(&mut client, &new);
    let der = answer.find(Tag::CertificateValue).expect("a certificate").as_bytes();
    let files = tempfile::tempdir().expect("a directory");
    let old = server.identity("tenant-a", "orders");
    let (certificate, key_file) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    std::fs::write(&certificate, pem(der)).expect("a file");
    std::fs::write(&key_file, pair.serialize_pem()).expect("a file");
    let renewed = Identity { certificate, key: key_file, ..old.clone() };
    for _ in 0..2 {
        let mut client = Client::connect(server.kmip(), &renewed).expect("is accepted");
        let answer = get(&mut client, &key);
        assert_eq!(outcome(message::items(&answer)[0]), Ok(()));
        let turned_away = Client::connect(server.kmip(), &old);
        assert!(turned_away.map_or(true, |mut client| client.is_closed_by_server()));
        server.restart();
    }
}

fn libmongocrypt(mode: &[&str]) {
    let mut server = Server::start_default();
    let files = tempfile::tempdir().expect("a directory for the key vault");
    let vault = files.path().join("vault").to_string_lossy().into_owned();
    let sealed = files.path().join("sealed").to_string_lossy().into_owned();
    let files = ["--vault", &vault, "--sealed", &sealed];
    let phase = |server: &Server, phase| {
        let arguments = [&["--phase", phase], &files[..], mode].concat();
        python::run("csfle.py", server, &arguments);
    };
    phase(&server, "make");
    phase(&server, "read");
    server.restart();
    phase(&server, "read");
}

/// A message as a client sent it, and the outcomes that it must have.
struct Captured {
    name: String,
    outcomes: Vec<Result<(), ResultReason>>,
    message: Vec<u8>,
}

#[test]
fn requests_captured_from_clients_are_answered() {
    let server = Server::start_default();
    for captured in captured() {
        let mut client = server.connect("tenant-a", "mongodb");
        let answer = client.exchange(&captured.message).expect(&captured.name);
        let answer = Node::parse(&answer).expect(&captured.name);
        let outcomes: Vec<_> = message::items(&answer).into_iter().map(outcome).collect();
        assert_eq!(outcomes, captured.outcomes, "{}: {answer:?}", captured.name);
        let sent = Node::parse(&captured.message).expect(&captured.name);
        assert_eq!(
            answer.find(Tag::ProtocolVersion),
            sent.find(Tag::ProtocolVersion),
            "{}: answered in the version asked",
            captured.name
        );
        let header = answer.child(Tag::ResponseHeader).expect("a header");
        let fields: Vec<Tag> = header.children().iter().map(|field| field.tag).collect();
        // libkmip and PyKMIP stop at any other field.
        let expected = [Tag::ProtocolVersion, Tag::TimeStamp, Tag::BatchCount];
        assert_eq!(fields, expected, "{}", captured.name);
    }
}

/// The files of `fixtures/flows`: heads, an empty line, the message in hexadecimal with remarks.
fn captured() -> Vec<Captured> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flows");
    let entries = std::fs::read_dir(&directory).expect("fixtures/flows");
    let mut all: Vec<Captured> = entries
        .map(|entry| {
            let path = entry.expect("a directory entry").path();
            let text = std::fs::read_to_string(&path).expect("a captured request");
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            read_captured(name, &text)
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!all.is_empty(), "there are captured requests");
    all
}

fn read_captured(name: String, text: &str) -> Captured {
    let (heads, body) = text.split_once("\n\n").expect("an empty line after the heads");
    let expect = heads.lines().find_map(|line| line.strip_prefix("expect: ")).expect("an expect");
    let outcomes = expect.split_whitespace().map(|word| match word {
        "Success" => Ok(()),
        reason => {
            let number = Names::get().value("Result Reason", reason).expect("a Result Reason");
            Err(ResultReason::from_number(number))
        }
    });
    let is_hex = |word: &&str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = body.lines().flat_map(|line| line.split_whitespace().take_while(is_hex));
    let message = unhex(&digits.collect::<String>()).expect("hexadecimal digits");
    Captured { name, outcomes: outcomes.collect(), message }
}

/// `pg_tde` checks its configuration by connecting and closing.
#[test]
fn a_client_that_only_connects_disturbs_nobody() {
    let server = Server::start_default();
    for _ in 0..20 {
        drop(server.connect("tenant-a", "mongodb"));
        drop(TcpStream::connect(server.kmip()).expect("a connection"));
    }
    let mut client = server.connect("tenant-a", "mongodb");
    let answer = client.ask(&one((1, 4), Operation::Query, Vec::new()));
    assert_eq!(message::items(&answer).len(), 1);
}

/// Reads and writes through a socket and keeps what was read.
struct Kept {
    socket: TcpStream,
    read: Vec<u8>,
}

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.socket.read(buffer)?;
        self.read.extend(&buffer[..count]);
        Ok(count)
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// libkmip reads an answer's head and its rest with one read each and gives up on a short one.
#[test]
fn an_answer_is_one_tls_record() {
    let server = Server::start_default();
    let config = server.identity("tenant-a", "mongodb").config();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut tls = ClientConnection::new(Arc::new(config), name).expect("a session");
    let socket = TcpStream::connect(server.kmip()).expect("a connection");
    let mut kept = Kept { socket, read: Vec::new() };
    let mut ask = |request: &Node| {
        let mut stream = rustls::Stream::new(&mut tls, &mut kept);
        stream.write_all(&request.encode()).expect("sent");
        let mut head = [0; 8];
        stream.read_exact(&mut head).expect("a head");
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let mut rest = vec![0; length as usize];
        stream.read_exact(&mut rest).expect("a body");
        std::mem::take(&mut kept.read)
    };
    // The first answer comes after the session tickets; the second stands alone.
    let all = Node::enumeration(Tag::QueryFunction, 1);
    ask(&one((1, 4), Operation::Query, vec![all.clone()]));
    let raw = ask(&one((1, 4), Operation::Query, vec![all]));
    let record = 5 + usize::from(u16::from_be_bytes([raw[3], raw[4]]));
    assert_eq!(raw.len(), record, "one record holds the whole answer");
}

/// Every operation that names an object, with the fields that it needs.
fn requests_about(version: Version, uid: &str) -> Vec<(Operation, Vec<Node>)> {
    let data = || Node::bytes(Tag::Data, &[0; 16]);
    let mut all: Vec<(Operation, Vec<Node>)> = [
        Operation::Get,
        Operation::GetAttributes,
        Operation::GetAttributeList,
        Operation::Activate,
        Operation::Check,
        Operation::ReKey,
        Operation::Destroy,
    ]
    .into_iter()
    .map(|operation| of(operation, uid))
    .collect();
    let mut with = |operation, fields: Vec<Node>| {
        let mut payload = of(operation, uid).1;
        payload.extend(fields);
        all.push((operation, payload));
    };
    let why = vec![Node::enumeration(Tag::RevocationReasonCode, 1)];
    with(Operation::Revoke, vec![Node::structure(Tag::RevocationReason, why)]);
    if version >= (1, 2) {
        with(Operation::Encrypt, vec![data()]);
        with(Operation::Decrypt, vec![data()]);
        with(Operation::Mac, vec![data()]);
        with(Operation::MacVerify, vec![data(), Node::bytes(Tag::MacData, &[0; 32])]);
    }
    let text = Node::text(Tag::ContactInformation, "x");
    if version >= (2, 0) {
        let new = || vec![Node::structure(Tag::NewAttribute, vec![text.clone()])];
        with(Operation::AddAttribute, new());
        with(Operation::ModifyAttribute, new());
        with(Operation::SetAttribute, new());
        let tag = Node::enumeration(Tag::AttributeReference, Tag::Name.number());
        with(Operation::DeleteAttribute, vec![tag]);
    } else {
        let template = message::collect(version, vec![("Contact Information", text)]);
        let attribute = || template.children().to_vec();
        with(Operation::AddAttribute, attribute());
        with(Operation::ModifyAttribute, attribute());
        with(Operation::DeleteAttribute, vec![Node::text(Tag::AttributeName, "Name")]);
    }
    all
}

#[test]
fn anothers_object_is_answered_byte_for_byte_like_nobodys_in_every_version() {
    let server = Server::start_default();
    let mut owner = server.connect("tenant-a", "mongodb");
    for version in VERSIONS {
        let theirs =
            uid(&owner.ask(&message::request(version, vec![message::create(version, None)])));
        let nobodys = unknown_like(&theirs);
        for (tenant, service) in [("tenant-b", "mongodb"), ("tenant-a", "orders")] {
            let mut stranger = server.connect(tenant, service);
            let requests = requests_about(version, &theirs).into_iter();
            for (request, unknown) in requests.zip(requests_about(version, &nobodys)) {
                let operation = request.0;
                let mut ask = |item| {
                    let bytes = message::request(version, vec![item]).encode();
                    stranger.exchange(&bytes).expect("an answer")
                };
                let (foreign, unknown) = (ask(request), ask(unknown));
                let tree = Node::parse(&foreign).expect("TTLV");
                let item = message::items(&tree)[0];
                assert!(outcome(item).is_err(), "{tenant}/{service} {version:?} {operation:?}");
                assert_eq!(
                    without_time_stamp(&foreign),
                    without_time_stamp(&unknown),
                    "{tenant}/{service} {version:?} {operation:?}: {tree:?}"
                );
            }
        }
        let (operation, payload) = of(Operation::Get, &theirs);
        assert_eq!(uid(&owner.ask(&one(version, operation, payload))), theirs, "it is still there");
    }
}

/// An identifier of the same form that nobody has.
fn unknown_like(uid: &str) -> String {
    let (head, tail) = uid.split_at(uid.len() - 8);
    let swapped = tail.chars().map(|letter| match letter.to_digit(16) {
        Some(digit) => char::from_digit(15 - digit, 16).unwrap_or(letter),
        None => letter,
    });
    head.chars().chain(swapped).collect()
}
