//! The link to a token, which heals by itself.
//!
//! Whatever a token answers but success is ambiguous: modules have one return value for a wrong
//! tag, a vanished token and a broken session. So each key has a *proof*, a text that it once
//! sealed in its self-test. If the proof opens in a fresh session, the failed call was at fault; if not, the
//! module is initialised anew until every key has opened its proof. Between failed attempts there is
//! a short pause; longer ones are the breaker's, which knows all links to the token.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::error::HsmError;
use super::frame::Proofs;
use super::method::{Method, open};
use super::self_test;
use super::settings::{Pin, TokenSettings};
use super::token::{self, Token};
use crate::clock::Clock;
use crate::keys::{Random, RootError, Whose};
use crate::metrics::{Ending, Metrics, RootCall};

/// The pause after a failed reconnection. It does not grow: a link that is asked after another one has
/// found the token again must find it, too.
const PAUSE: Duration = Duration::from_millis(250);
/// What a proof says and is bound to.
pub(super) const PROOF: &[u8] = b"keystrata proof";

/// What the token is asked for.
#[derive(Debug)]
pub(super) enum Request {
    /// To seal under a version of the root key.
    Seal { version: u32, aad: Vec<u8>, plain: Zeroizing<Vec<u8>> },
    /// To open.
    Open { version: u32, aad: Vec<u8>, sealed: Vec<u8> },
    /// To make a version of the root key. The answer is a proof of it.
    Make { version: u32 },
    /// To destroy a version that opens this.
    Destroy { version: u32, aad: Vec<u8>, sealed: Vec<u8> },
}

impl Request {
    fn version(&self) -> u32 {
        match self {
            Self::Seal { version, .. }
            | Self::Open { version, .. }
            | Self::Make { version }
            | Self::Destroy { version, .. } => *version,
        }
    }
}

/// A thread's session, and the connection that it belongs to.
pub(super) type Held = Option<(u64, Session)>;

#[derive(Debug)]
pub(super) struct State {
    /// Counts the connections; sessions and handles of an older one are void.
    pub(super) generation: u64,
    pub(super) token: Option<Token>,
    /// Why there is no token.
    pub(super) failure: String,
    /// The PIN with which trying again may do harm.
    refused: Option<Pin>,
    /// No reconnection before this time of [`Clock::elapsed`].
    retry_at: Duration,
}

/// The link. Shared by the threads that call the token.
#[derive(Debug)]
pub(super) struct Link {
    pkcs11: Pkcs11,
    pub(super) settings: TokenSettings,
    pub(super) random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Read while the token is called, written while it is connected.
    state: RwLock<State>,
    /// A proof of each known version of the root key.
    proofs: Mutex<Proofs>,
}

/// A call that failed on a connection whose health is in doubt.
pub(super) struct Doubt {
    pub(super) generation: u64,
    pub(super) error: String,
}

