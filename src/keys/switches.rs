//! What the keyring has for those who suspend, shred and listen.

use std::fmt;
use std::sync::OnceLock;

use super::events::{Event, EventKind, Events};
use super::keyring::Keyring;
use super::rotation::Subject;
use super::standing::Standing;
use crate::clock::Timestamp;
use crate::store::{KeyRow, KeyState, Target, TenantState};
use crate::tenant::{ServiceId, TenantId};

/// What else has opened keys in memory: told when they are to be forgotten.
#[derive(Default)]
pub(super) struct Dependents(OnceLock<Box<dyn Fn(Target) + Send + Sync>>);

impl fmt::Debug for Dependents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dependents").field(&self.0.get().is_some()).finish()
    }
}

impl Keyring {
    /// Has `forget` told whose keys are to be forgotten. Only the first one is ever told.
    pub fn when_forgotten(&self, forget: impl Fn(Target) + Send + Sync + 'static) {
        let _ = self.dependents.0.set(Box::new(forget));
    }

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

    /// Has every request held to what a tenant or service has become, and forgets the keys of one that
    /// is not served. To be called when that is durable.
    pub fn hold(&self, subject: &Subject) {
        let (state, target) = match subject {
            Subject::Root | Subject::OwnRoot(_) => return,
            Subject::Tenant(tenant) => {
                self.standing.tenant(tenant);
                (tenant.state, Target { tenant: tenant.id, service: None })
            }
            Subject::Service(tenant, service) => {
                self.standing.service(service);
                (service.state, Target { tenant: tenant.id, service: Some(service.id) })
            }
        };
        if state != TenantState::Active {
            self.forget(target);
        }
    }

    /// Tells those who listen for the tenant what happens to its key, or will. The root is no tenant's.
    pub fn tell(&self, subject: &Subject, kind: EventKind, version: u32, effective: Timestamp) {
        let (tenant, service) = match subject {
            Subject::Root | Subject::OwnRoot(_) => return,
            Subject::Tenant(tenant) => (tenant, None),
            Subject::Service(tenant, service) => (tenant, Some(service.name.clone())),
        };
        let (tenant, tenant_id) = (tenant.name.clone(), tenant.id);
        self.events.publish(&Event { kind, tenant, tenant_id, service, version, effective });
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
        if let Some(dependent) = self.dependents.0.get() {
            dependent(target);
        }
    }
}

/// The version that seals; 0 if there is none any more.
#[must_use]
pub fn active_version(keys: &[KeyRow]) -> u32 {
    let active = keys.iter().find(|key| key.state == KeyState::Active);
    active.map(|key| key.version).unwrap_or_default()
}
