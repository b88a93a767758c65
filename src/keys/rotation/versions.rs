//! What can be done with the versions of a key outside of a rotation: add, remove, verify, count.

use super::super::root::{Provider, RootKey as _};
use super::doomed::destruction;
use super::error::Refused;
use super::subject::{self, Subject, state_name};
use super::{ATTEMPTS_MAX, Rotator};
use crate::audit::Record;
use crate::store::{BackupChange, Change, KeyRow, KeyState, backup_names};

/// What `add` found or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add {
    /// The version.
    pub version: u32,
    /// Whether the key of a root has to be made in its token.
    pub is_made: bool,
}

impl Rotator {
    /// The version that would be added to a key. No number is used twice, also none that a token has
    /// and the store does not know.
    pub(super) async fn next(
        &self,
        rows: &[KeyRow],
        subject: &Subject,
        wanted: Option<Provider>,
    ) -> Result<Add, Refused> {
        let last = rows.last().map_or(0, |row| row.version);
        let Some(root) = self.keyring.root_of(subject, wanted).await? else {
            return Ok(Add { version: last + 1, is_made: false });
        };
        match root.versions().into_iter().find(|version| *version > last) {
            Some(version) => Ok(Add { version, is_made: false }),
            None if root.can_make() => Ok(Add { version: last + 1, is_made: true }),
            None => Err(match subject {
                Subject::OwnRoot(tenant) => Refused::NoNewOwnVersion(tenant.name.clone(), last),
                _ => Refused::NoNewVersion(last),
            }),
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
        self.next(&rows, subject, provider).await
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
            if add.is_made
                && let Some(root) = self.keyring.root_of(subject, provider).await?
            {
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

    /// Envelopes that other versions than the active one have sealed.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn left_over(&self, subject: &Subject) -> Result<u64, Refused> {
        let (_, active) = subject::versions(&self.keyring, subject).await?;
        self.left(subject, active).await
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

    /// A version, if it could be removed. Changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan_remove(&self, subject: &Subject, version: u32) -> Result<KeyRow, Refused> {
        let (rows, _) = subject::versions(&self.keyring, subject).await?;
        let row = subject::row(&rows, subject, version)?;
        let state = row.state;
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
            None => Ok(row.clone()),
        }
    }

    /// Destroys a version that no envelope and no known backup names. Its row stays without its
    /// envelope, so that the number is not used again. A root key that its provider can destroy is then
    /// to be destroyed there ([`Rotator::destroy_key`]), unless it `is_left`.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn remove(
        &self,
        subject: &Subject,
        version: u32,
        is_left: bool,
        record: Record,
    ) -> Result<(), Refused> {
        let row = self.plan_remove(subject, version).await?;
        let level = subject.level();
        // A backup may have become known since.
        let unnamed = Change::Backup(BackupChange::Unnamed { level, version });
        self.commit(vec![unnamed, destruction(&row, is_left)], vec![record]).await?;
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
