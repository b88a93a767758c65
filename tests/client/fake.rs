//! A server that does what a test tells it: real TLS with a client certificate, made-up answers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use keystrata::client::{Client, Identity, Settings};
use kmip_ttlv::enums::{Operation, ResultReason};
use kmip_ttlv::message::{RequestMessage, ResponseHeader, ResponseItem, ResponseMessage};
use kmip_ttlv::{DateTime, ResponsePayload, TimeStamp, Version};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::pki::{Authority, Issued, Wish, file};

/// What the server does with a request.
pub(crate) enum Act {
    Answer(Vec<u8>),
    /// Answers, and ends the connection.
    Last(Vec<u8>),
    /// Ends the connection without an answer.
    Cut,
    /// Does nothing, and keeps the connection.
    Silence,
}

/// What a server does with its nth connection's request.
type Script = dyn Fn(usize, &[u8]) -> Act + Send + Sync;

/// The server. Its tasks end with the test's run-time.
pub(crate) struct Fake {
    directory: TempDir,
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<usize>>>,
    asked: mpsc::UnboundedReceiver<()>,
    ended: mpsc::UnboundedReceiver<()>,
}

/// What the server tells of what it has seen.
#[derive(Clone)]
struct Notes {
    seen: Arc<Mutex<Vec<usize>>>,
    asked: mpsc::UnboundedSender<()>,
    ended: mpsc::UnboundedSender<()>,
}

impl Fake {
    pub(crate) async fn start(
        script: impl Fn(usize, &[u8]) -> Act + Send + Sync + 'static,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new("fake");
        let server = authority.issue(Wish::default().dns("localhost"));
        let client = authority.issue(Wish::service("tenant", "service"));
        for (name, content) in
            [("ca.pem", &authority.pem()), ("cert.pem", &client.pem), ("key.pem", &client.key_pem)]
        {
            file(directory.path(), name, content);
        }
        let acceptor = acceptor(server, directory.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell_asked, asked) = mpsc::unbounded_channel();
        let (tell_ended, ended) = mpsc::unbounded_channel();
        let seen = Arc::<Mutex<Vec<usize>>>::default();
        let notes = Notes { seen: Arc::clone(&seen), asked: tell_asked, ended: tell_ended };
        let script: Arc<Script> = Arc::new(script);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
                let notes = notes.clone();
                tokio::spawn(async move {
                    serve(number, socket, &acceptor, &*script, &notes).await;
                    let _ = notes.ended.send(());
                });
                number += 1;
            }
        });
        Self { directory, address, seen, asked, ended }
    }

    /// Settings for this server, in a fixed version.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            server_name: Some("localhost".into()),
            version: Some(Version::V1_4),
            ..Settings::new(self.address.to_string())
        }
    }

    pub(crate) fn client(&self, settings: Settings) -> Client {
        Client::new(settings, identity(self.directory.path())).expect("a server")
    }

    /// The connections that requests came on, in their order.
    pub(crate) fn seen(&self) -> Vec<usize> {
        self.seen.lock().expect("nobody panics with it").clone()
    }

    /// Waits until the server has read one request more.
    pub(crate) async fn is_asked(&mut self) {
        self.asked.recv().await.expect("the server runs");
    }

    /// Waits until the server has ended a connection.
    pub(crate) async fn has_ended_one(&mut self) {
        self.ended.recv().await.expect("the server runs");
    }
}

/// The identity in a directory's files.
pub(crate) fn identity(directory: &Path) -> Identity {
    let path = |name| directory.join(name);
    Identity::load(&path("ca.pem"), &path("cert.pem"), &path("key.pem")).expect("good files")
}

fn acceptor(server: Issued, directory: &Path) -> TlsAcceptor {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(directory.join("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(server.chain, server.key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    number: usize,
    socket: TcpStream,
    acceptor: &TlsAcceptor,
    script: &Script,
    notes: &Notes,
) {
    let Ok(mut stream) = acceptor.accept(socket).await else { return };
    let mut head = [0; 8];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let mut message = head.to_vec();
        message.resize(8 + length, 0);
        if stream.read_exact(&mut message[8..]).await.is_err() {
            break;
        }
        notes.seen.lock().expect("nobody panics with it").push(number);
        let _ = notes.asked.send(());
        match script(number, &message) {
            Act::Answer(answer) => stream.write_all(&answer).await.expect("the client reads"),
            Act::Last(answer) => {
                stream.write_all(&answer).await.expect("the client reads");
                break;
            }
            Act::Cut => return,
            Act::Silence => {}
        }
        stream.flush().await.expect("the client reads");
    }
    let _ = stream.shutdown().await;
}

/// A response with one item.
pub(crate) fn response(version: Version, item: ResponseItem<'_>) -> Vec<u8> {
    let header = ResponseHeader {
        batch_count: 1,
        ..ResponseHeader::new(version.into(), TimeStamp::Seconds(DateTime(0)))
    };
    ResponseMessage { header, items: vec![item] }.to_bytes().expect("a version").to_vec()
}

/// A success in 1.4.
pub(crate) fn success<'a>(payload: impl Into<ResponsePayload<'a>>) -> Vec<u8> {
    response(Version::V1_4, ResponseItem::success(None, payload))
}

/// A refusal.
pub(crate) fn refusal(version: Version, operation: Operation, reason: ResultReason) -> Vec<u8> {
    response(version, ResponseItem::failure(Some(operation), None, reason, "no"))
}

/// The version of a request, and its only operation.
pub(crate) fn asked(request: &[u8]) -> (Version, Operation) {
    let request = RequestMessage::from_bytes(request).expect("a request");
    let version = request.header.protocol_version.version().expect("a version");
    (version, request.items.first().expect("an item").payload.operation())
}
