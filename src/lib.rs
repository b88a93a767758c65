//! keystrata: a KMIP key server for platforms with many tenants.
//!
//! `ARCHITECTURE.md` is the map: rooms, the arrows between them, and what each may touch.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod access;
pub mod admin;
pub mod audit;
pub mod client;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod hsm;
pub mod keys;
pub mod metrics;
pub mod net;
pub mod object;
pub mod operation;
pub mod service;
pub mod store;
pub mod tenant;
