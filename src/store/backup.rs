//! Backups: whole copies of the store, and what the store knows of those that were made.
//!
//! A copy is a database file of sealed rows, with a [`Manifest`] beside it. The store remembers every
//! copy that it has made until an administrator says that it was destroyed: which versions of keys its
//! envelopes name, and whose keys it still has. What is not known of a copy is taken to be in it.

mod file;
mod manifest;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

pub use self::file::{Copied, check_place, copied_bytes, digest};
pub(super) use self::file::{Partial, io_error};
pub use self::manifest::{Manifest, manifest_of};
use super::engine::{BoxFuture, Error};
use super::row::{KeyLevel, Sealed};
use crate::audit::Anchor;
use crate::audit::chain::{Hash, Hex};
use crate::clock::Timestamp;
use crate::tenant::{TenantId, TenantName, Whose};

use super::administration::Target;

/// Why a copy could not be made, used or put back. `Display` is one line for an operator.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BackupError {
    /// The engine's database has tools of its own.
    #[error("this store is not copied by keystrata: use the tools of its database")]
    Elsewhere,
    /// One copy is made at a time.
    #[error("another backup is being made: wait for it")]
    Busy,
    /// The file is there already.
    #[error("{} exists: give another name, or move it away", .0.display())]
    Exists(PathBuf),
    /// A path that SQLite or JSON cannot take.
    #[error("{} is no absolute path in UTF-8: give one", .0.display())]
    BadPath(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: Arc<std::io::Error>,
    },
    /// There is no manifest, or it says nothing that can be used.
    #[error("{}: {text}: this is no backup that can be trusted", .path.display())]
    Manifest {
        /// The manifest's file.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// The file is another one than the manifest describes.
    #[error("{}: {what} is not what its manifest says: it was cut off or changed, use another backup", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The file is no sound database.
    #[error("{}: {text}: use another backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        text: String,
    },
    /// A newer server has made it.
    #[error(
        "{} has schema version {found}, this keystrata knows versions up to {known}: use the newer \
         keystrata",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that this server knows.
        known: i64,
    },
    /// Something that the copy has was destroyed before the copy was known.
    #[error("keys were destroyed while they were copied, and the copy is gone again: try again")]
    Overtaken,
    /// The store is in trouble.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A version of a key that is in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupKey {
    /// Whose key.
    pub level: KeyLevel,
    /// The version.
    pub version: u32,
    /// Envelopes in the backup that name it.
    pub envelopes: u64,
}

/// A backup that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRow {
    /// Its name: 16 hexadecimal digits.
    pub id: String,
    /// When it was asked for. What it has is of a little later.
    pub made: Timestamp,
    /// Where it was put.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of the file.
    pub digest: Hash,
    /// The place of the latest object in it.
    pub last_object: i64,
    /// Whether it is known which keys it has. If not, it counts as having all.
    pub exact: bool,
    /// The versions of the root key that its envelopes name.
    pub roots: Vec<u32>,
}

impl BackupRow {
    /// What commands and statements say of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "made": self.made.rfc3339(),
            "path": self.path,
            "bytes": self.bytes,
            "sha256": Hex(self.digest).to_string(),
            "root_versions": self.roots,
            "exact": self.exact,
        })
    }
}

/// A place in the audit trail that a copy goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrailPlace {
    /// A record that the copy remembers.
    pub anchor: Anchor,
    /// The latest group commit that is in the copy; records of later ones are of after it.
    pub commit: u64,
}

/// What is in a copy, by the copy itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// The version of its schema.
    pub schema: i64,
    /// The provider of the root key (the install lock).
    pub provider: String,
    /// Where in the audit trail it stands.
    pub place: TrailPlace,
    /// The versions of keys that are not destroyed in it.
    pub keys: Vec<BackupKey>,
    /// The place of its latest object.
    pub last_object: i64,
    /// For each version of a root key that it names, shared or a tenant's own, an envelope under it.
    pub samples: Vec<RootSample>,
}

impl RootSample {
    /// The tenant whose own root key has sealed it, if it was not the shared one.
    #[must_use]
    pub fn own(&self) -> Option<&TenantName> {
        self.tenant.as_ref().filter(|_| self.sealed.whose() == Whose::Own)
    }
}

impl Contents {
    /// The versions of the root key without which something in the copy cannot be opened.
    #[must_use]
    pub fn roots(&self) -> Vec<u32> {
        let named = self.keys.iter().filter(|key| key.level == KeyLevel::Root && key.envelopes > 0);
        named.map(|key| key.version).collect()
    }
}

/// An envelope that a root key has sealed, to prove by it that a root key is the right one.
#[derive(Debug, Clone, PartialEq)]
pub struct RootSample {
    /// The tenant whose key it holds; `None` for the check value of the root.
    pub tenant: Option<TenantName>,
    /// The version of what it holds.
    pub version: u32,
    /// The envelope.
    pub sealed: Sealed,
}

/// What becomes of known backups.
#[derive(Debug, Clone)]
pub enum BackupChange {
    /// One more is known. A conflict if a key that it has was destroyed meanwhile.
    Add {
        /// The backup.
        row: BackupRow,
        /// What it has.
        keys: Vec<BackupKey>,
    },
    /// One is known no more: its copy was destroyed. A conflict if it is not known.
    Forget {
        /// Its name.
        id: String,
    },
    /// Changes nothing. A conflict if a known backup has envelopes that name this version.
    Unnamed {
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
    },
    /// Changes nothing. A conflict if others than these backups have keys of the target.
    HeldBy {
        /// Whose keys.
        target: Target,
        /// The names of the backups, in order.
        ids: Vec<String>,
    },
}

/// What a backup may still have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Keys of a tenant, or of one service.
    Keys(Target),
    /// An object of a tenant.
    Object {
        /// The tenant.
        tenant: TenantId,
        /// The object.
        uid: String,
    },
}

/// Copies, and what is known of them. An engine whose database has tools of its own for copies
/// refuses to make one, and knows none.
pub trait Backups: Send + Sync {
    /// Copies everything, as it is at one moment, into a file beside `to`, while others read and
    /// commit. [`Copied::publish`] gives it its name.
    fn copy(&self, _to: PathBuf) -> BoxFuture<'_, Result<Copied, BackupError>> {
        Box::pin(async { Err(BackupError::Elsewhere) })
    }

    /// About how many bytes a copy takes.
    fn copy_bytes(&self) -> BoxFuture<'_, Result<u64, BackupError>> {
        Box::pin(async { Err(BackupError::Elsewhere) })
    }

    /// Every backup that is known, oldest first.
    fn backups(&self) -> BoxFuture<'_, Result<Vec<BackupRow>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The known backups with envelopes that name a version of a key, oldest first.
    fn backups_naming(
        &self,
        _level: KeyLevel,
        _version: u32,
    ) -> BoxFuture<'_, Result<Vec<BackupRow>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The known backups that still have something, oldest first; of an object, all that were made
    /// after it and have its service's keys.
    fn backups_holding(&self, _held: Held) -> BoxFuture<'_, Result<Vec<BackupRow>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Names backups in a line: at most three of them.
#[must_use]
pub fn backup_names(backups: &[BackupRow]) -> String {
    const NAMED_MAX: usize = 3;
    let names = backups.iter().take(NAMED_MAX).map(|row| format!("{} ({})", row.id, row.path));
    let names: Vec<_> = names.collect();
    let word = if backups.len() == 1 { "backup" } else { "backups" };
    let more = match backups.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{word} {}{more}", names.join(", "))
}

/// The same path with something after its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
