//! Root keys of tenants' own: which are open, and what becomes of a tenant without its own.
//!
//! Nothing is opened at the start. A root is opened when its tenant is first admitted or its key first
//! asked for, proves itself by the check value of its active version, and is asked again and again as
//! long as it is open ([`Keyring::probe_own_roots`]). Each has its own outage and its own grace: when
//! that is over, or the key is not the right one, what is open of its tenant leaves memory and the tenant
//! is refused, alone, until its root answers again. Whether a tenant is under its own root stands in the
//! store alone; the configuration says where that root is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::task::JoinSet;

use super::error::{Error, OpenError};
use super::install;
use super::keyring::Keyring;
use super::root::{Provider, RootError, RootKey};
use super::watch::WatchedRoot;
use crate::store::{KeyLevel, KeyRow, KeyState, Target, TenantRow};
use crate::tenant::{Caller, TenantId, TenantName};

/// How long one that has proved to be another key than it should be is kept open, before it is looked
/// whether the right one is there now.
const WRONG_KEPT: Duration = Duration::from_secs(30);

/// Where tenants' own root keys are.
pub trait OwnRoots: Send + Sync + fmt::Debug {
    /// Whether one is described for the tenant.
    fn has(&self, tenant: &TenantName) -> bool;

    /// Which description of the tenant's this is: another number if it has changed.
    fn edition(&self, tenant: &TenantName) -> u64;

    /// Opens the tenant's, without waiting for a token; `None` if none is described. What cannot be
    /// used is an error for operators.
    fn open(&self, tenant: &TenantName) -> Option<Result<OwnRoot, String>>;
}

/// A root key of a tenant's own.
#[derive(Debug)]
pub struct OwnRoot {
    /// The key.
    pub root: Arc<dyn RootKey>,
    /// How long the tenant's open keys are used while it is out of reach.
    pub outage_grace: Duration,
}

/// What is known of a tenant's own root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRootStatus {
    /// Where it is; `None` while it is not open.
    pub provider: Option<Provider>,
    /// The versions that the provider has, ascending.
    pub versions: Vec<u32>,
    /// Why the tenant is refused, if it is.
    pub trouble: Option<String>,
}

/// An own root that is open.
#[derive(Debug)]
struct Open {
    root: Arc<WatchedRoot>,
    grace: Duration,
    proof: ArcSwap<Proof>,
    /// When, by [`Clock::elapsed`](crate::clock::Clock::elapsed).
    since: Duration,
    /// The description that it was opened by.
    edition: u64,
}

/// How an own root has proved itself.
#[derive(Debug)]
enum Proof {
    /// Nobody has asked, or the tenant is under the shared root.
    Untried,
    /// It is the right one, or was when it was last in reach.
    Good,
    /// It is not, or has never been in reach: the tenant is refused.
    Refused(Error),
}

/// What is known of one that is asked for.
#[derive(Debug, Clone)]
enum Slot {
    Open(Arc<Open>),
    /// It could not be opened.
    Closed(Error),
}

/// The own roots that were asked for, by tenant.
#[derive(Debug, Default)]
pub(super) struct OwnTable {
    source: Option<Arc<dyn OwnRoots>>,
    slots: ArcSwap<HashMap<TenantName, Slot>>,
    /// Held while one is opened, so that a crowd opens one.
    opening: StdMutex<()>,
}

impl OwnTable {
    fn slot(&self, tenant: &TenantName) -> Option<Slot> {
        self.slots.load().get(tenant).cloned()
    }

    fn set(&self, tenant: &TenantName, slot: Option<&Slot>) {
        self.slots.rcu(|slots| {
            let mut slots = HashMap::clone(slots);
            match slot {
                Some(slot) => drop(slots.insert(tenant.clone(), slot.clone())),
                None => drop(slots.remove(tenant)),
            }
            slots
        });
    }
}

impl Open {
    fn is_good(&self) -> bool {
        matches!(**self.proof.load(), Proof::Good)
    }

    fn note(&self, proof: Proof) {
        self.proof.store(Arc::new(proof));
    }

    /// Why the tenant is refused, if it is.
    fn refusal(&self, tenant: &TenantName) -> Option<Error> {
        match &**self.proof.load() {
            Proof::Refused(error) => return Some(error.clone()),
            Proof::Untried => return None,
            Proof::Good => {}
        }
        let outage = self.root.outage().filter(|outage| *outage > self.grace)?;
        let reason = format!("it has been out of reach for {} s", outage.as_secs());
        Some(Error::own_root(tenant, RootError::Unavailable(reason)))
    }
}

impl Slot {
    fn refusal(&self, tenant: &TenantName) -> Option<Error> {
        match self {
            Self::Open(open) => open.refusal(tenant),
            Self::Closed(error) => Some(error.clone()),
        }
    }
}

