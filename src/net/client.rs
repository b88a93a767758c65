//! A small KMIP client over mutual TLS, blocking, one message at a time; for programs that test a
//! server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kmip_ttlv::enums::ResultReason;
use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage, ResponseMessage};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload};
use kmip_ttlv::{Error, Version};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a message's head: tag, type and length.
const HEAD_BYTES: usize = 8;

/// Why there is no answer, or not the one that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Files(String),
    /// What came is no message.
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] Error),
    /// The server refused.
    #[error("refused: {0}")]
    Refused(String),
}

/// Who connects.
#[derive(Clone)]
pub struct ClientIdentity(Arc<ClientConfig>);

impl ClientIdentity {
    /// Reads files in PEM: whom to trust, and who we are.
    ///
    /// # Errors
    /// [`ClientError::Files`].
    pub fn load(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, ClientError> {
        let bad = |path: &Path, error: &dyn std::fmt::Display| {
            ClientError::Files(format!("{}: {error}", path.display()))
        };
        let certificates = |path: &Path| {
            let read = CertificateDer::pem_file_iter(path).map_err(|error| bad(path, &error))?;
            read.collect::<Result<Vec<_>, _>>().map_err(|error| bad(path, &error))
        };
        let mut roots = RootCertStore::empty();
        for trusted in certificates(authority)? {
            roots.add(trusted).map_err(|error| bad(authority, &error))?;
        }
        let own = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, &error))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| bad(authority, &error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(certificates(certificate)?, own)
            .map_err(|error| bad(certificate, &error))?;
        Ok(Self(Arc::new(config)))
    }
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientIdentity")
    }
}

/// A connection.
pub struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    version: Version,
}

impl Client {
    /// Connects to a server for `localhost` and speaks `version`.
    ///
    /// # Errors
    /// [`ClientError::Connection`].
    pub fn connect(
        server: SocketAddr,
        identity: &ClientIdentity,
        version: Version,
    ) -> Result<Self, ClientError> {
        let socket = TcpStream::connect(server)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let session =
            ClientConnection::new(Arc::clone(&identity.0), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self { stream, version })
    }

    /// Has one operation done, and calls `take` with what it answers.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask<'a, T>(
        &mut self,
        payload: impl Into<RequestPayload<'a>>,
        take: impl FnOnce(ResponsePayload<'_>) -> Option<T>,
    ) -> Result<T, ClientError> {
        let request = RequestMessage {
            header: RequestHeader::new(self.version.into(), 1),
            items: vec![RequestItem::new(payload)],
        };
        self.stream.write_all(&request.to_bytes()?)?;
        self.stream.flush()?;
        let answer = self.receive()?;
        let response = ResponseMessage::from_bytes(&answer)?;
        let item = response.items.into_iter().next();
        let item = item.ok_or_else(|| ClientError::Refused("there is no answer".into()))?;
        let refused = || {
            let reason = item.reason.map(ResultReason::xml_name);
            let words = item.message.as_deref().unwrap_or_default();
            ClientError::Refused(format!("{} ({words})", reason.unwrap_or("no reason")))
        };
        let refused = refused();
        item.payload.and_then(take).ok_or(refused)
    }

    fn receive(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut head = [0; HEAD_BYTES];
        self.stream.read_exact(&mut head)?;
        let [_, _, _, _, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > ANSWER_BYTES_MAX {
            return Err(ClientError::Refused("the answer is too long".into()));
        }
        let mut message = head.to_vec();
        message.resize(HEAD_BYTES + length, 0);
        if let Some(body) = message.get_mut(HEAD_BYTES..) {
            self.stream.read_exact(body)?;
        }
        Ok(message)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}
