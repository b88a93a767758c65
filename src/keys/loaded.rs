//! Which keys of the hierarchy are open here, for reports. Nothing is opened for the question, and
//! nothing kept for longer.

use super::keyring::Keyring;
use super::rotation::Subject;
use crate::store::OpenKeys;

impl Keyring {
    /// Whether a version of a key is in memory here; of the root key, whether its provider has it.
    #[must_use]
    pub fn has_loaded(&self, subject: &Subject, version: u32) -> bool {
        match subject {
            Subject::Root => self.root_versions().contains(&version),
            Subject::OwnRoot(tenant) => {
                self.own_root_status(&tenant.name).versions.contains(&version)
            }
            Subject::Tenant(tenant) => self.tenants.peek(&(tenant.id, version)).is_some(),
            Subject::Service(tenant, service) => {
                let active = self.services.peek(&(tenant.id, service.id));
                active.is_some_and(|key| key.version() == version)
                    || self.retired.peek(&(tenant.id, service.id, version)).is_some()
            }
        }
    }

    /// How many keys are in memory here.
    #[must_use]
    pub fn open_keys(&self) -> OpenKeys {
        let count = |keys: usize| u32::try_from(keys).unwrap_or(u32::MAX);
        let service = self.services.len().saturating_add(self.retired.len());
        OpenKeys { tenant: count(self.tenants.len()), service: count(service) }
    }
}
