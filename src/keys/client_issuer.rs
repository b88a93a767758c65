//! The authority by which clients get new certificates for their connections (KMIP 2.1 §6.1.48): the
//! operator's, given to the server as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::secret_file::{self, SecretFileError};
use crate::clock::Timestamp;
use crate::crypto::key::PrivateKey;
use crate::crypto::x509::{Certificate, pem};
use crate::metrics::Metrics;
use crate::tenant::TenantName;

/// The longest file with certificates, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where the authority is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIssuerSettings {
    /// Its certificate, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// How long the certificates hold that it issues.
    pub validity: Duration,
    /// The files of those whom connections are believed, each with the tenants that they may vouch
    /// for (empty for all). The authority is in one of them, or its certificates would be refused.
    pub trusted: Vec<(PathBuf, Vec<TenantName>)>,
}

/// An authority that can issue.
#[derive(Debug)]
pub struct ClientIssuer {
    /// Its certificate.
    pub certificate: Certificate,
    /// Its private key.
    pub key: PrivateKey,
    /// How long the certificates hold that it issues, in seconds.
    pub seconds: i64,
    tenants: Vec<TenantName>,
}

/// Why an authority is not used. One line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientIssuerError {
    /// The key's file cannot be used.
    #[error("the key of [provision]: {0}")]
    Key(#[from] SecretFileError),
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file holds nothing that could be used.
    #[error("{} holds no {what} in PEM form that could be used", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key are not a pair.
    #[error("the key of [provision] is not that of {}: give the pair of one authority", .0.display())]
    Mismatch(PathBuf),
    /// The certificate is not an authority's.
    #[error("{} is not the certificate of an authority that may sign others", .0.display())]
    NoAuthority(PathBuf),
    /// The certificate does not hold now.
    #[error("{} does not hold at this time: renew it", .0.display())]
    OutOfDate(PathBuf),
    /// Clients with its certificates would be turned away.
    #[error(
        "{} is in no file of [[tls.client_ca]], so clients with its certificates would be refused: \
         add it there", .0.display()
    )]
    NotTrusted(PathBuf),
}

impl ClientIssuer {
    /// Reads and checks certificate and key.
    ///
    /// # Errors
    /// [`ClientIssuerError`].
    pub fn load(
        settings: &ClientIssuerSettings,
        now: Timestamp,
    ) -> Result<Self, ClientIssuerError> {
        let path = &settings.certificate;
        let damaged = |path: &Path, what| ClientIssuerError::Damaged { path: path.into(), what };
        let no_certificate = || damaged(path, "certificate");
        let der = certificates(path)?.into_iter().next().ok_or_else(no_certificate)?;
        let certificate = Certificate::read(&der).map_err(|_| no_certificate())?;
        let text = secret_file::read(&settings.key)?;
        let key = pem::private_key(text.as_bytes());
        let key = key.map_err(|_| damaged(&settings.key, "private key"))?;
        if key.public() != certificate.key().ok() {
            return Err(ClientIssuerError::Mismatch(path.clone()));
        }
        if !certificate.may_sign_certificates() {
            return Err(ClientIssuerError::NoAuthority(path.clone()));
        }
        if !(certificate.not_before..=certificate.not_after).contains(&now.seconds()) {
            return Err(ClientIssuerError::OutOfDate(path.clone()));
        }
        let tenants = vouches(&der, &settings.trusted)?;
        let tenants = tenants.ok_or_else(|| ClientIssuerError::NotTrusted(path.clone()))?;
        let seconds = i64::try_from(settings.validity.as_secs()).unwrap_or(i64::MAX);
        Ok(Self { certificate, key, seconds, tenants })
    }
}

/// The tenants for which a certificate may vouch, by the files that it is in: none for all of them,
/// and nothing at all if it is in none.
fn vouches(
    der: &[u8],
    trusted: &[(PathBuf, Vec<TenantName>)],
) -> Result<Option<Vec<TenantName>>, ClientIssuerError> {
    let mut found: Option<Vec<TenantName>> = None;
    for (path, tenants) in trusted {
        if !certificates(path)?.iter().any(|one| one == der) {
            continue;
        }
        if tenants.is_empty() {
            return Ok(Some(Vec::new()));
        }
        found.get_or_insert_default().extend(tenants.iter().cloned());
    }
    Ok(found)
}

/// All certificates of a file.
fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, ClientIssuerError> {
    let unreadable = |error| ClientIssuerError::Unreadable { path: path.into(), error };
    let damaged = || ClientIssuerError::Damaged { path: path.into(), what: "certificate" };
    if fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(damaged());
    }
    pem::certificates(&fs::read(path).map_err(unreadable)?).map_err(|_| damaged())
}

/// The authority that there is now, if any; its files can be read again.
#[derive(Debug, Default)]
pub struct ClientIssuers {
    settings: Option<ClientIssuerSettings>,
    current: ArcSwapOption<ClientIssuer>,
}

impl ClientIssuers {
    /// Reads and checks the files of an authority.
    ///
    /// # Errors
    /// [`ClientIssuerError`].
    pub fn load(
        settings: ClientIssuerSettings,
        now: Timestamp,
        metrics: &Metrics,
    ) -> Result<Self, ClientIssuerError> {
        let issuers = Self { settings: Some(settings), current: ArcSwapOption::empty() };
        issuers.reload(now, metrics)?;
        Ok(issuers)
    }

    /// Reads the files again; if they cannot be used, the authority of before stays.
    ///
    /// # Errors
    /// [`ClientIssuerError`].
    pub fn reload(&self, now: Timestamp, metrics: &Metrics) -> Result<(), ClientIssuerError> {
        let Some(settings) = &self.settings else { return Ok(()) };
        let issuer = ClientIssuer::load(settings, now)?;
        metrics.certificate_expires("provision", issuer.certificate.not_after);
        self.current.store(Some(Arc::new(issuer)));
        Ok(())
    }

    /// The authority for a tenant's clients.
    #[must_use]
    pub fn of(&self, tenant: &TenantName) -> Option<Arc<ClientIssuer>> {
        let issuer = self.current.load_full()?;
        let vouches = issuer.tenants.is_empty() || issuer.tenants.contains(tenant);
        vouches.then_some(issuer)
    }
}
