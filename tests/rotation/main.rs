//! Rotation: its refusals, its plans, death at every step of it, and clients that notice nothing.
#![allow(clippy::disallowed_methods, reason = "tests measure time and talk to their children")]

mod client_use;
mod crash;
mod deaths;
mod kmip;
mod load;
mod loaded;
mod migrate;
mod mortal;
mod node;
mod own_deaths;
mod own_roots;
mod refusals;
mod requests;
mod shredding;
mod soak;
#[path = "../support/mod.rs"]
mod support;
mod token_keys;
