//! The key hierarchy: its envelopes, its root, registration, and keys that are opened when needed.

#[path = "../support/memory_engine.rs"]
mod memory_engine;

mod embedded;
mod env_root;
mod envelope;
mod install;
mod keyring;
mod own_roots;
mod register;
mod support;
mod vectors;
