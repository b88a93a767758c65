//! A real listener in front of a service that echoes, and a real client.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use keystrata::clock::{Clock, ManualClock, SystemClock};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::net::listener::{Placement, SameRuntime};
use keystrata::net::tls::{Authority as Trusted, Tls, TlsSettings};
use keystrata::net::{Answer, Drained, Listener, Refusal, Settings};
use keystrata::service::{Heard, Session};
use keystrata::tenant::{Caller, Identity, Mode, Role, ServiceId, TenantId};
use kmip_ttlv::{Buffer, Error};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pki::{self, Authority, Wish};

pub(crate) const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
pub(crate) const TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// Answers a message with the same bytes. A body of `W` waits until it is let go, one of `L` is
/// answered with a whole record.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    pub(crate) waiting: Notify,
    pub(crate) go_on: Notify,
    pub(crate) answered: AtomicUsize,
}

impl Answer for Echo {
    async fn admit(&self, identity: Identity) -> Result<Arc<Caller>, Refusal> {
        if identity.tenant.as_str() == "suspended" {
            return Err(Refusal::Suspended);
        }
        Ok(Arc::new(Caller {
            tenant_id: TenantId(1),
            service_id: ServiceId(1),
            identity,
            mode: Mode::default(),
            role: Role::default(),
            operations: None,
        }))
    }

    async fn answer(
        &self,
        _: &mut Session,
        caller: &Arc<Caller>,
        request: &[u8],
        response: &mut Buffer,
    ) -> Heard {
        assert!(response.is_empty());
        match request.get(8) {
            Some(b'W') => {
                self.waiting.notify_one();
                self.go_on.notified().await;
                response.extend(request);
            }
            Some(b'L') => response.extend(&message(b'L', 16 * 1024 - 8)),
            Some(b'?') => {
                let peer = &caller.identity.peer;
                let identity = &caller.identity;
                response.extend(
                    format!(
                        "{}/{} {} {} {}",
                        identity.tenant,
                        identity.service,
                        peer.tls_version,
                        peer.tls_suite,
                        peer.tls_group
                    )
                    .as_bytes(),
                );
            }
            _ => response.extend(request),
        }
        self.answered.fetch_add(1, Ordering::SeqCst);
        Heard::Answered
    }

    fn answer_unreadable(&self, _: &Arc<Caller>, error: &Error, response: &mut Buffer) {
        assert!(response.is_empty());
        response.extend(error.to_string().as_bytes());
    }
}

/// What all servers of this process have logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The log, which begins with the first call.
    pub(crate) fn shared() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let lines = log.clone();
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::WARN)
                .with_ansi(false)
                .with_writer(move || lines.clone())
                .init();
            log
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A request message whose body is `length` times `fill`.
pub(crate) fn message(fill: u8, length: usize) -> Vec<u8> {
    let mut message = vec![0x42, 0x00, 0x78, 0x01];
    message.extend(u32::try_from(length).unwrap().to_be_bytes());
    message.resize(8 + length, fill);
    message
}

/// A running server, its authority and its files.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) authority: Authority,
    pub(crate) echo: Arc<Echo>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) tls_settings: TlsSettings,
    pub(crate) directory: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Drained>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {}, |_, _| {})
    }

    /// Starts a server after `limits` and `tls` have changed what it is made of.
    pub(crate) fn start_with(
        limits: impl FnOnce(&mut Settings),
        tls: impl FnOnce(&mut TlsSettings, &std::path::Path),
    ) -> Self {
        Self::start_at(Arc::new(SystemClock::new()), limits, tls)
    }

    pub(crate) fn start_at(
        clock: Arc<dyn Clock>,
        limits: impl FnOnce(&mut Settings),
        tls: impl FnOnce(&mut TlsSettings, &std::path::Path),
    ) -> Self {
        Self::start_on(SameRuntime, clock, limits, tls)
    }

    pub(crate) fn start_on(
        placement: impl Placement,
        clock: Arc<dyn Clock>,
        limits: impl FnOnce(&mut Settings),
        tls: impl FnOnce(&mut TlsSettings, &std::path::Path),
    ) -> Self {
        Log::shared();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let authority = Authority::new("test authority");
        let issued = authority.issue(Wish::default().dns("localhost").days(-100, 100));
        let mut tls_settings = TlsSettings {
            certificate: pki::file(path, "server.pem", &issued.pem),
            key: pki::file(path, "server.key", &issued.key_pem),
            authorities: vec![Trusted {
                certificates: pki::file(path, "ca.pem", &authority.pem()),
                tenants: None,
                revocation_lists: Vec::new(),
            }],
            ..TlsSettings::default()
        };
        tls(&mut tls_settings, path);
        let mut settings =
            Settings { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Settings::default() };
        limits(&mut settings);

        let metrics = Metrics::new(&MetricsSettings::default());
        let tls = Arc::new(Tls::load(&tls_settings, clock.clone(), metrics.clone()).unwrap());
        let echo = Arc::new(Echo::default());
        let listener =
            Listener::bind(settings, tls.clone(), echo.clone(), clock, metrics.clone()).unwrap();
        let addresses = listener.addresses();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(listener.run(placement, async {
            let _ = stopped.await;
        }));
        Self {
            address: addresses[0],
            addresses,
            authority,
            echo,
            metrics,
            tls,
            tls_settings,
            directory,
            stop,
            running,
        }
    }

    /// A clock that shows the time of day and can be moved on.
    pub(crate) fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::new(SystemClock::new().now()))
    }

    pub(crate) fn client(&self, wish: Wish) -> Arc<ClientConfig> {
        self.authority.client(Some(self.authority.issue(wish)), TLS13)
    }

    pub(crate) async fn connect(
        &self,
        config: &Arc<ClientConfig>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(self.address).await?;
        handshake(config, socket).await
    }

    /// Connects as `acme/orders`.
    pub(crate) async fn caller(&self) -> TlsStream<TcpStream> {
        self.connect(&self.client(Wish::service("acme", "orders"))).await.unwrap()
    }

    /// The alert that a client with these settings gets.
    pub(crate) async fn alert(&self, config: &Arc<ClientConfig>) -> AlertDescription {
        let error = match self.connect(config).await {
            // In TLS 1.3 the client is done before the server has seen its certificate.
            Ok(mut stream) => stream.read_u8().await.unwrap_err(),
            Err(error) => error,
        };
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::AlertReceived(alert)) => *alert,
            other => panic!("no alert but {error}: {other:?}"),
        }
    }

    /// Whether `/metrics` would show this line.
    pub(crate) fn counts(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|shown| shown == format!("keystrata_{line}"))
    }

    /// Waits until `/metrics` would show this line.
    pub(crate) async fn comes_to_count(&self, line: &str) {
        let counted = async {
            while !self.counts(line) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), counted).await;
        assert!(waited.is_ok(), "{line} is not in\n{}", self.metrics.render());
    }

    /// Asks the server to stop, without waiting for it.
    pub(crate) fn stop(self) -> JoinHandle<Drained> {
        self.stop.send(()).unwrap();
        self.running
    }
}

pub(crate) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    config: &Arc<ClientConfig>,
    socket: S,
) -> io::Result<TlsStream<S>> {
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(config.clone()).connect(name, socket).await
}

/// Sends a request and reads as many bytes back.
pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &[u8],
) -> Vec<u8> {
    stream.write_all(request).await.unwrap();
    let mut response = vec![0; request.len()];
    stream.read_exact(&mut response).await.unwrap();
    response
}

/// Reads until the server says good-bye properly.
pub(crate) async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the server closes with close_notify");
    String::from_utf8_lossy(&rest).into_owned()
}
