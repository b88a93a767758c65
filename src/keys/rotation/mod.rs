//! Rotation: one engine for every level.
//!
//! ```text
//! announce     the new version exists, pending, and the rotation has a row      (one commit)
//! acknowledge  every live node has loaded it, and said so                       (one commit each)
//! switch       it is active, the old one retired                                (one commit)
//! re-wrap      what the old one sealed is sealed under the new one     (one commit per batch)
//! retire       the row is gone; a compromised version is destroyed              (one commit)
//! ```
//!
//! Whatever the process dies in is done again from the row: a phase that is done twice meets its
//! own compare-and-set. Re-wrapping needs no cursor in the store: what is sealed under the new
//! version is skipped, and the counts of the store say when nothing is left.
//!
//! A rotation may be announced for a moment to come: then its row and its new version are there, and
//! the rest waits for that moment, whatever happens to the process meanwhile.
//!
//! What services sealed (L4) is sealed anew when it is used and by a slow scrubber; `eager`
//! rotations do it at once.

mod begin;
mod client_use;
mod doomed;
mod error;
mod nodes;
mod ordered;
mod rewrap;
mod schedule;
mod scrub;
mod subject;
mod switch;
mod versions;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

pub use self::begin::{Order, Plan};
pub use self::doomed::{KeyPlace, is_doomed};
pub use self::error::Refused;
pub use self::nodes::{Node, Nodes};
pub use self::schedule::{Schedule, Schedules};
pub use self::subject::{Subject, provider_of, state_name};
pub use self::versions::Add;
use super::keyring::Keyring;
use crate::audit::{Actor, Record};
use crate::store::{Change, Commit, KeyLevel, Phase, RotationRow};

/// How often something is tried again that others interfered with.
const ATTEMPTS_MAX: usize = 8;
/// How often a node says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A node that was not heard for so long does not count any more.
const LEASE: Duration = Duration::from_secs(30);
/// How often rotations are looked for that others have begun, or that failed.
const TICK: Duration = Duration::from_secs(1);
/// How often acknowledgements of other nodes are looked for.
const WAIT: Duration = Duration::from_millis(100);

/// How rotation works.
#[derive(Debug, Clone)]
pub struct RotationSettings {
    /// The name of this node.
    pub node: String,
    /// How many envelopes are sealed anew each second; 0 for as many as the store takes.
    pub rewrap_per_second: u64,
    /// The same for the scrubber in the background; 0 to have none.
    pub scrub_per_second: u64,
    /// When keys are rotated without being asked.
    pub schedules: Schedules,
}

impl Default for RotationSettings {
    fn default() -> Self {
        Self {
            node: "keystrata".into(),
            rewrap_per_second: 5_000,
            scrub_per_second: 200,
            schedules: Schedules::default(),
        }
    }
}

/// How far a rotation is.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    /// Why it does not go on, if so.
    trouble: Mutex<Option<String>>,
}

/// [`Progress`] at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Far {
    /// Envelopes that were sealed anew.
    pub done: u64,
    /// Envelopes that there were to seal anew.
    pub total: u64,
    /// Why it does not go on, if so.
    pub trouble: Option<String>,
}

impl Progress {
    fn expect(&self, left: u64) {
        let done = self.done.load(Ordering::Relaxed);
        self.total.fetch_max(done + left, Ordering::Relaxed);
    }

