//! Re-wrapping: what other versions sealed is sealed under the active one, a compare-and-set per
//! row, in batches.

use std::sync::Arc;
use std::time::Duration;

use super::super::envelope::Purpose;
use super::super::error::Error;
use super::super::service_key::ServiceKey;
use super::super::tenant_keys::RootVersion;
use super::error::Refused;
use super::subject::{Subject, versions};
use super::{Progress, Rotator};
use crate::store::{
    Change, Commit, Error as StoreError, KeyLevel, KeyState, Position, RequestChange, RequestRow,
    RequestStage, Stored, TenantRow,
};
use crate::tenant::TenantId;

/// Objects that are read, sealed anew and committed together, at most.
const OBJECTS_BATCH: usize = 128;
/// Where a rate is set, how often they are, so that clients never wait for much at a time.
const BATCHES_PER_SECOND: u64 = 128;
/// Asynchronous requests that are read, sealed anew and committed together.
const REQUESTS_BATCH: usize = 64;
/// Keys that are committed together.
const KEYS_BATCH: usize = 64;
/// Tenants that are read together.
const TENANTS_BATCH: usize = 256;
/// Passes that may find nothing while the counts say that something is left.
const FRUITLESS_MAX: usize = 3;

/// Keeps work to a rate.
pub(super) struct Pace {
    per_second: u64,
    started: Duration,
    done: u64,
}

impl Pace {
    /// How many objects are done together.
    fn batch(&self) -> usize {
        let even = usize::try_from(self.per_second.div_ceil(BATCHES_PER_SECOND));
        match even {
            Ok(0) | Err(_) => OBJECTS_BATCH,
            Ok(even) => even.min(OBJECTS_BATCH),
        }
    }
}

impl Rotator {
    pub(super) fn pace(&self, per_second: u64) -> Pace {
        Pace { per_second, started: self.keyring.clock.elapsed(), done: 0 }
    }

    /// Waits until so much more may be done.
    async fn keep(&self, pace: &mut Pace, done: usize) {
        pace.done += done as u64;
        if pace.per_second == 0 {
            tokio::task::yield_now().await;
            return;
        }
        let due = Duration::from_micros(pace.done.saturating_mul(1_000_000) / pace.per_second);
        let spent = self.keyring.clock.elapsed().saturating_sub(pace.started);
        tokio::time::sleep(due.saturating_sub(spent)).await;
    }

    /// Envelopes under other versions of a key than `to`.
    pub(super) async fn left(&self, subject: &Subject, to: u32) -> Result<u64, Refused> {
        let engine = &self.keyring.engine;
        if let Subject::OwnRoot(tenant) = subject {
            // They are few, and some may be counted for the shared root.
            let rows = engine.keys(KeyLevel::Tenant(tenant.id)).await?;
            return Ok(rows.iter().filter(|row| subject.is_stale(row, to)).count() as u64);
        }
        let counts = engine.envelopes(subject.level()).await?;
        Ok(counts.iter().filter(|count| count.version != to).map(|count| count.living).sum())
    }

    /// Seals everything that the key sealed under its version `to`.
    pub(super) async fn rewrap(
        &self,
        subject: &Subject,
        to: u32,
        per_second: u64,
        progress: &Progress,
    ) -> Result<(), Refused> {
        let (mut pace, mut fruitless) = (self.pace(per_second), 0);
        loop {
            let left = self.left(subject, to).await?;
            if left == 0 {
                return Ok(());
            }
            progress.expect(left);
            let done = match subject {
                Subject::Root => self.pass_tenants(to, &mut pace, progress).await?,
                Subject::OwnRoot(tenant) => {
                    let root = self.keyring.own_version(&tenant.name, to)?;
                    let changes = self.stale_keys(subject, tenant, (&root, to)).await?;
                    self.reseal(changes, &mut pace, progress).await?
                }
                Subject::Tenant(_) => self.pass_services(subject, to, &mut pace, progress).await?,
                Subject::Service(..) => self.pass_objects(subject, to, &mut pace, progress).await?,
            };
            fruitless = if done == 0 { fruitless + 1 } else { 0 };
            if fruitless > FRUITLESS_MAX {
                return Err(Refused::Lost { key: subject.name(), living: left });
            }
        }
    }

