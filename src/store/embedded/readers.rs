//! Threads that read, each with a connection of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::Error;
use crate::store::queue::{Queue, Refused};

/// How many reads may wait. Beyond this they are refused.
const READS_WAITING_MAX: usize = 16 * 1024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The readers.
pub(super) struct Readers {
    queue: Arc<Queue<Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    /// One thread for each connection.
    pub(super) fn start(connections: Vec<Connection>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::<Job>::new(READS_WAITING_MAX));
        let readers = Self { queue: queue.clone(), threads: Mutex::default() };
        for mut connection in connections {
            let queue = queue.clone();
            let thread =
                std::thread::Builder::new().name("store-read".into()).spawn(move || {
                    while let Some(job) = queue.take_one() {
                        job(&mut connection);
                    }
                })?;
            readers.lock().push(thread);
        }
        Ok(readers)
    }

    /// Runs `read` on a reader.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = move |connection: &mut Connection| {
            // Nobody needs the answer if nobody waits for it any more.
            if !answer.is_closed() {
                let _ = answer.send(read(connection));
            }
        };
        self.queue.try_push(Box::new(job)).map_err(|refused| match refused {
            Refused::Full => Error::Overloaded,
            Refused::Closed => closed(),
        })?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the readers after what is queued. Idempotent.
    pub(super) fn close(&self) {
        self.queue.close();
        for thread in self.lock().drain(..) {
            let _ = thread.join();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Readers({})", self.lock().len())
    }
}

/// What those are told who come after the end.
pub(super) fn closed() -> Error {
    Error::Failed("it is closed".into())
}
