//! Why a rotation, or what belongs to it, was refused.

use super::super::error::{Error, OpenError};
use super::super::root::{Provider, RootError};
use crate::store::{self, SHARED_ROOT};
use crate::tenant::{TenantName, Whose};

/// Why it was refused or failed: one line for operators.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// The key has no such version.
    #[error("{key} has no version {version}")]
    UnknownVersion {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
    },
    /// A rotation leads from one version to another.
    #[error("from and to are both version {0}: a rotation leads to another version")]
    SameVersion(u32),
    /// It is not the version that seals.
    #[error("version {version} of {key} is {state}: the active version is {active}")]
    NotActive {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
        /// Its state.
        state: &'static str,
        /// The version that seals.
        active: u32,
    },
    /// Only a version that is pending can become active.
    #[error("version {version} of {key} is {state}: only a pending version can be rotated to")]
    NotPending {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
        /// Its state.
        state: &'static str,
    },
    /// Some nodes lack the new version.
    #[error(
        "these nodes do not have version {version} of {key}: {nodes}; give it to them, or stop them"
    )]
    NodesNotReady {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
        /// Their names.
        nodes: String,
    },
    /// A key has one rotation at a time.
    #[error("{key} is being {}: wait for it, or `kek abort`", course(*from, *to))]
    AnotherRunning {
        /// Which key.
        key: String,
        /// Where it comes from.
        from: u32,
        /// Where it goes.
        to: u32,
    },
    /// Nothing of this key is under way.
    #[error("{0} is not being rotated")]
    NoneRunning(String),
    /// A moment to come is wanted.
    #[error("the effective time is not to come: leave it out, and it is done at once")]
    Past,
    /// What is compromised is not used until some later day.
    #[error("a compromised version is rotated at once: leave out the effective time")]
    NotLater,
    /// A compromised version is not gone back to.
    #[error("version {0} is compromised: a rotation away from it only goes on")]
    NoWayBack(u32),
    /// The new version is another provider's.
    #[error(
        "version {version} of the root key is provider `{given}`'s, and the store belongs to \
         `{store}`: use `kek migrate --to {given}`"
    )]
    OtherProvider {
        /// The version.
        version: u32,
        /// The store's provider.
        store: Provider,
        /// The version's provider.
        given: Provider,
    },
    /// The provider that the root shall move to is not open.
    #[error(
        "root provider `{0}` is not open: describe it in [root.next] of the configuration, and \
         start the server again"
    )]
    NotOpen(Provider),
    /// The root is there already.
    #[error("the root key is provider `{0}`'s already")]
    SameProvider(Provider),
    /// The tenant has no root key of its own in use.
    #[error("tenant {0} is under the shared root key: `kek migrate --tenant {0} --to own` first")]
    UnderShared(TenantName),
    /// The tenant is there already.
    #[error("tenant {0} is under the {1} root key already")]
    SameRoot(TenantName, Whose),
    /// There is no new version of a tenant's own root key that is not made here.
    #[error(
        "the own root key of tenant {0} is of provider `env` and has no version above {1}: add one to \
         `versions` in [root.tenants.{0}], and try again"
    )]
    NoNewOwnVersion(TenantName, u32),
    /// There is no new version of a root key that is not made here.
    #[error(
        "root provider `env` has no version above {0}: give it one (KEYSTRATA_ROOT_KEK_V{next} or \
         [root] `versions`), then `kek add --level root`", next = .0 + 1
    )]
    NoNewVersion(u32),
    /// Envelopes name the version.
    #[error("{living} envelopes name version {version} of {key}: `kek rewrap` first")]
    Named {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
        /// How many envelopes.
        living: u64,
    },
    /// Backups have envelopes that name the version.
    #[error(
        "version {version} of {key} is needed by {backups}: destroy those copies, then \
         `keystrata backup forget --id {first}`"
    )]
    BackedUp {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
        /// Which backups, with their paths.
        backups: String,
        /// The name of the first.
        first: String,
    },
    /// A client has encrypted with the version.
    #[error(
        "the service has encrypted with version {version} of {key} itself, and what it keeps cannot be \
         decrypted without it: give --discard-encrypted if it is needed no more"
    )]
    Encrypted {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
    },
    /// The version is in use.
    #[error("version {version} of {key} is {state}: only a retired or pending one can be removed")]
    InUse {
        /// Which key.
        key: String,
        /// The version.
        version: u32,
        /// Its state.
        state: &'static str,
    },
    /// Behind the names of a key that is to be destroyed is another one.
    #[error("the key of this label and CKA_ID is another one, and is left alone")]
    AnotherKey,
    /// The token does not destroy the key.
    #[error("the token keeps it ({0}): have its operator delete it")]
    Kept(String),
    /// The key is in use elsewhere.
    #[error("it is {0}, too: give each a key of its own")]
    AlsoOf(String),
    /// The owner of the key is not served.
    #[error("{0} is suspended or shredded: its key is not rotated")]
    NotServed(String),
    /// Somebody else was faster, again and again.
    #[error("others changed the same key at the same time: try again")]
    Contention,
    /// Envelopes are left that could not be found.
    #[error("{living} envelopes of {key} name an old version and were not found")]
    Lost {
        /// Which key.
        key: String,
        /// How many.
        living: u64,
    },
    /// A root key is in trouble.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The hierarchy is in trouble.
    #[error(transparent)]
    Keys(#[from] Error),
    /// The store is in trouble.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A root key is in trouble.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// Where a rotation goes, in words.
fn course(from: u32, to: u32) -> String {
    match (from, to) {
        (SHARED_ROOT, to) => format!("taken into use, in version {to}"),
        (from, SHARED_ROOT) => format!("put out of use, from version {from}"),
        (from, to) => format!("rotated from version {from} to {to}"),
    }
}

impl From<super::super::envelope::EnvelopeError> for Refused {
    fn from(error: super::super::envelope::EnvelopeError) -> Self {
        Self::Keys(error.into())
    }
}
