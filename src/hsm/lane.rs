//! The server's end of a worker: starts it, asks it, and replaces it when it has crashed or hangs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::error::HsmError;
use super::frame::{Answer, Frame, Proofs, Start, Started, receive, send};
use super::link::Request;
use super::settings::{Pin, TokenSettings};
use super::worker::LAST_CALL;
use crate::clock::Clock;
use crate::keys::RootError;
use crate::metrics::{Ending, Metrics, RootCall};

/// How long a worker is waited for that was told to end. It ends by itself before, if it can.
const FAREWELL: Duration = LAST_CALL.saturating_add(Duration::from_secs(2));

/// The program that is a worker: this one, with the right arguments.
#[derive(Debug, Clone)]
pub struct WorkerProgram {
    /// The program's file.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables that the module wants to find, besides those of this process.
    pub environment: Vec<(OsString, OsString)>,
}

/// What all lanes to a token share.
#[derive(Debug)]
pub(super) struct Workers {
    settings: TokenSettings,
    program: WorkerProgram,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Held while a worker starts: they log in one after the other, so that a wrong PIN is tried
    /// once.
    starting: Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The keys must prove that they are the same in every worker.
    proofs: Proofs,
    /// Versions that were to be destroyed: no worker has to have them any more.
    leaving: BTreeSet<u32>,
    /// How often one was. Workers of before would miss it, and are replaced.
    destroyed: u64,
    /// Why the token must not be tried again with the PIN that it has refused.
    refused: Option<String>,
    /// The PIN that was tried last.
    tried: Option<Pin>,
}

/// One worker, or the place for one. Belongs to one thread, for as long as which the worker lives.
#[derive(Debug)]
pub(super) struct Lane {
    workers: Arc<Workers>,
    worker: Option<Worker>,
    /// Whether there was one before.
    was_open: bool,
    /// [`Known::destroyed`] when the worker began.
    destroyed: u64,
}

/// Why there is no answer.
enum Broken {
    /// The worker is gone, which is worth another one.
    Died(String),
    /// It was too slow, or there is no worker to be had.
    Unavailable(String),
}

impl From<Broken> for RootError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Died(reason) | Broken::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

impl Workers {
    pub(super) fn new(
        settings: TokenSettings,
        program: WorkerProgram,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (starting, known) = (Mutex::default(), Mutex::default());
        Self { settings, program, clock, metrics, starting, known }
    }

    /// The known versions of the root key, ascending.
    pub(super) fn versions(&self) -> Vec<u32> {
        self.known().proofs.keys().copied().collect()
    }

    /// Starts a worker and waits until it has the token.
    fn start(&self) -> Result<Worker, Broken> {
        let _alone = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let pin = self.settings.pin.now();
        {
            let mut known = self.known();
            let is_new = known.tried.as_ref().is_none_or(|tried| !tried.is(&pin));
            match known.refused.clone() {
                Some(reason) if !is_new => return Err(Broken::Unavailable(reason)),
                _ => (known.refused, known.tried) = (None, Some(pin.clone())),
            }
        }
        let start = self.clock.elapsed();
        let started = self.try_start(&pin);
        let took = self.clock.elapsed().saturating_sub(start);
        let ending = if started.is_ok() { Ending::Success } else { Ending::Failure };
        self.metrics.root_call(self.settings.whose, RootCall::Reconnect, ending, took);
        started
    }

    fn try_start(&self, pin: &Pin) -> Result<Worker, Broken> {
        let TokenSettings { whose, module, token, key_label, timeout, .. } = &self.settings;
        let mut worker = Worker::spawn(&self.program, *timeout).map_err(|error| {
            Broken::Unavailable(format!("the token's worker cannot be started: {error}"))
        })?;
        let start = Start {
            whose: *whose,
            module: module.clone(),
            token: token.clone(),
            pin: pin.to_text(),
            key_label: key_label.clone(),
            proofs: self.known().proofs.clone(),
        };
        let told = worker.ask(&start.frame(), *timeout);
        match told.and_then(|content| Started::read(&content).map_err(no_worker)) {
            Ok(Started::Ready(proofs)) => {
                let mut known = self.known();
                known.proofs.extend(proofs);
                known.forget_leaving();
                Ok(worker)
            }
            Ok(Started::Refused { reason, is_final }) => {
                worker.end();
                Err(self.refused(reason, is_final))
            }
            Err(broken) => {
                worker.abandon();
                Err(broken)
            }
        }
    }

    fn refused(&self, reason: String, is_final: bool) -> Broken {
        if is_final {
            self.known().refused = Some(reason.clone());
        }
        Broken::Unavailable(reason)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A version is to be destroyed: whether it is there still is not known. Its proof.
    fn leaves(&mut self, version: u32) -> Option<Vec<u8>> {
        self.leaving.insert(version);
        self.proofs.remove(&version)
    }

    /// It is there.
    fn stays(&mut self, version: u32, proof: Option<Vec<u8>>) {
        self.leaving.remove(&version);
        self.proofs.extend(proof.map(|proof| (version, proof)));
    }

    fn forget_leaving(&mut self) {
        let Self { proofs, leaving, .. } = self;
        proofs.retain(|version, _| !leaving.contains(version));
    }
}

impl Lane {
    pub(super) fn new(workers: Arc<Workers>) -> Self {
        Self { workers, worker: None, was_open: false, destroyed: 0 }
    }

