//! What the keyring has for those who suspend, shred and listen.

use super::events::Events;
use super::keyring::Keyring;
use super::standing::Standing;
use crate::store::Target;
use crate::tenant::{ServiceId, TenantId};

impl Keyring {
    /// Those who listen for what happens to keys.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Who is not served as on the day of their admission.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Drops the open keys of a tenant, or of one service. They are wiped when the requests under way
    /// are done with them.
    pub fn forget(&self, target: Target) {
        let Target { tenant, service } = target;
        let is_kept = |of: TenantId, owner: ServiceId| {
            of != tenant || service.is_some_and(|service| service != owner)
        };
        self.services.retain(|(of, owner), _| is_kept(*of, *owner));
        self.retired.retain(|(of, owner, _), _| is_kept(*of, *owner));
        if service.is_none() {
            self.tenants.retain(|(of, _), _| *of != tenant);
        }
    }
}