    fn add(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn far(&self) -> Far {
        Far {
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// The engine of one node.
pub struct Rotator {
    pub(super) keyring: Arc<Keyring>,
    settings: RotationSettings,
    /// Rotations that this node drives.
    driven: Mutex<HashMap<KeyLevel, Arc<Progress>>>,
    wake: Notify,
    /// Told whenever a rotation came further.
    moved: Notify,
    /// Destroyed versions of roots whose keys were not destroyed in their tokens, and why.
    remains: Mutex<HashMap<(KeyLevel, u32), String>>,
    /// Whether that is being tried.
    destroying: AtomicBool,
}

impl Rotator {
    /// An engine over a keyring. It does nothing until [`Rotator::run`] is.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, settings: RotationSettings) -> Arc<Self> {
        let (driven, wake, moved) = Default::default();
        let (remains, destroying) = Default::default();
        Arc::new(Self { keyring, settings, driven, wake, moved, remains, destroying })
    }

    /// The keyring.
    #[must_use]
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// Carries rotations on, those of before a crash first. Never ends.
    pub async fn run(self: Arc<Self>) {
        let touched = Arc::clone(&self);
        let scrub = tokio::spawn(async move { touched.scrub().await });
        let _ends_with_this = AbortOnDrop(scrub);
        let mut beat_at = Duration::ZERO;
        let (mut schedule_at, mut doomed_at) = (Duration::ZERO, Duration::ZERO);
        loop {
            let now = self.keyring.clock.elapsed();
            if now >= beat_at {
                match self.beat().await {
                    Ok(()) => beat_at = now + HEARTBEAT,
                    Err(error) => tracing::warn!(%error, "the heartbeat was not written"),
                }
            }
            if now >= doomed_at {
                doomed_at = now + HEARTBEAT;
                self.destroy_what_is_doomed();
            }
            if now >= schedule_at {
                schedule_at = now + schedule::INTERVAL;
                self.rotate_what_is_due().await;
            }
            match self.keyring.engine.rotations().await {
                Ok(mut rows) => {
                    let now = self.keyring.clock.now();
                    // One that is announced for later waits for its time.
                    rows.retain(|row| row.phase != Phase::Announced || row.started <= now);
                    for row in rows {
                        self.drive_if_idle(row);
                    }
                }
                Err(error) => tracing::warn!(%error, "rotations cannot be read"),
            }
            let _ = tokio::time::timeout(TICK, self.wake.notified()).await;
        }
    }

    /// Says that this node lives, which versions of the root key it has, and how many other keys.
    ///
    /// # Errors
    /// The store's.
    pub async fn beat(&self) -> Result<(), Refused> {
        let roots = self.keyring.root_versions();
        let (node, heard) = (self.settings.node.clone(), self.keyring.clock.now());
        let open = self.keyring.open_keys();
        self.commit(vec![Change::Heartbeat { node, heard, roots, open }], Vec::new()).await
    }

    /// Has the run-loop look for rotations now.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    fn drive_if_idle(self: &Arc<Self>, row: RotationRow) {
        let progress = {
            let mut driven = self.driven();
            if driven.contains_key(&row.level) {
                return;
            }
            let progress = Arc::<Progress>::default();
            driven.insert(row.level, Arc::clone(&progress));
            progress
        };
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let _idle = Idle { rotator: &this, level: row.level };
            match this.drive(row, &progress).await {
                Ok(()) => {}
                // Somebody has taken it back or brought it further; it is looked at again.
                Err(Refused::Contention) => tokio::time::sleep(WAIT).await,
                Err(error) => {
                    tracing::warn!(%error, level = ?row.level, "a rotation did not go on");
                    progress.set_trouble(Some(error.to_string()));
                    tokio::time::sleep(TICK).await;
                }
            }
        });
    }

    /// Leads one rotation to its end.
    async fn drive(&self, mut row: RotationRow, progress: &Progress) -> Result<(), Refused> {
        let subject = self.keyring.subject(row.level).await?;
        if row.phase == Phase::Announced {
            self.acknowledge(&subject, &row).await?;
            while let Err(missing) = self.all_have(&subject, row.to).await? {
                progress.set_trouble(Some(format!("waiting for node {}", missing.join(", "))));
                tokio::time::sleep(WAIT).await;
            }
            progress.set_trouble(None);
            row = self.switch(&subject, &row).await?;
            self.moved.notify_waiters();
        }
        let is_lazy = matches!(subject, Subject::Service(..)) && !row.eager;
        if !is_lazy {
            let rate = if row.compromised { 0 } else { self.settings.rewrap_per_second };
            self.rewrap(&subject, row.to, rate, progress).await?;
        }
        self.finish(&subject, &row).await
    }

    /// How far the rotation of a key is, if one is under way.
    ///
    /// # Errors
    /// The store's.
    pub async fn far(&self, level: KeyLevel) -> Result<Option<(RotationRow, Far)>, Refused> {
        let rows = self.keyring.engine.rotations().await?;
        let Some(row) = rows.into_iter().find(|row| row.level == level) else { return Ok(None) };
        let far = self.driven().get(&level).map(|progress| progress.far()).unwrap_or_default();
        Ok(Some((row, far)))
    }

    /// Resolves when some rotation came further, or after a while.
    pub async fn moved(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.moved.notified()).await;
    }

    /// Commits; a conflict is [`Refused::Contention`].
    async fn commit(&self, changes: Vec<Change>, audit: Vec<Record>) -> Result<(), Refused> {
        match self.keyring.engine.commit(Commit { changes, audit }).await {
            Err(crate::store::Error::Conflict) => Err(Refused::Contention),
            done => Ok(done?),
        }
    }

    /// The record of a step that this server takes by itself.
    fn record(&self, subject: &Subject, detail: String) -> Record {
        let actor = Actor::Server(Box::new(subject.act(detail)));
        Record::of_act(self.keyring.clock.now(), actor, "rotation")
    }

    fn driven(&self) -> MutexGuard<'_, HashMap<KeyLevel, Arc<Progress>>> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remains(&self) -> MutexGuard<'_, HashMap<(KeyLevel, u32), String>> {
        self.remains.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Rotator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotator").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A key that is not driven any more, however the driver ended.
struct Idle<'a> {
    rotator: &'a Rotator,
    level: KeyLevel,
}

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.rotator.driven().remove(&self.level);
        self.rotator.moved.notify_waiters();
        self.rotator.wake();
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
