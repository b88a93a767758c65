//! The configuration: TOML text and environment variables, parsed into types that cannot be wrong.
//!
//! The text is parsed once, at the start; what comes out needs no further checks. Sizes and times
//! carry their units (`"1 MiB"`, `"15 min"`), unknown keys are refused, and every error names the
//! file, the line and the key. A variable `KEYSTRATA_<SECTION>_<KEY>` overrides one key.

mod compatibility;
mod cryptography;
mod lease;
mod names;
mod notify;
mod overlay;
mod own_root;
mod provision;
mod query;
mod root;
mod rotation;
mod sections;
mod units;

use std::fmt;
use std::ops::Range;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

pub use self::compatibility::Compatibility;
pub use self::cryptography::{Cryptography, CryptographyOf};
pub use self::lease::{Lease, LeaseOf};
pub use self::notify::Notify;
pub use self::own_root::{TENANT_VERSION_VARIABLE, TenantRoot};
pub use self::provision::Provision;
pub use self::query::Query;
pub use self::root::{
    EnvRoot, EnvVersion, KeySource, PinSource, Pkcs11Root, Root, RootPlace, TokenName,
    VERSION_VARIABLE, Worker,
};
pub use self::rotation::{Rotation, Schedule};
pub use self::sections::{
    Audit, AutoRegister, ClientCa, Identity, Limits, Listen, Log, LogFormat, LogLevel, Metrics,
    ReadRecords, Rule, Store, Tls,
};
pub use self::units::duration;

/// The whole configuration. Paths are absolute or relative to the working directory: those in the
/// file are taken relative to the file's directory.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses, deadlines and bounds of the listeners.
    #[serde(default)]
    pub listen: Listen,
    /// Certificates and protocol versions.
    pub tls: Tls,
    /// Who renews the certificates of clients, if anybody does.
    pub provision: Option<Provision>,
    /// How a certificate becomes a tenant and a service.
    pub identity: Identity,
    /// Where the root key is.
    pub root: Root,
    /// When keys are rotated, and how fast.
    #[serde(default)]
    pub rotation: Rotation,
    /// Who is told what happens to objects without asking.
    #[serde(default)]
    pub notify: Notify,
    /// Where objects are kept.
    pub store: Store,
    /// The audit trail.
    pub audit: Audit,
    /// What is computed for clients.
    #[serde(default)]
    pub cryptography: Cryptography,
    /// Clients that need other answers than the specification's.
    #[serde(default)]
    pub compatibility: Compatibility,
    /// How long clients may use keys without asking again.
    #[serde(default)]
    pub lease: Lease,
    /// The log.
    #[serde(default)]
    pub log: Log,
    /// What `/metrics` shows.
    #[serde(default)]
    pub metrics: Metrics,
    /// Bounds on what a client may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// What the server tells of itself and cannot know.
    #[serde(default)]
    pub query: Query,
}

