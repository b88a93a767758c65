//! The sections of the configuration, but for the root.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::names::tenants;
use super::units::{size, time};
use crate::tenant::TenantName;

/// `[listen]`: addresses, deadlines and bounds of the listeners.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Where KMIP clients connect. Port 0 picks one.
    pub kmip: SocketAddr,
    /// Where `/metrics`, `/live` and `/ready` are.
    pub admin: SocketAddr,
    /// Where a tenant's services hear what happens to its keys, if anywhere.
    pub events: Option<SocketAddr>,
    /// Connections in all.
    pub connections_max: NonZeroUsize,
    /// Connections of one tenant.
    pub connections_per_tenant_max: NonZeroUsize,
    /// From the connection to the end of the TLS handshake.
    #[serde(deserialize_with = "time")]
    pub handshake_timeout: Duration,
    /// From the handshake to the first byte of the first message.
    #[serde(deserialize_with = "time")]
    pub first_byte_timeout: Duration,
    /// From the first byte of a message to its last.
    #[serde(deserialize_with = "time")]
    pub message_timeout: Duration,
    /// From an answer to the first byte of the next message.
    #[serde(deserialize_with = "time")]
    pub idle_timeout: Duration,
    /// Until the peer has taken an answer.
    #[serde(deserialize_with = "time")]
    pub write_timeout: Duration,
    /// From the request to stop until connections with work in flight are cut.
    #[serde(deserialize_with = "time")]
    pub drain_timeout: Duration,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            kmip: SocketAddr::from((Ipv4Addr::LOCALHOST, 5696)),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, 9696)),
            events: None,
            connections_max: count(10_000),
            connections_per_tenant_max: count(2_000),
            handshake_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(1),
            message_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(15),
            write_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// `[tls]`: certificates and protocol versions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The server's certificate and what leads to its root, PEM.
    pub certificate: PathBuf,
    /// The server's private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// Whether TLS 1.2 with AEAD suites is served beside TLS 1.3.
    #[serde(default = "yes")]
    pub tls12: bool,
    /// How long a session can be resumed at most.
    #[serde(default = "default_session", deserialize_with = "time")]
    pub session_lifetime: Duration,
    /// Who may issue client certificates; at least one.
    #[serde(deserialize_with = "at_least_one")]
    pub client_ca: Vec<ClientCa>,
}

/// `[[tls.client_ca]]`: an authority that may issue client certificates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCa {
    /// Its certificate, PEM.
    pub file: PathBuf,
    /// Its lists of revoked certificates, PEM.
    #[serde(default)]
    pub crl: Vec<PathBuf>,
    /// The tenants that its certificates may name; empty for all.
    #[serde(default, deserialize_with = "tenants")]
    pub tenants: Vec<TenantName>,
}

/// `[identity]`: how a certificate becomes a tenant and a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawIdentity")]
pub struct Identity {
    /// Tried in this order; at least one.
    pub rules: Vec<Rule>,
    /// What an unknown name registers.
    pub auto_register: AutoRegister,
}

/// One way to find tenant and service in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// URI `spiffe://<trust-domain>/tenant/<tenant>/service/<service>`.
    Spiffe {
        /// The trust domain.
        trust_domain: String,
    },
    /// DNS `<service>.<tenant>.<suffix>`.
    Dns {
        /// The suffix, without a dot in front.
        suffix: String,
    },
    /// Subject: OU is the tenant, CN is the service.
    Subject,
}

/// What the first accepted certificate of an unknown name registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AutoRegister {
    /// Nothing: tenant and service must exist.
    None,
    /// A service of a tenant that exists.
    #[default]
    Services,
    /// Tenant and service.
    Tenants,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    #[serde(default = "default_rules")]
    rules: Vec<RawRule>,
    trust_domain: Option<String>,
    suffix: Option<String>,
    #[serde(default)]
    auto_register: AutoRegister,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawRule {
    Spiffe,
    Dns,
    Subject,
}

