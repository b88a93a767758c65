//! What stands beside a copy: which one it is, and what it must be.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BackupError, Contents, TrailPlace, beside, io_error};
use crate::audit::chain::{Hash, Hex};
use crate::clock::Timestamp;

/// What the name of a copy is followed by.
const ENDING: &str = ".manifest.json";

/// The form of a manifest; a number is never given another meaning.
const FORMAT: u32 = 1;

/// The longest manifest that is read, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// The manifest of a copy. Of what it says, only the name, the time, the node and the digest cannot be
/// read in the copy itself; all else is compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    keystrata_backup: u32,
    /// The backup's name.
    pub id: String,
    /// When it was asked for, RFC 3339.
    pub made: String,
    /// The server that made it.
    pub node: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// The version of its schema.
    pub schema: i64,
    /// The provider of the root key.
    pub provider: String,
    /// The versions of the root key that are needed to open what is in it.
    pub root_versions: Vec<u32>,
    /// Where in the audit trail it stands.
    pub audit: ManifestPlace,
}

/// A place in the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestPlace {
    /// A record that the copy remembers.
    pub seq: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
    /// The latest group commit that is in the copy.
    pub commit: u64,
}

/// Where the manifest of a copy is.
#[must_use]
pub fn manifest_of(copy: &Path) -> PathBuf {
    beside(copy, ENDING)
}

impl Manifest {
    /// The manifest of a copy.
    #[must_use]
    pub fn new(
        id: String,
        made: Timestamp,
        node: String,
        (bytes, digest): (u64, Hash),
        contents: &Contents,
    ) -> Self {
        let TrailPlace { anchor, commit } = contents.place;
        Self {
            keystrata_backup: FORMAT,
            id,
            made: made.rfc3339(),
            node,
            bytes,
            sha256: Hex(digest).to_string(),
            schema: contents.schema,
            provider: contents.provider.clone(),
            root_versions: contents.roots(),
            audit: ManifestPlace { seq: anchor.seq, hash: Hex(anchor.hash).to_string(), commit },
        }
    }

    /// The text of its file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Reads the manifest of a copy.
    ///
    /// # Errors
    /// [`BackupError::Manifest`].
    pub fn read(copy: &Path) -> Result<Self, BackupError> {
        let path = manifest_of(copy);
        let bad = |text: String| BackupError::Manifest { path: path.clone(), text };
        let length = fs::metadata(&path).map_err(|error| bad(error.to_string()))?.len();
        if length > BYTES_MAX {
            return Err(bad("it is too long".into()));
        }
        let text = fs::read_to_string(&path).map_err(|error| io_error(&path, error))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        if manifest.keystrata_backup != FORMAT {
            return Err(bad(format!("its form is {}", manifest.keystrata_backup)));
        }
        if Timestamp::from_rfc3339(&manifest.made).is_none() {
            return Err(bad("`made` is no time".into()));
        }
        Ok(manifest)
    }

    /// When the backup was asked for.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_rfc3339(&self.made).unwrap_or(Timestamp(0))
    }

    /// What of a copy is not as this says, if anything.
    pub(in crate::store) fn differs(
        &self,
        digest: (u64, Hash),
        contents: &Contents,
    ) -> Option<&'static str> {
        let of_copy = Self::new(self.id.clone(), self.time(), self.node.clone(), digest, contents);
        [
            (self.schema != of_copy.schema, "its schema version"),
            (self.provider != of_copy.provider, "its provider of the root key"),
            (self.root_versions != of_copy.root_versions, "its list of root versions"),
            (self.audit != of_copy.audit, "its place in the audit trail"),
        ]
        .into_iter()
        .find_map(|(differs, what)| differs.then_some(what))
    }

    /// Whether a file has this length and digest.
    pub(in crate::store) fn check_bytes(
        &self,
        path: &Path,
        (bytes, digest): (u64, Hash),
    ) -> Result<(), BackupError> {
        let changed = |what| Err(BackupError::Changed { path: path.to_owned(), what });
        if self.bytes != bytes {
            return changed("its length");
        }
        if self.sha256 != Hex(digest).to_string() {
            return changed("its SHA-256");
        }
        Ok(())
    }
}
