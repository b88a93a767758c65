//! Cryptographic Parameters (KMIP 1.4 §3.6, KMIP 2.1 §4.16) made definite.

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};

use super::super::error::Error;
use super::super::random::Random;
use super::table::{self, BLOCK_BYTES, IvRule, Row};

/// An IV Length below this is meant in bytes. The specification counts bits; kmip-go, which is in
/// use, counts bytes and sends 12 and 16, lengths that nobody can mean in bits.
const IV_BITS_MIN: i32 = 64;
/// Bytes of the counter in a CTR block when no Counter Length is given (RFC 3686 §4).
const COUNTER_BYTES: usize = 4;

/// An IV of fewer bytes can be met by trying.
const UNGUESSABLE_IV_BYTES: usize = 12;

/// Everything that is to be known about one encryption or decryption but key, IV and data.
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    pub(super) row: &'static Row,
    pub(super) padding: PaddingMethod,
    /// Bytes of the tag; 0 in a mode without.
    pub(super) tag_bytes: usize,
    /// Whether the server may make the IV.
    may_make_iv: bool,
    /// The length that the IV was said to have, in bytes.
    iv_bytes: Option<usize>,
    /// First value of a counter that is not part of the IV (CTR only).
    counter_start: Option<u32>,
}

impl Parameters {
    /// Settles the parameters for a key of `key_algorithm`.
    ///
    /// What the request says counts before the key's own attribute (the instance of lowest index).
    /// If the request names a mode, padding, lengths and counter are its own business too;
    /// otherwise what it leaves open is taken from the attribute. If neither names a mode, as in
    /// mongod's encryption of its audit log, it is CBC with PKCS5 padding.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`], [`Error::Unsupported`], [`Error::BadParameters`],
    /// [`Error::BadIvLength`] or [`Error::BadTagLength`].
    pub fn resolve(
        key_algorithm: Option<CryptographicAlgorithm>,
        request: Option<&CryptographicParameters>,
        attribute: Option<&CryptographicParameters>,
    ) -> Result<Self, Error> {
        let wanted = merge(request, attribute);
        let algorithm = match (wanted.cryptographic_algorithm, key_algorithm) {
            (Some(wanted), Some(key)) if wanted != key => return Err(Error::WrongAlgorithm),
            (wanted, key) => key.or(wanted).ok_or(Error::Unsupported)?,
        };
        let mode = wanted.block_cipher_mode.unwrap_or_else(|| table::usual_mode(algorithm));
        let row = table::row(algorithm, mode)?;
        let padding = match (wanted.padding_method, wanted.block_cipher_mode) {
            (Some(padding), _) => padding,
            (None, Some(_)) => row.paddings.first().copied().ok_or(Error::Unsupported)?,
            (None, None) if row.is_stream() => PaddingMethod::None,
            (None, None) => PaddingMethod::Pkcs5,
        };
        if !row.paddings.contains(&padding) {
            return Err(Error::Unsupported);
        }
        let counter_start = counter_start(row, wanted.initial_counter_value)?;
        Ok(Self {
            row,
            padding,
            tag_bytes: tag_bytes(row, wanted.tag_length)?,
            may_make_iv: wanted.random_iv.unwrap_or(true),
            iv_bytes: match counter_start {
                Some(_) => Some(iv_bytes_beside_counter(wanted.counter_length)?),
                None => iv_bytes(row, wanted.iv_length)?,
            },
            counter_start,
        })
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> CryptographicAlgorithm {
        self.row.algorithm
    }

    /// The mode of operation.
    #[must_use]
    pub fn mode(&self) -> BlockCipherMode {
        self.row.mode
    }

    /// The padding.
    #[must_use]
    pub fn padding(&self) -> PaddingMethod {
        self.padding
    }

    /// Whether the mode authenticates: takes additional data, gives and demands a tag.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.row.authenticates()
    }

    /// Whether the mode gives nothing, in either direction, before it has all data.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.row.is_whole
    }

    /// Bytes of the authentication tag; 0 in a mode without.
    #[must_use]
    pub fn tag_bytes(&self) -> usize {
        self.tag_bytes
    }

    /// Whether an IV has to be given to Decrypt.
    #[must_use]
    pub fn needs_iv(&self) -> bool {
        self.row.iv != IvRule::Unused
    }

    /// Whether the client that encrypts knows, or can guess, which key stream its data meet. Such
    /// an encryption of ciphertext is its decryption.
    #[must_use]
    pub fn key_stream_is_known(&self, iv_is_given: bool) -> bool {
        let is_short = self.iv_bytes.is_some_and(|bytes| bytes < UNGUESSABLE_IV_BYTES);
        let is_chosen = iv_is_given || self.counter_start.is_some() || is_short;
        self.row.is_stream() && is_chosen
    }

    /// A fresh IV for Encrypt, or `None` if the mode has none.
    ///
    /// KMIP lets a client leave the IV out only together with Random IV (§4.29), but kmip-go's
    /// users leave both out; a fresh IV can do no harm, and the response shows it. A client that
    /// says Random IV *false* wants none made.
    pub(super) fn fresh_iv(&self, random: &dyn Random) -> Result<Option<Vec<u8>>, Error> {
        let bytes = match self.row.iv {
            IvRule::Unused => return Ok(None),
            _ if !self.may_make_iv => return Err(Error::MissingIv),
            IvRule::Exactly(bytes)
            | IvRule::OneOf { usual: bytes, .. }
            | IvRule::Any { usual: bytes, .. } => self.iv_bytes.unwrap_or(bytes),
        };
        let mut iv = vec![0; bytes];
        random.fill(&mut iv)?;
        Ok(Some(iv))
    }

    /// Checks a given IV and completes it to what the mode starts from.
    pub(super) fn first_block(&self, iv: &[u8]) -> Result<Vec<u8>, Error> {
        let fits = match (self.row.iv, self.iv_bytes) {
            (IvRule::Unused, _) => return Ok(Vec::new()),
            (IvRule::Exactly(bytes), None) | (_, Some(bytes)) => iv.len() == bytes,
            (IvRule::OneOf { usual, other }, None) => [usual, other].contains(&iv.len()),
            (IvRule::Any { min, max, .. }, None) => (min..=max).contains(&iv.len()),
        };
        if !fits {
            return Err(Error::BadIvLength);
        }
        let mut block = iv.to_vec();
        if let Some(start) = self.counter_start {
            let start = u128::from(start).to_be_bytes();
            block.extend_from_slice(start.get(iv.len()..).ok_or(Error::BadIvLength)?);
        }
        Ok(block)
    }

    /// The most data for one IV, in bytes: a counter beside the IV must not overflow into it.
    pub(super) fn data_bytes_max(&self) -> u64 {
        match (self.counter_start, self.iv_bytes) {
            (Some(start), Some(iv_bytes)) => {
                let bits = 8 * BLOCK_BYTES.saturating_sub(iv_bytes);
                let values = u32::try_from(bits).ok().and_then(|bits| 1_u64.checked_shl(bits));
                let blocks = values.unwrap_or(u64::MAX).saturating_sub(u64::from(start));
                blocks.saturating_mul(BLOCK_BYTES as u64)
            }
            _ => self.row.data_bytes_max,
        }
    }
}

