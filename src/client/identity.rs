//! Who the client is, and whom it trusts.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::ClientError;

/// A client certificate with its key, and the authorities that may vouch for the server.
///
/// TLS 1.3, or 1.2 with AEAD suites, as on the side of our server.
#[derive(Clone)]
pub struct Identity(pub(super) Arc<ClientConfig>);

impl Identity {
    /// Reads files in PEM: whom to trust, the certificate with its chain, and its key (PKCS#8,
    /// PKCS#1 or SEC 1).
    ///
    /// # Errors
    /// [`ClientError::File`].
    pub fn load(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, ClientError> {
        let mut roots = RootCertStore::empty();
        for trusted in certificates(authority)? {
            roots.add(trusted).map_err(|error| bad(authority, &error))?;
        }
        let own = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, &error))?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| bad(certificate, &error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(certificates(certificate)?, own)
            .map_err(|error| bad(certificate, &error))?;
        Ok(Self(Arc::new(config)))
    }
}

/// The certificates in a file, of which there must be one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| bad(path, &error))?;
    let read: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| bad(path, &error))?;
    if read.is_empty() {
        return Err(bad(path, &"there is no certificate in it"));
    }
    Ok(read)
}

fn bad(path: &Path, error: &dyn fmt::Display) -> ClientError {
    ClientError::File { path: path.to_owned(), why: error.to_string() }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}
