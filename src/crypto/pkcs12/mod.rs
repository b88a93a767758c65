//! PKCS#12 containers (RFC 7292): a private key and its certificates under a password.

mod chain;
mod password;
mod read;
mod write;

use zeroize::Zeroizing;

pub use read::read;
pub use write::write;

/// The longest container that is read, in bytes.
pub const BYTES_MAX: usize = 1 << 20;

/// The most bags that a container may have.
const BAGS_MAX: usize = 64;

/// The most iterations that all key derivations of one container may have together: whoever makes the
/// container chooses how long reading it takes.
const ITERATIONS_MAX: u64 = 2_000_000;

/// What a container holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The private key, a `PrivateKeyInfo` of PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
    /// The name under which the key and its certificate stand.
    pub name: Option<String>,
    /// The certificate of the key, its issuer's, and so on.
    pub certificates: Vec<Vec<u8>>,
}

/// Why a container is not read or not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    /// It is not the DER that it should be.
    #[error("the PKCS#12 container is not in the DER of its type")]
    Malformed,
    /// It was made with another password, or changed.
    #[error("the PKCS#12 container was made with another password, or has been changed")]
    WrongPassword,
    /// It is sealed by means that the server does not have, or not protected from changes.
    #[error("the PKCS#12 container is protected in a way that is not supported")]
    Unreadable,
    /// It has no private key, or none of the name that is wanted.
    #[error("the PKCS#12 container has no such private key")]
    NoKey,
    /// It is too long, has too many parts or takes too many iterations.
    #[error("the PKCS#12 container is too long, or takes too long to be read")]
    TooMuch,
    /// The name has characters that PKCS#12 cannot write.
    #[error("the PKCS#12 Friendly Name has characters that PKCS#12 cannot write")]
    BadName,
    /// Without randomness no container is made.
    #[error(transparent)]
    Random(#[from] super::random::RandomError),
}

impl Pkcs12Error {
    /// For DER that cannot be read.
    fn malformed<E>(_: E) -> Self {
        Self::Malformed
    }
}
