//! Asymmetric keys and what is computed with them, from `fixtures/crypto/`.

mod formats;
#[path = "../support/vectors.rs"]
mod vectors;
