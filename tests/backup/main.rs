//! Backups and restores, with the real binary.
#![allow(clippy::disallowed_methods, reason = "tests measure time and talk to their children")]

mod create;
mod known;
mod own_roots;
mod refused;
mod restore;
#[path = "../support/mod.rs"]
mod support;
mod world;
