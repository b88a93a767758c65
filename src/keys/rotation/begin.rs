//! How a rotation begins, and what is refused.

use super::super::events::EventKind;
use super::super::install;
use super::super::root::{Provider, RootKey as _, Whose};
use super::error::Refused;
use super::subject::{self, Subject, state_name};
use super::{ATTEMPTS_MAX, Rotator};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::store::{Change, KeyRow, KeyState, Phase, RotationRow, SHARED_ROOT};

/// A rotation that somebody asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// The version that must be active; `None` for whichever is.
    pub from: Option<u32>,
    /// The pending version to go to; `None` for the one that there is, or a new one.
    pub to: Option<u32>,
    /// The old version is compromised.
    pub compromised: bool,
    /// What services sealed is sealed anew at once.
    pub eager: bool,
    /// The provider that the shared root moves to.
    pub provider: Option<Provider>,
    /// The root that a tenant moves to: its own, or the shared one.
    pub whose: Option<Whose>,
    /// Not before this moment, which is to come; `None` for at once.
    pub at: Option<Timestamp>,
}

/// What a rotation would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The version that is active; of a tenant's own root maybe the shared one ([`SHARED_ROOT`]).
    pub from: u32,
    /// The version that would be, with the same exception.
    pub to: u32,
    /// Whether that version would be made first.
    pub is_new: bool,
    /// Envelopes that would be sealed anew.
    pub envelopes: u64,
}

