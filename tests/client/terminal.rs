//! `keystrata kmip …`, as a terminal has it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::client::Identity;
use crate::support::server::{Ended, Server, run_to_end};

/// Somebody with a certificate, a server and some files.
pub(crate) struct Terminal {
    connection: Vec<String>,
    pub(crate) files: TempDir,
}

impl Terminal {
    pub(crate) fn new(server: &Server, version: &str) -> Self {
        let address = format!("localhost:{}", server.kmip().port());
        Self::at(&address, &server.identity("tenant-a", "mongodb"), version)
    }

    /// Speaks the newest common version if `version` is empty.
    pub(crate) fn at(address: &str, identity: &Identity, version: &str) -> Self {
        let path = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        let connection = [
            ("--server", address.to_owned()),
            ("--ca", path(&identity.authority)),
            ("--cert", path(&identity.certificate)),
            ("--key", path(&identity.key)),
            ("--kmip-version", version.to_owned()),
        ];
        let connection = connection.into_iter().filter(|(_, value)| !value.is_empty());
        let connection = connection.flat_map(|(name, value)| [name.to_owned(), value]);
        let files = tempfile::tempdir().expect("a directory");
        Self { connection: connection.collect(), files }
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let connection: Vec<&str> = self.connection.iter().map(String::as_str).collect();
        run_to_end(&[&["kmip"], arguments, &connection].concat(), &[])
    }

    /// Runs a command that is done, with and without --json; the JSON.
    pub(crate) fn done(&self, arguments: &[&str]) -> Json {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
        let json = serde_json::from_str(&ended.stdout);
        json.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ended.stdout))
    }

    /// Runs a command that is done; the one line that it writes.
    pub(crate) fn line(&self, arguments: &[&str]) -> String {
        self.text(arguments).trim_end().to_owned()
    }

    /// Runs a command that is done; what people read.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Runs a command that is done; the identifier in its answer.
    pub(crate) fn uid(&self, arguments: &[&str]) -> String {
        let answer = self.done(arguments);
        let uid = answer["UniqueIdentifier"].as_str();
        uid.unwrap_or_else(|| panic!("{arguments:?}: {answer}")).to_owned()
    }

    /// Runs a command that fails; its line, and its standard output.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (String, String) {
        let ended = self.run(arguments);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {ended:?}");
        let line = ended.stderr.strip_prefix("keystrata: ").map(|line| line.trim_end().to_owned());
        (line.unwrap_or_else(|| panic!("{arguments:?}: {ended:?}")), ended.stdout)
    }

    /// The path of a file.
    pub(crate) fn path(&self, name: &str) -> String {
        self.files.path().join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Writes a file; its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        fs::write(&path, content).expect("the directory is ours");
        self.path(name)
    }

    /// What a command has written into a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("it is written")
    }
}
