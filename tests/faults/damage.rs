//! Directories of `try` that have run once, and what a start over a damaged one must do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::server::{Ended, Plan, end_of};

/// A directory in which a server ran and ended, for damage to be done to it.
pub(crate) struct Kept {
    directory: tempfile::TempDir,
}

impl Kept {
    /// Lets a server start and end; `plan` says how.
    pub(crate) fn after(plan: impl FnOnce(Plan) -> Plan) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut server = plan(Plan::new().directory(directory.path())).start();
        assert!(server.stop().success(), "{}", server.log());
        Self { directory }
    }

    /// After a start with the root in a file.
    pub(crate) fn new() -> Self {
        Self::after(|plan| plan)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("keystrata.toml")
    }

    /// `keystrata serve` with ports that nobody else has.
    pub(crate) fn serve(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.arg("serve").arg("--config").arg(self.config());
        command.env("KEYSTRATA_LISTEN_KMIP", "127.0.0.1:0");
        command.env("KEYSTRATA_LISTEN_ADMIN", "127.0.0.1:0");
        command
    }

    /// Serves, which must be refused in one line that has all these words, with nothing written.
    pub(crate) fn assert_refused(&self, words: &[&str]) {
        self.assert_ends(&mut self.serve(), words);
    }

    /// A command that must be refused in the same way.
    pub(crate) fn assert_ends(&self, command: &mut Command, words: &[&str]) {
        let before = self.contents();
        assert_is_refusal(&end_of(command), words);
        let after = self.contents();
        let changed: Vec<_> = before
            .keys()
            .chain(after.keys())
            .filter(|path| before.get(*path) != after.get(*path))
            .collect();
        assert!(changed.is_empty(), "a refused start has written {changed:?}");
    }

    /// Every file below with its bytes, but for locks and shared memory, which come with looking,
    /// and for the token's, which keeps count of log-ins itself.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let token = self.path("softhsm");
        let passes =
            |path: &PathBuf| path.ends_with("lock") || path.to_string_lossy().ends_with("-shm");
        let files = files_below(self.directory.path()).into_iter();
        let files = files.filter(|path| !path.starts_with(&token) && !passes(path));
        files.map(|path| (path.clone(), fs::read(path).unwrap_or_default())).collect()
    }

    /// The store's database file.
    pub(crate) fn database(&self) -> PathBuf {
        let is_sqlite = |path: &PathBuf| {
            fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"))
        };
        files_below(&self.path("data")).into_iter().find(is_sqlite).expect("a database")
    }
}

/// All files below a directory.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Exit status 1, nothing on standard output, one line on standard error with all these words,
/// beside what the log says about a start that goes well.
pub(crate) fn assert_is_refusal(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    let is_told = |line: &&str| !line.trim().is_empty() && !line.contains("Z  INFO keystrata::");
    let lines: Vec<&str> = ended.stderr.lines().filter(is_told).collect();
    assert_eq!(lines.len(), 1, "one clear line, not {lines:#?}");
    for word in words {
        assert!(lines[0].contains(word), "{word:?} is not in: {}", lines[0]);
    }
}
