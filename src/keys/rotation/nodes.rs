//! The nodes on a store, and what each has loaded, for reports.

use super::error::Refused;
use super::subject::Subject;
use super::{LEASE, Rotator};
use crate::store::{KeyLevel, NodeRow};

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it last said of itself; of this node, what is so now.
    pub row: NodeRow,
    /// Whether it was heard a short while ago.
    pub is_alive: bool,
}

/// Every node that was ever heard, at one moment.
#[derive(Debug, Clone)]
pub struct Nodes {
    /// The nodes, by name.
    pub all: Vec<Node>,
    /// The keys that are being rotated, of which nodes say what they have loaded.
    rotating: Vec<KeyLevel>,
}

impl Rotator {
    /// Every node.
    ///
    /// # Errors
    /// The store's.
    pub async fn nodes(&self) -> Result<Nodes, Refused> {
        let engine = &self.keyring.engine;
        let rotating = engine.rotations().await?.into_iter().map(|row| row.level).collect();
        let mut all = Vec::new();
        for mut row in engine.nodes().await? {
            if row.name == self.settings.node {
                (row.roots, row.open) = (self.keyring.root_versions(), self.keyring.open_keys());
            }
            all.push(Node { is_alive: self.is_alive(&row), row });
        }
        Ok(Nodes { all, rotating })
    }

    /// The nodes that are known to have a version of a key loaded. This node looks into its memory.
    /// Others say with each heartbeat which versions of the root key they have; of the other keys they
    /// only say it of those that are being rotated, so that what they say is bounded.
    ///
    /// # Errors
    /// The store's.
    pub async fn loaded_by(
        &self,
        nodes: &Nodes,
        subject: &Subject,
        version: u32,
    ) -> Result<Vec<String>, Refused> {
        let level = subject.level();
        let acknowledged = if nodes.rotating.contains(&level) && level != KeyLevel::Root {
            self.keyring.engine.acknowledged(level, version).await?
        } else {
            Vec::new()
        };
        let has = |row: &NodeRow| match level {
            _ if row.name == self.settings.node => self.keyring.has_loaded(subject, version),
            KeyLevel::Root => row.roots.contains(&version),
            KeyLevel::OwnRoot(_) | KeyLevel::Tenant(_) | KeyLevel::Service(_) => {
                acknowledged.contains(&row.name)
            }
        };
        let alive = nodes.all.iter().filter(|node| node.is_alive).map(|node| &node.row);
        Ok(alive.filter(|row| has(row)).map(|row| row.name.clone()).collect())
    }

    /// Whether a node was heard a short while ago. This one lives.
    pub(super) fn is_alive(&self, node: &NodeRow) -> bool {
        let lease = i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX);
        let since = self.keyring.clock.now().0.saturating_sub(lease);
        node.heard.0 >= since || node.name == self.settings.node
    }
}
