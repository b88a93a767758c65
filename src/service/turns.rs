//! Turns for those who were beaten to a change: they try again one after the other.
//!
//! A row is changed by compare-and-set, so of several who decide on the same row one is first and
//! the others decide anew. If all of them did so at once, somebody could be beaten every time.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// Rows that share a turn are fewer the more turns there are; each takes a few bytes.
const TURNS: usize = 64;

/// The turns, each for a part of the rows.
#[derive(Debug)]
pub(super) struct Turns {
    turns: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        let turns = std::iter::repeat_with(Mutex::default).take(TURNS).collect();
        Self { turns, hasher: RandomState::new() }
    }
}

impl Turns {
    /// Waits for the turn of the row of this identifier, in the order in which it was asked for.
    /// Nobody waits for a second one, so there is no circle.
    pub(super) async fn wait(&self, uid: &str) -> Option<MutexGuard<'_, ()>> {
        let hash = self.hasher.hash_one(uid);
        let place = usize::try_from(hash % TURNS as u64).unwrap_or_default();
        match self.turns.get(place) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }
}
