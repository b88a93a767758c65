//! What tenants may compute, and with which keys.

use std::collections::HashMap;

use crate::crypto::policy::Policy;
use crate::tenant::TenantName;

/// The policies, by tenant. They are in memory: every use of a key asks for one.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    usual: Policy,
    tenants: HashMap<TenantName, Policy>,
}

impl Policies {
    /// One policy for everybody.
    #[must_use]
    pub fn new(usual: Policy) -> Self {
        Self { usual, tenants: HashMap::new() }
    }

    /// Gives a tenant a policy of its own, in place of the usual one.
    pub fn set(&mut self, tenant: TenantName, policy: Policy) {
        self.tenants.insert(tenant, policy);
    }

    /// The policy of a tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantName) -> &Policy {
        self.tenants.get(tenant).unwrap_or(&self.usual)
    }
}
