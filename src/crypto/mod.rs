//! Adapters to the cryptographic crates. Nobody else in the house names a cipher's crate.

pub mod aead;
pub mod random;
