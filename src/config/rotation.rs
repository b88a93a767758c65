//! `[rotation]`: when keys are rotated, and how fast.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::units::time;

/// `[rotation]`: when keys are rotated by themselves, and how fast envelopes are sealed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// Envelopes that are sealed anew each second; 0 for as many as the store takes.
    pub rewrap_rate: u64,
    /// The same for what is done in the background; 0 for nothing.
    pub scrub_rate: u64,
    /// The root key; off unless something is said.
    pub root: Schedule,
    /// The keys of tenants; off unless something is said.
    pub tenant: Schedule,
    /// The keys of services; off unless something is said.
    pub service: Schedule,
}

/// When the keys of a level are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// At this age of the active version.
    #[serde(deserialize_with = "maybe_time")]
    pub rotate_after: Option<Duration>,
    /// When the active version has sealed so many envelopes.
    pub rotate_after_seals: Option<u64>,
}

impl Default for Rotation {
    fn default() -> Self {
        let off = Schedule::default();
        Self { rewrap_rate: 5_000, scrub_rate: 200, root: off, tenant: off, service: off }
    }
}

fn maybe_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    time(deserializer).map(Some)
}
