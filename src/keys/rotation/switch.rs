//! The steps of a rotation that are one commit each: acknowledge, switch, finish, go back.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::events::EventKind;
use super::super::install::{CHECK_SETTING, Installed, PROVIDER_SETTING};
use super::super::root::Provider;
use super::Rotator;
use super::doomed::destruction;
use super::error::Refused;
use super::subject::{self, Subject};
use crate::store::{Change, KeyRow, KeyState, Phase, RotationRow, SHARED_ROOT};

impl Rotator {
    /// Loads the new version and says so.
    pub(super) async fn acknowledge(
        &self,
        subject: &Subject,
        row: &RotationRow,
    ) -> Result<(), Refused> {
        // The shared root is there, as always.
        if row.to != SHARED_ROOT {
            let (rows, _) = subject::versions(&self.keyring, subject).await?;
            let new = subject::row(&rows, subject, row.to)?;
            self.keyring.load_version(subject, new).await?;
        }
        let (node, level, version) = (self.settings.node.clone(), row.level, row.to);
        self.commit(vec![Change::Acknowledge { node, level, version }], Vec::new()).await
    }

    /// Whether every live node has acknowledged a version; the names of those that have not.
    pub(super) async fn all_have(
        &self,
        subject: &Subject,
        version: u32,
    ) -> Result<Result<(), Vec<String>>, Refused> {
        let have = self.keyring.engine.acknowledged(subject.level(), version).await?;
        let missing = self.live_nodes().await?.into_iter().filter(|name| !have.contains(name));
        let missing: Vec<_> = missing.collect();
        Ok(if missing.is_empty() { Ok(()) } else { Err(missing) })
    }

    async fn live_nodes(&self) -> Result<Vec<String>, Refused> {
        let mut nodes = self.keyring.engine.nodes().await?;
        nodes.retain(|node| self.is_alive(node));
        Ok(nodes.into_iter().map(|node| node.name).collect())
    }

    /// The live nodes that do not have a version of the root key. Of itself this node knows better than
    /// what it has said last, or a process before it.
    pub(super) async fn nodes_without(&self, version: u32) -> Result<Vec<String>, Refused> {
        let (live, own) = (self.live_nodes().await?, &self.settings.node);
        let mut nodes = self.keyring.engine.nodes().await?;
        nodes.retain(|node| {
            node.name != *own && live.contains(&node.name) && !node.roots.contains(&version)
        });
        let mut names: Vec<String> = nodes.into_iter().map(|node| node.name).collect();
        if !self.keyring.root_versions().contains(&version) {
            names.push(own.clone());
        }
        Ok(names)
    }

    /// Makes the new version active and the old one retired.
    pub(super) async fn switch(
        &self,
        subject: &Subject,
        row: &RotationRow,
    ) -> Result<RotationRow, Refused> {
        let next = RotationRow { phase: Phase::Switched, ..*row };
        let detail = match (row.from, row.to) {
            (SHARED_ROOT, to) => format!("version {to} is active, in place of the shared root key"),
            (from, SHARED_ROOT) => {
                format!("the shared root key seals, version {from} is retired")
            }
            (from, to) => format!("version {to} is active, version {from} is retired"),
        };
        self.exchange(subject, row, (row.from, row.to), KeyState::Pending, next, detail).await?;
        Ok(next)
    }

    /// Turns a rotation around that has switched: the old version is active again, and what the
    /// new one sealed is sealed under the old one.
    pub(super) async fn turn_back(
        &self,
        subject: &Subject,
        row: &RotationRow,
        record: crate::audit::Record,
    ) -> Result<(), Refused> {
        let reverting = !row.reverting;
        let next = RotationRow { from: row.to, to: row.from, reverting, eager: true, ..*row };
        let detail = match row.from {
            SHARED_ROOT => "aborted: the shared root key seals again".to_owned(),
            from => format!("aborted: version {from} is active again"),
        };
        self.exchange(subject, row, (row.to, row.from), KeyState::Retired, next, detail).await?;
        self.commit(Vec::new(), vec![record]).await?;
        self.wake();
        Ok(())
    }

