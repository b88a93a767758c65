//! A root key, watched: counted, timed, and its outage noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::root::{BoxFuture, Provider, RootError, RootKey, Whose};
use crate::clock::Clock;
use crate::metrics::{Ending, Metrics, RootCall};
use crate::tenant::TenantName;

/// No outage is known.
const NEVER: i64 = -1;

/// A root key whose calls are counted and whose outage is known.
#[derive(Debug)]
pub(super) struct WatchedRoot {
    root: Arc<dyn RootKey>,
    /// Whose own it is; `None` for the one that tenants share.
    tenant: Option<TenantName>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// When the outage began, in microseconds of [`Clock::elapsed`], or [`NEVER`].
    failing_since: AtomicI64,
}

impl WatchedRoot {
    pub(super) fn new(
        root: Arc<dyn RootKey>,
        tenant: Option<TenantName>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { root, tenant, clock, metrics, failing_since: AtomicI64::new(NEVER) }
    }

    /// How long the root key has been failing, by its last call.
    pub(super) fn outage(&self) -> Option<Duration> {
        let since = u64::try_from(self.failing_since.load(Ordering::Relaxed)).ok()?;
        Some(self.clock.elapsed().saturating_sub(Duration::from_micros(since)))
    }

    /// Whose own it is, for the log.
    fn owner(&self) -> Option<&str> {
        self.tenant.as_ref().map(TenantName::as_str)
    }

    async fn watch<T>(
        &self,
        call: RootCall,
        work: BoxFuture<'_, Result<T, RootError>>,
    ) -> Result<T, RootError> {
        let start = self.clock.elapsed();
        let result = work.await;
        let end = self.clock.elapsed();
        let ending = if result.is_ok() { Ending::Success } else { Ending::Failure };
        self.metrics.root_call(self.whose(), call, ending, end.saturating_sub(start));
        match &result {
            Err(RootError::Unavailable(reason)) => {
                let now = i64::try_from(end.as_micros()).unwrap_or(i64::MAX);
                // The first failure counts; whoever loses the exchange failed later.
                let noticed = self.failing_since.compare_exchange(
                    NEVER,
                    now,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
                if noticed.is_ok() {
                    tracing::error!(
                        reason,
                        tenant = self.owner(),
                        "the root key is out of reach; keys that are open serve on for a while"
                    );
                }
            }
            // Says nothing of the root key's health.
            Err(RootError::Overloaded) => {}
            // A refusal is an answer, too.
            Ok(_)
            | Err(RootError::NotAuthentic | RootError::NoSuchVersion(_) | RootError::Refused(_)) => {
                if self.failing_since.swap(NEVER, Ordering::Relaxed) != NEVER {
                    tracing::info!(tenant = self.owner(), "the root key is in reach again");
                }
            }
        }
        result
    }
}

impl RootKey for WatchedRoot {
    fn provider(&self) -> Provider {
        self.root.provider()
    }

    fn whose(&self) -> Whose {
        if self.tenant.is_some() { Whose::Own } else { Whose::Shared }
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), RootError>> {
        Box::pin(self.watch(RootCall::Open, self.root.reach()))
    }

    fn versions(&self) -> Vec<u32> {
        self.root.versions()
    }

    fn can_make(&self) -> bool {
        self.root.can_make()
    }

    fn make(&self, version: u32) -> BoxFuture<'_, Result<(), RootError>> {
        self.root.make(version)
    }

    fn destroy<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<(), RootError>> {
        self.root.destroy(version, aad, sealed)
    }

    fn place_of(&self, version: u32) -> String {
        self.root.place_of(version)
    }

    fn seal<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, RootError>> {
        Box::pin(self.watch(RootCall::Seal, self.root.seal(version, aad, plain)))
    }

    fn open<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, RootError>> {
        Box::pin(self.watch(RootCall::Open, self.root.open(version, aad, sealed)))
    }
}
