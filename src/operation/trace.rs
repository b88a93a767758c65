//! What an item leaves behind however often it is run: what it touched, for the audit trail, and
//! how far it brought a stream or an object group.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Failure;
use super::feeds::Feed;
use super::groups::{GroupTurns, Turn};
use super::part::{Advanced, Output};

/// How many bytes of what a client calls something are kept for records and log lines.
const NAME_BYTES_MAX: usize = 128;

/// The beginning of what a client calls something, for records and log lines. Identifiers and
/// Correlation Values that mean anything here are shorter than the limit.
#[must_use]
pub fn beginning(name: &str) -> &str {
    name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or(name)
}

/// Collects the objects and key versions that one batch item uses, and the stream
/// or object group that it works on.
#[derive(Debug, Default)]
pub struct Trace {
    objects: Mutex<Vec<String>>,
    /// 0 for none: versions start at 1.
    key_version: AtomicU32,
    advanced: Mutex<Option<Advanced>>,
    turn: Mutex<Option<Turn>>,
    message: Mutex<Option<String>>,
    feed: Mutex<Option<Feed>>,
}

impl Trace {
    /// An object was named, found or made.
    pub fn note_object(&self, uid: &str) {
        let uid = beginning(uid);
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        if !objects.iter().any(|known| known == uid) {
            objects.push(uid.to_owned());
        }
    }

    /// The client has something to say in the log.
    pub(super) fn note_message(&self, message: &str) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.to_owned());
    }

    /// What the client says in the log.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        self.message.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection listens once the item is done.
    pub(super) fn note_feed(&self, feed: Feed) {
        *self.feed.lock().unwrap_or_else(PoisonError::into_inner) = Some(feed);
    }

    /// What the connection listens to from now on, if the item has made it listen.
    #[must_use]
    pub fn take_feed(&self) -> Option<Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A service's key was used.
    pub fn note_key_version(&self, version: u32) {
        self.key_version.store(version, Ordering::Relaxed);
    }

    /// The objects, in the order in which they were touched.
    pub fn objects(&self) -> impl Deref<Target = Vec<String>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version of the service's key that was used last.
    #[must_use]
    pub fn key_version(&self) -> Option<u32> {
        Some(self.key_version.load(Ordering::Relaxed)).filter(|version| *version > 0)
    }

    /// What comes of a part of a stream. The stream goes on by it once, however often this is
    /// called.
    pub(super) fn advance_once(
        &self,
        advance: impl FnOnce() -> Result<Advanced, Failure>,
    ) -> Result<Output, Failure> {
        let mut advanced = self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        if advanced.is_none() {
            *advanced = Some(advance()?);
        }
        let output = advanced.as_ref().map(|advanced| advanced.output.clone());
        output.ok_or(Failure::UnknownStream)
    }

    /// A member of an object group is handed out if the item is done.
    pub(super) fn note_turn(&self, turn: Turn) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    /// Lets the stream, if there is one, go on with its next part, and the group, if there is one,
    /// with its next member: the item is done, and what it changed is durable. Without this the
    /// stream ends with the trace, and the member is still the next.
    pub fn settle(&self, turns: &GroupTurns) {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(turn) = turn {
            turns.note(turn);
        }
        let advanced = self.advanced.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(advanced) = advanced {
            advanced.place.keep();
        }
    }
}
