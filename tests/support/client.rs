//! A client over TLS with a certificate, blocking, one message at a time.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::ttlv::Node;

/// How long one answer may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Files in PEM: whom to trust, and who we are.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// The TLS configuration that shows this certificate.
    pub(crate) fn config(&self) -> ClientConfig {
        self.config_with(rustls::ALL_VERSIONS)
    }

    /// The same for these versions of TLS only.
    pub(crate) fn config_with(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> ClientConfig {
        builder(&self.authority, versions)
            .with_client_auth_cert(
                certificates(&self.certificate),
                PrivateKeyDer::from_pem_file(&self.key).expect("a private key"),
            )
            .expect("the key fits the certificate")
    }

    /// A configuration that shows no certificate at all.
    pub(crate) fn anonymous(&self) -> ClientConfig {
        builder(&self.authority, rustls::ALL_VERSIONS).with_no_client_auth()
    }
}

fn builder(
    authority: &Path,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authority) {
        roots.add(certificate).expect("a CA certificate");
    }
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("the provider has these versions")
        .with_root_certificates(roots)
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    let pem = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// One connection.
pub(crate) struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Client {
    /// Connects and shakes hands.
    pub(crate) fn connect(server: SocketAddr, identity: &Identity) -> io::Result<Self> {
        Self::with_config(server, Arc::new(identity.config()))
    }

    /// Connects with a configuration made beforehand.
    pub(crate) fn with_config(server: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        let socket = TcpStream::connect(server)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self { stream })
    }

    /// Writes bytes, whole messages or not.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Reads what is there, which need not be a message; waits for something.
    pub(crate) fn receive_some(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 4096];
        let count = self.stream.read(&mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Reads one message; `UnexpectedEof` if the server closed instead.
    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut message = vec![0; 8];
        self.stream.read_exact(&mut message)?;
        let length = u32::from_be_bytes([message[4], message[5], message[6], message[7]]);
        message.resize(8 + length as usize, 0);
        self.stream.read_exact(&mut message[8..])?;
        Ok(message)
    }

    /// Sends a message and reads its answer.
    pub(crate) fn exchange(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.send(message)?;
        self.receive()
    }

    /// Sends a message and reads its answer as a tree.
    pub(crate) fn ask(&mut self, message: &Node) -> Node {
        let answer = self.exchange(&message.encode()).expect("an answer");
        Node::parse(&answer).expect("the answer is TTLV")
    }

    /// Whether the server closes the connection, rather than sending anything.
    pub(crate) fn is_closed_by_server(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(0) => true,
            Ok(_) => false,
            Err(e) => !matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        }
    }

    /// Says that nothing more will be sent, and goes on reading.
    pub(crate) fn half_close(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()?;
        self.stream.sock.shutdown(Shutdown::Write)
    }

    /// Sets how long a read may take.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.stream.sock.set_read_timeout(Some(patience)).expect("a socket takes a time-out");
    }
}
