//! One call of a command: its arguments, its progress, its record.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::audit::{Act, Actor, Outcome, Record};
use crate::clock::Timestamp;
use crate::tenant::{ServiceName, TenantName};

/// Why a command was refused or failed: one line for the person who gave it, that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    /// A refusal with this line.
    #[must_use]
    pub fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What a command answers.
pub type Answer = Result<Value, Refusal>;

/// Where a command tells how far it is. What nobody takes fast enough is not told.
#[derive(Debug, Clone)]
pub struct Progress(mpsc::Sender<Value>);

impl Progress {
    /// Progress that is told to whoever holds the other end of `sender`.
    #[must_use]
    pub fn new(sender: mpsc::Sender<Value>) -> Self {
        Self(sender)
    }

    /// Progress that nobody hears.
    #[must_use]
    pub fn unheard() -> Self {
        Self(mpsc::channel(1).0)
    }

    /// Tells.
    pub fn tell(&self, progress: Value) {
        let _ = self.0.try_send(progress);
    }
}

/// Whom a call concerns, for its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// A tenant.
    pub tenant: Option<TenantName>,
    /// A service of the tenant.
    pub service: Option<ServiceName>,
}

/// One call of a command.
#[derive(Debug)]
pub struct Call {
    name: &'static str,
    arguments: Value,
    /// Where it tells how far it is.
    pub progress: Progress,
    time: Timestamp,
    scope: Mutex<Scope>,
    recorded: AtomicBool,
}

impl Call {
    pub(super) fn new(
        name: &'static str,
        arguments: Value,
        progress: Progress,
        time: Timestamp,
    ) -> Self {
        let (scope, recorded) = (Mutex::default(), AtomicBool::new(false));
        Self { name, arguments, progress, time, scope, recorded }
    }

    /// The arguments, as the type that the command wants.
    ///
    /// # Errors
    /// If they are not that.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        T::deserialize(&self.arguments)
            .map_err(|error| Refusal::new(format!("the arguments cannot be used: {error}")))
    }

    /// Whether only a plan is wanted: the command says what it would do, and does nothing.
    #[must_use]
    pub fn is_plan(&self) -> bool {
        self.arguments.get("plan").and_then(Value::as_bool).unwrap_or_default()
    }

    /// When the command was given.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Says whom the call concerns; to be called before anything can be refused for it.
    pub fn concerns(&self, scope: Scope) {
        *self.scope.lock().unwrap_or_else(PoisonError::into_inner) = scope;
    }

    /// The record of the act, to be committed with its changes. `detail` says what was done.
    #[must_use]
    pub fn record(&self, detail: impl Into<String>) -> Record {
        self.recorded.store(true, Ordering::Relaxed);
        self.record_of(Outcome::Success, detail.into(), Duration::ZERO)
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.recorded.load(Ordering::Relaxed)
    }

    pub(super) fn record_of(&self, outcome: Outcome, detail: String, took: Duration) -> Record {
        let Scope { tenant, service } =
            self.scope.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let actor = Actor::Administrator(Box::new(Act { tenant, service, detail }));
        Record { outcome, duration: took, ..Record::of_act(self.time, actor, self.name) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[expect(dead_code, reason = "its name is what is tested")]
        version: u32,
    }

    #[test]
    fn arguments_that_a_command_does_not_know_are_refused() {
        let call = |value| Call::new("kek remove", value, Progress::unheard(), Timestamp(1));
        call(json!({ "version": 1 })).arguments::<Wanted>().expect("good");
        for bad in [json!({}), json!({ "version": 1, "force": true }), json!([]), json!(null)] {
            let refusal = call(bad).arguments::<Wanted>().expect_err("bad").to_string();
            assert!(refusal.starts_with("the arguments cannot be used: "), "{refusal}");
        }
    }

    #[test]
    fn a_record_says_whom_it_concerns() {
        let call = Call::new("tenant suspend", json!({}), Progress::unheard(), Timestamp(1));
        let tenant = TenantName::new("tenant-a").ok();
        call.concerns(Scope { tenant: tenant.clone(), service: None });
        assert!(!call.is_recorded());
        let record = call.record("suspended");
        assert!(call.is_recorded());
        let Actor::Administrator(act) = record.actor else { panic!("{record:?}") };
        assert_eq!(*act, Act { tenant, service: None, detail: "suspended".into() });
    }
}
