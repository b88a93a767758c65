//! Changes: what an operation wants and the committer makes durable.

use super::administration::Administration;
use super::backup::BackupChange;
use super::hierarchy::{OpenKeys, RotationRow};
use super::notes::NoteChange;
use super::request::RequestChange;
use super::row::{KeyLevel, KeyState, Sealed, Stored};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::tenant::{Mode, Role, ServiceName, TenantId, TenantName};

/// The first version of a tenant's or service's key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key, sealed by its parent.
    pub sealed: Sealed,
}

/// The root key of a new tenant's own.
#[derive(Debug, Clone)]
pub struct NewRoot {
    /// The version that seals.
    pub version: u32,
    /// Its check value.
    pub check: Sealed,
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
        /// The root key of its own that has sealed its key, if it has one.
        root: Option<NewRoot>,
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
    /// An object whose value is sealed anew, and nothing else of it changed. `stored.revision` is the
    /// revision that it was decided on. Refused with a conflict if the row has moved on.
    Reseal {
        /// The tenant.
        tenant: TenantId,
        /// The object with its new envelope.
        stored: Box<Stored>,
    },
    /// A new version of a key. A conflict if the key ever had this version or a later one, or if
    /// it would be the second that is active.
    NewVersion {
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
        /// Its first state: usually pending; active for the first version of a root.
        state: KeyState,
        /// The key, sealed by its parent.
        sealed: Sealed,
        /// When.
        created: Timestamp,
    },
    /// Another state of a version. A conflict if it is in another state than `from`, or if it would
    /// be the second that is active. What is destroyed loses its envelope.
    KeyState {
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
        /// The state that it was seen in.
        from: KeyState,
        /// The state that it shall have.
        to: KeyState,
    },
    /// A version of a root key is destroyed here, and its provider may have the key still: the check
    /// value stays, to find the key by, until [`Change::Gone`]. A conflict as for [`Change::KeyState`].
    Doom {
        /// Whose root.
        level: KeyLevel,
        /// The version.
        version: u32,
        /// The state that it was seen in.
        from: KeyState,
    },
    /// The provider of a root key has a destroyed version no more: its check value goes, too. A conflict
    /// if it is another one than `check`.
    Gone {
        /// Whose root.
        level: KeyLevel,
        /// The version.
        version: u32,
        /// Its check value.
        check: Sealed,
    },
    /// Marks a version of a key compromised. A conflict if there is none.
    Compromise {
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
    },
    /// Marks a version of a key as one that a client encrypts with. A conflict if it is not the active
    /// one.
    ClientUse {
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
    },
    /// A version of a key, sealed anew. A conflict if its envelope is another one than `from`.
    ResealKey {
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
        /// The envelope that was there.
        from: Sealed,
        /// The new one.
        to: Sealed,
    },
    /// A rotation begins (`from` is `None`), goes on, or ends (`to` is `None`). A conflict if it is
    /// not in the phase of `from` on its way to the same version, or if one is under way where it
    /// would begin.
    Rotation {
        /// Whose key.
        level: KeyLevel,
        /// As it was seen.
        from: Option<RotationRow>,
        /// What it shall be.
        to: Option<RotationRow>,
    },
    /// A node says that it lives.
    Heartbeat {
        /// Its name.
        node: String,
        /// When.
        heard: Timestamp,
        /// The versions of the root key that it has.
        roots: Vec<u32>,
        /// How many other keys of the hierarchy it has open.
        open: OpenKeys,
    },
    /// A node says that it has loaded a version of a key.
    Acknowledge {
        /// Its name.
        node: String,
        /// Whose key.
        level: KeyLevel,
        /// The version.
        version: u32,
    },
    /// Another value of a setting. A conflict if it is another one than `from`.
    Setting {
        /// Its name.
        name: &'static str,
        /// The value that was there.
        from: Vec<u8>,
        /// The value that it shall have.
        to: Vec<u8>,
    },
    /// An object that was due for rotation and was not rotated is due at this time, or not before it
    /// changes. No conflict: what became of the object meanwhile counts.
    PutOff {
        /// The tenant.
        tenant: TenantId,
        /// The object.
        uid: String,
        /// When it was found to be due.
        from: Timestamp,
        /// When it is due instead.
        to: Option<Timestamp>,
    },
    /// What the server remembers for a tenant or a service.
    Note(NoteChange),
    /// What becomes of known backups, and what must be true of them.
    Backup(BackupChange),
    /// What becomes of an asynchronous request.
    Request(RequestChange),
    /// What an administrator changes.
    Administer(Administration),
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
    /// one object or note only its last form is kept, to be written in place of what the first one was
    /// decided on.
    pub fn add(&mut self, change: Change) {
        if let Change::Note(note) = &change {
            let earlier = self.changes.iter_mut().find_map(|earlier| match earlier {
                Change::Note(known) if known.key == note.key => Some(known),
                _ => None,
            });
            if let Some(known) = earlier {
                known.to.clone_from(&note.to);
                return;
            }
        }
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
