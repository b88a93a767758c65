//! The key hierarchy: root (L1) → tenant (L2) → service (L3) → data (L4).

pub mod root;

pub use root::{Provider, RootError, RootKey};