impl Rotator {
    /// What a rotation would do, or why it is refused. Changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan(&self, subject: &Subject, order: Order) -> Result<Plan, Refused> {
        let (rows, active) = subject::versions(&self.keyring, subject).await?;
        let key = || subject.name();
        if !subject.is_served() {
            return Err(Refused::NotServed(key()));
        }
        if order.at.is_some_and(|at| at <= self.keyring.clock.now()) {
            return Err(Refused::Past);
        }
        if order.compromised && order.at.is_some() {
            return Err(Refused::NotLater);
        }
        if let Some((row, _)) = self.far(subject.level()).await? {
            return Err(Refused::AnotherRunning { key: key(), from: row.from, to: row.to });
        }
        if order.from.is_some() && order.from == order.to {
            return Err(Refused::SameVersion(order.from.unwrap_or_default()));
        }
        if order.to == Some(active) && order.from.is_none() {
            return Err(Refused::SameVersion(active));
        }
        if let Some(from) = order.from {
            let state = state_name(subject::row(&rows, subject, from)?.state);
            if from != active {
                return Err(Refused::NotActive { key: key(), version: from, state, active });
            }
        }
        let pending = rows.iter().rev().find(|row| {
            row.state == KeyState::Pending
                && order.provider.is_none_or(|wanted| subject::provider(row) == Ok(wanted))
        });
        check_move(subject, order, active)?;
        let (to, is_new) = match (order.to, pending) {
            _ if order.whose == Some(Whose::Shared) => (SHARED_ROOT, false),
            (Some(to), _) => (Self::pending(&rows, subject, to)?, false),
            (None, Some(row)) => (row.version, false),
            (None, None) => (self.next(&rows, subject, order.provider).await?.version, true),
        };
        if matches!(subject, Subject::Root) {
            self.check_root(&rows, to, is_new, order.provider).await?;
        }
        let envelopes = self.left(subject, to).await?;
        Ok(Plan { from: active, to, is_new, envelopes })
    }

    fn pending(rows: &[KeyRow], subject: &Subject, to: u32) -> Result<u32, Refused> {
        let row = subject::row(rows, subject, to)?;
        if row.state == KeyState::Pending {
            return Ok(to);
        }
        let (key, state) = (subject.name(), state_name(row.state));
        Err(Refused::NotPending { key, version: to, state })
    }

    /// Whether the root may go to a version: by its provider, and on every node.
    async fn check_root(
        &self,
        rows: &[KeyRow],
        to: u32,
        is_new: bool,
        wanted: Option<Provider>,
    ) -> Result<(), Refused> {
        let locked = install::locked(&*self.keyring.engine).await?;
        let store = locked.unwrap_or(self.keyring.root().provider());
        let given = match rows.iter().find(|row| row.version == to) {
            Some(row) => subject::provider(row)?,
            None => wanted.unwrap_or(store),
        };
        if given != wanted.unwrap_or(store) {
            return Err(Refused::OtherProvider { version: to, store, given });
        }
        if !is_new {
            let missing = self.nodes_without(to).await?;
            if !missing.is_empty() {
                let (key, nodes) = (Subject::Root.name(), missing.join(", "));
                return Err(Refused::NodesNotReady { key, version: to, nodes });
            }
        }
        Ok(())
    }

    /// Begins a rotation; the run-loop carries it on.
    ///
    /// # Errors
    /// [`Refused`]; nothing was begun, though a version may have been added.
    pub async fn begin(
        &self,
        subject: &Subject,
        order: Order,
        record: Record,
    ) -> Result<Plan, Refused> {
        let plan = self.plan(subject, order).await?;
        if plan.is_new {
            self.add(subject, order.provider, record.clone()).await?;
        }
        // On what is there now: the new version, on every node.
        let plan = Plan { is_new: plan.is_new, ..self.plan(subject, order).await? };
        let level = subject.level();
        let row = RotationRow {
            level,
            from: plan.from,
            to: plan.to,
            phase: Phase::Announced,
            compromised: order.compromised,
            eager: order.eager || order.compromised,
            reverting: false,
            started: order.at.unwrap_or_else(|| self.keyring.clock.now()),
        };
        let mut changes = vec![Change::Rotation { level, from: None, to: Some(row) }];
        if order.compromised {
            changes.push(Change::Compromise { level, version: plan.from });
        }
        self.commit(changes, vec![record]).await?;
        if let Some(at) = order.at {
            self.keyring.tell(subject, EventKind::KeyRotation, plan.to, at);
        }
        self.wake();
        Ok(plan)
    }

    /// Takes a rotation back: before the switch it is forgotten, after it the old version becomes
    /// active again.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn abort(&self, subject: &Subject, record: Record) -> Result<RotationRow, Refused> {
        for _ in 0..ATTEMPTS_MAX {
            let row = self.plan_abort(subject).await?;
            let level = row.level;
            let done = match row.phase {
                Phase::Announced => {
                    let end = Change::Rotation { level, from: Some(row), to: None };
                    let ended = self.commit(vec![end], vec![record.clone()]).await;
                    if ended.is_ok() && row.started > self.keyring.clock.now() {
                        let kind = EventKind::KeyRotationCancelled;
                        self.keyring.tell(subject, kind, row.to, row.started);
                    }
                    if ended.is_ok() && matches!(subject, Subject::Root) {
                        self.keyring.close_window();
                    }
                    ended
                }
                Phase::Switched => self.turn_back(subject, &row, record.clone()).await,
            };
            match done {
                Err(Refused::Contention) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(row),
            }
        }
        Err(Refused::Contention)
    }

    /// The rotation that [`Rotator::abort`] would take back.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan_abort(&self, subject: &Subject) -> Result<RotationRow, Refused> {
        let running = self.far(subject.level()).await?;
        let (row, _) = running.ok_or_else(|| Refused::NoneRunning(subject.name()))?;
        if row.compromised { Err(Refused::NoWayBack(row.from)) } else { Ok(row) }
    }
}

/// Whether an order is one for the root that the tenant is under.
fn check_move(subject: &Subject, order: Order, active: u32) -> Result<(), Refused> {
    let Subject::OwnRoot(tenant) = subject else { return Ok(()) };
    let under = if active == SHARED_ROOT { Whose::Shared } else { Whose::Own };
    let tenant = || tenant.name.clone();
    match order.whose {
        None if under == Whose::Shared => Err(Refused::UnderShared(tenant())),
        Some(whose) if whose == under => Err(Refused::SameRoot(tenant(), whose)),
        None | Some(_) => Ok(()),
    }
}