    /// One version becomes active in place of another: in the store, and in memory.
    async fn exchange(
        &self,
        subject: &Subject,
        row: &RotationRow,
        (old, new): (u32, u32),
        new_was: KeyState,
        next: RotationRow,
        detail: String,
    ) -> Result<(), Refused> {
        let level = subject.level();
        let (retired, active) = (KeyState::Retired, KeyState::Active);
        let states = [(old, active, retired), (new, new_was, active)];
        // The shared root has its states elsewhere.
        let states = states.into_iter().filter(|(version, ..)| *version != SHARED_ROOT);
        let mut changes: Vec<_> = states
            .map(|(version, from, to)| Change::KeyState { level, version, from, to })
            .collect();
        changes.push(Change::Rotation { level, from: Some(*row), to: Some(next) });
        let record = vec![self.record(subject, detail)];
        match subject {
            Subject::Tenant(_) => {
                self.commit(changes, record).await?;
                self.keyring.tell(subject, EventKind::KeyRotation, new, self.keyring.clock.now());
                Ok(())
            }
            Subject::Service(tenant, service) => {
                let key = self.keyring.open_version(tenant, service, new).await?;
                let commit = self.commit(changes, record);
                let id = (tenant.id, service.id);
                self.keyring.switch_service(id, Arc::new(key), commit).await?;
                self.keyring.tell(subject, EventKind::KeyRotation, new, self.keyring.clock.now());
                Ok(())
            }
            // Who seals for the tenant is read from the store.
            Subject::OwnRoot(_) => self.commit(changes, record).await,
            Subject::Root => {
                let (rows, _) = subject::versions(&self.keyring, subject).await?;
                let version = subject::row(&rows, subject, new)?.clone();
                let provider = subject::provider(&version)?;
                // Nobody registers a tenant while it is not known which version seals.
                let _alone = self.keyring.registering.lock().await;
                changes.push(Change::Setting {
                    name: CHECK_SETTING,
                    from: self.keyring.installed.load().check.as_bytes().to_vec(),
                    to: version.sealed.as_bytes().to_vec(),
                });
                self.commit(changes, record).await?;
                self.install(provider, &version);
                Ok(())
            }
        }
    }

    fn install(&self, provider: Provider, row: &KeyRow) {
        let (version, check) = (row.version, row.sealed.clone());
        let roots = self.keyring.roots.load().sealing(provider);
        self.keyring.roots.store(Arc::new(roots));
        self.keyring.installed.store(Arc::new(Installed { provider, version, check }));
    }

    /// Ends a rotation whose work is done. The lock follows the root to its provider.
    pub(super) async fn finish(&self, subject: &Subject, row: &RotationRow) -> Result<(), Refused> {
        let level = subject.level();
        let mut changes = vec![Change::Rotation { level, from: Some(*row), to: None }];
        let mut detail = match (row.from, row.to) {
            (SHARED_ROOT, to) => {
                format!("the move from the shared root key to version {to} is done")
            }
            (from, SHARED_ROOT) => {
                format!("the move from version {from} to the shared root key is done")
            }
            (from, to) => format!("the rotation from version {from} to {to} is done"),
        };
        let ends = row.compromised && !self.clients_need(subject, row.from).await?;
        if ends {
            let (rows, _) = subject::versions(&self.keyring, subject).await?;
            changes.push(destruction(subject::row(&rows, subject, row.from)?, false));
            detail += "; the old version, which is compromised, is destroyed";
        } else if row.compromised {
            detail += "; the old version, which is compromised, stays for what clients have encrypted \
                       with it: `kek remove --discard-encrypted` ends it";
        }
        if matches!(subject, Subject::Root) {
            let sealing = self.keyring.installed.load().provider;
            let locked = super::super::install::locked(&*self.keyring.engine).await?;
            if let Some(locked) = locked.filter(|locked| *locked != sealing) {
                changes.push(Change::Setting {
                    name: PROVIDER_SETTING,
                    from: locked.name().into(),
                    to: sealing.name().into(),
                });
                let _ = write!(detail, "; the store belongs to root provider `{sealing}` now");
            }
        }
        let record = self.record(subject, detail.clone());
        self.commit(changes, vec![record]).await?;
        match subject {
            Subject::Root => self.keyring.close_window(),
            Subject::OwnRoot(tenant) if row.to == SHARED_ROOT => {
                self.keyring.close_own(&tenant.name);
            }
            Subject::OwnRoot(_) | Subject::Tenant(_) | Subject::Service(..) => {}
        }
        if ends {
            self.keyring.forget_version(subject.level(), row.from);
        }
        tracing::info!(key = subject.name(), "{detail}");
        Ok(())
    }
}
