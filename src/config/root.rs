//! `[root]`: where the root key is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::overlay::RootVariables;
use super::own_root::{TENANT_VERSION_VARIABLE, TenantRoot};
use super::units::time;
use crate::tenant::TenantName;

/// `[root]`: where the root key is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawRoot")]
pub struct Root {
    /// Where it is.
    pub place: RootPlace,
    /// How long keys that are open are used while the root key is out of reach.
    pub outage_grace: Duration,
    /// Where it shall move to (`kek migrate`), or where it has moved to.
    pub next: Option<RootPlace>,
    /// Root keys of tenants' own.
    pub tenants: BTreeMap<TenantName, TenantRoot>,
}

/// In front of the number of a version in the name of a variable that holds it.
pub const VERSION_VARIABLE: &str = "KEYSTRATA_ROOT_KEK_V";

/// The provider of the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootPlace {
    /// In a PKCS#11 token.
    Pkcs11(Pkcs11Root),
    /// In environment variables or files; for development and small installations.
    Env(EnvRoot),
}

/// A root key in a PKCS#11 token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11Root {
    /// The library of the token's maker.
    pub module: PathBuf,
    /// Variables that the library wants to find in the environment, such as `SOFTHSM2_CONF`.
    pub environment: BTreeMap<String, String>,
    /// Which token.
    pub token: TokenName,
    /// Where the user PIN is.
    pub pin: PinSource,
    /// The label of the root key in the token.
    pub key_label: String,
    /// Where the library is called.
    pub worker: Worker,
    /// How long the token may take to answer.
    pub call_timeout: Duration,
}

/// Where a token's library is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Worker {
    /// In processes of its own, so that a library that crashes or hangs takes nothing down.
    #[default]
    Process,
    /// On threads of the server; faster.
    Threads,
}

/// How a token is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenName {
    /// By its label.
    Label(String),
    /// By its serial number.
    Serial(String),
}

/// Where a PIN is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinSource {
    /// In a file that only its owner can read; a line end after it is not part of it.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

/// A root key outside of any token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvRoot {
    /// Its versions, ascending and distinct; the last one seals.
    pub versions: Vec<EnvVersion>,
}

/// One version of a root key outside of any token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVersion {
    /// Its number, from 1.
    pub version: u32,
    /// Where its 32 bytes are, in hexadecimal.
    pub source: KeySource,
}

/// Where a key is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a file that only its owner can read.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

impl Pkcs11Root {
    /// The file with the PIN, if it is in a file.
    #[must_use]
    pub fn pin_file(&self) -> Option<&Path> {
        if let PinSource::File(file) = &self.pin { Some(file) } else { None }
    }
}

impl Root {
    /// The paths in it, to be taken relative to the file.
    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        let next = self.next.iter_mut().flat_map(RootPlace::paths);
        let own = self.tenants.values_mut().flat_map(|root| root.place.paths());
        self.place.paths().into_iter().chain(next).chain(own).collect()
    }

    /// Adds the versions that variables of the environment hold to roots of provider `env`.
    pub(super) fn add_variables(&mut self, variables: &RootVariables) {
        for place in std::iter::once(&mut self.place).chain(&mut self.next) {
            for version in &variables.shared {
                place.add(*version, format!("{VERSION_VARIABLE}{version}"));
            }
        }
        for (tenant, version, name) in &variables.own {
            if let Some(root) = self.tenants.get_mut(tenant) {
                root.place.add(*version, name.clone());
            }
        }
    }

    /// What is wrong if a root is of provider `env` and has no version.
    pub(super) fn lack(&self) -> Option<String> {
        let mut places = std::iter::once(&self.place).chain(&self.next);
        if places.any(RootPlace::is_empty) {
            let line = "`versions` is missing: write versions = [{ version = 1, file = … }], or set \
                        KEYSTRATA_ROOT_KEK_V1";
            return Some(line.to_owned());
        }
        let (tenant, _) = self.tenants.iter().find(|(_, root)| root.place.is_empty())?;
        let variable = tenant.as_str().to_ascii_uppercase().replace('-', "_");
        Some(format!(
            "tenants.{tenant}: `versions` is missing: write versions = [{{ version = 1, file = … }}], \
             or set {TENANT_VERSION_VARIABLE}{variable}_V1"
        ))
    }
}

