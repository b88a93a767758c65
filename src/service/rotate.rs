//! Rotates objects by their own attributes, on time (KMIP 2.1 §4.48).
//!
//! When an object is due stands in the store, so nothing is forgotten by a restart. Several servers
//! may find the same object: the change of the old one is a compare-and-set, and who comes second
//! sees that it is not the latest any more.

use std::sync::Arc;
use std::time::Duration;

use kmip_ttlv::Version;
use kmip_ttlv::enums::Operation;

use super::Service;
use super::absent::is_passing;
use super::batch::ATTEMPTS_MAX;
use super::later::after;
use super::report::Subject;
use crate::clock::Timestamp;
use crate::operation::rotate::{self, Plan};
use crate::operation::{Batch, Context, Failure, Trace};
use crate::store::{Change, Commit, DueRotation, Error as StoreError};
use crate::tenant::{Caller, Mode, Role};

/// The longest rest. After it, objects are found that rang no alarm, such as those of a tenant that was
/// resumed, and what could neither be rotated nor put off is tried again.
const REST_MAX: Duration = Duration::from_secs(10);

/// The shortest rest, whatever is due.
const REST_MIN: Duration = Duration::from_millis(100);

/// How many objects are looked for at once.
const AT_ONCE: usize = 256;

/// How many of them are of one tenant.
const OF_TENANT_AT_ONCE: usize = 16;

/// How long an object rests that could not be rotated.
const RETRY: Duration = Duration::from_hours(1);

/// How long it rests if that was not its own fault.
const RETRY_SOON: Duration = Duration::from_mins(1);

/// What records of rotation have as their detail; their actor is the server.
const BY_ITSELF: &str = "automatic rotation";

impl Service {
    /// Rotates objects when they are due. Never ends.
    pub async fn rotate_on_time(&self) {
        loop {
            let rest = self.rotate_and_plan().await;
            tokio::time::sleep(REST_MIN).await;
            tokio::select! {
                () = tokio::time::sleep(rest.saturating_sub(REST_MIN)) => {}
                () = self.parts.store.alarm().rung() => {}
            }
        }
    }

    /// Rotates every object that is due, and says how long nothing has to be done then. What is
    /// committed here and is due before that rings the store's alarm.
    pub async fn rotate_and_plan(&self) -> Duration {
        let (store, began) = (&self.parts.store, self.clock.now());
        store.alarm().open();
        self.rotate_due().await;
        let next = store.engine().next_rotation().await.unwrap_or_else(|error| {
            tracing::error!(%error, "what is due for rotation cannot be read");
            None
        });
        let now = self.clock.now();
        let rest = rest(began, now, next);
        store.alarm().set(after(now, rest));
        rest
    }

