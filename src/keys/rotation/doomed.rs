//! Keys of root versions that are destroyed here, and that their token may have still.
//!
//! ```text
//! store   the version is destroyed, its check value stays                       (one commit)
//! token   the key is found by number and check value, destroyed, looked for again
//! store   the check value goes                                                  (one commit)
//! ```
//!
//! The store comes first, because what is not destroyed there may still be needed. Whatever the process
//! dies in is done again from the row, and a token that is out of reach is asked until it has answered.
//! Nothing waits for that: to the store the version is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::envelope::{self, EnvelopeError};
use super::super::install::{self, place};
use super::super::root::{Provider, RootError, RootKey};
use super::super::watch::WatchedRoot;
use super::Rotator;
use super::error::Refused;
use super::subject::{self, Subject, provider_of};
use crate::audit::record::REFUSED;
use crate::audit::{Actor, Outcome, Record};
use crate::store::{Change, KeyLevel, KeyRow, KeyState, backup_names};
use crate::tenant::TenantName;

/// The key of a version of a root, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlace {
    /// The provider that has it.
    pub provider: Provider,
    /// Where it is there.
    pub place: String,
}

/// Whether a version of a root is destroyed, and its provider may have the key still.
#[must_use]
pub fn is_doomed(row: &KeyRow) -> bool {
    row.state == KeyState::Destroyed && !row.sealed.as_bytes().is_empty()
}

/// What destroys a version. Of a key that its provider destroys the check value stays, to find it by.
pub(super) fn destruction(row: &KeyRow, is_left: bool) -> Change {
    let (level, version, from) = (row.level, row.version, row.state);
    let is_root = matches!(level, KeyLevel::Root | KeyLevel::OwnRoot(_));
    let provider = provider_of(row).filter(|provider| is_root && provider.can_destroy());
    match provider {
        Some(_) if !is_left => Change::Doom { level, version, from },
        _ => Change::KeyState { level, version, from, to: KeyState::Destroyed },
    }
}

/// Whose name is in the check values of a root.
fn owner(subject: &Subject) -> &str {
    match subject {
        Subject::OwnRoot(tenant) => tenant.name.as_str(),
        _ => "",
    }
}

