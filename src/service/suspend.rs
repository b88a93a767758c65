//! Tenants and services that a client suspends, by Revoke of their keys.

use std::sync::Arc;

use super::Service;
use crate::audit::{Actor, Record};
use crate::clock::Timestamp;
use crate::keys::active_version;
use crate::keys::events::EventKind;
use crate::keys::rotation::Subject;
use crate::store::{Administration, Change, Commit, Error as StoreError, KeyLevel};

/// Whether these changes of a client suspend anybody.
pub(super) fn suspends(changes: &[Change]) -> bool {
    changes.iter().any(|change| {
        let Change::Administer(what) = change else { return false };
        matches!(what, Administration::Tenant { .. } | Administration::Service { .. })
    })
}

impl Service {
    /// Makes a suspension durable, with a record of its own, has every request held to it, and tells
    /// those who listen. It is carried out to its end even if the client does not wait for it.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn suspend(&self, mut commit: Commit) -> Result<(), StoreError> {
        let subjects = self.subjects(&commit.changes).await?;
        let now = self.clock.now();
        commit.audit.extend(subjects.iter().map(|subject| record(subject, now)));
        let (store, keyring) = (Arc::clone(&self.parts.store), Arc::clone(&self.parts.keyring));
        let done = tokio::spawn(async move {
            store.commit(commit).await?;
            for subject in &subjects {
                keyring.hold(subject);
            }
            for subject in &subjects {
                let keys = store.keys(subject.level()).await.unwrap_or_default();
                keyring.tell(subject, EventKind::Suspension, active_version(&keys), now);
            }
            Ok(())
        });
        let interrupted = || Err(StoreError::Failed("the suspension was interrupted".into()));
        done.await.unwrap_or_else(|_| interrupted())
    }

    /// Who is another one after these changes.
    async fn subjects(&self, changes: &[Change]) -> Result<Vec<Subject>, StoreError> {
        let mut subjects = Vec::new();
        for change in changes {
            match change {
                Change::Administer(Administration::Tenant { to, .. }) => {
                    subjects.push(Subject::Tenant(to.clone()));
                }
                Change::Administer(Administration::Service { to, .. }) => {
                    let owner = self.parts.store.engine().owner(KeyLevel::Service(to.id)).await?;
                    let (tenant, _) = owner.ok_or(StoreError::Conflict)?;
                    subjects.push(Subject::Service(tenant, to.clone()));
                }
                _ => {}
            }
        }
        Ok(subjects)
    }
}

/// The same that the command of an administrator leaves.
fn record(subject: &Subject, now: Timestamp) -> Record {
    let command = match subject {
        Subject::Root | Subject::OwnRoot(_) | Subject::Tenant(_) => "tenant suspend",
        Subject::Service(..) => "service suspend",
    };
    let act = subject.act("suspended by Revoke of its key, see the record before".to_owned());
    Record::of_act(now, Actor::Server(Box::new(act)), command)
}
