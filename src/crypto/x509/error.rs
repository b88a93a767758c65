//! Why a certificate, a request for one or a list of revoked ones is not taken.

/// Why it is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// It is not the DER that it should be, or goes on after its end.
    #[error("it is not in the DER of its type")]
    Malformed,
    /// It is longer than [`super::BYTES_MAX`].
    #[error("it is too long")]
    TooLong,
    /// It is signed by an algorithm that the server does not know, or that is broken.
    #[error("it is signed by an algorithm that is not verified here")]
    UnknownAlgorithm,
    /// It is signed by another key, or was changed.
    #[error("its signature is wrong")]
    WrongSignature,
}

impl X509Error {
    /// For DER that cannot be read.
    pub(super) fn malformed<E>(_: E) -> Self {
        Self::Malformed
    }
}
