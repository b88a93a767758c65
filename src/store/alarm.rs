//! Wakes who sleeps until something is due when something is due sooner.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

use super::Change;
use crate::clock::Timestamp;

/// Set for the moment until which the server sleeps that rotates objects by their own attributes.
#[derive(Debug)]
pub struct Alarm {
    until: AtomicI64,
    bell: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { until: AtomicI64::new(i64::MAX), bell: Notify::new() }
    }
}

impl Alarm {
    /// From now on it rings for whatever is due at any time. To be called before it is read what is due
    /// next: so nothing is missed that is committed meanwhile.
    pub fn open(&self) {
        self.until.store(i64::MAX, Ordering::SeqCst);
    }

    /// From now on it rings only for what is due before `until`.
    pub fn set(&self, until: Timestamp) {
        self.until.store(until.0, Ordering::SeqCst);
    }

    /// Resolves when it has rung since this was last waited for.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// The earliest moment at which one of these changes has an object due.
    pub(super) fn earliest(changes: &[Change]) -> Option<Timestamp> {
        let dues = changes.iter().filter_map(|change| match change {
            Change::Insert { stored, .. } | Change::Update { stored, .. } => {
                stored.object.rotation_due()
            }
            _ => None,
        });
        dues.min().map(Timestamp::of_seconds)
    }

    /// Something that is due at this moment is committed.
    pub(super) fn committed(&self, due: Timestamp) {
        if due.0 < self.until.load(Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn has_rung(alarm: &Alarm) -> bool {
        tokio::select! {
            biased;
            () = alarm.rung() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn it_rings_once_for_what_is_due_sooner() {
        let alarm = Alarm::default();
        alarm.set(Timestamp(100));
        alarm.committed(Timestamp(100));
        assert!(!has_rung(&alarm).await);
        alarm.committed(Timestamp(99));
        alarm.committed(Timestamp(98));
        assert!(has_rung(&alarm).await);
        assert!(!has_rung(&alarm).await);
    }

    #[tokio::test]
    async fn nothing_is_missed_while_it_is_read_what_is_next() {
        let alarm = Alarm::default();
        alarm.set(Timestamp(100));
        alarm.open();
        alarm.committed(Timestamp(500));
        alarm.set(Timestamp(1000));
        assert!(has_rung(&alarm).await);
    }
}
