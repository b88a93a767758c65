//! The steps by which things become durable: where a crash test cuts and a simulation listens.

use std::fmt;
use std::sync::Arc;

/// A step. Each is announced when the one before it is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The committer has taken commits from its queue.
    GroupTaken,
    /// The rows of a group are written but not committed.
    GroupWritten,
    /// A group is durable; nobody has been told.
    GroupDurable,
    /// Those who waited for the group have been told.
    GroupAnswered,
    /// A new file of the audit trail was made.
    TrailRotated,
    /// Lines are in the audit trail but not synced.
    TrailWritten,
    /// Lines are durable in the audit trail.
    TrailDurable,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 7] = [
        Self::GroupTaken,
        Self::GroupWritten,
        Self::GroupDurable,
        Self::GroupAnswered,
        Self::TrailRotated,
        Self::TrailWritten,
        Self::TrailDurable,
    ];
}

/// What is called at every step, on the thread that takes it. By default, nothing.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Observer {
    /// Calls `on_step` at every step.
    pub fn new(on_step: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(on_step)))
    }

    pub(super) fn at(&self, step: Step) {
        if let Some(on_step) = &self.0 {
            on_step(step);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer(..)" } else { "Observer" })
    }
}