    /// L1 → L2.
    async fn pass_tenants(
        &self,
        to: u32,
        pace: &mut Pace,
        progress: &Progress,
    ) -> Result<usize, Refused> {
        let (mut done, mut after) = (0, TenantId(0));
        let root = self.keyring.shared_version(to);
        loop {
            let tenants = self.keyring.engine.tenants(after, TENANTS_BATCH).await?;
            let Some(last) = tenants.last() else { return Ok(done) };
            after = last.id;
            let mut changes = Vec::new();
            for tenant in &tenants {
                changes.extend(self.stale_keys(&Subject::Root, tenant, (&root, to)).await?);
                if changes.len() >= KEYS_BATCH {
                    done += self.reseal(std::mem::take(&mut changes), pace, progress).await?;
                }
            }
            done += self.reseal(changes, pace, progress).await?;
        }
    }

    /// The versions of a tenant's key that are to be sealed anew under version `to` of a root.
    async fn stale_keys(
        &self,
        subject: &Subject,
        tenant: &TenantRow,
        (root, to): (&RootVersion, u32),
    ) -> Result<Vec<Change>, Refused> {
        let mut changes = Vec::new();
        for row in self.keyring.engine.keys(KeyLevel::Tenant(tenant.id)).await? {
            if subject.is_stale(&row, to) {
                let new = self.keyring.reseal_tenant_key(tenant, &row, root).await?;
                let (level, version, from) = (row.level, row.version, row.sealed);
                changes.push(Change::ResealKey { level, version, from, to: new });
            }
        }
        Ok(changes)
    }

    /// L2 → L3.
    async fn pass_services(
        &self,
        subject: &Subject,
        to: u32,
        pace: &mut Pace,
        progress: &Progress,
    ) -> Result<usize, Refused> {
        let Subject::Tenant(tenant) = subject else { return Ok(0) };
        let mut changes = Vec::new();
        let mut done = 0;
        for service in self.keyring.engine.services(tenant.id).await? {
            for row in self.keyring.engine.keys(KeyLevel::Service(service.id)).await? {
                if row.state == KeyState::Destroyed {
                    continue;
                }
                let new = self.keyring.reseal_service_key(tenant, &service, &row, to).await?;
                let (level, version, from) = (row.level, row.version, row.sealed);
                changes.extend(new.map(|to| Change::ResealKey { level, version, from, to }));
            }
            if changes.len() >= KEYS_BATCH {
                done += self.reseal(std::mem::take(&mut changes), pace, progress).await?;
            }
        }
        Ok(done + self.reseal(changes, pace, progress).await?)
    }

    /// L3 → L4.
    async fn pass_objects(
        &self,
        subject: &Subject,
        to: u32,
        pace: &mut Pace,
        progress: &Progress,
    ) -> Result<usize, Refused> {
        let Subject::Service(tenant, service) = subject else { return Ok(0) };
        let mut keys = Keys::default();
        let (mut done, mut after) = (0, Some(Position(0)));
        while let Some(from) = after {
            let engine = &self.keyring.engine;
            let part = engine.stale(tenant.id, service.id, to, from, pace.batch()).await?;
            after = part.next;
            let mut changes = Vec::with_capacity(part.stale.len());
            for stored in &part.stale {
                changes.extend(self.reseal_object(subject, stored, to, &mut keys).await?);
            }
            done += self.reseal(changes, pace, progress).await?;
        }
        Ok(done + self.pass_requests(subject, to, pace, progress).await?)
    }

