//! Whose turn it is in an object group (KMIP 1.4 §4.9: Group Member Default).

use quick_cache::sync::Cache;

use crate::store::Position;
use crate::tenant::ServiceId;

/// Groups whose turn is remembered; the one that nobody asked for longest begins anew.
const GROUPS_MAX: usize = 10_000;

/// A member of a group that is to be handed out.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) service: ServiceId,
    pub(super) group: String,
    pub(super) member: Position,
}

/// For each service and group, the member that was handed out last.
///
/// It lives in memory of this node alone: after a start, every group begins with its oldest member.
#[derive(Debug)]
pub struct GroupTurns(Cache<(ServiceId, String), Position>);

impl Default for GroupTurns {
    fn default() -> Self {
        Self(Cache::new(GROUPS_MAX))
    }
}

impl GroupTurns {
    /// The member that was handed out last.
    pub(super) fn last(&self, service: ServiceId, group: &str) -> Option<Position> {
        self.0.get(&(service, group.to_owned()))
    }

    /// Notes that a member is handed out.
    pub(super) fn note(&self, turn: Turn) {
        self.0.insert((turn.service, turn.group), turn.member);
    }
}
