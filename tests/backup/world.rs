//! Servers whose stores are copied, moved away and put back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::Client;
use crate::support::message::{create, items, of, one, outcome, request, uid};
use crate::support::server::{Ended, Plan, Server, run_to_end};
use crate::support::ttlv::Node;

pub(crate) const VERSION: (i32, i32) = (1, 4);

/// A directory of `try` that outlives its servers, and one for backups.
pub(crate) struct World {
    home: TempDir,
    backups: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = || tempfile::tempdir().expect("a directory");
        Self { home: directory(), backups: directory() }
    }

    pub(crate) fn start(&self) -> Server {
        Plan::new().directory(self.home.path()).start()
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.home.path().join("data/store")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.home.path().join("data/audit")
    }

    /// Where a backup of this name is put.
    pub(crate) fn backup(&self, name: &str) -> String {
        self.backups.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn backups(&self) -> &Path {
        self.backups.path()
    }

    /// Runs a command about this directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let directory = self.home.path().to_str().expect("UTF-8");
        run_to_end(&[arguments, &["--dir", directory]].concat(), &[])
    }

    /// A command that must be carried out; its answer.
    pub(crate) fn done(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert!(ended.status.success(), "{arguments:?}: {}", ended.stderr);
        serde_json::from_str(&ended.stdout).expect("JSON")
    }

    /// A command that must be refused in one line with these words.
    pub(crate) fn refused(&self, arguments: &[&str], words: &str) {
        assert_refused(&self.run(arguments), words);
    }

    /// Makes a backup of this name; its identifier.
    pub(crate) fn back_up(&self, name: &str) -> String {
        let made = self.done(&["backup", "create", "--to", &self.backup(name)]);
        made["backup"]["id"].as_str().expect("an identifier").to_owned()
    }

    /// A directory with the same root key, certificates and configuration, and no data.
    pub(crate) fn elsewhere(&self) -> Self {
        let other = Self::new();
        copy(self.home.path(), other.home.path(), &|name| name != "data");
        other
    }

    /// Moves the store away, as an operator would.
    pub(crate) fn lose_store(&self) {
        fs::rename(self.store(), self.home.path().join("data/lost")).expect("moves");
    }

    pub(crate) fn verify_audit(&self) {
        let verified = self.done(&["audit", "verify"]);
        assert_eq!((&verified["sound"], &verified["end_checked"]), (&true.into(), &true.into()));
    }
}

pub(crate) fn assert_refused(ended: &Ended, words: &str) {
    assert_eq!(ended.status.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains(words), "not `{words}` in: {}", ended.stderr);
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
}

/// Copies what is in a directory, as far as its names are wanted.
pub(crate) fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).expect("makes");
    for entry in fs::read_dir(from).expect("reads") {
        let entry = entry.expect("reads");
        let name = entry.file_name().into_string().expect("UTF-8");
        let (path, target) = (entry.path(), to.join(&name));
        if !wanted(&name) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target, &|_| true);
        } else if path.is_file() {
            fs::copy(&path, &target).expect("copies");
        }
    }
}

/// Every file below a directory, and what is in it.
pub(crate) fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.expect("reads").path();
            if path.is_dir() {
                left.push(path.clone());
                all.insert(path, Vec::new());
            } else {
                all.insert(path.clone(), fs::read(&path).unwrap_or_default());
            }
        }
    }
    all
}

pub(crate) fn made(client: &mut Client) -> String {
    uid(&client.ask(&request(VERSION, vec![create(VERSION, None)])))
}

/// The plain key, or why it is not given.
pub(crate) fn key(client: &mut Client, uid: &str) -> Result<Vec<u8>, String> {
    let (operation, payload) = of(Operation::Get, uid);
    let answer = client.ask(&one(VERSION, operation, payload));
    outcome(items(&answer)[0]).map_err(|reason| format!("{reason:?}"))?;
    Ok(answer.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec())
}

pub(crate) fn destroy(client: &mut Client, uid: &str) {
    let (operation, payload) = of(Operation::Destroy, uid);
    let answer = client.ask(&one(VERSION, operation, payload));
    assert_eq!(outcome(items(&answer)[0]), Ok(()));
}

/// Whether a service is served: it can make a key.
pub(crate) fn is_served(server: &Server, tenant: &str, service: &str) -> bool {
    let Ok(mut client) = Client::connect(server.kmip(), &server.identity(tenant, service)) else {
        return false;
    };
    let message = request(VERSION, vec![create(VERSION, None)]).encode();
    client.exchange(&message).is_ok()
}

/// Revokes an object, or suspends whoever has a key of the hierarchy.
pub(crate) fn revoke(client: &mut Client, uid: &str) {
    let (_, mut payload) = of(Operation::Revoke, uid);
    let reason = vec![Node::enumeration(Tag::RevocationReasonCode, 1)];
    payload.push(Node::structure(Tag::RevocationReason, reason));
    let answer = client.ask(&one(VERSION, Operation::Revoke, payload));
    assert_eq!(outcome(items(&answer)[0]), Ok(()));
}
