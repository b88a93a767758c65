//! Cryptographic operations that run over several requests.

/// Streams that are open.
#[derive(Debug, Default)]
pub struct Streams {}