impl RootPlace {
    /// Adds a version that a variable holds, if the provider is `env`.
    fn add(&mut self, version: u32, variable: String) {
        if let Self::Env(root) = self {
            root.versions.push(EnvVersion { version, source: KeySource::Variable(variable) });
            root.versions.sort_by_key(|version| version.version);
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Env(root) if root.versions.is_empty())
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            RootPlace::Pkcs11(root) => {
                let mut paths = vec![&mut root.module];
                if let PinSource::File(file) = &mut root.pin {
                    paths.push(file);
                }
                paths
            }
            RootPlace::Env(root) => {
                let sources = root.versions.iter_mut().filter_map(|version| {
                    if let KeySource::File(file) = &mut version.source { Some(file) } else { None }
                });
                sources.collect()
            }
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Provider {
    Pkcs11,
    Env,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoot {
    provider: Provider,
    #[serde(default = "default_grace", alias = "grace", deserialize_with = "time")]
    outage_grace: Duration,
    module: Option<PathBuf>,
    environment: Option<BTreeMap<String, String>>,
    token_label: Option<String>,
    token_serial: Option<String>,
    pin_file: Option<PathBuf>,
    pin_variable: Option<String>,
    key_label: Option<String>,
    worker: Option<Worker>,
    #[serde(default, deserialize_with = "maybe_time")]
    call_timeout: Option<Duration>,
    versions: Option<Vec<RawVersion>>,
    next: Option<Box<Self>>,
    #[serde(default)]
    tenants: BTreeMap<String, Self>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVersion {
    version: u32,
    file: Option<PathBuf>,
    variable: Option<String>,
}

/// How long a token may take to answer, unless the file says otherwise.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

fn maybe_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    time(deserializer).map(Some)
}

fn default_grace() -> Duration {
    Duration::from_mins(15)
}

impl TryFrom<RawRoot> for Root {
    type Error = String;

    fn try_from(mut raw: RawRoot) -> Result<Self, String> {
        let outage_grace = raw.outage_grace;
        let (next, own) = (raw.next.take(), std::mem::take(&mut raw.tenants));
        let place = raw.place()?;
        let mut tenants = BTreeMap::new();
        for (name, raw) in own {
            let named = |error: String| format!("tenants.{name}: {error}");
            let tenant = TenantName::new(&name).map_err(|error| named(error.to_string()))?;
            let root = raw.of_tenant().map_err(named)?;
            if root.place.shares_a_key(&place) {
                let line = "this is a key of the shared root: give the tenant a token, a `key_label` or \
                            a file of its own";
                return Err(named(line.to_owned()));
            }
            tenants.insert(tenant, root);
        }
        let Some(next) = next else { return Ok(Self { place, outage_grace, next: None, tenants }) };
        if next.next.is_some() || !next.tenants.is_empty() {
            return Err(
                "`next` has no `next` and no `tenants`: a root moves one step at a time".into()
            );
        }
        let next = next.place().map_err(|error| format!("next: {error}"))?;
        if std::mem::discriminant(&next) == std::mem::discriminant(&place) {
            return Err("`next` has the same provider: rotate to another version instead".into());
        }
        Ok(Self { place, outage_grace, next: Some(next), tenants })
    }
}

/// Whether a variable can have this name, so that it is found again in the environment.
fn is_variable(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

impl RawRoot {
    fn of_tenant(self) -> Result<TenantRoot, String> {
        if self.next.is_some() {
            return Err(
                "a tenant's own root has no `next`: it moves by way of the shared one".into()
            );
        }
        if !self.tenants.is_empty() {
            return Err("a tenant has no `tenants`".into());
        }
        if self.worker == Some(Worker::Threads) {
            return Err(
                "`worker` is \"process\" for a tenant's own token, so that its library harms \
                        nobody else"
                    .into(),
            );
        }
        Ok(TenantRoot { outage_grace: self.outage_grace, place: self.place()? })
    }

    fn place(self) -> Result<RootPlace, String> {
        Ok(match self.provider {
            Provider::Pkcs11 => RootPlace::Pkcs11(self.pkcs11()?),
            Provider::Env => RootPlace::Env(self.env()?),
        })
    }

    fn pkcs11(self) -> Result<Pkcs11Root, String> {
        if self.versions.is_some() {
            return Err("`versions` belongs to provider \"env\": take it out".into());
        }
        let environment = self.environment.unwrap_or_default();
        if !environment.keys().all(|name| is_variable(name)) {
            return Err("`environment` has a name that no variable has: A-Z, a-z, _ and, but for \
                        the first, 0-9"
                .into());
        }
        Ok(Pkcs11Root {
            module: self.module.ok_or("`module` is missing: the path of the token's library")?,
            environment,
            token: match (self.token_label, self.token_serial) {
                (Some(label), None) => TokenName::Label(label),
                (None, Some(serial)) => TokenName::Serial(serial),
                _ => return Err("set either `token_label` or `token_serial`".into()),
            },
            pin: match (self.pin_file, self.pin_variable) {
                (Some(file), None) => PinSource::File(file),
                (None, Some(variable)) => PinSource::Variable(variable),
                _ => return Err("set either `pin_file` or `pin_variable`".into()),
            },
            key_label: self.key_label.unwrap_or_else(|| "keystrata-root".to_owned()),
            worker: self.worker.unwrap_or_default(),
            call_timeout: self.call_timeout.unwrap_or(CALL_TIMEOUT),
        })
    }

    fn env(self) -> Result<EnvRoot, String> {
        let of_token = [
            ("module", self.module.is_some()),
            ("environment", self.environment.is_some()),
            ("token_label", self.token_label.is_some()),
            ("token_serial", self.token_serial.is_some()),
            ("pin_file", self.pin_file.is_some()),
            ("pin_variable", self.pin_variable.is_some()),
            ("key_label", self.key_label.is_some()),
            ("worker", self.worker.is_some()),
            ("call_timeout", self.call_timeout.is_some()),
        ];
        if let Some((key, _)) = of_token.iter().find(|(_, present)| *present) {
            return Err(format!("`{key}` belongs to provider \"pkcs11\": take it out"));
        }
        let versions = self.versions.unwrap_or_default().into_iter();
        let mut versions = versions.map(EnvVersion::try_from).collect::<Result<Vec<_>, _>>()?;
        versions.sort_by_key(|version| version.version);
        if versions.array_windows().any(|[a, b]| a.version == b.version) {
            return Err("`versions` has a number twice: a version is never used again".into());
        }
        Ok(EnvRoot { versions })
    }
}

impl TryFrom<RawVersion> for EnvVersion {
    type Error = String;

    fn try_from(raw: RawVersion) -> Result<Self, String> {
        let source = match (raw.file, raw.variable) {
            (Some(file), None) => KeySource::File(file),
            (None, Some(variable)) => KeySource::Variable(variable),
            _ => return Err("a version has either `file` or `variable`".into()),
        };
        if raw.version == 0 {
            return Err("versions are counted from 1".into());
        }
        Ok(Self { version: raw.version, source })
    }
}
