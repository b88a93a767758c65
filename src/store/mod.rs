//! The store: sealed rows, their changes, and the engines that make them durable.

pub mod administration;
mod alarm;
pub mod audit_log;
pub mod backup;
pub mod cache;
pub mod change;
mod codes;
pub mod embedded;
pub mod engine;
mod front;
pub mod hierarchy;
mod lock;
mod note_cache;
pub mod notes;
mod queue;
pub mod request;
pub mod row;
mod row_format;
mod step;

pub use administration::{Administration, Census, Counts, HeldObject, Target};
pub use alarm::Alarm;
pub use audit_log::{AuditError, AuditLog, AuditSettings, Reads, TrailError};
pub use backup::{
    BackupChange, BackupError, BackupKey, BackupRow, Backups, Contents, Copied, Held, Manifest,
    RootSample, TrailPlace, backup_names,
};
pub use change::{Change, Commit, NewKey, NewRoot};
pub use embedded::{EmbeddedSettings, OpenError};
pub use engine::{BoxFuture, DueRotation, Engine, Error, Position, Selected, Selector, View};
pub use front::{Store, StoreSettings};
pub use hierarchy::{
    ActiveKey, Due, Envelopes, Hierarchy, NodeRow, OpenKeys, Owner, Phase, RotationRow, Scanned,
};
pub use lock::LockError;
pub use notes::{NewNote, Note, NoteChange, NoteKey, NoteKind, Notes};
pub use request::{
    REQUEST_VALUE_BYTES, RequestChange, RequestCounts, RequestKey, RequestLimits, RequestRow,
    RequestStage, Requests,
};
pub use row::{
    CHECK_SETTING, KeyLevel, KeyRow, KeyState, PROVIDER_SETTING, SHARED_ROOT, Sealed, ServiceRow,
    Stored, TenantRow, TenantState,
};
pub(crate) use row::{OWN_ROOT, PROVIDER_AT};
pub use row_format::attribute_bytes;
pub use step::{Observer, Step};
