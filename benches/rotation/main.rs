//! What rotation costs those who are served, how fast it is, and what many tenants cost.
//!
//! ```text
//! cargo bench --bench rotation              all of it, about three minutes
//! cargo bench --bench rotation -- --quick   a smoke test; its figures mean nothing
//! ```
//!
//! * `load`: Gets over mutual TLS against the real binary, at a steady rate, by turns without a
//!   rotation and while the keys of 100 tenants rotate and 100,000 objects are sealed anew; then how
//!   fast objects are sealed anew without a bound, beside the store's own updates of the same rows.
//! * `tenants`: a store with 10,000 tenants: start, memory, and the first touch of each, with the
//!   root key in a `SoftHSM` token in worker processes.
//!
//! Clients and server share the machine's cores. On a busy machine run it under `chrt -r 5`: a
//! process that has waited for the disk is woken late otherwise.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and its environment")]

mod load;
mod server;
mod tenants;

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Duration;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Tenants whose keys rotate.
    rotated: usize,
    /// Objects that are sealed anew.
    objects: usize,
    /// Of each turn without a rotation.
    calm: Duration,
    /// Turns without and with a rotation.
    rounds: usize,
    /// Tenants of the large store.
    tenants: usize,
}

const WHOLE: Extent = Extent {
    rotated: 100,
    objects: 100_000,
    calm: Duration::from_secs(20),
    rounds: 3,
    tenants: 10_000,
};
const QUICK: Extent =
    Extent { rotated: 4, objects: 2_000, calm: Duration::from_secs(1), rounds: 1, tenants: 50 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let extent = if arguments.iter().any(|it| it == "--quick") { QUICK } else { WHOLE };
    if let Some(directory) = std::env::var_os(tenants::DIRECTORY) {
        return tenants::touch(Path::new(&directory), &extent);
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |name| only.is_none_or(|only| only == name);
    let target = env!("CARGO_TARGET_TMPDIR");
    let directory = tempfile::tempdir_in(target).expect("a directory on the disk");
    if wanted("load") {
        load::measure(&directory.path().join("load"), &extent);
    }
    if wanted("tenants") {
        tenants::measure(&directory.path().join("tenants"), &extent);
    }
}

/// The time that so many of a hundred do not take. Sorts.
fn percentile(micros: &mut [u32], percent: usize) -> u32 {
    micros.sort_unstable();
    let place = (micros.len() * percent / 100).min(micros.len().saturating_sub(1));
    micros.get(place).copied().unwrap_or_default()
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