fn default_rules() -> Vec<RawRule> {
    vec![RawRule::Spiffe, RawRule::Dns]
}

impl TryFrom<RawIdentity> for Identity {
    type Error = String;

    fn try_from(raw: RawIdentity) -> Result<Self, String> {
        let domain = |value: &Option<String>, key: &str, rule: &str| match value.as_deref() {
            Some(name) if is_domain(name) => Ok(name.to_owned()),
            Some(_) => Err(format!("`{key}` is no domain: write a name such as \"kmip.example\"")),
            None => Err(format!("rule \"{rule}\" needs `{key}`: set it, or leave the rule out")),
        };
        let rules = raw.rules.into_iter().map(|rule| match rule {
            RawRule::Spiffe => domain(&raw.trust_domain, "trust_domain", "spiffe")
                .map(|trust_domain| Rule::Spiffe { trust_domain }),
            RawRule::Dns => domain(&raw.suffix, "suffix", "dns").map(|suffix| Rule::Dns { suffix }),
            RawRule::Subject => Ok(Rule::Subject),
        });
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        if rules.is_empty() {
            return Err(
                "`rules` is empty: name at least one of \"spiffe\", \"dns\", \"subject\"".into()
            );
        }
        Ok(Self { rules, auto_register: raw.auto_register })
    }
}

/// Lower-case labels with dots between them.
fn is_domain(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        })
}

/// `[store]`: where objects are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The embedded store's directory; one server at a time.
    pub directory: PathBuf,
    /// Memory for decoded, still sealed objects.
    #[serde(default = "default_cache", deserialize_with = "size")]
    pub cache_size: usize,
}

impl Store {
    /// The administrative socket of the server that has the store open.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join("admin.sock")
    }
}

/// `[audit]`: the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Where its files are.
    pub directory: PathBuf,
    /// What its records call this server.
    #[serde(default = "default_node")]
    pub node: String,
    /// When records of reads are durable.
    #[serde(default)]
    pub reads: ReadRecords,
    /// A file that reaches this size is followed by a new one.
    #[serde(default = "default_rotate", deserialize_with = "size")]
    pub rotate_size: usize,
    /// Starts although the end of the trail is lost, and goes on after the gap.
    #[serde(default)]
    pub accept_loss: bool,
}

/// When the audit records of reads are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadRecords {
    /// Before the answer leaves.
    Strict,
    /// Within 50 ms.
    #[default]
    Batched,
}

/// `[log]`: the log, on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least severe line that is written.
    pub level: LogLevel,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What needs somebody's attention.
    Error,
    /// Refusals and what may need attention.
    Warn,
    /// One line per batch item.
    #[default]
    Info,
    /// For those who look for a fault.
    Debug,
}

/// `[metrics]`: what `/metrics` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// How many tenants get a label of their own; the others are counted together.
    pub tenant_labels_max: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { tenant_labels_max: 100 }
    }
}

/// `[limits]`: bounds on what a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Size of a request message.
    #[serde(deserialize_with = "size")]
    pub message_size_max: usize,
    /// Size of a response message.
    #[serde(deserialize_with = "size")]
    pub response_size_max: usize,
    /// Batch items of a request.
    pub batch_items_max: NonZeroUsize,
    /// Identifiers in the answer to one Locate.
    pub locate_results_max: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size_max: 1 << 20,
            response_size_max: 16 << 20,
            batch_items_max: count(256),
            locate_results_max: count(10_000),
        }
    }
}

fn yes() -> bool {
    true
}

fn default_session() -> Duration {
    Duration::from_hours(1)
}

fn default_cache() -> usize {
    64 << 20
}

fn default_node() -> String {
    "keystrata".to_owned()
}

fn default_rotate() -> usize {
    64 << 20
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ClientCa>, D::Error> {
    let authorities = Vec::deserialize(deserializer)?;
    if authorities.is_empty() {
        return Err(D::Error::custom("no client could connect: add a [[tls.client_ca]]"));
    }
    Ok(authorities)
}
