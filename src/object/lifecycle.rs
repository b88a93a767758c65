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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATES: [State; 6] = [
        State::PreActive,
        State::Active,
        State::Deactivated,
        State::Compromised,
        State::Destroyed,
        State::DestroyedCompromised,
    ];

    /// The event that a row of the specification's transitions is about.
    fn event(cause: &str, condition: &str) -> Option<Event> {
        let compromise = condition.ends_with("KeyCompromise or CACompromise");
        Some(match (cause, compromise) {
            ("Activate", _) => Event::Activate,
            ("Revoke", true) => Event::Compromise,
            ("Revoke", false) => Event::Deactivate,
            ("Destroy", _) => Event::Destroy,
            ("(time)", _) if condition.starts_with("ActivationDate") => Event::Activate,
            ("(time)", _) if condition.starts_with("DeactivationDate") => Event::Deactivate,
            // A date that is changed acts as time does.
            ("ModifyAttribute|SetAttribute", _) => return None,
            other => panic!("{other:?}"),
        })
    }

    fn arrows() -> Vec<(State, Event, State)> {
        let state = |name: &str| {
            STATES.into_iter().find(|state| state.xml_name() == name).expect("a state")
        };
        let rows = include_str!("../../fixtures/kmip/transitions.csv").lines().skip(1);
        let mut arrows = Vec::new();
        for row in rows.filter(|row| !row.starts_with("(none)")) {
            let fields: Vec<&str> = row.split(',').collect();
            if let Some(event) = event(fields[2], fields[3]) {
                arrows.push((state(fields[0]), event, state(fields[1])));
            }
        }
        arrows
    }

    #[test]
    fn the_life_cycle_has_the_arrows_of_the_specification_and_no_others() {
        let arrows = arrows();
        for from in STATES {
            for event in Event::ALL {
                let arrow = arrows.iter().find(|arrow| (arrow.0, arrow.1) == (from, event));
                assert_eq!(after(from, event), arrow.map(|arrow| arrow.2), "{event:?} {from:?}");
            }
        }
    }

    #[test]
    fn only_a_compromise_compromises() {
        for number in 1..=7 {
            let code = RevocationReasonCode::from_number(number);
            let compromise = matches!(
                code,
                RevocationReasonCode::KeyCompromise | RevocationReasonCode::CaCompromise
            );
            assert_eq!(Event::of_revocation(code) == Event::Compromise, compromise, "{code:?}");
        }
    }

    fn dates() -> impl Strategy<Value = Dates> {
        let date = || proptest::option::of(0..20_i64);
        (date(), date()).prop_map(|(activation, deactivation)| Dates { activation, deactivation })
    }

    proptest! {
        /// Looking in between makes no difference, and looking twice does not either.
        #[test]
        fn time_leads_to_the_same_state_however_often_somebody_looks(
            state in proptest::sample::select(STATES.to_vec()),
            dates in dates(),
            first in 0..25_i64,
            later in 0..25_i64,
        ) {
            let now = first + later;
            let (seen, _) = settle(state, dates, first);
            prop_assert_eq!(settle(seen, dates, now).0, settle(state, dates, now).0);
            prop_assert_eq!(settle(seen, dates, first), (seen, None));
        }

        /// A state is entered in the second of the date that leads to it, never later than now.
        #[test]
        fn a_state_is_entered_at_its_date(
            state in proptest::sample::select(STATES.to_vec()),
            dates in dates(),
            now in 0..25_i64,
        ) {
            let (settled, entered) = settle(state, dates, now);
            prop_assert_eq!(entered.is_some(), settled != state);
            if let Some(entered) = entered {
                prop_assert!(entered <= now);
                prop_assert!([dates.activation, dates.deactivation].contains(&Some(entered)));
            }
            if !is_timed(state, dates) {
                prop_assert_eq!(settled, state);
            }
        }
    }
}
