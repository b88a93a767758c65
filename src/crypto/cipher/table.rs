//! What is supported: one row for each algorithm and mode.

use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};

use super::super::error::Error;

/// Bytes of a block of AES.
pub(super) const BLOCK_BYTES: usize = 16;
/// The longest IV that a mode with IVs of any length takes, in bytes.
const IV_BYTES_MAX: usize = 128;
/// The most that GCM encrypts under one IV, in bytes (SP 800-38D §5.2.1.1: 2^39 − 256 bits).
const GCM_BYTES_MAX: u64 = (1 << 36) - 32;

/// An algorithm in a mode, and what goes with it.
#[derive(Debug)]
pub struct Row {
    /// The algorithm of the key.
    pub algorithm: CryptographicAlgorithm,
    /// The mode of operation.
    pub mode: BlockCipherMode,
    /// Lengths of key that exist, in bytes.
    pub key_bytes: &'static [usize],
    /// Data are handled in pieces of this size, in bytes; 1 where any length will do.
    pub block_bytes: usize,
    /// Paddings that exist for the mode. The first one is meant when none is named.
    pub paddings: &'static [PaddingMethod],
    /// The IVs that the mode takes.
    pub iv: IvRule,
    /// Whether the mode authenticates: additional data in, tag out.
    pub authenticates: bool,
    /// The most data for one IV, in bytes.
    pub data_bytes_max: u64,
}

impl Row {
    /// Whether the mode adds a key stream to the data, so that it decrypts as it encrypts.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.block_bytes == 1
    }
}

/// Which IVs (counters, nonces) a mode takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvRule {
    /// None; one that is given all the same is not looked at.
    Unused,
    /// Exactly so many bytes.
    Exactly(usize),
    /// So many bytes, or so many others.
    OneOf {
        /// Bytes of an IV that the server makes.
        usual: usize,
        /// Bytes that will do as well.
        other: usize,
    },
    /// From 1 to `max` bytes; `usual` when the server makes it.
    Any {
        /// Bytes of an IV that the server makes.
        usual: usize,
        /// The most bytes.
        max: usize,
    },
}

/// Lengths of an authentication tag, in bytes (SP 800-38D §5.2.1.2, without the short ones, which
/// are for special uses only).
pub const TAG_BYTES: std::ops::RangeInclusive<usize> = 12..=16;

/// The most that ChaCha20 encrypts under one IV with a counter of 32 bits, in bytes (RFC 8439 §2.8), less
/// the block that goes to the MAC.
const CHACHA_BYTES_MAX: u64 = ((1 << 32) - 1) * 64;

const AES_KEYS: &[usize] = &[16, 24, 32];
const CHACHA_KEYS: &[usize] = &[32];
const NO_PADDING: &[PaddingMethod] = &[PaddingMethod::None];
const BLOCK_PADDINGS: &[PaddingMethod] = &[
    PaddingMethod::None,
    PaddingMethod::Pkcs5,
    PaddingMethod::Zeros,
    PaddingMethod::Ansix9_23,
    PaddingMethod::Iso10126,
];

/// Every algorithm and mode that Encrypt and Decrypt support.
pub const SUPPORTED: &[Row] = &[
    Row {
        algorithm: CryptographicAlgorithm::Aes,
        mode: BlockCipherMode::Cbc,
        key_bytes: AES_KEYS,
        block_bytes: BLOCK_BYTES,
        paddings: BLOCK_PADDINGS,
        iv: IvRule::Exactly(BLOCK_BYTES),
        authenticates: false,
        data_bytes_max: u64::MAX,
    },
    Row {
        algorithm: CryptographicAlgorithm::Aes,
        mode: BlockCipherMode::Ecb,
        key_bytes: AES_KEYS,
        block_bytes: BLOCK_BYTES,
        paddings: BLOCK_PADDINGS,
        iv: IvRule::Unused,
        authenticates: false,
        data_bytes_max: u64::MAX,
    },
    Row {
        algorithm: CryptographicAlgorithm::Aes,
        mode: BlockCipherMode::Ctr,
        key_bytes: AES_KEYS,
        block_bytes: 1,
        paddings: NO_PADDING,
        iv: IvRule::Exactly(BLOCK_BYTES),
        authenticates: false,
        data_bytes_max: u64::MAX,
    },
    Row {
        algorithm: CryptographicAlgorithm::Aes,
        mode: BlockCipherMode::Gcm,
        key_bytes: AES_KEYS,
        block_bytes: 1,
        paddings: NO_PADDING,
        iv: IvRule::Any { usual: 12, max: IV_BYTES_MAX },
        authenticates: true,
        data_bytes_max: GCM_BYTES_MAX,
    },
    // ChaCha20 has no Block Cipher Mode; what it does is to count.
    Row {
        algorithm: CryptographicAlgorithm::ChaCha20,
        mode: BlockCipherMode::Ctr,
        key_bytes: CHACHA_KEYS,
        block_bytes: 1,
        paddings: NO_PADDING,
        iv: IvRule::OneOf { usual: 12, other: 8 },
        authenticates: false,
        data_bytes_max: CHACHA_BYTES_MAX,
    },
    Row {
        algorithm: CryptographicAlgorithm::ChaCha20Poly1305,
        mode: BlockCipherMode::Aead,
        key_bytes: CHACHA_KEYS,
        block_bytes: 1,
        paddings: NO_PADDING,
        iv: IvRule::Exactly(12),
        authenticates: true,
        data_bytes_max: CHACHA_BYTES_MAX,
    },
];

/// The mode that is meant where a client names none.
#[must_use]
pub fn usual_mode(algorithm: CryptographicAlgorithm) -> BlockCipherMode {
    match algorithm {
        CryptographicAlgorithm::ChaCha20 => BlockCipherMode::Ctr,
        CryptographicAlgorithm::ChaCha20Poly1305 => BlockCipherMode::Aead,
        _ => BlockCipherMode::Cbc,
    }
}

/// The row for an algorithm in a mode.
///
/// # Errors
/// [`Error::Unsupported`] if there is none.
pub fn row(
    algorithm: CryptographicAlgorithm,
    mode: BlockCipherMode,
) -> Result<&'static Row, Error> {
    SUPPORTED
        .iter()
        .find(|row| row.algorithm == algorithm && row.mode == mode)
        .ok_or(Error::Unsupported)
}
