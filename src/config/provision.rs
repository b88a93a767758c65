//! `[provision]`: the authority by which clients renew their certificates.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::units::time;

/// `[provision]`: an authority that is among those of `[[tls.client_ca]]`, with its key. Without this
/// section clients cannot have their certificates replaced by the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provision {
    /// Its certificate, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM (PKCS#8, PKCS#1 or SEC1), mode 0600.
    pub key: PathBuf,
    /// How long the certificates hold that it issues; not beyond its own.
    #[serde(default = "default_validity", deserialize_with = "time")]
    pub validity: Duration,
}

fn default_validity() -> Duration {
    Duration::from_hours(90 * 24)
}