impl Rotator {
    /// Where the key of a version of a root is; `None` for other keys, and for one that is gone.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn key_place(
        &self,
        subject: &Subject,
        version: u32,
    ) -> Result<Option<KeyPlace>, Refused> {
        let (rows, _) = subject::versions(&self.keyring, subject).await?;
        Ok(self.place_of(subject, subject::row(&rows, subject, version)?))
    }

    /// The same of a row.
    #[must_use]
    pub fn place_of(&self, subject: &Subject, row: &KeyRow) -> Option<KeyPlace> {
        let provider = provider_of(row).filter(|_| subject.is_root())?;
        let version = row.version;
        let root = match subject {
            Subject::OwnRoot(tenant) => self.keyring.own_root(&tenant.name).ok(),
            _ => self.keyring.roots.load().of(provider).cloned(),
        };
        let root = root.filter(|root| root.provider() == provider);
        let unknown = || format!("version {version} of root provider `{provider}`");
        let place = root.map_or_else(unknown, |root| root.place_of(version));
        Some(KeyPlace { provider, place })
    }

    /// The row of a version of a root that is destroyed, and whose provider may have the key still.
    ///
    /// # Errors
    /// The store's.
    pub async fn doomed(&self, subject: &Subject, version: u32) -> Result<Option<KeyRow>, Refused> {
        let rows = self.keyring.engine.keys(subject.level()).await?;
        let is_it = |row: &KeyRow| row.version == version && subject.is_root() && is_doomed(row);
        Ok(rows.into_iter().find(is_it))
    }

    /// Why the key of a version that is destroyed was not destroyed in its token, when that was last
    /// tried.
    #[must_use]
    pub fn why_it_remains(&self, row: &KeyRow) -> Option<String> {
        self.remains().get(&(row.level, row.version)).cloned()
    }

    /// Has the token destroy the key of a version that is destroyed here. `root` is the token, if it is
    /// not one that is open. If the key remains, why; it is tried again.
    ///
    /// # Errors
    /// The store's.
    pub async fn destroy_key(
        &self,
        subject: &Subject,
        row: &KeyRow,
        root: Option<Arc<dyn RootKey>>,
    ) -> Result<Option<String>, Refused> {
        let given = root.as_ref().map(|root| root.place_of(row.version));
        let known = || self.place_of(subject, row).map(|key| key.place);
        let place = given.or_else(known).unwrap_or_default();
        match self.try_destroy(subject, row, root).await {
            Ok(was_there) => {
                let done = if was_there { "is destroyed" } else { "is not there any more" };
                self.gone(subject, row, format!("{place} {done}")).await?;
                Ok(None)
            }
            Err(Refused::Store(error)) => Err(error.into()),
            Err(why) => {
                let why = why.to_string();
                self.note_that_it_remains(subject, row, &place, &why).await?;
                Ok(Some(why))
            }
        }
    }

    /// Leaves the key of a version that is destroyed where it is, for good.
    ///
    /// # Errors
    /// The store's.
    pub async fn leave_key(&self, subject: &Subject, row: &KeyRow) -> Result<(), Refused> {
        let place = self.place_of(subject, row).map(|key| key.place).unwrap_or_default();
        self.gone(subject, row, format!("{place} stays, as it was ordered")).await
    }

    /// Whether the key was there.
    async fn try_destroy(
        &self,
        subject: &Subject,
        row: &KeyRow,
        root: Option<Arc<dyn RootKey>>,
    ) -> Result<bool, Refused> {
        let (key, version) = (subject.name(), row.version);
        let backups = self.keyring.engine.backups_naming(row.level, version).await?;
        if let Some(first) = backups.first() {
            let (first, backups) = (first.id.clone(), backup_names(&backups));
            return Err(Refused::BackedUp { key, version, backups, first });
        }
        let root = if let Some(root) = root {
            self.watched(subject, root)
        } else {
            let provider = subject::provider(row)?;
            let root = self.keyring.root_of(subject, Some(provider)).await?;
            root.ok_or(Refused::NotOpen(provider))?
        };
        let known = self.keyring.engine.root_keys().await?;
        self.check_others(row, &root, &known).await?;
        let at = place(owner(subject), version);
        match envelope::destroy_with_root(&*root, &at, &row.sealed).await {
            Ok(()) => Ok(true),
            Err(EnvelopeError::OtherVersion(_)) => {
                // Only the right token can say that it has it no more.
                let is_witness = |it: &&KeyRow| {
                    it.level == row.level
                        && it.state == KeyState::Active
                        && provider_of(it) == Some(root.provider())
                };
                if let Some(witness) = known.iter().find(is_witness) {
                    let (version, check) = (witness.version, &witness.sealed);
                    install::prove(&*root, owner(subject), version, check).await?;
                }
                Ok(false)
            }
            Err(EnvelopeError::NotAuthentic) => Err(Refused::AnotherKey),
            Err(EnvelopeError::Root(RootError::Refused(answer))) => Err(Refused::Kept(answer)),
            Err(error) => Err(error.into()),
        }
    }

    /// Two roots of one installation may be the same key, if they were described so.
    async fn check_others(
        &self,
        row: &KeyRow,
        root: &WatchedRoot,
        known: &[KeyRow],
    ) -> Result<(), Refused> {
        let others = known.iter().filter(|other| {
            other.level != row.level
                && other.version == row.version
                && other.state != KeyState::Destroyed
                && provider_of(other) == Some(root.provider())
        });
        for other in others {
            let subject = self.keyring.subject(other.level).await?;
            let at = place(owner(&subject), other.version);
            if envelope::is_sealed_by(root, &at, &other.sealed).await? {
                return Err(Refused::AlsoOf(subject.name()));
            }
        }
        Ok(())
    }

    fn watched(&self, subject: &Subject, root: Arc<dyn RootKey>) -> Arc<WatchedRoot> {
        let tenant: Option<TenantName> = match subject {
            Subject::OwnRoot(tenant) => Some(tenant.name.clone()),
            _ => None,
        };
        let (clock, metrics) = (Arc::clone(&self.keyring.clock), Arc::clone(&self.keyring.metrics));
        Arc::new(WatchedRoot::new(root, tenant, clock, metrics))
    }

    /// The check value goes. If it has gone already, somebody else was faster.
    async fn gone(&self, subject: &Subject, row: &KeyRow, done: String) -> Result<(), Refused> {
        let (level, version, check) = (row.level, row.version, row.sealed.clone());
        let record = self.record_of(subject, row, Outcome::Success, &done);
        match self.commit(vec![Change::Gone { level, version, check }], vec![record]).await {
            Ok(()) | Err(Refused::Contention) => {
                self.remains().remove(&(level, version));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Recorded and logged once for each reason.
    async fn note_that_it_remains(
        &self,
        subject: &Subject,
        row: &KeyRow,
        place: &str,
        why: &str,
    ) -> Result<(), Refused> {
        let before = self.remains().insert((row.level, row.version), why.to_owned());
        if before.as_deref() == Some(why) {
            return Ok(());
        }
        tracing::warn!(key = subject.name(), version = row.version, why, "it stays in its token");
        let detail = format!("{place} is there still: {why}");
        let record = self.record_of(subject, row, Outcome::Failure(REFUSED), &detail);
        self.commit(Vec::new(), vec![record]).await
    }

    fn record_of(&self, subject: &Subject, row: &KeyRow, outcome: Outcome, said: &str) -> Record {
        let act = subject.act(format!("version {}: {said}", row.version));
        let actor = Actor::Server(Box::new(act));
        let record = Record::of_act(self.keyring.clock.now(), actor, "root key destruction");
        Record { outcome, ..record }
    }

    /// Has tokens destroy what is destroyed here, unless that is under way.
    pub(super) fn destroy_what_is_doomed(self: &Arc<Self>) {
        if self.destroying.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let _ends = Ends(&this.destroying);
            if let Err(error) = this.destroy_all().await {
                tracing::warn!(%error, "keys that are destroyed may be in their tokens still");
            }
        });
    }

    async fn destroy_all(&self) -> Result<(), Refused> {
        let known = self.keyring.engine.root_keys().await?;
        for row in known.iter().filter(|row| is_doomed(row)) {
            let subject = self.keyring.subject(row.level).await?;
            self.destroy_key(&subject, row, None).await?;
        }
        Ok(())
    }
}

/// Says that something is not under way any more, however it ended.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
