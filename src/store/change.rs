//! Changes: what an operation wants and the committer makes durable.

use super::row::{Sealed, Stored};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::tenant::{Mode, Role, ServiceName, TenantId, TenantName};

/// The first version of a tenant's or service's key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key, sealed by its parent.
    pub sealed: Sealed,
}

/// One change. Changes of a commit happen together or not at all.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new object. Refused with a conflict if the identifier exists in the tenant.
    Insert {
        /// The tenant.
        tenant: TenantId,
        /// The object; its revision is 1.
        stored: Box<Stored>,
    },
    /// An object's new form. `stored.revision` is the revision it was decided on; the row's
    /// revision becomes one more. Refused with a conflict if the row has moved on.
    Update {
        /// The tenant.
        tenant: TenantId,
        /// The object as it shall be.
        stored: Box<Stored>,
    },
    /// A new tenant with version 1 of its key (active). A conflict if the name is taken.
    NewTenant {
        /// Its name.
        name: TenantName,
        /// Its key.
        key: NewKey,
        /// When.
        created: Timestamp,
    },
    /// A new service with version 1 of its key (active). A conflict if the name is taken.
    NewService {
        /// Its tenant.
        tenant: TenantId,
        /// Its name.
        name: ServiceName,
        /// The kind of work it may do.
        mode: Mode,
        /// Its reach.
        role: Role,
        /// Its key.
        key: NewKey,
        /// When.
        created: Timestamp,
    },
    /// Writes a setting that must not exist yet (install lock, root check value).
    NewSetting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: Vec<u8>,
    },
}

/// What is made durable together: changes and, where a client caused them, the audit record.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The records of what caused them (one per batch item).
    pub audit: Vec<Record>,
}

impl Commit {
    /// Adds a change that was decided on what the changes so far have made. Of several changes of
    /// one object only its last form is kept, to be written in place of what the first one was
    /// decided on.
    pub fn add(&mut self, change: Change) {
        if let Change::Update { tenant, stored } = &change {
            let earlier = self.changes.iter_mut().find_map(|earlier| match earlier {
                Change::Insert { tenant: of, stored: known }
                | Change::Update { tenant: of, stored: known }
                    if of == tenant && known.object.uid == stored.object.uid =>
                {
                    Some(known)
                }
                _ => None,
            });
            if let Some(known) = earlier {
                let revision = known.revision;
                known.clone_from(stored);
                known.revision = revision;
                return;
            }
        }
        self.changes.push(change);
    }
}
