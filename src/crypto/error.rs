//! Why a computation for a client is refused.

use super::policy::Forbidden;
use super::random::RandomError;

/// Why data could not be encrypted, decrypted, hashed or authenticated.
///
/// `Display` is fit for a client: it names no key and no data. Whatever depends on secret bytes is
/// one variant, [`Error::Rejected`], so that the answer tells nobody which check failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No row of the table has this algorithm, mode and padding.
    #[error("the cryptographic parameters are not supported")]
    Unsupported,
    /// No MAC has this algorithm, or none is named.
    #[error("the MAC algorithm is missing or not supported")]
    UnsupportedMac,
    /// There is no such hash.
    #[error("the hashing algorithm is not supported")]
    UnsupportedHash,
    /// The parameters name another algorithm than the key's.
    #[error("the cryptographic parameters do not fit the key's algorithm")]
    WrongAlgorithm,
    /// Something that is needed is not said, or a number has no meaning (negative, not whole bytes, too
    /// large).
    #[error("a part of the cryptographic parameters is missing or out of range")]
    BadParameters,
    /// The key has a length that the algorithm does not know.
    #[error("the key's length does not fit the algorithm")]
    BadKeyLength,
    /// The key is one that the mode is not safe with.
    #[error("the two halves of the key are the same")]
    WeakKey,
    /// The IV, counter or nonce has a length that the mode does not take.
    #[error("the IV's length does not fit the block cipher mode")]
    BadIvLength,
    /// The tag length is not one that the mode allows.
    #[error("invalid tag length")]
    BadTagLength,
    /// The mode needs an IV, and none was given and none may be made.
    #[error("missing IV")]
    MissingIv,
    /// Authenticated decryption without a tag.
    #[error("missing authentication tag")]
    MissingTag,
    /// Additional data or a tag was given for a mode that authenticates nothing.
    #[error("the block cipher mode does not authenticate data")]
    NotAuthenticating,
    /// A digest has a length that the hash does not make.
    #[error("the digest's length does not fit the hashing algorithm")]
    BadDigestLength,
    /// The data are not whole blocks and no padding makes them so.
    #[error("the data are not whole blocks")]
    NotWholeBlocks,
    /// Fewer data than the mode can take.
    #[error("the data are shorter than one block")]
    TooLittleData,
    /// The tag does not match, or the padding is wrong.
    #[error("the data could not be decrypted")]
    Rejected,
    /// More data than the mode or the stream's limit allows.
    #[error("too much data for one cryptographic operation")]
    TooMuchData,
    /// It could be computed, but not for this tenant.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no randomness for an IV or for padding.
    #[error(transparent)]
    Random(#[from] RandomError),
}
