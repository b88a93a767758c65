//! Names of tenants.

use serde::de::{Deserialize, Deserializer, Error};

use crate::tenant::TenantName;

/// A tenant.
pub(super) fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TenantName, D::Error> {
    TenantName::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Any number of tenants.
pub(super) fn tenants<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<TenantName>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| TenantName::new(name).map_err(D::Error::custom)).collect()
}