/// The request's fields, completed from the attribute.
fn merge(
    request: Option<&CryptographicParameters>,
    attribute: Option<&CryptographicParameters>,
) -> CryptographicParameters {
    let (Some(request), Some(attribute)) = (request, attribute) else {
        return request.or(attribute).cloned().unwrap_or_default();
    };
    let mut merged = request.clone();
    merged.cryptographic_algorithm =
        request.cryptographic_algorithm.or(attribute.cryptographic_algorithm);
    merged.random_iv = request.random_iv.or(attribute.random_iv);
    if request.block_cipher_mode.is_none() {
        merged.block_cipher_mode = attribute.block_cipher_mode;
        merged.padding_method = request.padding_method.or(attribute.padding_method);
        merged.iv_length = request.iv_length.or(attribute.iv_length);
        merged.tag_length = request.tag_length.or(attribute.tag_length);
        merged.counter_length = request.counter_length.or(attribute.counter_length);
        merged.initial_counter_value =
            request.initial_counter_value.or(attribute.initial_counter_value);
    }
    merged
}

/// Bytes of the tag: as the parameters say, or the usual.
fn tag_bytes(row: &Row, length: Option<i32>) -> Result<usize, Error> {
    let Some(usual) = row.tag_bytes.first() else { return Ok(0) };
    match length.map(usize::try_from) {
        None => Ok(*usual),
        Some(Ok(bytes)) if row.tag_bytes.contains(&bytes) => Ok(bytes),
        Some(_) => Err(Error::BadTagLength),
    }
}

/// The counter's first value, in a mode that has one and if it is not part of the IV.
fn counter_start(row: &Row, value: Option<i32>) -> Result<Option<u32>, Error> {
    match value {
        // Its counter is not for the client to set.
        Some(_) if row.algorithm == CryptographicAlgorithm::ChaCha20 => Err(Error::Unsupported),
        Some(value) if row.mode == BlockCipherMode::Ctr => {
            u32::try_from(value).map(Some).map_err(|_| Error::BadParameters)
        }
        _ => Ok(None),
    }
}

/// Bytes of the IV where a counter of its own fills the block.
fn iv_bytes_beside_counter(counter_length: Option<i32>) -> Result<usize, Error> {
    let counter = match counter_length {
        None => COUNTER_BYTES,
        Some(bits) => whole_bytes(bits)?,
    };
    // The counter starts at a 32-bit value, and some of the block is left to the IV.
    match BLOCK_BYTES.checked_sub(counter) {
        Some(bytes) if bytes > 0 && counter >= COUNTER_BYTES => Ok(bytes),
        _ => Err(Error::BadParameters),
    }
}

/// Bytes of the IV, as far as the parameters say.
fn iv_bytes(row: &Row, iv_length: Option<i32>) -> Result<Option<usize>, Error> {
    let Some(length) = iv_length else { return Ok(None) };
    let bytes = match length {
        bytes @ 1..IV_BITS_MIN => usize::try_from(bytes).map_err(|_| Error::BadParameters)?,
        bits => whole_bytes(bits)?,
    };
    match row.iv {
        IvRule::Unused => Ok(None),
        IvRule::Exactly(exactly) if bytes == exactly => Ok(Some(bytes)),
        IvRule::OneOf { usual, other } if [usual, other].contains(&bytes) => Ok(Some(bytes)),
        IvRule::Any { min, max, .. } if (min..=max).contains(&bytes) => Ok(Some(bytes)),
        IvRule::Exactly(_) | IvRule::OneOf { .. } | IvRule::Any { .. } => Err(Error::BadIvLength),
    }
}

/// A positive number of bits as whole bytes.
fn whole_bytes(bits: i32) -> Result<usize, Error> {
    let bits = usize::try_from(bits).map_err(|_| Error::BadParameters)?;
    if bits == 0 || bits % 8 != 0 {
        return Err(Error::BadParameters);
    }
    Ok(bits / 8)
}
