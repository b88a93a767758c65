//! How a rotation begins, what is refused, and what can be done with versions outside of one.

use super::super::events::EventKind;
use super::super::install;
use super::super::root::{Provider, RootKey as _};
use super::Rotator;
use super::error::Refused;
use super::subject::{self, Subject, state_name};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::store::{BackupChange, Change, KeyRow, KeyState, Phase, RotationRow, backup_names};

/// How often something is tried again that others interfered with.
const ATTEMPTS_MAX: usize = 8;

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
    /// The provider that the root moves to.
    pub provider: Option<Provider>,
    /// Not before this moment, which is to come; `None` for at once.
    pub at: Option<Timestamp>,
}

/// What a rotation would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The version that is active.
    pub from: u32,
    /// The version that would be.
    pub to: u32,
    /// Whether that version would be made first.
    pub is_new: bool,
    /// Envelopes that would be sealed anew.
    pub envelopes: u64,
}

/// What `add` found or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add {
    /// The version.
    pub version: u32,
    /// Whether the key of a root has to be made in its token.
    pub is_made: bool,
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
        let (to, is_new) = match (order.to, pending) {
            (Some(to), _) => (Self::pending(&rows, subject, to)?, false),
            (None, Some(row)) => (row.version, false),
            (None, None) => (self.next(&rows, subject, order.provider)?.version, true),
        };
        if matches!(subject, Subject::Root) {
            self.check_root(&rows, to, is_new, order.provider).await?;
        }
        let envelopes = self.left(subject.level(), to).await?;
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

    /// The version that would be added to a key. No number is used twice, also none that a token has
    /// and the store does not know.
    fn next(
        &self,
        rows: &[KeyRow],
        subject: &Subject,
        wanted: Option<Provider>,
    ) -> Result<Add, Refused> {
        let last = rows.last().map_or(0, |row| row.version);
        if !matches!(subject, Subject::Root) {
            return Ok(Add { version: last + 1, is_made: false });
        }
        let roots = self.keyring.roots.load_full();
        let provider = wanted.unwrap_or(roots.primary.provider());
        let root = roots.of(provider).ok_or(Refused::NotOpen(provider))?;
        match root.versions().into_iter().find(|version| *version > last) {
            Some(version) => Ok(Add { version, is_made: false }),
            None if root.can_make() => Ok(Add { version: last + 1, is_made: true }),
            None => Err(Refused::NoNewVersion(last)),
        }
    }

    /// What [`Rotator::add`] would add. Changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan_add(
        &self,
        subject: &Subject,
        provider: Option<Provider>,
    ) -> Result<Add, Refused> {
        let (rows, _) = subject::versions(&self.keyring, subject).await?;
        if !subject.is_served() {
            return Err(Refused::NotServed(subject.name()));
        }
        self.next(&rows, subject, provider)
    }

    /// Adds a version to a key, pending. In a token its key is made first, and checked.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn add(
        &self,
        subject: &Subject,
        provider: Option<Provider>,
        record: Record,
    ) -> Result<Add, Refused> {
        for _ in 0..ATTEMPTS_MAX {
            let add = self.plan_add(subject, provider).await?;
            if add.is_made {
                let roots = self.keyring.roots.load_full();
                let provider = provider.unwrap_or(roots.primary.provider());
                let root = roots.of(provider).ok_or(Refused::NotOpen(provider))?;
                root.make(add.version).await?;
            }
            let sealed = self.keyring.make_version(subject, add.version, provider).await?;
            let change = Change::NewVersion {
                level: subject.level(),
                version: add.version,
                state: KeyState::Pending,
                sealed,
                created: self.keyring.clock.now(),
            };
            match self.commit(vec![change], vec![record.clone()]).await {
                Err(Refused::Contention) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    if matches!(subject, Subject::Root) {
                        self.beat().await?;
                    }
                    return Ok(add);
                }
            }
        }
        Err(Refused::Contention)
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

    /// Envelopes that other versions than the active one have sealed.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn left_over(&self, subject: &Subject) -> Result<u64, Refused> {
        let (_, active) = subject::versions(&self.keyring, subject).await?;
        self.left(subject.level(), active).await
    }

    /// Envelopes that the active version of the root key has sealed.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn under_active(&self) -> Result<u64, Refused> {
        let active = self.keyring.root_status().active;
        let counts = self.keyring.engine.envelopes(Subject::Root.level()).await?;
        Ok(counts.iter().find(|count| count.version == active).map_or(0, |count| count.living))
    }

    /// The state that a version is in, if it could be removed. Changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan_remove(&self, subject: &Subject, version: u32) -> Result<KeyState, Refused> {
        let (rows, _) = subject::versions(&self.keyring, subject).await?;
        let state = subject::row(&rows, subject, version)?.state;
        let key = || subject.name();
        if let Some((row, _)) = self.far(subject.level()).await? {
            return Err(Refused::AnotherRunning { key: key(), from: row.from, to: row.to });
        }
        if !matches!(state, KeyState::Retired | KeyState::Pending) {
            return Err(Refused::InUse { key: key(), version, state: state_name(state) });
        }
        let counts = self.keyring.engine.envelopes(subject.level()).await?;
        let living = counts.iter().find(|it| it.version == version).map_or(0, |it| it.living);
        if living > 0 {
            return Err(Refused::Named { key: key(), version, living });
        }
        let backups = self.keyring.engine.backups_naming(subject.level(), version).await?;
        match backups.first() {
            Some(first) => {
                let (first, backups) = (first.id.clone(), backup_names(&backups));
                Err(Refused::BackedUp { key: key(), version, backups, first })
            }
            None => Ok(state),
        }
    }

    /// Destroys a version that no envelope and no known backup names. Its row stays without its envelope, so that the
    /// number is not used again.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn remove(
        &self,
        subject: &Subject,
        version: u32,
        record: Record,
    ) -> Result<(), Refused> {
        let from = self.plan_remove(subject, version).await?;
        let (level, to) = (subject.level(), KeyState::Destroyed);
        // A backup may have become known since.
        let unnamed = Change::Backup(BackupChange::Unnamed { level, version });
        let state = Change::KeyState { level, version, from, to };
        self.commit(vec![unnamed, state], vec![record]).await?;
        self.keyring.forget_version(subject.level(), version);
        Ok(())
    }

    /// The live nodes that lack a version, and whether it opens here.
    ///
    /// # Errors
    /// [`Refused::NodesNotReady`] with their names, or what is wrong here.
    pub async fn verify(&self, subject: &Subject, version: u32) -> Result<(), Refused> {
        let (rows, _) = subject::versions(&self.keyring, subject).await?;
        let row = subject::row(&rows, subject, version)?;
        if row.state == KeyState::Destroyed {
            let (key, state) = (subject.name(), state_name(row.state));
            return Err(Refused::NotPending { key, version, state });
        }
        if matches!(subject, Subject::Root) {
            self.beat().await?;
            let missing = self.nodes_without(version).await?;
            if !missing.is_empty() {
                let (key, nodes) = (subject.name(), missing.join(", "));
                return Err(Refused::NodesNotReady { key, version, nodes });
            }
        }
        self.keyring.load_version(subject, row).await
    }
}
