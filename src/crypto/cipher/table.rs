//! What is supported: one row for each algorithm and mode.

use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};

use super::super::error::Error;

/// Bytes of a block of AES.
pub(super) const BLOCK_BYTES: usize = 16;
/// Bytes of a block of 3DES (SP 800-67 §3.1) and of Blowfish.
const DES_BLOCK_BYTES: usize = 8;
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
    /// Lengths of tag that the mode makes, in bytes, the usual one first; none in a mode that
    /// authenticates nothing.
    pub tag_bytes: &'static [usize],
    /// Whether the mode needs all data before it gives any.
    pub is_whole: bool,
    /// The most data for one IV, in bytes.
    pub data_bytes_max: u64,
}

impl Row {
    /// Whether the mode adds a key stream to the data, so that it decrypts as it encrypts.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.block_bytes == 1
    }

    /// Whether the mode authenticates: additional data in, tag out.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        !self.tag_bytes.is_empty()
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
    /// From `min` to `max` bytes; `usual` when the server makes it.
    Any {
        /// Bytes of an IV that the server makes.
        usual: usize,
        /// The least bytes.
        min: usize,
        /// The most bytes.
        max: usize,
    },
}

/// Lengths of a tag of GCM and of ChaCha20-Poly1305, in bytes (SP 800-38D §5.2.1.2, without the short
/// ones, which are for special uses only).
const TAG_BYTES: &[usize] = &[16, 12, 13, 14, 15];
/// Lengths of a tag of CCM, in bytes (SP 800-38C §A.1, without those that §B.2 warns of).
const CCM_TAG_BYTES: &[usize] = &[16, 14, 12, 10, 8];
/// The longest nonce of CCM, in bytes; what is left of 15 counts the data (SP 800-38C §A.1).
pub(super) const CCM_NONCE_BYTES_MAX: usize = 13;
/// The most that XTS encrypts under one tweak, in bytes (SP 800-38E §4: 2^20 blocks).
const XTS_BYTES_MAX: u64 = (1 << 20) * 16;

/// The most that ChaCha20 encrypts under one IV with a counter of 32 bits, in bytes (RFC 8439 §2.8), less
/// the block that goes to the MAC.
const CHACHA_BYTES_MAX: u64 = ((1 << 32) - 1) * 64;

const AES_KEYS: &[usize] = &[16, 24, 32];
/// Two keys or three, with their parity bits.
const DES3_KEYS: &[usize] = &[16, 24];
/// From 32 to 448 bits, in whole bytes.
const BLOWFISH_KEYS: &[usize] = &[
    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
    53, 54, 55, 56,
];
/// Two keys, one for the data and one for the tweak.
const XTS_KEYS: &[usize] = &[32, 64];
const CHACHA_KEYS: &[usize] = &[32];
const NO_PADDING: &[PaddingMethod] = &[PaddingMethod::None];
const BLOCK_PADDINGS: &[PaddingMethod] = &[
    PaddingMethod::None,
    PaddingMethod::Pkcs5,
    PaddingMethod::Zeros,
    PaddingMethod::Ansix9_23,
    PaddingMethod::Iso10126,
];

/// AES in a mode that hides whole blocks.
const AES_BLOCKS: Row = Row {
    algorithm: CryptographicAlgorithm::Aes,
    mode: BlockCipherMode::Cbc,
    key_bytes: AES_KEYS,
    block_bytes: BLOCK_BYTES,
    paddings: BLOCK_PADDINGS,
    iv: IvRule::Exactly(BLOCK_BYTES),
    tag_bytes: &[],
    is_whole: false,
    data_bytes_max: u64::MAX,
};
/// AES in a mode that hides any number of bytes.
const AES_BYTES: Row = Row { block_bytes: 1, paddings: NO_PADDING, ..AES_BLOCKS };
/// 3DES in a mode that hides whole blocks.
const DES3_BLOCKS: Row = Row {
    algorithm: CryptographicAlgorithm::Des3,
    key_bytes: DES3_KEYS,
    block_bytes: DES_BLOCK_BYTES,
    iv: IvRule::Exactly(DES_BLOCK_BYTES),
    ..AES_BLOCKS
};
/// 3DES in a mode that hides any number of bytes.
const DES3_BYTES: Row = Row { block_bytes: 1, paddings: NO_PADDING, ..DES3_BLOCKS };
/// Blowfish in a mode that hides whole blocks.
const BLOWFISH_BLOCKS: Row =
    Row { algorithm: CryptographicAlgorithm::Blowfish, key_bytes: BLOWFISH_KEYS, ..DES3_BLOCKS };
/// Blowfish in a mode that hides any number of bytes.
const BLOWFISH_BYTES: Row = Row { block_bytes: 1, paddings: NO_PADDING, ..BLOWFISH_BLOCKS };

/// Every algorithm and mode that Encrypt and Decrypt support.
pub const SUPPORTED: &[Row] = &[
    AES_BLOCKS,
    Row { mode: BlockCipherMode::Ecb, iv: IvRule::Unused, ..AES_BLOCKS },
    Row { mode: BlockCipherMode::Ctr, ..AES_BYTES },
    Row { mode: BlockCipherMode::Cfb, ..AES_BYTES },
    Row { mode: BlockCipherMode::Ofb, ..AES_BYTES },
    Row {
        mode: BlockCipherMode::Gcm,
        iv: IvRule::Any { usual: 12, min: 1, max: IV_BYTES_MAX },
        tag_bytes: TAG_BYTES,
        data_bytes_max: GCM_BYTES_MAX,
        ..AES_BYTES
    },
    // How many data there are goes into the tag before they do.
    Row {
        mode: BlockCipherMode::Ccm,
        iv: IvRule::Any { usual: 12, min: 7, max: CCM_NONCE_BYTES_MAX },
        tag_bytes: CCM_TAG_BYTES,
        is_whole: true,
        ..AES_BYTES
    },
    // One data unit; the last two blocks depend on each other (IEEE 1619 §5.3).
    Row {
        mode: BlockCipherMode::Xts,
        key_bytes: XTS_KEYS,
        paddings: NO_PADDING,
        is_whole: true,
        data_bytes_max: XTS_BYTES_MAX,
        ..AES_BLOCKS
    },
    DES3_BLOCKS,
    Row { mode: BlockCipherMode::Ecb, iv: IvRule::Unused, ..DES3_BLOCKS },
    Row { mode: BlockCipherMode::Cfb, ..DES3_BYTES },
    Row { mode: BlockCipherMode::Ofb, ..DES3_BYTES },
    BLOWFISH_BLOCKS,
    Row { mode: BlockCipherMode::Ecb, iv: IvRule::Unused, ..BLOWFISH_BLOCKS },
    Row { mode: BlockCipherMode::Cfb, ..BLOWFISH_BYTES },
    Row { mode: BlockCipherMode::Ofb, ..BLOWFISH_BYTES },
    // ChaCha20 has no Block Cipher Mode; what it does is to count.
    Row {
        algorithm: CryptographicAlgorithm::ChaCha20,
        mode: BlockCipherMode::Ctr,
        key_bytes: CHACHA_KEYS,
        iv: IvRule::OneOf { usual: 12, other: 8 },
        data_bytes_max: CHACHA_BYTES_MAX,
        ..AES_BYTES
    },
    Row {
        algorithm: CryptographicAlgorithm::ChaCha20Poly1305,
        mode: BlockCipherMode::Aead,
        key_bytes: CHACHA_KEYS,
        iv: IvRule::Exactly(12),
        tag_bytes: TAG_BYTES,
        data_bytes_max: CHACHA_BYTES_MAX,
        ..AES_BYTES
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