    /// Rotates every object that is due, a few of each tenant in turn. Returns how many were. To be
    /// called again and again.
    pub async fn rotate_due(&self) -> usize {
        let mut rotated = 0;
        while self.check().is_ok() {
            let (engine, now) = (self.parts.store.engine(), self.clock.now());
            let due = match engine.due_rotations(now, OF_TENANT_AT_ONCE, AT_ONCE).await {
                Ok(due) if due.is_empty() => return rotated,
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(%error, "what is due for rotation cannot be read");
                    return rotated;
                }
            };
            for due in &due {
                match self.rotate_one(due).await {
                    Ok(true) => rotated += 1,
                    Ok(false) => {}
                    // Not even that it is put off can be written.
                    Err(error) => {
                        tracing::error!(%error, object = due.uid, "cannot be rotated");
                        return rotated;
                    }
                }
            }
        }
        rotated
    }

    /// Rotates one object, or puts it off; returns whether it was rotated. It is not due any more on
    /// return. Why it could not be rotated is recorded.
    async fn rotate_one(&self, due: &DueRotation) -> Result<bool, StoreError> {
        let caller = match self.absent(due.service).await {
            // What the service may do now does not matter: it has asked for this when it could.
            Ok(caller) => {
                Caller { mode: Mode::ReadWrite, role: Role::Service, operations: None, ..caller }
            }
            Err(Failure::Store(error)) => return Err(error),
            Err(failure) => {
                tracing::debug!(%failure, object = due.uid, "its rotation is put off");
                self.put_off(due, Some(after(self.clock.now(), RETRY))).await?;
                return Ok(false);
            }
        };
        let caller = Arc::new(caller);
        let mut subject = self.unasked(&caller, Version::V2_1, Operation::ReKey);
        subject.unasked = Some(BY_ITSELF);
        let failure = match self.try_rotation(&mut subject, due).await {
            Ok(is_rotated) => return Ok(is_rotated),
            Err(failure) => failure,
        };
        let trace = Trace::default();
        trace.note_object(&due.uid);
        self.note(&subject, &trace, &failure).await;
        let rest = if is_passing(&failure) { RETRY_SOON } else { RETRY };
        self.put_off(due, Some(after(self.clock.now(), rest))).await?;
        Ok(false)
    }

    async fn try_rotation(
        &self,
        subject: &mut Subject<'_>,
        due: &DueRotation,
    ) -> Result<bool, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            self.check()?;
            self.parts.keyring.check_caller(subject.caller).map_err(Failure::of_keys)?;
            let (batch, trace) = (Batch::default(), Trace::default());
            let (caller, version, time) = (subject.caller, subject.version, subject.time);
            let cx = Context::new(&self.parts, caller, &batch, &trace, version, time);
            let (operation, offset) = match rotate::plan(&cx, &due.uid).await? {
                Plan::Now(operation, offset) => (operation, offset),
                Plan::At(until) => {
                    self.put_off(due, until).await?;
                    return Ok(false);
                }
            };
            subject.operation = Some(operation);
            let outcome = rotate::replace(&cx, operation, &due.uid, offset).await?;
            let audit = vec![self.record(subject, &trace, None)];
            match self.commit(Commit { changes: outcome.changes, audit }).await {
                Ok(()) => {
                    self.report(subject, &trace, None);
                    return Ok(true);
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Contention)
    }

    /// Has an object that was found to be due be so at another time, or not before it changes.
    async fn put_off(&self, due: &DueRotation, to: Option<Timestamp>) -> Result<(), StoreError> {
        let (tenant, uid, from) = (due.tenant, due.uid.clone(), due.due);
        let changes = vec![Change::PutOff { tenant, uid, from, to }];
        self.parts.store.commit(Commit { changes, audit: Vec::new() }).await
    }
}

/// How long to rest at `now`, after a look that began at `began`, if `next` is due next. What is still due
/// that was so at the beginning is in trouble, and nothing to hurry for.
fn rest(began: Timestamp, now: Timestamp, next: Option<Timestamp>) -> Duration {
    let Some(next) = next.filter(|next| *next > began) else { return REST_MAX };
    let micros = u64::try_from(next.0.saturating_sub(now.0)).unwrap_or_default();
    Duration::from_micros(micros).clamp(REST_MIN, REST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp(milliseconds * 1000)
    }

    #[test]
    fn it_rests_until_the_next_is_due_and_never_too_long_or_too_short() {
        for (next, expected) in [
            (None, REST_MAX),
            (Some(60_000), REST_MAX),
            (Some(11_050), REST_MAX),
            (Some(11_049), Duration::from_millis(9_999)),
            (Some(3_050), Duration::from_secs(2)),
            (Some(1_150), REST_MIN),
            (Some(1_051), REST_MIN),
            // It has become due during the look.
            (Some(1_001), REST_MIN),
            // It was due before it, and is so yet.
            (Some(1_000), REST_MAX),
            (Some(-1), REST_MAX),
        ] {
            assert_eq!(rest(at(1_000), at(1_050), next.map(at)), expected, "{next:?}");
        }
    }
}
