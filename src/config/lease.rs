//! `[lease]`: how long clients may use keys without asking again.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::names::tenant;
use super::units::time_or_none;
use crate::tenant::{ServiceName, TenantName};

/// `[lease]`: how long a client may use a key that it has fetched before it asks again. Whole
/// seconds; zero is no limit (KMIP 1.4 §4.17).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lease {
    /// For whom nothing else is said.
    #[serde(deserialize_with = "seconds")]
    pub time: u32,
    /// For some tenants and services.
    #[serde(rename = "for")]
    pub of: Vec<LeaseOf>,
}

/// `[[lease.for]]`: the same for one tenant, or for one of its services.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseOf {
    /// The tenant.
    #[serde(deserialize_with = "tenant")]
    pub tenant: TenantName,
    /// Its one service; all for which nothing else is said, if absent.
    #[serde(default, deserialize_with = "service")]
    pub service: Option<ServiceName>,
    /// How long.
    #[serde(deserialize_with = "seconds")]
    pub time: u32,
}

impl Default for Lease {
    fn default() -> Self {
        Self { time: 300, of: Vec::new() }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let time = time_or_none(deserializer)?;
    let seconds = u32::try_from(time.as_secs()).ok().filter(|_| time.subsec_nanos() == 0);
    seconds.ok_or_else(|| D::Error::custom("not whole seconds that KMIP can say: write \"5 min\""))
}

fn service<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ServiceName>, D::Error> {
    ServiceName::new(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}
