//! Computations that take long, away from the threads that serve connections: key generation and
//! private operations of long keys.
//!
//! There are as many places as processors, and a tenant has half of them at most, so that one that
//! asks for many keys delays itself alone. What waits for a place is bounded too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Failure;
use crate::tenant::TenantId;

/// The most computations of one tenant that run or wait.
const TENANT_COMPUTATIONS_MAX: usize = 256;

/// The places for long computations.
#[derive(Debug)]
pub struct Workers {
    places: Arc<Semaphore>,
    tenant_places: usize,
    tenants: Arc<Mutex<HashMap<TenantId, Tenant>>>,
}

/// What a tenant has under way.
#[derive(Debug)]
struct Tenant {
    places: Arc<Semaphore>,
    computations: usize,
}

impl Default for Workers {
    /// A place for each processor.
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Workers {
    /// This many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            tenant_places: (places / 2).max(1),
            tenants: Arc::default(),
        }
    }

    /// Runs a computation of `tenant` when it has a place.
    ///
    /// # Errors
    /// [`Failure::LimitExceeded`] if the tenant has too much under way.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        tenant: TenantId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let entry = self.enter(tenant)?;
        let gone = |_| Failure::Internal("the places for long computations are gone");
        let own = Arc::clone(&entry.places).acquire_owned().await.map_err(gone)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(gone)?;
        let work = tokio::task::spawn_blocking(move || {
            // The places are taken until the work is done, even if nobody waits for it any more.
            let _held = (entry, own, place);
            work()
        });
        work.await.map_err(|_| Failure::Internal("a long computation panicked"))
    }

    fn enter(&self, id: TenantId) -> Result<Entry, Failure> {
        let mut tenants = lock(&self.tenants);
        let places = self.tenant_places;
        let tenant = tenants.entry(id).or_insert_with(|| Tenant {
            places: Arc::new(Semaphore::new(places)),
            computations: 0,
        });
        if tenant.computations >= TENANT_COMPUTATIONS_MAX {
            return Err(Failure::LimitExceeded("too many long computations are under way"));
        }
        tenant.computations += 1;
        let places = Arc::clone(&tenant.places);
        Ok(Entry { tenants: Arc::clone(&self.tenants), id, places })
    }
}

/// A computation that is counted as its tenant's.
struct Entry {
    tenants: Arc<Mutex<HashMap<TenantId, Tenant>>>,
    id: TenantId,
    places: Arc<Semaphore>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut tenants = lock(&self.tenants);
        if let Some(tenant) = tenants.get_mut(&self.id) {
            tenant.computations = tenant.computations.saturating_sub(1);
            if tenant.computations == 0 {
                tenants.remove(&self.id);
            }
        }
    }
}

fn lock<T>(tenants: &Mutex<T>) -> MutexGuard<'_, T> {
    tenants.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_tenant_leaves_a_place_to_others_and_is_forgotten_when_it_is_done() {
        let workers = Arc::new(Workers::new(2));
        let (end, ended) = mpsc::channel::<()>();
        let slow = Arc::clone(&workers);
        let slow =
            tokio::spawn(async move { slow.run(TenantId(1), move || ended.recv().is_err()).await });
        let waiting = Arc::clone(&workers);
        let waiting = tokio::spawn(async move { waiting.run(TenantId(1), || 2).await });
        assert_eq!(workers.run(TenantId(2), || 3).await.unwrap(), 3);
        assert!(!waiting.is_finished(), "the tenant has one place, and it is taken");
        drop(end);
        assert!(slow.await.unwrap().unwrap());
        assert_eq!(waiting.await.unwrap().unwrap(), 2);
        assert!(lock(&workers.tenants).is_empty());
    }

    #[tokio::test]
    async fn what_waits_is_bounded() {
        let workers = Workers::new(1);
        let entries: Vec<_> =
            (0..TENANT_COMPUTATIONS_MAX).map(|_| workers.enter(TenantId(1)).unwrap()).collect();
        let refused = workers.run(TenantId(1), || ()).await;
        assert!(matches!(refused, Err(Failure::LimitExceeded(_))));
        assert!(workers.run(TenantId(2), || ()).await.is_ok());
        drop(entries);
        assert!(workers.run(TenantId(1), || ()).await.is_ok());
    }
}
