//! The breaker in front of a token: once a call has failed, nobody waits for the token in vain.
//!
//! ```text
//! closed ── a call failed ──▶ open ── the pause is over ──▶ trying ── answered ──▶ closed
//!                              ▲                               │
//!                              └── failed: twice the pause ────┘
//! ```
//!
//! While it is open, calls are refused at once with the reason of the failure. After the pause one
//! call is let through; readiness asks every few seconds, so the breaker closes by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::keys::{RootError, Whose};
use crate::metrics::Metrics;

/// The pause after the first failure.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

#[derive(Debug)]
enum State {
    Closed,
    Open(Trouble),
    /// One call finds out whether the token works again.
    Trying(Trouble),
}

#[derive(Debug, Clone)]
struct Trouble {
    reason: String,
    pause: Duration,
    /// No call before this time of [`Clock::elapsed`].
    retry_at: Duration,
}

/// The breaker. Shared by all who call the token.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    whose: Whose,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// The permission for one call. Dropped without an outcome (nobody waits any more), it has said
/// nothing of the token.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    is_trial: bool,
}

impl Breaker {
    pub(super) fn new(whose: Whose, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { state: Mutex::new(State::Closed), whose, clock, metrics }
    }

    /// Lets a call through, or refuses it at once.
    ///
    /// # Errors
    /// [`RootError::Unavailable`] with the reason of the failure that opened the breaker.
    pub(super) fn admit(&self) -> Result<Pass<'_>, RootError> {
        let mut state = self.state();
        let is_trial = match &*state {
            State::Closed => false,
            State::Open(trouble) if trouble.retry_at <= self.clock.elapsed() => {
                *state = State::Trying(trouble.clone());
                true
            }
            State::Open(trouble) | State::Trying(trouble) => {
                return Err(RootError::Unavailable(trouble.reason.clone()));
            }
        };
        Ok(Pass { breaker: self, is_trial })
    }

    fn closed(&self) {
        let mut state = self.state();
        if !matches!(*state, State::Closed) {
            *state = State::Closed;
            self.metrics.root_breaker(self.whose, false);
            tracing::info!("the token answers again");
        }
    }

    /// A failure counts if the breaker was closed, or if it is that of the trial.
    fn failed(&self, reason: &str, is_trial: bool) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        let pause = match &*state {
            State::Closed => PAUSE_MIN,
            State::Trying(trouble) if is_trial => PAUSE_MAX.min(trouble.pause * 2),
            State::Open(_) | State::Trying(_) => return,
        };
        if matches!(*state, State::Closed) {
            tracing::error!(reason, "the token is in trouble; calls are refused until it answers");
            self.metrics.root_breaker(self.whose, true);
        }
        *state = State::Open(Trouble { reason: reason.to_owned(), pause, retry_at: now + pause });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Breaker {
    fn drop(&mut self) {
        if !matches!(*self.state(), State::Closed) {
            self.metrics.root_breaker(self.whose, false);
        }
    }
}

impl Pass<'_> {
    /// Says how the call ended.
    pub(super) fn settle<T>(mut self, result: &Result<T, RootError>) {
        match result {
            // A refusal is an answer, too.
            Ok(_)
            | Err(RootError::NotAuthentic | RootError::NoSuchVersion(_) | RootError::Refused(_)) => {
                self.breaker.closed();
            }
            Err(RootError::Unavailable(reason)) => self.breaker.failed(reason, self.is_trial),
            // It has not come as far as the token.
            Err(RootError::Overloaded) => return,
        }
        self.is_trial = false;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_trial {
            let mut state = self.breaker.state();
            if let State::Trying(trouble) = &*state {
                // The next one tries.
                *state = State::Open(trouble.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};
    use crate::metrics::MetricsSettings;

    fn breaker() -> (Breaker, Arc<ManualClock>, Arc<Metrics>) {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let metrics = Metrics::new(&MetricsSettings::default());
        (Breaker::new(Whose::Shared, clock.clone(), metrics.clone()), clock, metrics)
    }

    fn fail(breaker: &Breaker) {
        let failure: Result<(), _> = Err(RootError::Unavailable("no answer".into()));
        breaker.admit().expect("a call is let through").settle(&failure);
    }

    #[test]
    fn after_a_failure_nobody_waits_until_one_call_has_succeeded() {
        let (breaker, clock, metrics) = breaker();
        breaker.admit().expect("closed").settle(&Ok(()));
        fail(&breaker);
        let refused = breaker.admit().err().expect("open");
        assert_eq!(refused, RootError::Unavailable("no answer".into()));
        assert!(metrics.render().contains("keystrata_root_breaker_open 1"));
        clock.advance(PAUSE_MIN);
        let trial = breaker.admit().expect("the pause is over");
        assert!(breaker.admit().is_err(), "one at a time");
        trial.settle(&Err::<(), _>(RootError::NotAuthentic));
        assert!(breaker.admit().is_ok(), "a refusal is an answer");
        assert!(metrics.render().contains("keystrata_root_breaker_open 0"));
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_start_anew_after_a_success() {
        let (breaker, clock, _) = breaker();
        fail(&breaker);
        let mut pause = PAUSE_MIN;
        for _ in 0..8 {
            clock.advance(pause.saturating_sub(Duration::from_micros(1)));
            assert!(breaker.admit().is_err(), "after {pause:?}");
            clock.advance(Duration::from_micros(1));
            fail(&breaker);
            pause = PAUSE_MAX.min(pause * 2);
        }
        assert_eq!(pause, PAUSE_MAX);
        clock.advance(pause);
        breaker.admit().expect("the pause is over").settle(&Ok(()));
        fail(&breaker);
        clock.advance(PAUSE_MIN);
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn a_trial_that_nobody_waits_for_is_left_to_the_next_caller() {
        let (breaker, clock, _) = breaker();
        fail(&breaker);
        clock.advance(PAUSE_MIN);
        drop(breaker.admit().expect("the pause is over"));
        breaker.admit().expect("the next one tries").settle(&Ok(()));
        let overloaded: Result<(), _> = Err(RootError::Overloaded);
        breaker.admit().expect("closed").settle(&overloaded);
        assert!(breaker.admit().is_ok(), "a full queue says nothing of the token");
    }
}
