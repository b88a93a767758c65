//! TLS 1.3, and 1.2 where it is allowed, with client certificates; settings that can be swapped
//! while connections are served.

mod material;
mod tickets;
mod verifier;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::UnixTime;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::sign::SingleCertAndKey;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};

use self::material::ServerFiles;
pub use self::material::TlsError;
use self::tickets::Tickets;
pub(super) use self::verifier::Verifier;
use super::identity::Rules;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::tenant::TenantName;

/// Who may vouch for clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// PEM file with one or more certificates of authorities.
    pub certificates: PathBuf,
    /// The only tenants that they may vouch for; `None` for any.
    pub tenants: Option<Vec<TenantName>>,
    /// PEM files with their lists of revoked certificates. If there is one, every certificate of a
    /// chain must be covered by a list, and a list that is out of date refuses all it covers.
    pub revocation_lists: Vec<PathBuf>,
}

/// What TLS is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM file with the server's certificate, followed by its intermediates.
    pub certificate: PathBuf,
    /// PEM file with the certificate's private key (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// Who may vouch for clients.
    pub authorities: Vec<Authority>,
    /// How an identity is written in a client's certificate.
    pub rules: Rules,
    /// Whether TLS 1.2 is served beside 1.3 (AEAD suites only in either case).
    pub tls12: bool,
    /// How long a session can be resumed at most; zero for never.
    pub ticket_lifetime: Duration,
}

impl Default for TlsSettings {
    /// TLS 1.2 allowed, tickets for an hour, the default rules, and files `server.pem`,
    /// `server.key` and `ca.pem` in the current directory.
    fn default() -> Self {
        Self {
            certificate: "server.pem".into(),
            key: "server.key".into(),
            authorities: vec![Authority {
                certificates: "ca.pem".into(),
                tenants: None,
                revocation_lists: Vec::new(),
            }],
            rules: Rules::default(),
            tls12: true,
            ticket_lifetime: Duration::from_hours(1),
        }
    }
}

/// The TLS side of the server. What it is made of can be replaced; connections keep what they
/// began with.
#[derive(Debug)]
pub struct Tls {
    current: ArcSwap<Endpoint>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// One loading of the settings.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) config: Arc<ServerConfig>,
    pub(super) verifier: Arc<Verifier>,
}

impl Tls {
    /// Reads and checks all files.
    ///
    /// # Errors
    /// [`TlsError`], one line that names the file and says what to do.
    pub fn load(
        settings: &TlsSettings,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, TlsError> {
        let endpoint = Endpoint::load(settings, &clock, &metrics)?;
        Ok(Self { current: ArcSwap::from_pointee(endpoint), clock, metrics })
    }

    /// Reads and checks all files again, and uses them for every handshake from now on. Sessions
    /// that began under the old settings cannot be resumed.
    ///
    /// # Errors
    /// [`TlsError`]; the old settings stay in force.
    pub fn reload(&self, settings: &TlsSettings) -> Result<(), TlsError> {
        let endpoint = Endpoint::load(settings, &self.clock, &self.metrics)?;
        self.current.store(Arc::new(endpoint));
        Ok(())
    }

    pub(super) fn endpoint(&self) -> Arc<Endpoint> {
        self.current.load_full()
    }
}

impl Endpoint {
    fn load(
        settings: &TlsSettings,
        clock: &Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(provider());
        let server =
            ServerFiles::load(&settings.certificate, &settings.key, &provider, clock.now())?;
        if settings.authorities.is_empty() {
            return Err(TlsError::NoAuthority);
        }
        let verifier = Arc::new(Verifier::new(settings, &provider)?);
        let versions: &[_] = if settings.tls12 { &[&TLS13, &TLS12] } else { &[&TLS13] };
        let time = Arc::new(Time(Arc::clone(clock)));
        let mut config = ServerConfig::builder_with_details(provider, time)
            .with_protocol_versions(versions)?
            .with_client_cert_verifier(Arc::clone(&verifier) as _)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(server.key)));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // A ticket holds the client's certificate; one is enough for a client that comes back.
        config.send_tls13_tickets = 0;
        if !settings.ticket_lifetime.is_zero() {
            config.send_tls13_tickets = 1;
            config.ticketer = Arc::new(Tickets::new(settings.ticket_lifetime, Arc::clone(clock))?);
        }
        metrics.certificate_expires("server", server.not_after);
        for (number, authority) in settings.authorities.iter().enumerate() {
            if let Some(not_after) = material::not_after(&authority.certificates) {
                metrics.certificate_expires(&format!("client_ca_{}", number + 1), not_after);
            }
        }
        Ok(Self { config: Arc::new(config), verifier })
    }
}

/// Everything of aws-lc-rs, with the hybrid post-quantum group first. All its suites are AEAD
/// with ephemeral keys.
fn provider() -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    CryptoProvider {
        kx_groups: vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1],
        ..aws_lc_rs::default_provider()
    }
}

/// The clock as rustls asks for it.
#[derive(Debug)]
struct Time(Arc<dyn Clock>);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