    /// Sees to it that there is a worker.
    pub(super) fn open(&mut self) -> Result<(), HsmError> {
        match self.workers.start() {
            Ok(worker) => {
                self.worker = Some(worker);
                self.was_open = true;
                Ok(())
            }
            Err(Broken::Died(reason) | Broken::Unavailable(reason)) => {
                Err(HsmError::Worker(reason))
            }
        }
    }

    /// Answers a request. A worker that has died is replaced, once, before anybody notices.
    pub(super) fn call(&mut self, request: &Request) -> Result<Zeroizing<Vec<u8>>, RootError> {
        let frame = request.frame();
        let proof = match request {
            Request::Destroy { version, .. } => self.workers.known().leaves(*version),
            _ => None,
        };
        let answer = match self.attempt(&frame) {
            Err(Broken::Died(reason)) => {
                tracing::warn!(reason, "another worker for the token is started");
                self.attempt(&frame)?
            }
            answer => answer?,
        };
        if let (Err(RootError::Unavailable(reason)), true) = (&answer.result, answer.is_final) {
            self.workers.refused(reason.clone(), true);
            // The next one gets the PIN as it is then.
            if let Some(worker) = self.worker.take() {
                worker.end();
            }
        }
        match (request, &answer.result) {
            (Request::Make { version }, Ok(proof)) => {
                self.workers.known().proofs.insert(*version, proof.to_vec());
            }
            (Request::Destroy { .. }, Ok(_) | Err(RootError::NoSuchVersion(_))) => {
                self.workers.known().destroyed += 1;
            }
            (
                Request::Destroy { version, .. },
                Err(RootError::NotAuthentic | RootError::Refused(_)),
            ) => self.workers.known().stays(*version, proof),
            _ => {}
        }
        answer.result
    }

    /// Ends a worker that would miss a version that was destroyed since.
    fn end_of_before(&mut self) {
        let destroyed = self.workers.known().destroyed;
        if std::mem::replace(&mut self.destroyed, destroyed) != destroyed
            && let Some(worker) = self.worker.take()
        {
            worker.end();
            self.was_open = false;
        }
    }

    fn attempt(&mut self, frame: &Frame) -> Result<Answer, Broken> {
        let timeout = self.workers.settings.timeout;
        self.end_of_before();
        let worker = match &mut self.worker {
            Some(worker) => worker,
            none => {
                let worker = self.workers.start()?;
                if std::mem::replace(&mut self.was_open, true) {
                    self.workers.metrics.root_worker_restarted(self.workers.settings.whose);
                }
                none.insert(worker)
            }
        };
        let told = worker.ask(frame, timeout);
        let answer = told.and_then(|content| Answer::read(&content).map_err(no_worker));
        if answer.is_err()
            && let Some(worker) = self.worker.take()
        {
            worker.abandon();
        }
        answer
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.end();
        }
    }
}

/// A worker that runs.
#[derive(Debug)]
struct Worker {
    process: Child,
    stream: UnixStream,
}

impl Worker {
    fn spawn(program: &WorkerProgram, timeout: Duration) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        // A time of zero would mean none.
        let timeout = Some(timeout.max(Duration::from_millis(1)));
        ours.set_read_timeout(timeout)?;
        ours.set_write_timeout(timeout)?;
        let process = Command::new(&program.program)
            .arg0("keystrata")
            .args(&program.arguments)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            // Not in the server's group: a terminal's interrupt is for the server alone, which
            // drains and needs its token until the end.
            .process_group(0)
            .spawn()?;
        Ok(Self { process, stream: ours })
    }

    /// Sends a frame and waits for another.
    fn ask(&mut self, frame: &Frame, timeout: Duration) -> Result<Zeroizing<Vec<u8>>, Broken> {
        let broken = |error: io::Error| {
            if is_late(&error) {
                Broken::Unavailable(format!(
                    "the token has not answered for {} s; its worker is not used any more",
                    timeout.as_secs_f32()
                ))
            } else {
                no_worker(error)
            }
        };
        send(&mut self.stream, frame).map_err(broken)?;
        let content = receive(&mut self.stream).map_err(broken)?;
        content.ok_or_else(|| Broken::Died("the token's worker has died".into()))
    }

    /// Lets it come to an end; nobody waits for that.
    fn abandon(self) {
        // Without a thread its socket is closed, and it ends all the same.
        let _ = thread::Builder::new().name("root-farewell".into()).spawn(move || self.end());
    }

    /// Lets it finish its call and leave its token, or ends it if it does not.
    fn end(mut self) {
        let told = self.stream.shutdown(Shutdown::Write).is_ok()
            && self.stream.set_read_timeout(Some(FAREWELL)).is_ok();
        // An answer that nobody waits for any more may come first.
        let left = told
            && loop {
                match receive(&mut self.stream) {
                    Ok(Some(_)) => {}
                    Ok(None) => break true,
                    Err(error) => break !is_late(&error),
                }
            };
        if !left {
            let _ = self.process.kill();
        }
        // So that nothing is left of it.
        let _ = self.process.wait();
    }
}

/// Whether the worker has not said anything in time.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn no_worker(error: impl std::fmt::Display) -> Broken {
    Broken::Died(format!("the token's worker cannot be asked: {error}"))
}