    /// Asynchronous requests, of which a service has few.
    async fn pass_requests(
        &self,
        subject: &Subject,
        to: u32,
        pace: &mut Pace,
        progress: &Progress,
    ) -> Result<usize, Refused> {
        let Subject::Service(tenant, service) = subject else { return Ok(0) };
        let engine = &self.keyring.engine;
        let mut keys = Keys::default();
        let mut changes = Vec::new();
        for row in engine.stale_requests(tenant.id, service.id, to, REQUESTS_BATCH).await? {
            let sealed = row.sealed.as_ref();
            let Some((sealed, version)) = sealed.and_then(|it| Some((it, it.parent_version()?)))
            else {
                continue;
            };
            let Some((old, new)) = self.both(subject, (version, to), &mut keys).await? else {
                continue;
            };
            let purpose = match row.stage {
                RequestStage::Waiting => Purpose::Request,
                _ => Purpose::Result,
            };
            let value = &row.key.value;
            let plain = old.open_request(value, purpose, sealed)?;
            let sealed = new.seal_request(&*self.keyring.random, value, purpose, &plain)?;
            let row = RequestRow { sealed: Some(sealed), ..row };
            changes.push(Change::Request(RequestChange::Replace(row)));
        }
        self.reseal(changes, pace, progress).await
    }

    /// Two versions of a service's key.
    async fn both<'k>(
        &self,
        subject: &Subject,
        (version, to): (u32, u32),
        keys: &'k mut Keys,
    ) -> Result<Option<(&'k ServiceKey, &'k ServiceKey)>, Refused> {
        let Subject::Service(tenant, service) = subject else { return Ok(None) };
        for version in [version, to] {
            if keys.find(version).is_none() {
                let key = self.keyring.open_version(tenant, service, version).await?;
                keys.0.push(Arc::new(key));
            }
        }
        Ok(keys.find(version).zip(keys.find(to)))
    }

    /// An object's value, opened and sealed under version `to`.
    pub(super) async fn reseal_object(
        &self,
        subject: &Subject,
        stored: &Stored,
        to: u32,
        keys: &mut Keys,
    ) -> Result<Option<Change>, Refused> {
        let Subject::Service(tenant, _) = subject else { return Ok(None) };
        let sealed = stored.sealed.as_ref();
        let Some((sealed, version)) = sealed.and_then(|it| Some((it, it.parent_version()?))) else {
            return Ok(None);
        };
        let Some((old, new)) = self.both(subject, (version, to), keys).await? else {
            return Ok(None);
        };
        let uid = &stored.object.uid;
        let plain = old.open(uid, sealed)?;
        let sealed = Some(new.seal(&*self.keyring.random, uid, &plain)?);
        let stored = Box::new(Stored { sealed, ..stored.clone() });
        Ok(Some(Change::Reseal { tenant: tenant.id, stored }))
    }

    /// Commits a batch. If somebody else has changed one of the rows, one after the other; what
    /// was changed meanwhile is left to the next pass.
    pub(super) async fn reseal(
        &self,
        changes: Vec<Change>,
        pace: &mut Pace,
        progress: &Progress,
    ) -> Result<usize, Refused> {
        let count = changes.len();
        if count == 0 {
            return Ok(0);
        }
        let engine = &self.keyring.engine;
        let commit = |changes| engine.commit(Commit { changes, audit: Vec::new() });
        let mut done = 0;
        match commit(changes.clone()).await {
            Ok(()) => done = count,
            Err(StoreError::Conflict) => {
                for change in changes {
                    match commit(vec![change]).await {
                        Ok(()) => done += 1,
                        Err(StoreError::Conflict) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
        progress.add(done as u64);
        self.moved.notify_waiters();
        self.keep(pace, count).await;
        Ok(done)
    }

    /// Seals everything of a key under its active version now, at the usual rate.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn rewrap_now(&self, subject: &Subject, progress: &Progress) -> Result<u64, Refused> {
        let (_, active) = versions(&self.keyring, subject).await?;
        self.rewrap(subject, active, self.settings.rewrap_per_second, progress).await?;
        Ok(progress.far().done)
    }
}

/// Versions of one service's key, open while it is re-wrapped.
#[derive(Default)]
pub(super) struct Keys(Vec<Arc<ServiceKey>>);

impl Keys {
    fn find(&self, version: u32) -> Option<&ServiceKey> {
        self.0.iter().find(|key| key.version() == version).map(|key| &**key)
    }
}

impl From<crate::crypto::random::RandomError> for Refused {
    fn from(error: crate::crypto::random::RandomError) -> Self {
        Self::Keys(Error::Random(error))
    }
}
