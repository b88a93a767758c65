//! The whole server over mutual TLS 1.3 on the loopback interface, beside what it stands on.
//!
//! ```text
//! cargo bench --bench loopback              all of it, about five minutes
//! cargo bench --bench loopback -- --quick   a smoke test; its figures mean nothing
//! cargo bench --bench loopback -- get       one operation
//! cargo bench --bench loopback -- get 64    and one number of connections
//! ```
//!
//! The server is the real binary in a process of its own with its default settings: audit trail on
//! (reads batched), one log line per message, written to a file. Beside it, in the same run and by
//! turns, so that a busy machine slows both:
//!
//! * a bare echo over mutual TLS ([`echo`]), a process of its own too, which reads and writes
//!   messages of the same sizes and does nothing else;
//! * the storage engine alone ([`engine`]), making the same rows durable with group commit.
//!
//! Client and server share the machine's cores. Everything lies in cargo's target directory, so on
//! a real disk.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and its arguments")]

mod echo;
mod engine;
mod footprint;
mod load;
mod process;
mod throughput;

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How much is measured.
#[derive(Debug, Clone)]
struct Extent {
    /// The operation that is measured; all, and memory and start too, if it is none.
    only: Option<String>,
    /// Numbers of connections.
    connections: Vec<usize>,
    /// How often each thing is measured, by turns with what it is compared to.
    rounds: usize,
    /// Before each measurement.
    warm_up: Duration,
    /// Of each measurement.
    window: Duration,
    /// Connections that do nothing.
    idle: usize,
    /// Objects that are in the store when the server starts.
    objects: usize,
}

impl Extent {
    fn whole() -> Self {
        Self {
            only: None,
            connections: vec![1, 16, 64],
            rounds: 5,
            warm_up: Duration::from_millis(500),
            window: Duration::from_millis(1_500),
            idle: 1_000,
            objects: 100_000,
        }
    }

    fn quick() -> Self {
        Self {
            only: None,
            connections: vec![1, 4],
            rounds: 1,
            warm_up: Duration::from_millis(50),
            window: Duration::from_millis(200),
            idle: 50,
            objects: 1_000,
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, directory] = arguments.as_slice()
        && first == echo::ARGUMENT
    {
        return echo::serve(Path::new(directory));
    }
    let has = |name| arguments.iter().any(|argument| argument == name);
    let mut extent = if has("--quick") { Extent::quick() } else { Extent::whole() };
    for argument in arguments.iter().filter(|argument| !argument.starts_with('-')) {
        match argument.parse() {
            Ok(connections) => extent.connections = vec![connections],
            Err(_) => extent.only = Some(argument.clone()),
        }
    }
    raise_file_limit();
    let target = env!("CARGO_TARGET_TMPDIR");
    let directory = tempfile::tempdir_in(target).expect("a directory on the disk");
    throughput::measure(&directory.path().join("throughput"), &extent);
    if extent.only.is_none() {
        footprint::measure(&directory.path().join("footprint"), &extent);
    }
}

/// Connections are files; the server inherits the limit.
fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    raised.expect("the limit may be raised up to its maximum");
}
