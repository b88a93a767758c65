//! The life of a managed object (KMIP 1.4 §3.22, KMIP 2.1 §4.57).

use kmip_ttlv::enums::{RevocationReasonCode, State};

/// What moves an object from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Activate was called or the Activation Date has come.
    Activate,
    /// Revoke was called, without a compromise, or the Deactivation Date has come.
    Deactivate,
    /// Revoke was called because of a compromise.
    Compromise,
    /// Destroy was called.
    Destroy,
}

impl Event {
    /// Every event, for tests and tables.
    pub const ALL: [Self; 4] = [Self::Activate, Self::Deactivate, Self::Compromise, Self::Destroy];

    /// What revoking for this reason does (KMIP 1.4 §4.20).
    #[must_use]
    pub fn of_revocation(reason: RevocationReasonCode) -> Self {
        match reason {
            RevocationReasonCode::KeyCompromise | RevocationReasonCode::CaCompromise => {
                Self::Compromise
            }
            _ => Self::Deactivate,
        }
    }
}

/// The state after `event`, or `None` where the specification draws no arrow.
#[must_use]
pub fn after(state: State, event: Event) -> Option<State> {
    use Event::{Activate, Compromise, Deactivate, Destroy};
    Some(match (state, event) {
        (State::PreActive, Activate) => State::Active,
        (State::Active, Deactivate) => State::Deactivated,
        (State::PreActive | State::Deactivated, Destroy) => State::Destroyed,
        (State::PreActive | State::Active | State::Deactivated, Compromise) => State::Compromised,
        (State::Compromised, Destroy) | (State::Destroyed, Compromise) => {
            State::DestroyedCompromised
        }
        _ => return None,
    })
}

/// Dates that move an object by themselves, in seconds since the epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// When a Pre-Active object becomes Active.
    pub activation: Option<i64>,
    /// When an Active object becomes Deactivated.
    pub deactivation: Option<i64>,
}

/// The state at `now` of an object last seen in `state`, and the second in which it entered it, if
/// a date has moved it since.
#[must_use]
pub fn settle(state: State, dates: Dates, now: i64) -> (State, Option<i64>) {
    let reached = |date: Option<i64>| date.filter(|date| *date <= now);
    let mut settled = (state, None);
    if settled.0 == State::PreActive
        && let Some(date) = reached(dates.activation)
    {
        settled = (State::Active, Some(date));
    }
    if settled.0 == State::Active
        && let Some(date) = reached(dates.deactivation)
    {
        settled = (State::Deactivated, Some(settled.1.map_or(date, |entered| entered.max(date))));
    }
    settled
}

/// Whether a date may still move an object out of `state`.
#[must_use]
pub fn is_timed(state: State, dates: Dates) -> bool {
    match state {
        State::PreActive => dates.activation.is_some(),
        State::Active => dates.deactivation.is_some(),
        _ => false,
    }
}
