//! `[compatibility]`: clients that need other answers than the specification's.

use serde::Deserialize;

use super::names::tenants;
use crate::tenant::TenantName;

/// `[compatibility]`: whose clients were written against another server than the specification's, and
/// whether suites of tests are at work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compatibility {
    /// Tenants whose clients are answered as `PyKMIP`'s server answers, where that differs.
    #[serde(deserialize_with = "tenants")]
    pub pykmip: Vec<TenantName>,
    /// Whether Interop is served, with which suites of tests mark their steps. Not to be in production
    /// (KMIP 2.1 §6.1.26).
    pub interop: bool,
}

impl Default for Compatibility {
    fn default() -> Self {
        Self { pykmip: Vec::new(), interop: true }
    }
}
