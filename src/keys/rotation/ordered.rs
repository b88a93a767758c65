//! A rotation that somebody else commits: an operation of a client, with its record.

use super::super::keyring::Keyring;
use super::error::Refused;
use super::subject::{self, Subject};
use crate::store::{Change, KeyState, Phase, RotationRow};

impl Keyring {
    /// What begins a rotation of a tenant's or service's key to a new version, or to one that is
    /// pending. Whoever has committed it need not do more: the run-loop of the rotator finds it.
    ///
    /// # Errors
    /// [`Refused`]: another one is running, the owner is not served, or it is the root's, which is no
    /// client's to rotate.
    pub async fn rotation_changes(&self, subject: &Subject) -> Result<Vec<Change>, Refused> {
        if !subject.is_served() || subject.is_root() {
            return Err(Refused::NotServed(subject.name()));
        }
        let level = subject.level();
        if let Some(row) = self.engine.rotations().await?.iter().find(|row| row.level == level) {
            let key = subject.name();
            return Err(Refused::AnotherRunning { key, from: row.from, to: row.to });
        }
        let (rows, from) = subject::versions(self, subject).await?;
        let (now, mut changes) = (self.clock.now(), Vec::new());
        let pending = rows.iter().rev().find(|row| row.state == KeyState::Pending);
        let to = if let Some(pending) = pending {
            pending.version
        } else {
            let version = rows.last().map_or(1, |row| row.version + 1);
            let sealed = self.make_version(subject, version, None).await?;
            let state = KeyState::Pending;
            changes.push(Change::NewVersion { level, version, state, sealed, created: now });
            version
        };
        let row = RotationRow {
            level,
            from,
            to,
            phase: Phase::Announced,
            compromised: false,
            eager: false,
            reverting: false,
            started: now,
        };
        changes.push(Change::Rotation { level, from: None, to: Some(row) });
        Ok(changes)
    }
}
