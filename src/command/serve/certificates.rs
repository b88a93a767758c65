//! The server's certificate, its authorities and the one by which it issues, loaded at the start and
//! again on SIGHUP.

use std::sync::Arc;

use keystrata::clock::Clock;
use keystrata::config::Config;
use keystrata::keys::ClientIssuers;
use keystrata::metrics::Metrics;
use keystrata::net::Tls;
use keystrata::net::tls::TlsSettings;

use super::{Failure, failed, settings};

/// What TLS is made of, and where it comes from.
pub(super) struct Certificates {
    /// The TLS side of the server.
    pub(super) tls: Arc<Tls>,
    /// Who gives clients new certificates.
    pub(super) issuers: Arc<ClientIssuers>,
    settings: TlsSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl Certificates {
    /// Reads and checks all files.
    pub(super) fn load(
        config: &Config,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let settings = settings::tls(config);
        let tls = Tls::load(&settings, Arc::clone(clock), Arc::clone(metrics)).map_err(failed)?;
        let issuers = match settings::client_issuer(config) {
            Some(issuer) => ClientIssuers::load(issuer, clock.now(), metrics).map_err(failed)?,
            None => ClientIssuers::default(),
        };
        Ok(Self {
            tls: Arc::new(tls),
            issuers: Arc::new(issuers),
            settings,
            clock: Arc::clone(clock),
            metrics: Arc::clone(metrics),
        })
    }

    /// Reads the files again; if one cannot be used, all stays as it was.
    pub(super) fn reload(&self) {
        match self.tls.reload(&self.settings) {
            Ok(()) => tracing::info!("certificates and revocation lists were read again"),
            Err(error) => tracing::error!(%error, "certificates stay as they were"),
        }
        if let Err(error) = self.issuers.reload(self.clock.now(), &self.metrics) {
            tracing::error!(%error, "the authority that issues stays as it was");
        }
    }
}
