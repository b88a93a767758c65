//! A bounded cache of the notes that are asked for with every new object: constraints and defaults.
//!
//! It never answers with less than what has been acknowledged: a change is told to it when it is
//! durable, before anybody is told, and what was read before that is not kept after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::notes::{Note, NoteKey, NoteKind};

/// How many notes are kept, there or not.
const NOTES_MAX: usize = 4096;

#[derive(Debug, Default)]
struct Kept {
    notes: HashMap<NoteKey, Option<Arc<Note>>>,
    /// Counts the changes.
    changes: u64,
}

/// The cache.
#[derive(Debug, Default)]
pub(super) struct NoteCache(Mutex<Kept>);

/// Says up to which change what is read after it is right at least.
#[derive(Debug, Clone, Copy)]
pub(super) struct Miss(u64);

impl NoteCache {
    /// Whether notes of this kind are kept.
    pub(super) fn keeps(key: &NoteKey) -> bool {
        match key.kind {
            NoteKind::Constraints | NoteKind::Defaults => true,
            NoteKind::Ticket | NoteKind::Credential => false,
        }
    }

    /// The note, or that there is none; an error if neither is known.
    pub(super) fn find(&self, key: &NoteKey) -> Result<Option<Arc<Note>>, Miss> {
        let kept = self.lock();
        kept.notes.get(key).cloned().ok_or(Miss(kept.changes))
    }

    /// Keeps what was read after `miss`, unless something has changed since.
    pub(super) fn keep(&self, miss: Miss, key: &NoteKey, note: Option<Arc<Note>>) {
        let mut kept = self.lock();
        if kept.changes != miss.0 {
            return;
        }
        if kept.notes.len() >= NOTES_MAX {
            kept.notes.clear();
        }
        kept.notes.insert(key.clone(), note);
    }

    /// The note is another one from now on.
    pub(super) fn changed(&self, key: &NoteKey) {
        let mut kept = self.lock();
        kept.changes += 1;
        kept.notes.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::TenantId;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let (cache, kind) = (NoteCache::default(), NoteKind::Constraints);
        let key = NoteKey { tenant: TenantId(1), service: None, kind, name: Vec::new() };
        let note = |revision| Some(Arc::new(Note { revision, expires: None, body: Vec::new() }));
        let slow = cache.find(&key).expect_err("is empty");
        cache.changed(&key);
        let quick = cache.find(&key).expect_err("is empty");
        cache.keep(quick, &key, note(2));
        cache.keep(slow, &key, note(1));
        assert_eq!(cache.find(&key).expect("is there"), note(2));
        cache.changed(&key);
        assert!(cache.find(&key).is_err(), "it may be another one");
    }
}