/// Something in the configuration that cannot be used; one line that says where, what, and what to
/// do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    place: Place,
    key: Option<String>,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Line(PathBuf, usize),
    File(PathBuf),
    Variable(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line(file, line) => write!(f, "{}:{line}: ", file.display())?,
            Place::File(file) => write!(f, "{}: ", file.display())?,
            Place::Variable(name) => write!(f, "environment variable {name}: ")?,
        }
        if let Some(key) = &self.key {
            write!(f, "`{key}`: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads and parses a file. `variables` are the process's environment variables; those that
    /// are named after a section and a key override the file.
    ///
    /// # Errors
    /// If the file cannot be read, or for the first thing in it that cannot be used.
    pub fn read(
        file: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::parse(&text_of(file)?, file, variables)
    }

    /// Parses the text of a file. `file` is its name, for messages and relative paths.
    ///
    /// # Errors
    /// For the first thing that cannot be used.
    pub fn parse(
        text: &str,
        file: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::parsed(text, file, variables, true)
    }

    /// Reads and parses a file for a command that asks a running server: whether there is a root key
    /// is that server's matter.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn read_for_command(
        file: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::parsed(&text_of(file)?, file, variables, false)
    }

    fn parsed(
        text: &str,
        file: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        needs_root: bool,
    ) -> Result<Self, ConfigError> {
        let (root_versions, variables) = overlay::without_root_versions(variables);
        let overrides = overlay::overrides(variables);
        let place = |span: Option<Range<usize>>, message: &str| {
            locate(span.as_ref(), message, text, file, &overrides)
        };
        let fail = |error: &toml::de::Error| place(error.span(), error.message());
        let mut table = DeTable::parse(text).map_err(|error| fail(&error))?;
        overlay::apply(&overrides, text.len(), table.get_mut());
        let root = table.get_ref().get("root").map(Spanned::span);
        let spans = ["store", "audit"].map(|section| directory_span(table.get_ref(), section));
        let mut config =
            Self::deserialize(Deserializer::from(table)).map_err(|error| fail(&error))?;
        config.resolve_paths(file.parent().unwrap_or(Path::new("")));
        config.root.add_variables(&root_versions);
        if needs_root && let Some(lack) = config.root.lack() {
            return Err(place(root, &lack));
        }
        let [store, audit] = spans;
        if config.store.directory == config.audit.directory {
            return Err(place(audit, "is the store's: choose another"));
        }
        if SocketAddr::from_pathname(config.store.socket()).is_err() {
            return Err(place(store, "is too long a path for the socket in it: choose another"));
        }
        Ok(config)
    }

    fn resolve_paths(&mut self, base: &Path) {
        let tls = &mut self.tls;
        let own = [&mut tls.certificate, &mut tls.key];
        let authorities = tls.client_ca.iter_mut();
        let theirs = authorities.flat_map(|ca| std::iter::once(&mut ca.file).chain(&mut ca.crl));
        let issuer = self.provision.iter_mut();
        let issuer = issuer.flat_map(|issuer| [&mut issuer.certificate, &mut issuer.key]);
        let paths = own.into_iter().chain(theirs).chain(issuer);
        let kept = [&mut self.store.directory, &mut self.audit.directory];
        for path in paths.chain(kept).chain(self.root.paths()) {
            *path = base.join(&*path);
        }
    }
}

/// The text of a file.
fn text_of(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|error| ConfigError {
        place: Place::File(file.to_owned()),
        key: None,
        message: format!("cannot be read: {error}"),
    })
}

/// Where a section says its directory.
fn directory_span(table: &DeTable<'_>, section: &str) -> Option<Range<usize>> {
    match table.get(section)?.get_ref() {
        DeValue::Table(keys) => keys.get("directory").map(Spanned::span),
        _ => None,
    }
}

/// Says where an error is: spans inside the text are lines, spans behind it are variables.
fn locate(
    span: Option<&Range<usize>>,
    message: &str,
    text: &str,
    file: &Path,
    overrides: &[overlay::Override],
) -> ConfigError {
    let message = message.trim().replace('\n', ", ");
    let Some(&Range { start, .. }) = span else {
        return ConfigError { place: Place::File(file.to_owned()), key: None, message };
    };
    if let Some(variable) = start.checked_sub(text.len() + 1).and_then(|n| overrides.get(n)) {
        let place = Place::Variable(variable.name.clone());
        let message = variable.without_value(&message);
        return ConfigError { place, key: Some(variable.path()), message };
    }
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count();
    let content = text.lines().nth(line).unwrap_or_default().trim();
    let key = content.split(['=', '#']).next().unwrap_or(content).trim();
    let key = key.trim_matches(['[', ']']);
    ConfigError {
        place: Place::Line(file.to_owned(), line + 1),
        key: (!key.is_empty()).then(|| key.to_owned()),
        message,
    }
}

#[cfg(test)]
mod tests;
