//! Provider `pkcs11`: the root key behind a bounded queue and threads of its own.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::breaker::Breaker;
use super::error::HsmError;
use super::lane::{Lane, WorkerProgram, Workers};
use super::link::{Held, Link, Request};
use super::settings::TokenSettings;
use crate::clock::Clock;
use crate::keys::{BoxFuture, Provider, ROOT_PLAIN_BYTES_MAX, Random, RootError, RootKey, Whose};
use crate::metrics::Metrics;

type Answer = Result<Zeroizing<Vec<u8>>, RootError>;

#[derive(Debug)]
struct Job {
    request: Request,
    answer: oneshot::Sender<Answer>,
}

/// Where the module is called.
#[derive(Debug)]
pub enum Place {
    /// In this process. Faster; a module that crashes takes the server with it, and one that hangs
    /// is lost until the server is started again.
    Here,
    /// In workers, one for each session: this program with these arguments, which calls
    /// [`super::worker::run`].
    Workers(WorkerProgram),
}

/// A root key in a PKCS#11 token.
///
/// Dropping it blocks until the calls under way are done, but not longer than the timeout (a
/// second at least), and releases the module, so that the process may use it anew or end: a module
/// that is called while the process ends may crash it.
#[derive(Debug)]
pub struct Pkcs11Root {
    token: TokenSide,
    breaker: Breaker,
    /// `None` while it is dropped.
    jobs: Option<SyncSender<Job>>,
    /// Nothing is ever sent: it is disconnected when all threads have ended.
    ended: Mutex<Receiver<Infallible>>,
    timeout: Duration,
    /// Where its keys are, for operators.
    place: String,
}

/// How long the end waits at least for calls under way.
const FAREWELL_MIN: Duration = Duration::from_secs(1);

/// Who calls the module.
#[derive(Debug, Clone)]
enum TokenSide {
    Link(Arc<Link>),
    Workers(Arc<Workers>),
}

/// What a thread calls.
enum Line {
    Link(Arc<Link>, Held),
    Lane(Lane),
}

impl Pkcs11Root {
    /// Loads the module, finds the token, logs in, finds the root key and starts the threads.
    /// Blocks for as long as the token takes. A token of a tenant's own that is called in workers is
    /// only called when it is asked for something.
    ///
    /// # Errors
    /// [`HsmError`]; a wrong PIN is tried once.
    pub fn open(
        settings: TokenSettings,
        called: Place,
        random: Arc<dyn Random>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, HsmError> {
        let (jobs, waiting) = sync_channel(settings.queue);
        let sessions = settings.sessions.max(1);
        let timeout = settings.timeout;
        let whose = settings.whose;
        let place = format!("label `{}` in the token with {}", settings.key_label, settings.token);
        let breaker = Breaker::new(whose, Arc::clone(&clock), Arc::clone(&metrics));
        let token = match called {
            Place::Here => TokenSide::Link(Arc::new(Link::open(
                settings,
                super::frame::Proofs::new(),
                random,
                clock,
                metrics,
            )?)),
            Place::Workers(program) => {
                TokenSide::Workers(Arc::new(Workers::new(settings, program, clock, metrics)))
            }
        };
        let waiting = Arc::new(Mutex::new(waiting));
        let (running, ended) = channel();
        let (opened, openings) = channel();
        for number in 0..sessions {
            let (token, waiting) = (token.clone(), Arc::clone(&waiting));
            let (running, opened) = (running.clone(), opened.clone());
            thread::Builder::new()
                .name(format!("hsm-{number}"))
                .spawn(move || {
                    // A worker lives as long as the thread that started it.
                    let (line, open) = token.line(whose);
                    let is_open = open.is_ok();
                    let _ = opened.send(open);
                    drop(opened);
                    if is_open {
                        serve(line, &waiting, running);
                    }
                })
                .map_err(HsmError::Threads)?;
        }
        drop(opened);
        // All of them have ended what they began before the first failure is told.
        let openings: Vec<_> = openings.into_iter().collect();
        openings.into_iter().collect::<Result<(), HsmError>>()?;
        Ok(Self { token, breaker, jobs: Some(jobs), ended: Mutex::new(ended), timeout, place })
    }

    async fn ask(&self, request: Request) -> Answer {
        let pass = self.breaker.admit()?;
        let answer = self.ask_token(request).await;
        pass.settle(&answer);
        answer
    }

    async fn ask_token(&self, request: Request) -> Answer {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.try_send(Job { request, answer }).map_err(|error| match error {
            TrySendError::Full(_) => RootError::Overloaded,
            TrySendError::Disconnected(_) => gone(),
        })?;
        match tokio::time::timeout(self.timeout, answered).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(RootError::Unavailable(format!(
                "the token has not answered for {} s",
                self.timeout.as_secs_f32()
            ))),
        }
    }
}

