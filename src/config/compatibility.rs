//! `[compatibility]`: clients that need other answers than the specification's.

use serde::Deserialize;

use super::names::tenants;
use crate::tenant::TenantName;

/// `[compatibility]`: whose clients were written against another server than the specification's.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compatibility {
    /// Tenants whose clients are answered as `PyKMIP`'s server answers, where that differs.
    #[serde(deserialize_with = "tenants")]
    pub pykmip: Vec<TenantName>,
}
