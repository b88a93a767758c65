//! Which asynchronous requests are being done at this moment, so that nobody does one twice, or
//! cancels it half done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::store::RequestKey;

type Lock = Arc<AsyncMutex<()>>;

/// The requests that are being done. Those that nobody works on or waits for are forgotten.
#[derive(Debug, Default)]
pub(in crate::service) struct UnderWay(Mutex<HashMap<RequestKey, Lock>>);

/// The right to do a request, as long as it is held.
pub(super) type Turn = OwnedMutexGuard<()>;

impl UnderWay {
    /// The turn of a request, once nobody else has it.
    pub(super) async fn enter(&self, key: RequestKey) -> Turn {
        self.lock(key).lock_owned().await
    }

    /// The turn of a request, unless somebody else has it.
    pub(super) fn try_enter(&self, key: RequestKey) -> Option<Turn> {
        self.lock(key).try_lock_owned().ok()
    }

    /// Whether somebody is doing it.
    pub(super) fn has(&self, key: RequestKey) -> bool {
        self.try_enter(key).is_none()
    }

    fn lock(&self, key: RequestKey) -> Lock {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{ServiceId, TenantId};

    fn key(service: i64) -> RequestKey {
        RequestKey { tenant: TenantId(1), service: ServiceId(service), value: [0; 16] }
    }

    #[tokio::test]
    async fn one_does_a_request_and_the_table_forgets_it() {
        let under_way = UnderWay::default();
        let turn = under_way.enter(key(1)).await;
        assert!(under_way.has(key(1)) && !under_way.has(key(2)));
        assert!(under_way.try_enter(key(1)).is_none());
        drop(turn);
        assert!(!under_way.has(key(1)));
        let _other = under_way.enter(key(3)).await;
        assert_eq!(under_way.0.lock().unwrap().len(), 1);
    }
}
