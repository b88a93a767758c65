//! Where the server is and who asks.

use std::path::PathBuf;
use std::time::Duration;

use keystrata::client::{Blocking, ClientError, Identity, Settings};
use keystrata::config;
use kmip_ttlv::Version;

/// The server, and the certificate to show it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The server; the port is 5696 if left out
    #[arg(long, value_name = "HOST[:PORT]", env = "KEYSTRATA_KMIP_SERVER")]
    server: String,
    /// Who may vouch for the server, in PEM
    #[arg(long, value_name = "FILE", env = "KEYSTRATA_KMIP_CA")]
    ca: PathBuf,
    /// The certificate to show, in PEM
    #[arg(long, value_name = "FILE", env = "KEYSTRATA_KMIP_CERT")]
    cert: PathBuf,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", env = "KEYSTRATA_KMIP_KEY")]
    key: PathBuf,
    /// The name in the server's certificate, if it is not the host's
    #[arg(long, value_name = "NAME", env = "KEYSTRATA_KMIP_SERVER_NAME")]
    server_name: Option<String>,
    /// The version to speak, 1.0 to 2.1; the newest that both sides know if left out
    #[arg(long, value_name = "VERSION", value_parser = version, env = "KEYSTRATA_KMIP_VERSION")]
    kmip_version: Option<Version>,
    /// How long connecting, and each answer, may take
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30 s",
          env = "KEYSTRATA_KMIP_TIMEOUT")]
    timeout: Duration,
}

impl Connection {
    /// A client for it.
    pub(super) fn client(&self) -> Result<Blocking, ClientError> {
        let settings = Settings {
            server_name: self.server_name.clone(),
            version: self.kmip_version,
            connections_max: 1,
            connect_timeout: self.timeout,
            request_timeout: self.timeout,
            ..Settings::new(self.server.as_str())
        };
        Blocking::new(settings, Identity::load(&self.ca, &self.cert, &self.key)?)
    }
}

/// A version of the protocol.
pub(super) fn version(text: &str) -> Result<Version, String> {
    let found = Version::ALL.into_iter().find(|version| version.to_string() == text);
    found.ok_or_else(|| format!("one of {}", Version::ALL.map(|one| one.to_string()).join(", ")))
}

fn time(text: &str) -> Result<Duration, String> {
    config::duration(text).ok_or_else(|| "write \"500 ms\" or \"30 s\"".to_owned())
}
