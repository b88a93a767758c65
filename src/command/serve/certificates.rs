//! The server's certificate and its authorities, loaded at the start and again on SIGHUP.

use std::sync::Arc;

use keystrata::clock::Clock;
use keystrata::config::Config;
use keystrata::metrics::Metrics;
use keystrata::net::Tls;
use keystrata::net::tls::TlsSettings;

use super::{Failure, failed, settings};

/// What TLS is made of, and where it comes from.
pub(super) struct Certificates {
    /// The TLS side of the server.
    pub(super) tls: Arc<Tls>,
    settings: TlsSettings,
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
        Ok(Self { tls: Arc::new(tls), settings })
    }

    /// Reads the files again; if one cannot be used, all stays as it was.
    pub(super) fn reload(&self) {
        match self.tls.reload(&self.settings) {
            Ok(()) => tracing::info!("certificates and revocation lists were read again"),
            Err(error) => tracing::error!(%error, "certificates stay as they were"),
        }
    }
}
