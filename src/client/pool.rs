//! The connections of a client: so many at once, and those kept that nobody uses.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::connection::Connection;

/// Connections that are open and not in use, and how many there may be in all.
pub(super) struct Pool {
    places: Semaphore,
    /// The one that was used last stands last.
    idle: Mutex<Vec<Idle>>,
    idle_timeout: Duration,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// The right to have a connection, until it is dropped. Who has one takes one connection and puts one
/// back, or none.
pub(super) struct Place<'p> {
    _permit: Option<SemaphorePermit<'p>>,
}

impl Pool {
    /// No connection yet.
    pub(super) fn new(connections_max: usize, idle_timeout: Duration) -> Self {
        let places = Semaphore::new(connections_max.clamp(1, Semaphore::MAX_PERMITS));
        Self { places, idle: Mutex::default(), idle_timeout }
    }

    /// Waits until fewer connections than allowed are in use.
    pub(super) async fn place(&self) -> Place<'_> {
        // The semaphore is never closed.
        Place { _permit: self.places.acquire().await.ok() }
    }

    /// The connection that was used last, of those that are good; the others are closed.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Idle { mut connection, since }) = idle.pop() {
            if since.elapsed() >= self.idle_timeout {
                // So are all that were used before.
                idle.clear();
                return None;
            }
            if connection.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection that has answered.
    pub(super) fn put(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { connection, since: Instant::now() });
    }
}
