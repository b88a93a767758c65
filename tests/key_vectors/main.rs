//! Asymmetric keys and what is computed with them, from `fixtures/crypto/`.

mod agreement;
mod containers;
mod finite;
mod formats;
mod hostile;
mod lattice;
mod rsa_cipher;
mod signatures;
#[path = "../support/vectors.rs"]
mod vectors;
