//! The commands, one file each, and what they share.

mod ask;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod config;
mod guide;
pub(crate) mod hsm;
pub(crate) mod hsm_worker;
pub(crate) mod kek;
pub(crate) mod kmip;
mod log_line;
mod logging;
pub(crate) mod object;
mod pki;
mod private;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod soak;
pub(crate) mod status;
pub(crate) mod tenant;
pub(crate) mod try_;
mod try_root;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use keystrata::config::{Config, TENANT_VERSION_VARIABLE, VERSION_VARIABLE};
use zeroize::Zeroizing;

/// Why a command was refused or failed: one line that says what to do. Exit status 1.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure with this line.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('\n', ", "))
    }
}

/// Writes to standard output. What nobody reads is lost, and the command goes on.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let mut output = io::stdout();
    let _ = output.write_fmt(text).and_then(|()| output.flush());
}

/// Writes to standard error, like [`print`].
pub(crate) fn tell(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
}

/// Adds to an error which file it is about.
pub(crate) trait About<T> {
    /// The error as a failure of `path`.
    fn about(self, path: &Path) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> About<T> for Result<T, E> {
    fn about(self, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }
}

/// The process's environment. Those variables are kept that can override the configuration; every
/// other one, among them keys and PINs, is looked up when it is needed.
#[derive(Clone)]
pub(crate) struct Environment {
    overrides: Vec<(String, String)>,
    look_up: fn(&str) -> Option<OsString>,
}

impl Environment {
    /// Keeps what it needs of all variables; wipes the others. `look_up` finds one by its name.
    pub(crate) fn new(
        variables: impl Iterator<Item = (OsString, OsString)>,
        look_up: fn(&str) -> Option<OsString>,
    ) -> Self {
        let overrides = variables.filter_map(|(name, value)| {
            let value = text(value);
            let name = name.into_string().ok().filter(|name| name.starts_with("KEYSTRATA_"))?;
            // Of root keys only the names are kept, also of one that is no text: it is refused by its name.
            let prefixes = [VERSION_VARIABLE, TENANT_VERSION_VARIABLE];
            let is_secret = prefixes.iter().any(|prefix| name.starts_with(prefix));
            let kept = if is_secret { String::new() } else { String::clone(&*value?) };
            Some((name, kept))
        });
        Self { overrides: overrides.collect(), look_up }
    }

    /// One variable.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        (self.look_up)(name)
    }

    /// A variable with a secret; `None` also if it is no text.
    pub(crate) fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        self.get(name).and_then(text)
    }

    /// Reads a configuration file, with the variables over it.
    pub(crate) fn config(&self, file: &Path) -> Result<Config, Failure> {
        let config = Config::read(file, self.overrides.iter().cloned());
        config.map_err(|error| Failure::new(error.to_string()))
    }

    /// Reads the text of a configuration that would be in `file`, with the variables over it.
    pub(crate) fn parse(&self, text: &str, file: &Path) -> Result<Config, Failure> {
        let config = Config::parse(text, file, self.overrides.iter().cloned());
        config.map_err(|error| Failure::new(error.to_string()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.overrides.iter().map(|(name, _)| name)).finish()
    }
}

/// A value as text; wiped if it is none.
fn text(value: OsString) -> Option<Zeroizing<String>> {
    match String::from_utf8(value.into_vec()) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}

/// How a command finds a server or its files.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// The server's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of `keystrata try`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Place {
    /// The configuration of the server.
    pub(crate) fn config(&self, environment: &Environment) -> Result<Config, Failure> {
        let file = match (&self.config, &self.dir) {
            (Some(file), _) => file.clone(),
            (None, Some(dir)) => dir.join(try_::CONFIG),
            (None, None) => return Err(Failure::new("give --config FILE or --dir DIR")),
        };
        let config = Config::read_for_command(&file, environment.overrides.iter().cloned());
        config.map_err(|error| Failure::new(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_root_keys_the_names_are_kept_and_nothing_else() {
        let good = || OsString::from("5a".repeat(32));
        let variables = [
            ("KEYSTRATA_ROOT_KEK_V1", good()),
            ("KEYSTRATA_ROOT_KEK_V2", OsString::from_vec(vec![0xff; 64])),
            ("KEYSTRATA_TENANT_ROOT_KEK_ACME_V1", good()),
            ("KEYSTRATA_AUDIT_NODE", OsString::from_vec(vec![0xff])),
        ];
        let names: Vec<String> = variables.iter().take(3).map(|it| it.0.to_owned()).collect();
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value));
        let environment = Environment::new(variables, |_| Some(OsString::from_vec(vec![0xff; 64])));
        let kept = names.into_iter().map(|name| (name, String::new()));
        assert_eq!(environment.overrides, kept.collect::<Vec<_>>());
        assert_eq!(environment.secret("KEYSTRATA_ROOT_KEK_V2"), None, "no text");
    }

    #[test]
    fn only_overrides_are_kept_and_only_their_names_are_shown() {
        let variables = [("KEYSTRATA_AUDIT_NODE", "5ec2e7"), ("ROOT_PIN", "1234")];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new(variables.into_iter(), |_| Some("found".into()));
        assert_eq!(environment.overrides.len(), 1);
        assert_eq!(format!("{environment:?}"), "{\"KEYSTRATA_AUDIT_NODE\"}");
        assert_eq!(environment.secret("ROOT_PIN").as_deref().map(String::as_str), Some("found"));
    }
}
