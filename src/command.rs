//! The commands, one file each, and what they share.

pub(crate) mod audit;
pub(crate) mod config;
mod guide;
mod logging;
mod pki;
mod private;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod try_;
mod try_root;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use keystrata::config::Config;

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

/// The process's environment variables, read once.
#[derive(Debug)]
pub(crate) struct Environment(HashMap<String, String>);

impl Environment {
    /// Those variables.
    pub(crate) fn new(variables: HashMap<String, String>) -> Self {
        Self(variables)
    }

    /// One variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Reads a configuration file, with the variables over it.
    pub(crate) fn config(&self, file: &Path) -> Result<Config, Failure> {
        let variables = self.0.iter().map(|(name, value)| (name.clone(), value.clone()));
        Config::read(file, variables).map_err(|error| Failure::new(error.to_string()))
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
        environment.config(&file)
    }
}