impl Link {
    /// Connects for the first time. The keys must prove themselves to `proofs` of an earlier link.
    pub(super) fn open(
        settings: TokenSettings,
        proofs: Proofs,
        random: Arc<dyn Random>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, HsmError> {
        let pkcs11 = token::load(&settings.module)?;
        let state = State {
            generation: 0,
            token: None,
            failure: String::new(),
            refused: None,
            retry_at: Duration::ZERO,
        };
        let state = RwLock::new(state);
        let proofs = Mutex::new(proofs);
        let link = Self { pkcs11, settings, random, clock, metrics, state, proofs };
        let token = link.connect(&link.settings.pin)?;
        if token.keys.is_empty() && link.settings.whose == Whose::Shared {
            token.disconnect();
            return Err(HsmError::KeyMissing {
                token: link.settings.token.clone(),
                label: link.settings.key_label.clone(),
            });
        }
        link.write().token = Some(token);
        Ok(link)
    }

    /// The known versions of the root key, ascending.
    pub(super) fn versions(&self) -> Vec<u32> {
        self.proofs().keys().copied().collect()
    }

    /// A proof of each known version of the root key.
    pub(super) fn known(&self) -> Proofs {
        self.proofs().clone()
    }

    /// Whether the token was refused for good: another try could lock it.
    pub(super) fn is_final(&self) -> bool {
        let state = self.read();
        state.token.is_none() && state.refused.is_some()
    }

    /// Answers a request; reconnects if it must, once.
    pub(super) fn call(
        &self,
        held: &mut Held,
        request: &Request,
    ) -> Result<Zeroizing<Vec<u8>>, RootError> {
        match request {
            Request::Make { version } => return self.make(*version),
            Request::Destroy { version, aad, sealed } => {
                return self.destroy(*version, aad, sealed);
            }
            Request::Seal { .. } | Request::Open { .. } => {}
        }
        let doubt = match self.attempt(held, request) {
            // Another session, maybe of another process, may have made it since.
            Ok(Err(RootError::NoSuchVersion(_))) if self.look_again() => {
                match self.attempt(held, request) {
                    Ok(answer) => return answer,
                    Err(doubt) => doubt,
                }
            }
            Ok(answer) => return answer,
            Err(doubt) => doubt,
        };
        self.reconnect(&doubt)?;
        match self.attempt(held, request) {
            Ok(answer) => answer,
            Err(doubt) => Err(RootError::Unavailable(doubt.error)),
        }
    }

    fn attempt(
        &self,
        held: &mut Held,
        request: &Request,
    ) -> Result<Result<Zeroizing<Vec<u8>>, RootError>, Doubt> {
        let state = self.read();
        let generation = state.generation;
        let doubt = |error: String| Doubt { generation, error };
        let token = state.token.as_ref().ok_or_else(|| doubt(state.failure.clone()))?;
        let version = request.version();
        let Some(key) = token.keys.get(&version).copied() else {
            return Ok(Err(RootError::NoSuchVersion(version)));
        };
        let session = match held.take() {
            Some((of, session)) if of == generation => session,
            _ => token.lasting_session().map_err(|error| doubt(error.to_string()))?,
        };
        let error = match self.run(&session, key, request) {
            Ok(answer) => {
                *held = Some((generation, session));
                return Ok(Ok(answer));
            }
            Err(error) => error,
        };
        // The session may be in the middle of something; it is not used again.
        let _ = session.close();
        match (self.prove(token, version), request) {
            (Err(_), _) => Err(doubt(error.to_string())),
            (Ok(()), Request::Open { .. }) => Ok(Err(RootError::NotAuthentic)),
            (Ok(()), _) => Ok(Err(RootError::Unavailable(error.to_string()))),
        }
    }

    fn run(
        &self,
        session: &Session,
        key: ObjectHandle,
        request: &Request,
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        match request {
            Request::Seal { version, aad, plain } => {
                Ok(Zeroizing::new(self.seal(session, key, (*version, aad, plain))?))
            }
            Request::Open { aad, sealed, .. } => open(session, key, aad, sealed),
            // Neither is done with a key that is there, or by a session of a thread.
            Request::Make { version } | Request::Destroy { version, .. } => {
                Err(HsmError::Unfit(format!("version {version} is not asked to do this")))
            }
        }
    }

    /// Seals by the method of the key's proof.
    fn seal(
        &self,
        session: &Session,
        key: ObjectHandle,
        request: (u32, &[u8], &[u8]),
    ) -> Result<Vec<u8>, HsmError> {
        let (version, aad, plain) = request;
        let method = self.proofs().get(&version).and_then(|proof| Method::of(proof)).map(|it| it.0);
        method.unwrap_or(Method::GcmHostIv).seal(session, key, &*self.random, aad, plain)
    }

    /// Lets a key decrypt its proof in a fresh session.
    pub(super) fn prove(&self, token: &Token, version: u32) -> Result<(), HsmError> {
        let label = || self.settings.key_label.clone();
        let lost = || HsmError::VersionMissing {
            token: self.settings.token.clone(),
            label: label(),
            version,
        };
        let key = *token.keys.get(&version).ok_or_else(lost)?;
        let proof = self.proofs().get(&version).cloned().ok_or_else(lost)?;
        let session = token.brief_session()?;
        match open(&session, key, PROOF, &proof) {
            Ok(text) if text.as_slice() == PROOF => Ok(()),
            _ => Err(HsmError::WrongKey { label: label(), version }),
        }
    }

    /// Connects, and has every known key prove itself and every new key make a proof.
    fn connect(&self, pin: &Pin) -> Result<Token, HsmError> {
        let settings = TokenSettings { pin: pin.clone(), ..self.settings.clone() };
        let token = Token::connect(&self.pkcs11, &settings)?;
        match self.prove_all(&token) {
            Ok(()) => Ok(token),
            Err(error) => {
                token.disconnect();
                Err(error)
            }
        }
    }

    pub(super) fn prove_all(&self, token: &Token) -> Result<(), HsmError> {
        for version in self.versions() {
            self.prove(token, version)?;
        }
        for (version, key) in &token.keys {
            if !self.proofs().contains_key(version) {
                let proof = self_test::prove(token, &self.settings, *key, &*self.random)?;
                self.proofs().insert(*version, proof);
            }
        }
        Ok(())
    }

    /// Initialises the module anew, unless another thread has done so since.
    pub(super) fn reconnect(&self, doubt: &Doubt) -> Result<(), RootError> {
        let mut state = self.write();
        if state.generation != doubt.generation {
            return Ok(());
        }
        let start = self.clock.elapsed();
        let pin = self.settings.pin.now();
        let is_refused = state.refused.as_ref().is_some_and(|refused| refused.is(&pin));
        if state.token.is_none() && (is_refused || start < state.retry_at) {
            return Err(RootError::Unavailable(state.failure.clone()));
        }
        if let Some(token) = state.token.take() {
            tracing::warn!(error = doubt.error, "the token is in doubt; connecting anew");
            token.disconnect();
        }
        let connected = self.connect(&pin);
        let end = self.clock.elapsed();
        let ending = if connected.is_ok() { Ending::Success } else { Ending::Failure };
        self.metrics.root_call(
            self.settings.whose,
            RootCall::Reconnect,
            ending,
            end.saturating_sub(start),
        );
        match connected {
            Ok(token) => {
                tracing::info!("the token is connected again");
                state.token = Some(token);
                state.generation += 1;
                state.refused = None;
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "the token cannot be connected");
                state.refused = error.is_final().then_some(pin);
                state.failure = error.to_string();
                state.retry_at = end + PAUSE;
                Err(RootError::Unavailable(state.failure.clone()))
            }
        }
    }

    // A thread that panicked while it held a lock left nothing half done: each change is one
    // assignment, or ends with a connection that proves itself.

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn proofs(&self) -> MutexGuard<'_, Proofs> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(token) = self.write().token.take() {
            token.disconnect();
        }
    }
}
