//! The clients: connections that each send a request, wait for its answer, and send the next.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Extent;
use crate::process::{SERVICE, TENANTS};

/// Bytes before the body: tag, type, length.
const HEADER_BYTES: usize = 8;

/// Threads of the clients at most; more would only take the server's place on the cores.
const THREADS_MAX: usize = 2;

/// What one connection needs: who it is, and the requests that it sends in turn.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) requests: Vec<Vec<u8>>,
}

/// What was measured in one window.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Window {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Median of the time from a request to its answer.
    pub(crate) p50: Duration,
    /// The time that 99 of 100 answers do not take.
    pub(crate) p99: Duration,
    /// The answers that were counted.
    pub(crate) answers: usize,
}

/// The TLS settings of the tenants' services, in the order of [`TENANTS`], without resumption.
pub(crate) fn configs(directory: &Path) -> Vec<Arc<ClientConfig>> {
    let certificates = |file: &Path| {
        CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .expect("`try` has made it")
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&directory.join("ca.pem")));
    let config = |tenant: &str| {
        let own = directory.join("clients").join(tenant).join(SERVICE);
        let key = PrivateKeyDer::from_pem_file(own.join("key.pem")).expect("likewise");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider has TLS 1.3")
            .with_root_certificates(roots.clone())
            .with_client_auth_cert(certificates(&own.join("cert.pem")), key)
            .expect("the key is the certificate's");
        config.resumption = Resumption::disabled();
        Arc::new(config)
    };
    TENANTS.into_iter().map(config).collect()
}

/// One connection.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    inbox: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let socket = TcpStream::connect(server).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, socket).await?;
        Ok(Self { stream, inbox: Vec::with_capacity(4096) })
    }

    /// Sends a message; its answer.
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> io::Result<&[u8]> {
        self.stream.write_all(message).await?;
        self.stream.flush().await?;
        self.inbox.clear();
        loop {
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(&[.., a, b, c, d]) = self.inbox.first_chunk::<HEADER_BYTES>()
                && self.inbox.len() >= HEADER_BYTES + u32::from_be_bytes([a, b, c, d]) as usize
            {
                return Ok(&self.inbox);
            }
        }
    }
}

/// Lets all clients, each on a connection of its own, ask as fast as they are answered.
pub(crate) fn measure(server: SocketAddr, clients: &[Client], extent: &Extent) -> Window {
    let threads = clients.len().min(THREADS_MAX);
    let together = Barrier::new(threads);
    let run = |thread: usize| {
        stand_back();
        let own = clients.iter().skip(thread).step_by(threads);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a run-time").block_on(ask(server, own, extent, &together))
    };
    let mut micros: Vec<u32> = std::thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        running.into_iter().flat_map(|one| one.join().expect("no connection fails")).collect()
    });
    micros.sort_unstable();
    let at = |percent: usize| {
        let place = (micros.len() * percent / 100).min(micros.len().saturating_sub(1));
        Duration::from_micros(micros.get(place).copied().unwrap_or_default().into())
    };
    let answers = micros.len();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = answers as f64 / extent.window.as_secs_f64();
    Window { rate, p50: at(50), p99: at(99), answers }
}

/// Makes the calling thread one of the class for batches (`sched(7)`): when an answer wakes it, it does not
/// take the processor from whoever has written the answer, just as a client on another machine could not.
fn stand_back() {
    let thread = rustix::thread::gettid().to_string();
    let made = Command::new("chrt").args(["--batch", "--pid", "0", &thread]).status();
    assert!(made.is_ok_and(|status| status.success()), "chrt comes with util-linux");
}

/// The clients of one thread. Returns how long each answer in the window took, in microseconds.
async fn ask(
    server: SocketAddr,
    clients: impl Iterator<Item = &Client>,
    extent: &Extent,
    together: &Barrier,
) -> Vec<u32> {
    let mut connections = Vec::new();
    for client in clients {
        let connection = Connection::open(server, &client.config).await;
        connections.push((connection.expect("the server takes it"), client.requests.clone()));
    }
    together.wait();
    let start = Instant::now() + extent.warm_up;
    let end = start + extent.window;
    let mut asking = JoinSet::new();
    for (mut connection, requests) in connections {
        asking.spawn(async move {
            let mut took = Vec::with_capacity(64 * 1024);
            for request in requests.iter().cycle() {
                let sent = Instant::now();
                connection.exchange(request).await.expect("the server answers");
                let answered = Instant::now();
                if answered > end {
                    break;
                }
                if answered > start {
                    let micros = answered.duration_since(sent).as_micros();
                    took.push(u32::try_from(micros).unwrap_or(u32::MAX));
                }
            }
            took
        });
    }
    asking.join_all().await.concat()
}
