//! What tenants may compute, and with which keys.

use std::collections::HashMap;

use crate::crypto::policy::Policy;
use crate::tenant::TenantName;

/// The policies, by tenant. They are in memory: every use of a key asks for one.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    usual: Both,
    tenants: HashMap<TenantName, Both>,
}

/// A policy as it is configured, and without and with what only old estates need.
#[derive(Debug, Clone, Default)]
struct Both {
    configured: bool,
    without: Policy,
    with: Policy,
}

impl From<Policy> for Both {
    fn from(policy: Policy) -> Self {
        Self {
            configured: policy.legacy,
            without: Policy { legacy: false, ..policy.clone() },
            with: Policy { legacy: true, ..policy },
        }
    }
}

impl Policies {
    /// One policy for everybody.
    #[must_use]
    pub fn new(usual: Policy) -> Self {
        Self { usual: usual.into(), tenants: HashMap::new() }
    }

    /// Gives a tenant a policy of its own, in place of the usual one.
    pub fn set(&mut self, tenant: TenantName, policy: Policy) {
        self.tenants.insert(tenant, policy.into());
    }

    /// The policy of a tenant. Where an administrator has said whether it may what only old estates
    /// need, that comes before the configuration.
    #[must_use]
    pub fn of(&self, tenant: &TenantName, legacy: Option<bool>) -> &Policy {
        let both = self.tenants.get(tenant).unwrap_or(&self.usual);
        if legacy.unwrap_or(both.configured) { &both.with } else { &both.without }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_tenant_comes_before_what_is_configured() {
        let (one, other) = (TenantName::new("one").unwrap(), TenantName::new("other").unwrap());
        let bits_min = vec![(kmip_ttlv::enums::CryptographicAlgorithm::Aes, 256)];
        let mut policies = Policies::new(Policy::default());
        policies.set(one.clone(), Policy { legacy: true, bits_min, ..Policy::default() });
        for (tenant, configured) in [(&one, true), (&other, false)] {
            assert_eq!(policies.of(tenant, None).legacy, configured);
            for said in [true, false] {
                let policy = policies.of(tenant, Some(said));
                assert_eq!(policy.legacy, said);
                assert_eq!(policy.bits_min.len(), usize::from(configured), "the rest stays");
            }
        }
    }
}
