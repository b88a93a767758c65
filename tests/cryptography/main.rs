//! Cryptographic operations as a client sees them, through the whole server less its transport.

mod ask;
mod ciphers;
mod derivations;
mod limits;
mod macs;
mod modes;
mod outputs;
mod pads;
mod pair;
mod policies;
mod refusals;
mod rsa;
mod signing;
mod streams;
#[path = "../support/world.rs"]
mod world;
