//! Threads with a run-time each: those on which connections are served, and one for what nobody waits
//! for.

use std::future::Future;
use std::io;
use std::thread::{Builder, JoinHandle, available_parallelism};

use keystrata::net::listener::Placement;
use tokio::runtime::{Builder as RuntimeBuilder, Handle};
use tokio::sync::oneshot;

use crate::command::Failure;

/// What the thread in the background stands back, as `nice(1)` counts it: it gets a third of what a
/// thread that serves gets where both want to run.
const NICENESS: i32 = 5;

/// A run-time on a thread of its own. Dropped, it ends what runs there at its next pause.
pub(super) struct Thread {
    handle: Handle,
    /// Closed to end the thread.
    running: Option<oneshot::Sender<()>>,
    joined: Option<JoinHandle<()>>,
}

impl Thread {
    /// A thread for what nobody waits for. It has a lower priority, because clients come first.
    pub(super) fn in_background() -> Result<Self, Failure> {
        let stand_back = || {
            // Of the calling thread; it is allowed to all. Without it the same is done.
            let _ = rustix::process::setpriority_process(None, NICENESS);
        };
        Self::start("background".to_owned(), stand_back).map_err(|error| failed(&error))
    }

    fn start(name: String, begin: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let runtime = RuntimeBuilder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        let thread = Builder::new().name(name).spawn(move || {
            begin();
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, running: Some(running), joined: Some(thread) })
    }

    /// Has something done there; what it spawns is done there too.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.joined.take() {
            let _ = thread.join();
        }
    }
}

/// A thread for each processor. A connection stays on the one that it was given to: what belongs to it
/// stays in one processor's cache, and nobody is woken on another to serve it.
pub(super) struct Cores(Vec<Thread>);

impl Cores {
    pub(super) fn start() -> Result<Self, Failure> {
        let count = available_parallelism().map_or(1, usize::from);
        let start = |number| Thread::start(format!("serve-{number}"), || {});
        let threads = (0..count).map(start).collect::<io::Result<_>>();
        threads.map(Self).map_err(|error| failed(&error))
    }
}

impl Placement for Cores {
    /// The thread with the fewest connections.
    fn next(&self) -> Handle {
        let least = self.0.iter().min_by_key(|core| core.handle.metrics().num_alive_tasks());
        least.map_or_else(Handle::current, |core| core.handle.clone())
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::new(format!("a thread cannot start: {error}"))
}
