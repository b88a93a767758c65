//! Which server, and how much of it.

use std::time::Duration;

use kmip_ttlv::Version;
use rustls::pki_types::ServerName;

use super::ClientError;

/// The port that IANA has given KMIP.
pub const PORT: u16 = 5696;

/// What a client is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host`, `host:port`, `address:port` or `[address]:port`; the port is [`PORT`] if left out.
    pub server: String,
    /// The name that the server's certificate must have, if it is not the host's.
    pub server_name: Option<String>,
    /// The version to speak; negotiated if `None`.
    pub version: Option<Version>,
    /// The most connections at once, at least one. Who finds all in use waits.
    pub connections_max: usize,
    /// How long it may take to connect, TLS included.
    pub connect_timeout: Duration,
    /// How long an answer may take, and the wait for a connection that is in use.
    pub request_timeout: Duration,
    /// A connection that was not used for so long is not used again: the server may be about to close
    /// it.
    pub idle_timeout: Duration,
    /// The longest answer that is read, in bytes.
    pub answer_bytes_max: usize,
}

impl Settings {
    /// The defaults, for a server: eight connections, ten seconds to connect, thirty for an answer of
    /// at most 16 MiB, and one minute of idleness.
    #[must_use]
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            server_name: None,
            version: None,
            connections_max: 8,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
            answer_bytes_max: 16 * 1024 * 1024,
        }
    }
}

/// Where to connect, and who must be there.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) name: ServerName<'static>,
}

impl Server {
    /// The server of the settings.
    pub(super) fn of(settings: &Settings) -> Result<Self, ClientError> {
        let bad = |text: &str| ClientError::Address(text.to_owned());
        let (host, port) = split(&settings.server).ok_or_else(|| bad(&settings.server))?;
        let name = settings.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| bad(name))?;
        Ok(Self { host: host.to_owned(), port, name })
    }
}

/// Host and port. An IPv6 address with a port stands in brackets.
fn split(server: &str) -> Option<(&str, u16)> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => match server.split_once(':') {
            Some((_, rest)) if rest.contains(':') => (server, None),
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_perhaps_a_port() {
        let good = [
            ("kms", ("kms", PORT)),
            ("kms.example.org:5697", ("kms.example.org", 5697)),
            ("127.0.0.1:1", ("127.0.0.1", 1)),
            ("[::1]:1", ("::1", 1)),
            ("[::1]", ("::1", PORT)),
            ("::1", ("::1", PORT)),
        ];
        for (text, expected) in good {
            assert_eq!(split(text), Some(expected), "{text}");
            assert!(Server::of(&Settings::new(text)).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_before_anything_is_sent() {
        for text in ["", ":1", "kms:", "kms:port", "kms:70000", "[::1", "a b:1"] {
            let refused = Server::of(&Settings::new(text)).err();
            assert!(matches!(refused, Some(ClientError::Address(_))), "{text}");
        }
        let settings = Settings { server_name: Some("no name".into()), ..Settings::new("kms") };
        assert!(matches!(Server::of(&settings).err(), Some(ClientError::Address(_))));
    }
}