impl TokenSide {
    fn versions(&self) -> Vec<u32> {
        match self {
            Self::Link(link) => link.versions(),
            Self::Workers(workers) => workers.versions(),
        }
    }

    /// The calling thread's line, and whether it stands; that of a tenant's own token will, when
    /// something is asked for.
    fn line(self, whose: Whose) -> (Line, Result<(), HsmError>) {
        match self {
            Self::Link(link) => (Line::Link(link, None), Ok(())),
            Self::Workers(workers) => {
                let mut lane = Lane::new(workers);
                let open = if whose == Whose::Own { Ok(()) } else { lane.open() };
                (Line::Lane(lane), open)
            }
        }
    }
}

impl Line {
    fn call(&mut self, request: &Request) -> Answer {
        match self {
            Self::Link(link, held) => link.call(held, request),
            Self::Lane(lane) => lane.call(request),
        }
    }
}

impl RootKey for Pkcs11Root {
    fn provider(&self) -> Provider {
        Provider::Pkcs11
    }

    fn versions(&self) -> Vec<u32> {
        self.token.versions()
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), RootError>> {
        // No version has this number, as whoever has the token says.
        let nothing = Request::Open { version: 0, aad: Vec::new(), sealed: Vec::new() };
        Box::pin(async move {
            match self.ask(nothing).await {
                Ok(_) | Err(RootError::NoSuchVersion(_) | RootError::NotAuthentic) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn can_make(&self) -> bool {
        true
    }

    fn make(&self, version: u32) -> BoxFuture<'_, Result<(), RootError>> {
        Box::pin(async move { self.ask(Request::Make { version }).await.map(drop) })
    }

    fn destroy<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<(), RootError>> {
        let request = Request::Destroy { version, aad: aad.to_vec(), sealed: sealed.to_vec() };
        Box::pin(async move { self.ask(request).await.map(drop) })
    }

    fn place_of(&self, version: u32) -> String {
        format!("the key with CKA_ID {version:08x} and {}", self.place)
    }

    fn seal<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, RootError>> {
        Box::pin(async move {
            if plain.len() > ROOT_PLAIN_BYTES_MAX {
                return Err(RootError::Unavailable("the text is too long for a root key".into()));
            }
            let plain = Zeroizing::new(plain.to_vec());
            let sealed = self.ask(Request::Seal { version, aad: aad.to_vec(), plain }).await?;
            Ok(sealed.to_vec())
        })
    }

    fn open<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, RootError>> {
        let request = Request::Open { version, aad: aad.to_vec(), sealed: sealed.to_vec() };
        Box::pin(self.ask(request))
    }
}

impl Drop for Pkcs11Root {
    fn drop(&mut self) {
        self.jobs = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Either they have ended or a call hangs, for which nothing more can be done.
        let _ = ended.recv_timeout(self.timeout.max(FAREWELL_MIN));
    }
}

fn gone() -> RootError {
    RootError::Unavailable("the threads for the token have ended".into())
}

/// One thread: takes a job, calls the token, answers; until nobody can send any more. Drops its
/// line before `running` tells that it has ended.
fn serve(mut line: Line, waiting: &Mutex<Receiver<Job>>, running: Sender<Infallible>) {
    loop {
        // The lock is held while waiting: the threads take turns.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { break };
        // Whoever has given up needs no answer.
        if !job.answer.is_closed() {
            let answer = line.call(&job.request);
            let _ = job.answer.send(answer);
        }
    }
    drop(line);
    drop(running);
}
