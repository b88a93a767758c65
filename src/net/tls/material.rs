//! Certificates, keys and revocation lists from PEM files; one clear line for each that is wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::time::ASN1Time;

use super::Authority;
use crate::clock::Timestamp;

const AUTHORITY: &str = "authority for client certificates";

/// Why the TLS settings cannot be used. `Display` is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read the {what} {path}: {source}", path = path.display())]
    File {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should, in PEM.
    #[error("{path} holds no {what} in PEM form", path = path.display())]
    Empty {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file is damaged.
    #[error("the {what} in {path} cannot be read: {reason}", path = path.display())]
    Damaged {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key is not the certificate's.
    #[error(
        "the private key {key} does not belong to the server certificate {certificate}: configure \
         the pair that was issued together",
        key = key.display(), certificate = certificate.display()
    )]
    KeyMismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// The certificate is not valid any more.
    #[error("the {what} in {path} expired at {at}: renew it", path = path.display())]
    Expired {
        /// Which certificate.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The end of its life.
        at: String,
    },
    /// The certificate is not valid yet.
    #[error(
        "the {what} in {path} is valid from {at} only: check the clock or the certificate",
        path = path.display()
    )]
    NotYetValid {
        /// Which certificate.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The beginning of its life.
        at: String,
    },
    /// The server certificate has no name that a client could check.
    #[error(
        "the server certificate {path} has no subject alternative name, so clients will refuse it: \
         issue it with the server's DNS names and addresses",
        path = path.display()
    )]
    NoServerName {
        /// The certificate's file.
        path: PathBuf,
    },
    /// No authority is configured.
    #[error("no authority for client certificates is configured, so no client could connect")]
    NoAuthority,
    /// rustls cannot work with the settings.
    #[error("TLS cannot be set up: {0}")]
    Unusable(#[from] rustls::Error),
}

impl TlsError {
    /// An authority's certificates or revocation lists cannot be used.
    pub(super) fn authority(authority: &Authority, reason: &impl ToString) -> Self {
        Self::Damaged {
            what: AUTHORITY,
            path: authority.certificates.clone(),
            reason: reason.to_string(),
        }
    }
}

/// The trust anchors of an authority.
pub(super) fn authorities(authority: &Authority) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(AUTHORITY, &authority.certificates)? {
        roots.add(certificate).map_err(|error| TlsError::authority(authority, &error))?;
    }
    Ok(roots)
}

/// All revocation lists of all files.
pub(super) fn revocation_lists(
    paths: &[PathBuf],
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let what = "certificate revocation list";
    let mut lists = Vec::new();
    for path in paths {
        let found: Vec<CertificateRevocationListDer<'static>> = read(what, path)?;
        for list in &found {
            CertificateRevocationList::from_der(list).map_err(|error| TlsError::Damaged {
                what,
                path: path.clone(),
                reason: error.to_string(),
            })?;
        }
        lists.extend(found);
    }
    Ok(lists)
}

/// The server's certificate with its key.
#[derive(Debug)]
pub(super) struct ServerFiles {
    pub(super) key: Arc<CertifiedKey>,
    /// The end of the certificate's life, in seconds since 1970.
    pub(super) not_after: i64,
}

impl ServerFiles {
    pub(super) fn load(
        certificate: &Path,
        key: &Path,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let what = "server certificate";
        let chain = certificates(what, certificate)?;
        let leaf = chain.first().map(AsRef::as_ref).unwrap_or_default();
        let damaged = |reason: String| TlsError::Damaged { what, path: certificate.into(), reason };
        let (_, leaf) = X509Certificate::from_der(leaf).map_err(|e| damaged(e.to_string()))?;
        let not_after = in_date(what, certificate, &leaf, now)?;
        match leaf.subject_alternative_name() {
            Ok(Some(names)) if !names.value.general_names.is_empty() => {}
            Ok(_) => return Err(TlsError::NoServerName { path: certificate.into() }),
            Err(error) => return Err(damaged(error.to_string())),
        }
        let key = private_key(key).and_then(|der| {
            let mismatch =
                || TlsError::KeyMismatch { key: key.into(), certificate: certificate.into() };
            CertifiedKey::from_der(chain.clone(), der, provider).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => mismatch(),
                other => TlsError::Damaged {
                    what: "private key",
                    path: key.into(),
                    reason: other.to_string(),
                },
            })
        })?;
        Ok(Self { key: Arc::new(key), not_after })
    }
}

/// The end of the first certificate in a file, in seconds since 1970; for the metric.
pub(super) fn not_after(path: &Path) -> Option<i64> {
    let chain = certificates("certificate", path).ok()?;
    let (_, leaf) = X509Certificate::from_der(chain.first()?).ok()?;
    Some(leaf.validity().not_after.timestamp())
}

fn in_date(
    what: &'static str,
    path: &Path,
    certificate: &X509Certificate<'_>,
    now: Timestamp,
) -> Result<i64, TlsError> {
    let validity = certificate.validity();
    let at = |time: &ASN1Time| time.to_string();
    if now.seconds() > validity.not_after.timestamp() {
        return Err(TlsError::Expired { what, path: path.into(), at: at(&validity.not_after) });
    }
    if now.seconds() < validity.not_before.timestamp() {
        return Err(TlsError::NotYetValid {
            what,
            path: path.into(),
            at: at(&validity.not_before),
        });
    }
    Ok(validity.not_after.timestamp())
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    read(what, path)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let what = "private key";
    PrivateKeyDer::from_pem_file(path).map_err(|error| failed(what, path, error))
}

/// All items of a kind in a file; at least one.
fn read<T: PemObject>(what: &'static str, path: &Path) -> Result<Vec<T>, TlsError> {
    let items: Vec<T> = T::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| failed(what, path, error))?;
    if items.is_empty() {
        return Err(TlsError::Empty { what, path: path.into() });
    }
    Ok(items)
}

fn failed(what: &'static str, path: &Path, error: pem::Error) -> TlsError {
    let path = path.to_path_buf();
    match error {
        pem::Error::Io(source) => TlsError::File { what, path, source },
        pem::Error::NoItemsFound => TlsError::Empty { what, path },
        other => TlsError::Damaged { what, path, reason: other.to_string() },
    }
}