impl Keyring {
    /// The same keyring with tenants' own root keys.
    #[must_use]
    pub fn with_own_roots(mut self, source: Arc<dyn OwnRoots>) -> Self {
        self.own.source = Some(source);
        self
    }

    /// Whether a root key of the tenant's own is described.
    #[must_use]
    pub fn has_own_root(&self, tenant: &TenantName) -> bool {
        self.own.source.as_ref().is_some_and(|source| source.has(tenant))
    }

    /// What is known of a tenant's own root key. Asks nobody.
    #[must_use]
    pub fn own_root_status(&self, tenant: &TenantName) -> OwnRootStatus {
        let slot = self.own.slot(tenant);
        let trouble = slot.as_ref().and_then(|slot| slot.refusal(tenant));
        let open = match &slot {
            Some(Slot::Open(open)) => Some(open),
            Some(Slot::Closed(_)) | None => None,
        };
        OwnRootStatus {
            provider: open.map(|open| open.root.provider()),
            versions: open.map(|open| open.root.versions()).unwrap_or_default(),
            trouble: trouble.map(|error| error.to_string()),
        }
    }

    /// Whether the caller is still served: by administrators, and by the root key of its tenant's own,
    /// if it has one. Costs next to nothing; to be asked before every operation.
    ///
    /// # Errors
    /// Suspended or shredded since its admission, or what the root key refuses.
    pub fn check_caller(&self, caller: &Caller) -> Result<(), Error> {
        self.standing.check(caller)?;
        let slots = self.own.slots.load();
        if slots.is_empty() {
            return Ok(());
        }
        let tenant = &caller.identity.tenant;
        slots.get(tenant).and_then(|slot| slot.refusal(tenant)).map_or(Ok(()), Err)
    }

    /// The active version of a tenant's own root; without one it is under the shared root.
    pub(super) async fn own_active(&self, tenant: TenantId) -> Result<Option<KeyRow>, Error> {
        let rows = self.engine.keys(KeyLevel::OwnRoot(tenant)).await?;
        Ok(rows.into_iter().find(|row| row.state == KeyState::Active))
    }

    /// Whether a tenant is on its way between the shared root and its own.
    pub(super) async fn is_moving(&self, tenant: TenantId) -> Result<bool, Error> {
        let level = KeyLevel::OwnRoot(tenant);
        let rows = self.engine.rotations().await?;
        Ok(rows.iter().any(|row| row.level == level && row.is_move()))
    }

    /// A tenant's own root, opened if it is not. It has not proved anything.
    ///
    /// # Errors
    /// [`Error::NoOwnRoot`] or [`Error::OwnRootConfigured`].
    pub(super) fn own_root(&self, tenant: &TenantName) -> Result<Arc<WatchedRoot>, Error> {
        Ok(Arc::clone(&self.own_open(tenant)?.root))
    }

    /// The same, once its provider is in reach: its versions are known.
    ///
    /// # Errors
    /// As [`Keyring::own_root`], or [`Error::OwnRoot`].
    pub(super) async fn own_root_in_reach(
        &self,
        tenant: &TenantName,
    ) -> Result<Arc<WatchedRoot>, Error> {
        let root = self.own_root(tenant)?;
        root.reach().await.map_err(|error| Error::own_root(tenant, error))?;
        Ok(root)
    }

    fn own_open(&self, tenant: &TenantName) -> Result<Arc<Open>, Error> {
        let edition = self.own.source.as_ref().map_or(0, |source| source.edition(tenant));
        // What serves goes on as it is; what does not is opened as it is described now.
        let is_current = |open: &Open| open.is_good() || open.edition == edition;
        let known = || match self.own.slot(tenant) {
            Some(Slot::Open(open)) if is_current(&open) => Some(open),
            _ => None,
        };
        if let Some(open) = known() {
            return Ok(open);
        }
        let _alone = self.own.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = known() {
            return Ok(open);
        }
        self.close_own(tenant);
        let opened = self.own.source.as_ref().and_then(|source| source.open(tenant));
        let OwnRoot { root, outage_grace } = opened
            .ok_or_else(|| Error::NoOwnRoot(tenant.clone()))?
            .map_err(|reason| Error::OwnRootConfigured(tenant.clone(), reason))?;
        let (clock, metrics) = (Arc::clone(&self.clock), Arc::clone(&self.metrics));
        let since = clock.elapsed();
        let root = Arc::new(WatchedRoot::new(root, Some(tenant.clone()), clock, metrics));
        let proof = ArcSwap::from_pointee(Proof::Untried);
        let open = Arc::new(Open { root, grace: outage_grace, proof, since, edition });
        self.own.set(tenant, Some(&Slot::Open(Arc::clone(&open))));
        Ok(open)
    }

    /// A tenant's own root that has proved that it is the right one: by `row`, its version that is
    /// wanted, unless it has done so before.
    pub(super) async fn proved_root(
        &self,
        tenant: &TenantName,
        row: &KeyRow,
    ) -> Result<Arc<WatchedRoot>, Error> {
        let open = self.own_open(tenant)?;
        if !open.is_good() {
            self.prove_own(tenant, row).await?;
            open.note(Proof::Good);
        }
        Ok(Arc::clone(&open.root))
    }

