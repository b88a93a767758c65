//! Why a key cannot be read or written.

/// Why a key cannot be read from, or written in, a Key Format Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The Key Material is not what its Key Format Type says.
    #[error("the Key Material is not a key of its Key Format Type")]
    Malformed,
    /// The key is of a kind that the server does not know, or is sealed.
    #[error("the server cannot read a key like this one")]
    Unreadable,
    /// The key has no such form.
    #[error("the key cannot be given in the Key Format Type that was asked for")]
    NoSuchForm,
    /// The key has no such compression.
    #[error("the key cannot be given in the Key Compression Type that was asked for")]
    NoSuchCompression,
}

impl KeyError {
    /// For DER that cannot be read.
    pub(super) fn malformed<E>(_: E) -> Self {
        Self::Malformed
    }
}
