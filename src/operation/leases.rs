//! How long clients may use what they have fetched without asking again (KMIP 1.4 §3.20, KMIP 2.1
//! §4.30).

use std::collections::HashMap;

use kmip_ttlv::Interval;
use kmip_ttlv::attribute::{Attribute, AttributeKind};

use crate::object::Object;
use crate::tenant::{Identity, ServiceName, TenantName};

/// Five minutes: as long as a client may go on with a key that was revoked.
const USUAL: Interval = Interval(300);

/// The length of leases, by tenant and service.
#[derive(Debug, Clone)]
pub struct Leases {
    usual: Interval,
    tenants: HashMap<TenantName, OfTenant>,
}

#[derive(Debug, Clone, Default)]
struct OfTenant {
    usual: Option<Interval>,
    services: HashMap<ServiceName, Interval>,
}

impl Default for Leases {
    fn default() -> Self {
        Self::new(USUAL)
    }
}

impl Leases {
    /// Leases that last as long for everybody.
    #[must_use]
    pub fn new(usual: Interval) -> Self {
        Self { usual, tenants: HashMap::new() }
    }

    /// Says how long those of a tenant last, or of one of its services.
    pub fn set(&mut self, tenant: TenantName, service: Option<ServiceName>, lease: Interval) {
        let tenant = self.tenants.entry(tenant).or_default();
        match service {
            Some(service) => {
                tenant.services.insert(service, lease);
            }
            None => tenant.usual = Some(lease),
        }
    }

    /// How long this caller's last: what is said of its service, of its tenant, or of all.
    #[must_use]
    pub fn of(&self, caller: &Identity) -> Interval {
        let Some(tenant) = self.tenants.get(&caller.tenant) else { return self.usual };
        let of_service = tenant.services.get(&caller.service).copied();
        of_service.or(tenant.usual).unwrap_or(self.usual)
    }
}

/// The caller's lease, but no longer than the object's attribute says (KMIP 1.4 §3.20): what Obtain
/// Lease gives, and what Check measures by. Zero is no limit (KMIP 1.4 §4.17).
pub(super) fn granted(object: &Object, of_caller: Interval) -> Interval {
    match object.attributes.first(AttributeKind::LeaseTime) {
        Some(Attribute::LeaseTime(longest)) if reaches(of_caller, *longest) => *longest,
        _ => of_caller,
    }
}

/// Whether a lease is as long as another.
pub(super) fn reaches(lease: Interval, other: Interval) -> bool {
    lease.0 == 0 || (other.0 != 0 && lease.0 >= other.0)
}
