//! Adapters to the cryptographic crates. Nobody else in the house names a cipher's crate.

pub mod aead;
pub mod cipher;
pub mod error;
pub mod hash;
pub mod key;
pub mod limit;
pub mod mac;
pub mod random;
mod rng;
mod state;

pub use error::Error;
pub use limit::Limits;
