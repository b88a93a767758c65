//! Rotations that nobody has to ask for: by age, and by the number of envelopes.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Rotator;
use super::begin::Order;
use super::error::Refused;
use crate::clock::Timestamp;
use crate::store::{ActiveKey, Due, KeyLevel};
use std::sync::Arc;

/// How often it is looked for what is due.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);
/// Keys that are rotated in one go.
const BATCH: usize = 32;
/// Keys become due over this part of their age, so that those made together are not rotated
/// together.
const JITTER_PART: u64 = 10;

/// When keys of one level are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schedule {
    /// At this age of the active version, and up to a tenth of it later.
    pub after: Option<Duration>,
    /// When the active version has sealed so many envelopes.
    pub after_seals: Option<u64>,
}

/// When keys are rotated; off where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schedules {
    /// L1, shared and tenants' own.
    pub root: Schedule,
    /// L2.
    pub tenant: Schedule,
    /// L3.
    pub service: Schedule,
}

impl Rotator {
    pub(super) async fn rotate_what_is_due(self: &Arc<Self>) {
        let Schedules { root, tenant, service } = self.settings.schedules;
        for (level, schedule) in [(1, root), (4, root), (2, tenant), (3, service)] {
            if let Err(error) = self.rotate_due(level, schedule).await {
                tracing::warn!(%error, level, "keys that are due were not rotated");
            }
        }
    }

    async fn rotate_due(&self, level: u8, schedule: Schedule) -> Result<(), Refused> {
        if schedule == Schedule::default() {
            return Ok(());
        }
        let now = self.keyring.clock.now();
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let made_before = schedule.after.map(|age| Timestamp(now.0.saturating_sub(micros(age))));
        let due = Due { level, made_before, seals: schedule.after_seals };
        let mut begun = 0;
        for ActiveKey { level: key, version, created, sealed } in
            self.keyring.engine.due(due).await?
        {
            let by_seals = schedule.after_seals.is_some_and(|seals| sealed >= seals);
            let by_age = schedule.after.is_some_and(|age| {
                now.0 >= created.0.saturating_add(micros(age + jitter(key, version, age)))
            });
            if begun == BATCH || !(by_seals || by_age) {
                continue;
            }
            let subject = self.keyring.subject(key).await?;
            let record = self.record(&subject, format!("version {version} is due"));
            match self.begin(&subject, Order::default(), record).await {
                Ok(_) => begun += 1,
                // It is being rotated, or shall not be.
                Err(Refused::AnotherRunning { .. } | Refused::NotServed(_)) => {}
                Err(error) => {
                    tracing::warn!(%error, key = subject.name(), "a key that is due was not rotated");
                }
            }
        }
        Ok(())
    }
}

/// The same for a version of a key whenever it is asked for, and spread over a tenth of `age`.
fn jitter(key: KeyLevel, version: u32, age: Duration) -> Duration {
    let hash = Sha256::digest(format!("{key:?}/{version}"));
    let part = hash.iter().take(4).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let most = u64::try_from(age.as_micros()).unwrap_or(u64::MAX) / JITTER_PART;
    Duration::from_micros((most >> 16).saturating_mul(part >> 16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::TenantId;

    #[test]
    fn jitter_is_steady_and_at_most_a_tenth() {
        let age = Duration::from_hours(24 * 90);
        let each: Vec<_> =
            (0..100).map(|id| jitter(KeyLevel::Tenant(TenantId(id)), 1, age)).collect();
        assert!(each.iter().all(|jitter| *jitter <= age / 10));
        let spread = each.iter().max().unwrap().saturating_sub(*each.iter().min().unwrap());
        assert!(spread > age / 20, "{spread:?}");
        assert_eq!(each[7], jitter(KeyLevel::Tenant(TenantId(7)), 1, age));
    }
}
