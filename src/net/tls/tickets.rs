//! Session tickets: resumption without state, for a bounded time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;

use crate::clock::Clock;

type Keys = Arc<dyn ProducesTickets>;

/// Seals tickets with keys that are replaced every half life-time and forgotten after a whole one,
/// so that no ticket is accepted for longer than the life-time. New keys come with every (re)load
/// of the TLS settings: a ticket never outlives the trust anchors it was granted under.
#[derive(Debug)]
pub(super) struct Tickets {
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: Keys,
    previous: Option<Keys>,
    /// When `current` began, on the clock's own scale.
    since: Duration,
}

impl Tickets {
    pub(super) fn new(lifetime: Duration, clock: Arc<dyn Clock>) -> Result<Self, rustls::Error> {
        let state = State { current: Ticketer::new()?, previous: None, since: clock.elapsed() };
        Ok(Self { lifetime, clock, state: Mutex::new(state) })
    }

    /// The keys of now: the one that seals, and the one before.
    fn keys(&self) -> (Keys, Option<Keys>) {
        let now = self.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.saturating_sub(state.since);
        // Without randomness for new keys the old ones stay; the handshake will fail by itself.
        if age >= self.lifetime / 2
            && let Ok(fresh) = Ticketer::new()
        {
            let old = std::mem::replace(&mut state.current, fresh);
            state.previous = (age < self.lifetime).then_some(old);
            state.since = now;
        }
        (Arc::clone(&state.current), state.previous.clone())
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(self.lifetime.as_secs()).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.keys().0.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let (current, previous) = self.keys();
        current.decrypt(cipher).or_else(|| previous?.decrypt(cipher))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    const HOUR: Duration = Duration::from_hours(1);

    fn tickets() -> (Tickets, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        (Tickets::new(HOUR, clock.clone()).unwrap(), clock)
    }

    #[test]
    fn a_ticket_lives_at_least_half_and_at_most_one_life_time() {
        let (tickets, clock) = tickets();
        let ticket = tickets.encrypt(b"session").unwrap();
        clock.advance(HOUR / 2);
        assert_eq!(tickets.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        clock.advance(HOUR / 2);
        assert_eq!(tickets.decrypt(&ticket), None);
    }

    #[test]
    fn a_ticket_is_refused_after_a_long_silence() {
        let (tickets, clock) = tickets();
        let ticket = tickets.encrypt(b"session").unwrap();
        clock.advance(HOUR);
        assert_eq!(tickets.decrypt(&ticket), None);
    }

    #[test]
    fn new_settings_forget_old_tickets() {
        let ticket = tickets().0.encrypt(b"session").unwrap();
        assert_eq!(tickets().0.decrypt(&ticket), None);
    }
}
