//! A bare echo over mutual TLS: what tokio and rustls can do with messages of the same sizes.
//!
//! A request is any bytes in the form of a TTLV structure whose body starts with the length of the
//! answer that is wanted.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The argument that makes this program the echo.
pub(crate) const ARGUMENT: &str = "--serve-echo";

/// Bytes before the body: tag, type, length.
const HEADER_BYTES: usize = 8;

/// A request of the same length as `request` that asks for `answer_bytes` bytes.
pub(crate) fn request(request: &[u8], answer_bytes: usize) -> Vec<u8> {
    let mut echo = request.to_vec();
    let wanted = u32::try_from(answer_bytes).expect("answers are short").to_be_bytes();
    echo[HEADER_BYTES..HEADER_BYTES + wanted.len()].copy_from_slice(&wanted);
    echo
}

/// Serves until it is killed.
pub(crate) fn serve(directory: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a run-time");
    runtime.block_on(async {
        let acceptor = TlsAcceptor::from(Arc::new(config(directory)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        println!("ready kmip={}", listener.local_addr().expect("it is bound"));
        loop {
            let (socket, _) = listener.accept().await.expect("connections come");
            let acceptor = acceptor.clone();
            // A client that goes away is the usual end.
            tokio::spawn(async move { drop(converse(acceptor, socket).await) });
        }
    });
}

fn config(directory: &Path) -> ServerConfig {
    let certificates = |file| {
        CertificateDer::pem_file_iter(directory.join(file))
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .expect("`try` has made it")
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates("ca.pem"));
    let key = PrivateKeyDer::from_pem_file(directory.join("server-key.pem")).expect("likewise");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3")
        .with_client_cert_verifier(verifier.build().expect("there is a root"))
        .with_single_cert(certificates("server.pem"), key)
        .expect("the key is the certificate's")
}

async fn converse(acceptor: TlsAcceptor, socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut stream = acceptor.accept(socket).await?;
    let mut inbox = Vec::with_capacity(4096);
    let mut answer = Vec::new();
    loop {
        if stream.read_buf(&mut inbox).await? == 0 {
            return Ok(());
        }
        let number = |at: usize| {
            let bytes = inbox.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(bytes)).ok()
        };
        let (Some(body), Some(wanted)) = (number(4), number(HEADER_BYTES)) else { continue };
        if inbox.len() < HEADER_BYTES + body {
            continue;
        }
        inbox.clear();
        answer.clear();
        answer.extend_from_slice(&[0x42, 0x00, 0x7b, 0x01]);
        let length = u32::try_from(wanted - HEADER_BYTES).unwrap_or_default();
        answer.extend_from_slice(&length.to_be_bytes());
        answer.resize(wanted, 0);
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
}
