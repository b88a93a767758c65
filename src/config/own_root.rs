//! `[root.tenants.<tenant>]`: where the root key of a tenant's own is.

use std::time::Duration;

use super::root::{KeySource, Pkcs11Root, RootPlace};

/// A root key of a tenant's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRoot {
    /// Where it is.
    pub place: RootPlace,
    /// How long the tenant's keys that are open are used while it is out of reach.
    pub outage_grace: Duration,
}

/// In front of tenant and version in the name of a variable that holds a version of a root key of the
/// tenant's own: `KEYSTRATA_TENANT_ROOT_KEK_ACME_V1`, with `_` for each `-` of the tenant's name.
pub const TENANT_VERSION_VARIABLE: &str = "KEYSTRATA_TENANT_ROOT_KEK_";

impl RootPlace {
    /// Whether both have the same key, as far as can be seen here.
    pub(super) fn shares_a_key(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pkcs11(a), Self::Pkcs11(b)) => {
                let key = |root: &Pkcs11Root| {
                    let Pkcs11Root { module, environment, token, key_label, .. } = root.clone();
                    (module, environment, token, key_label)
                };
                key(a) == key(b)
            }
            (Self::Env(a), Self::Env(b)) => {
                let has =
                    |source: &KeySource| b.versions.iter().any(|version| version.source == *source);
                a.versions.iter().any(|version| has(&version.source))
            }
            _ => false,
        }
    }
}
