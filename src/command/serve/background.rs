//! The thread for what nobody waits for. It has a lower priority, because clients come first.

use std::future::Future;
use std::thread::{Builder, JoinHandle};

use tokio::runtime::{Builder as RuntimeBuilder, Handle};
use tokio::sync::oneshot;

use crate::command::Failure;

/// What the thread stands back, as `nice(1)` counts it: it gets a third of what a thread that serves
/// gets where both want to run.
const NICENESS: i32 = 5;

/// A run-time on a thread of its own. Dropped, it ends what runs there at its next pause.
pub(super) struct Background {
    handle: Handle,
    /// Closed to end the thread.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    pub(super) fn start() -> Result<Self, Failure> {
        let failed = |error| Failure::new(format!("the background thread cannot start: {error}"));
        let runtime = RuntimeBuilder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        let thread = Builder::new().name("background".to_owned()).spawn(move || {
            // Of the calling thread; standing back is allowed to all. Without it the same is done.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        });
        Ok(Self { handle, running: Some(running), thread: Some(thread.map_err(failed)?) })
    }

    /// Has something done there; what it spawns is done there too.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
