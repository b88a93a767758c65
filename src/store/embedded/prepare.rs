//! Turns a commit into what the committer writes. Runs where the commit was made, so that the one
//! committer has less to do.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::store::administration::Administration;
use crate::store::audit_log::AuditLog;
use crate::store::backup::{BackupChange, BackupKey};
use crate::store::request::RequestChange;
use crate::store::row::{Sealed, Stored};
use crate::store::row_format::{self, Entry};
use crate::store::{Change, Commit, NewRoot};
use crate::tenant::{Mode, Role, ServiceName, TenantId, TenantName};

/// What a row takes beside its attributes and envelope.
const ROW_BYTES: usize = 128;

/// A commit, ready to be written.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) writes: Vec<Write>,
    /// The audit records as JSON fields.
    pub(super) records: Vec<String>,
    /// About how many bytes are written.
    pub(super) bytes: usize,
}

/// One change, ready to be written.
#[derive(Debug)]
pub(super) enum Write {
    Object(ObjectWrite),
    NewTenant {
        name: TenantName,
        root: Option<NewRoot>,
        key: Sealed,
        created: Timestamp,
    },
    NewService(NewService),
    NewSetting {
        name: &'static str,
        value: Vec<u8>,
    },
    Administer(Administration),
    Request(RequestChange),
    /// Written as it is.
    Other(Change),
}

/// An object's row and entries.
#[derive(Debug)]
pub(super) struct ObjectWrite {
    pub(super) tenant: TenantId,
    /// The object as it will be, with the revision that it will have.
    pub(super) stored: Arc<Stored>,
    /// The revision that must be there now; `None` for a new object.
    pub(super) replaces: Option<u64>,
    /// Nothing but the envelope has changed.
    pub(super) is_resealed: bool,
    pub(super) attributes: Vec<u8>,
    pub(super) entries: Vec<Entry>,
}

/// A service's row.
#[derive(Debug)]
pub(super) struct NewService {
    pub(super) tenant: TenantId,
    pub(super) name: ServiceName,
    pub(super) mode: Mode,
    pub(super) role: Role,
    pub(super) key: Sealed,
    pub(super) created: Timestamp,
}

impl Prepared {
    pub(super) fn new(commit: Commit, audit: &AuditLog) -> Self {
        let writes: Vec<_> = commit.changes.into_iter().map(Write::new).collect();
        let records: Vec<_> = commit.audit.iter().map(|record| audit.fields(record)).collect();
        let bytes = writes.iter().map(Write::bytes).sum::<usize>()
            + records.iter().map(String::len).sum::<usize>();
        Self { writes, records, bytes }
    }

    /// Whether envelopes are taken out, so that what is left of them must be written over.
    pub(super) fn erases(&self) -> bool {
        self.writes.iter().any(|write| match write {
            Write::Object(object) => object.replaces.is_some() && object.stored.sealed.is_none(),
            Write::Administer(change) => change.erases().is_some(),
            _ => false,
        })
    }

    /// The tenants that lose the values of objects that are not named.
    pub(super) fn erased(&self) -> impl Iterator<Item = TenantId> {
        self.writes.iter().filter_map(|write| match write {
            Write::Administer(change) => change.erases().map(|target| target.tenant),
            _ => None,
        })
    }

    /// The objects that are written.
    pub(super) fn objects(&self) -> impl Iterator<Item = &ObjectWrite> {
        self.writes.iter().filter_map(|write| match write {
            Write::Object(object) => Some(object),
            _ => None,
        })
    }
}

impl Write {
    fn new(change: Change) -> Self {
        match change {
            Change::Insert { tenant, stored } => Self::object(tenant, *stored, None),
            Change::Update { tenant, stored } => {
                let revision = stored.revision;
                Self::object(tenant, *stored, Some(revision))
            }
            Change::NewTenant { name, root, key, created } => {
                Self::NewTenant { name, root, key: key.sealed, created }
            }
            Change::NewService { tenant, name, mode, role, key, created } => {
                let key = key.sealed;
                Self::NewService(NewService { tenant, name, mode, role, key, created })
            }
            Change::NewSetting { name, value } => Self::NewSetting { name, value },
            Change::Administer(change) => Self::Administer(change),
            Change::Request(change) => Self::Request(change),
            Change::Reseal { tenant, stored } => {
                let revision = stored.revision;
                let mut write = Self::object_write(tenant, *stored, Some(revision));
                write.is_resealed = true;
                Self::Object(write)
            }
            other => Self::Other(other),
        }
    }

    fn object(tenant: TenantId, stored: Stored, replaces: Option<u64>) -> Self {
        let mut write = Self::object_write(tenant, stored, replaces);
        write.entries = row_format::entries(&write.stored.object);
        Self::Object(write)
    }

    fn object_write(tenant: TenantId, mut stored: Stored, replaces: Option<u64>) -> ObjectWrite {
        stored.revision = replaces.unwrap_or(0).saturating_add(1);
        let attributes = row_format::encode(&stored.object);
        let (stored, entries) = (Arc::new(stored), Vec::new());
        ObjectWrite { tenant, stored, replaces, is_resealed: false, attributes, entries }
    }

    fn bytes(&self) -> usize {
        let payload = match self {
            Self::Object(object) => {
                let sealed = object.stored.sealed.as_ref().map_or(0, |it| it.as_bytes().len());
                object.attributes.len() + sealed
            }
            Self::NewTenant { key, .. } => key.as_bytes().len(),
            Self::NewService(service) => service.key.as_bytes().len(),
            Self::NewSetting { value, .. } => value.len(),
            Self::Request(RequestChange::New { row, .. } | RequestChange::Replace(row)) => {
                row.sealed.as_ref().map_or(0, |it| it.as_bytes().len())
            }
            Self::Administer(Administration::Shred { statement, .. }) => statement.len(),
            Self::Other(Change::Backup(BackupChange::Add { keys, .. })) => {
                keys.len().saturating_mul(size_of::<BackupKey>())
            }
            Self::Other(Change::Note(note)) => note.to.as_ref().map_or(0, |note| note.body.len()),
            // Rare and small.
            Self::Administer(_) | Self::Request(_) | Self::Other(_) => ROW_BYTES,
        };
        ROW_BYTES + payload
    }
}