    /// Has a tenant's own root prove a version of itself.
    pub(super) async fn prove_own(&self, tenant: &TenantName, row: &KeyRow) -> Result<(), Error> {
        let open = self.own_open(tenant)?;
        let proved = install::prove(&*open.root, tenant.as_str(), row.version, &row.sealed).await;
        proved.map_err(|error| Error::own_root(tenant, error))
    }

    /// Looks at the root of a tenant: if it is the tenant's own, it proves itself, again if `anew`, and
    /// the tenant is refused from now on if it does not, or is not any more. If it is not, none is kept
    /// open that nobody describes. One that is described is kept as it is, because it knows whether its
    /// token has refused the PIN, which must not be tried again and again.
    pub(super) async fn look_at_root(&self, tenant: &TenantRow, anew: bool) -> Result<(), Error> {
        let name = &tenant.name;
        let Some(active) = self.own_active(tenant.id).await? else {
            match self.own.slot(name) {
                Some(_) if self.is_moving(tenant.id).await? => {}
                Some(Slot::Open(open)) if self.has_own_root(name) => open.note(Proof::Untried),
                Some(_) => self.close_own(name),
                None => {}
            }
            return Ok(());
        };
        if anew && self.is_stale(name) {
            self.close_own(name);
        }
        let open = match self.own_open(name) {
            Ok(open) => open,
            Err(error) => {
                self.own.set(name, Some(&Slot::Closed(error.clone())));
                self.forget(Target { tenant: tenant.id, service: None });
                return Err(error);
            }
        };
        if !anew && open.is_good() {
            return Ok(());
        }
        let proved = self.prove_own(name, &active).await;
        match &proved {
            Ok(()) => open.note(Proof::Good),
            Err(error) if open.is_good() && is_outage(error) => {}
            Err(error) => open.note(Proof::Refused(error.clone())),
        }
        if open.refusal(name).is_some() {
            self.forget(Target { tenant: tenant.id, service: None });
        }
        proved
    }

    /// Whether what is open is not the right root, and was not for a while: it knows itself by the key
    /// that it has found, and would not take the right one.
    fn is_stale(&self, name: &TenantName) -> bool {
        let Some(Slot::Open(open)) = self.own.slot(name) else { return false };
        let is_wrong = match &**open.proof.load() {
            Proof::Refused(error) => !is_outage(error),
            Proof::Untried | Proof::Good => false,
        };
        is_wrong && self.clock.elapsed().saturating_sub(open.since) >= WRONG_KEPT
    }

    /// Does not keep a tenant's own root open. Whoever uses it now may end what was begun.
    pub(super) fn close_own(&self, tenant: &TenantName) {
        let Some(closed) = self.own.slot(tenant) else { return };
        self.own.set(tenant, None);
        // The last one who has it waits for the token.
        tokio::task::spawn_blocking(move || drop(closed));
    }

    /// Has every own root that is open prove itself again, all at once. To be called every few seconds:
    /// what is refused recovers by this, and what is out of reach for too long leaves memory.
    pub async fn probe_own_roots(self: &Arc<Self>) {
        let mut probes = JoinSet::new();
        for tenant in self.own.slots.load().keys() {
            let (keyring, tenant) = (Arc::clone(self), tenant.clone());
            probes.spawn(async move { keyring.probe_own_root(&tenant).await });
        }
        while probes.join_next().await.is_some() {}
        let slots = self.own.slots.load();
        let refused = slots.iter().filter(|(name, slot)| slot.refusal(name).is_some()).count();
        self.metrics.own_roots(slots.len(), refused);
    }

    async fn probe_own_root(&self, name: &TenantName) {
        let before = self.own.slot(name).and_then(|slot| slot.refusal(name));
        let looked = match self.engine.tenant(name).await {
            Ok(Some(tenant)) => self.look_at_root(&tenant, true).await,
            // One that somebody has tried to register.
            Ok(None) if self.has_own_root(name) => Ok(()),
            Ok(None) => {
                self.close_own(name);
                Ok(())
            }
            Err(error) => Err(error.into()),
        };
        let after = self.own.slot(name).and_then(|slot| slot.refusal(name));
        match (before, after, looked) {
            (None, Some(error), _) => tracing::error!(tenant = name.as_str(), %error, "refused"),
            (Some(_), None, Ok(())) => tracing::info!(tenant = name.as_str(), "served again"),
            _ => {}
        }
    }
}

/// Whether a root key did not answer, and has not refused.
fn is_outage(error: &Error) -> bool {
    let Error::OwnRoot(_, why) = error else { return false };
    matches!(**why, OpenError::Root(RootError::Unavailable(_) | RootError::Overloaded))
}
