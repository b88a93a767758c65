//! What an operation touched, for the audit trail: also of those that failed half way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Collects the objects and key versions that one batch item uses.
#[derive(Debug, Default)]
pub struct Trace {
    objects: Mutex<Vec<String>>,
    /// 0 for none: versions start at 1.
    key_version: AtomicU32,
}

impl Trace {
    /// An object was named, found or made.
    pub fn note_object(&self, uid: &str) {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        if !objects.iter().any(|known| known == uid) {
            objects.push(uid.to_owned());
        }
    }

    /// A service's key was used.
    pub fn note_key_version(&self, version: u32) {
        self.key_version.store(version, Ordering::Relaxed);
    }

    /// The objects, in the order in which they were touched.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The object that was touched first.
    #[must_use]
    pub fn first_object(&self) -> Option<String> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }

    /// The version of the service's key that was used last.
    #[must_use]
    pub fn key_version(&self) -> Option<u32> {
        Some(self.key_version.load(Ordering::Relaxed)).filter(|version| *version > 0)
    }
}
