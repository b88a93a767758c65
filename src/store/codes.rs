//! The numbers that stand for states, modes and roles in rows. They are part of the stored form:
//! never change one, only add.

use super::hierarchy::Phase;
use super::notes::NoteKind;
use super::row::{KeyLevel, KeyState, TenantState};
use crate::tenant::{Mode, Role, ServiceId, TenantId};

macro_rules! codes {
    ($($write:ident / $read:ident: $type:ident { $($variant:ident = $number:literal),+ })+) => {
        $(
            pub(super) fn $write(value: $type) -> i64 {
                match value {
                    $($type::$variant => $number,)+
                }
            }

            /// `None` for a number that this version does not know.
            pub(super) fn $read(number: i64) -> Option<$type> {
                match number {
                    $($number => Some($type::$variant),)+
                    _ => None,
                }
            }
        )+
    };
}

codes! {
    of_tenant_state / tenant_state: TenantState { Active = 1, Suspended = 2, Shredded = 3 }
    of_key_state / key_state: KeyState { Pending = 1, Active = 2, Retired = 3, Destroyed = 4 }
    of_phase / phase: Phase { Announced = 1, Switched = 2 }
    of_mode / mode: Mode { ReadWrite = 1, WriteOnly = 2, ReadOnly = 3 }
    of_role / role: Role { Service = 1, TenantAdmin = 2 }
}

/// What a note is about.
pub(super) fn of_note_kind(kind: NoteKind) -> i64 {
    match kind {
        NoteKind::Ticket => 1,
        NoteKind::Constraints => 2,
        NoteKind::Defaults => 3,
        NoteKind::Credential => 4,
    }
}

/// A key's level in the hierarchy, and its owner.
pub(super) fn of_key_level(level: KeyLevel) -> (i64, i64) {
    match level {
        KeyLevel::Root => (1, 0),
        KeyLevel::Tenant(TenantId(owner)) => (2, owner),
        KeyLevel::Service(ServiceId(owner)) => (3, owner),
        KeyLevel::OwnRoot(TenantId(owner)) => (4, owner),
    }
}

/// What [`of_key_level`] makes numbers of.
pub(super) fn key_level(level: i64, owner: i64) -> Option<KeyLevel> {
    match (level, owner) {
        (1, 0) => Some(KeyLevel::Root),
        (2, owner) => Some(KeyLevel::Tenant(TenantId(owner))),
        (3, owner) => Some(KeyLevel::Service(ServiceId(owner))),
        (4, owner) => Some(KeyLevel::OwnRoot(TenantId(owner))),
        _ => None,
    }
}

/// Numbers, four bytes each.
pub(super) fn of_numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Numbers (operations, versions), from four bytes each; `None` if it is not that.
pub(super) fn numbers(bytes: &[u8]) -> Option<Vec<u32>> {
    let chunks = bytes.chunks_exact(4);
    if !chunks.remainder().is_empty() {
        return None;
    }
    chunks.map(|number| Some(u32::from_be_bytes(number.try_into().ok()?))).collect()
}
