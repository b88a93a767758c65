//! Wrapping of keys under symmetric keys (KMIP 1.4 §2.1.5, KMIP 2.1 §3.3): AES Key Wrap (RFC 3394),
//! the same with padding (RFC 5649), and the modes of [`super::cipher`].

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::{AesKw, AesKwp, InnerInit};
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};
use zeroize::Zeroizing;

use super::cipher::{self, Parameters};
use super::error::Error;
use super::random::Random;

/// Bytes of the piece that AES Key Wrap counts in.
const SEMIBLOCK_BYTES: usize = 8;

/// The shortest key that AES Key Wrap takes: two pieces (RFC 3394 §2).
const KEY_WRAP_BYTES_MIN: usize = 2 * SEMIBLOCK_BYTES;

/// The shortest wrapped key, padded or not: a block.
const WRAPPED_BYTES_MIN: usize = 2 * SEMIBLOCK_BYTES;

/// Runs code with AES under a key as long as it is.
macro_rules! with_aes {
    ($key:expr, $cipher:ident => $body:expr) => {{
        let bad = |_| Error::BadKeyLength;
        match $key.len() {
            16 => Aes128::new_from_slice($key).map_err(bad).and_then(|$cipher| $body),
            24 => Aes192::new_from_slice($key).map_err(bad).and_then(|$cipher| $body),
            32 => Aes256::new_from_slice($key).map_err(bad).and_then(|$cipher| $body),
            _ => Err(Error::BadKeyLength),
        }
    }};
}

/// How a key is wrapped.
#[derive(Debug, Clone, Copy)]
pub enum Wrap {
    /// AES Key Wrap, for keys of whole pieces.
    KeyWrap,
    /// AES Key Wrap with padding, for keys of any length.
    KeyWrapPadded,
    /// A mode of encryption. The tag of one that authenticates stands behind the ciphertext, for
    /// Key Wrapping Data has no field for it.
    Mode(Parameters),
}

/// A wrapped key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The IV, counter or nonce, if the mode has one.
    pub iv: Option<Vec<u8>>,
}

impl Wrap {
    /// The wrapping that is meant for a key of `key_algorithm`. Where no mode is named, as by VAST,
    /// it is AES Key Wrap.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`] and [`Error::Unsupported`]; others as the numbers in the
    /// parameters are none.
    pub fn resolve(
        key_algorithm: Option<CryptographicAlgorithm>,
        wanted: Option<&CryptographicParameters>,
    ) -> Result<Self, Error> {
        let is_aes = key_algorithm == Some(CryptographicAlgorithm::Aes);
        let mode = wanted.and_then(|wanted| wanted.block_cipher_mode);
        let wrap = match mode {
            None if is_aes => Self::KeyWrap,
            Some(BlockCipherMode::NistKeyWrap) => Self::KeyWrap,
            Some(BlockCipherMode::AesKeyWrapPadding) => Self::KeyWrapPadded,
            _ => return Parameters::resolve(key_algorithm, wanted, None).map(Self::Mode),
        };
        let named = wanted.and_then(|wanted| wanted.cryptographic_algorithm);
        if !is_aes || named.is_some_and(|named| named != CryptographicAlgorithm::Aes) {
            return Err(Error::WrongAlgorithm);
        }
        let padding = wanted.and_then(|wanted| wanted.padding_method);
        if padding.is_some_and(|padding| padding != PaddingMethod::None) {
            return Err(Error::Unsupported);
        }
        Ok(wrap)
    }

    /// The mode by KMIP's name.
    #[must_use]
    pub fn mode(&self) -> BlockCipherMode {
        match self {
            Self::KeyWrap => BlockCipherMode::NistKeyWrap,
            Self::KeyWrapPadded => BlockCipherMode::AesKeyWrapPadding,
            Self::Mode(parameters) => parameters.mode(),
        }
    }

    /// Wraps `plain` under `key`.
    ///
    /// # Errors
    /// [`Error::BadKeyLength`], [`Error::NotWholeBlocks`] for a length that the wrapping does not
    /// take, [`Error::Random`].
    pub fn wrap(&self, key: &[u8], plain: &[u8], random: &dyn Random) -> Result<Wrapped, Error> {
        let bytes = match self {
            Self::Mode(parameters) => {
                let sealed = cipher::encrypt(parameters, key, None, &[], plain, random)?;
                let mut bytes = sealed.data;
                bytes.extend(sealed.tag.unwrap_or_default());
                return Ok(Wrapped { bytes, iv: sealed.made_iv });
            }
            Self::KeyWrap => with_aes!(key, cipher => key_wrap(cipher, plain)),
            Self::KeyWrapPadded => with_aes!(key, cipher => key_wrap_padded(cipher, plain)),
        }?;
        Ok(Wrapped { bytes, iv: None })
    }

    /// Unwraps `wrapped` under `key`.
    ///
    /// # Errors
    /// [`Error::BadKeyLength`]; [`Error::Rejected`] if this key was not wrapped like that or was
    /// changed since; others as the parameters do not fit IV or data.
    pub fn unwrap(
        &self,
        key: &[u8],
        wrapped: &[u8],
        iv: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            Self::Mode(parameters) => {
                let tag_bytes = parameters.tag_bytes();
                let at = wrapped.len().checked_sub(tag_bytes).ok_or(Error::Rejected)?;
                let (data, tag) = wrapped.split_at_checked(at).ok_or(Error::Rejected)?;
                let tag = parameters.authenticates().then_some(tag);
                cipher::decrypt(parameters, key, iv, &[], tag, data)
            }
            Self::KeyWrap => with_aes!(key, cipher => key_unwrap(cipher, wrapped)),
            Self::KeyWrapPadded => with_aes!(key, cipher => key_unwrap_padded(cipher, wrapped)),
        }
    }
}

fn key_wrap<C>(cipher: C, plain: &[u8]) -> Result<Vec<u8>, Error>
where
    C: BlockCipherEncrypt<BlockSize = U16>,
{
    if plain.len() < KEY_WRAP_BYTES_MIN || !plain.len().is_multiple_of(SEMIBLOCK_BYTES) {
        return Err(Error::NotWholeBlocks);
    }
    let mut wrapped = vec![0; plain.len() + SEMIBLOCK_BYTES];
    AesKw::inner_init(cipher).wrap_key(plain, &mut wrapped).map_err(|_| Error::NotWholeBlocks)?;
    Ok(wrapped)
}

fn key_wrap_padded<C>(cipher: C, plain: &[u8]) -> Result<Vec<u8>, Error>
where
    C: BlockCipherEncrypt<BlockSize = U16>,
{
    if plain.is_empty() {
        return Err(Error::NotWholeBlocks);
    }
    let mut wrapped = vec![0; plain.len().next_multiple_of(SEMIBLOCK_BYTES) + SEMIBLOCK_BYTES];
    AesKwp::inner_init(cipher).wrap_key(plain, &mut wrapped).map_err(|_| Error::TooMuchData)?;
    Ok(wrapped)
}

fn key_unwrap<C>(cipher: C, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>
where
    C: BlockCipherDecrypt<BlockSize = U16>,
{
    // The crate unwraps single pieces, too, of which the standard says nothing.
    if wrapped.len() < KEY_WRAP_BYTES_MIN + SEMIBLOCK_BYTES {
        return Err(Error::Rejected);
    }
    let mut plain = Zeroizing::new(vec![0; wrapped.len() - SEMIBLOCK_BYTES]);
    AesKw::inner_init(cipher).unwrap_key(wrapped, &mut plain).map_err(|_| Error::Rejected)?;
    Ok(plain)
}

fn key_unwrap_padded<C>(cipher: C, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>
where
    C: BlockCipherDecrypt<BlockSize = U16>,
{
    if wrapped.len() < WRAPPED_BYTES_MIN {
        return Err(Error::Rejected);
    }
    let mut plain = Zeroizing::new(vec![0; wrapped.len() - SEMIBLOCK_BYTES]);
    let bytes = AesKwp::inner_init(cipher)
        .unwrap_key(wrapped, &mut plain)
        .map_err(|_| Error::Rejected)?
        .len();
    plain.truncate(bytes);
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::random::PredictableRandom;
    use super::*;

    fn wraps() -> impl Iterator<Item = Wrap> {
        use BlockCipherMode as M;
        let of = |mode, padding_method| {
            let wanted = CryptographicParameters {
                block_cipher_mode: Some(mode),
                padding_method,
                ..CryptographicParameters::default()
            };
            Wrap::resolve(Some(CryptographicAlgorithm::Aes), Some(&wanted)).unwrap()
        };
        [
            (M::NistKeyWrap, None),
            (M::AesKeyWrapPadding, None),
            (M::Gcm, None),
            (M::Cbc, Some(PaddingMethod::Pkcs5)),
        ]
        .map(|(mode, padding)| of(mode, padding))
        .into_iter()
    }

    fn authenticates(wrap: &Wrap) -> bool {
        !matches!(wrap, Wrap::Mode(parameters) if !parameters.authenticates())
    }

    proptest! {
        #[test]
        fn what_is_wrapped_is_unwrapped(
            plain in proptest::collection::vec(any::<u8>(), 1..80),
            key: [u8; 32],
            length in proptest::sample::select(vec![16_usize, 24, 32]),
        ) {
            for wrap in wraps() {
                let key = &key[..length];
                let whole = plain.len() >= 16 && plain.len().is_multiple_of(8);
                match wrap.wrap(key, &plain, &PredictableRandom::new(1)) {
                    Err(error) => {
                        prop_assert!(matches!(wrap, Wrap::KeyWrap) && !whole);
                        prop_assert_eq!(error, Error::NotWholeBlocks);
                    }
                    Ok(wrapped) => {
                        let back = wrap.unwrap(key, &wrapped.bytes, wrapped.iv.as_deref());
                        prop_assert_eq!(back.map(|back| back.to_vec()), Ok(plain.clone()));
                    }
                }
            }
        }

        #[test]
        fn any_flipped_bit_is_noticed(plain: [u8; 32], key: [u8; 16], bit: Index) {
            for wrap in wraps().filter(authenticates) {
                let mut wrapped = wrap.wrap(&key, &plain, &PredictableRandom::new(1)).unwrap();
                let bit = bit.index(8 * wrapped.bytes.len());
                wrapped.bytes[bit / 8] ^= 1 << (bit % 8);
                let back = wrap.unwrap(&key, &wrapped.bytes, wrapped.iv.as_deref());
                prop_assert_eq!(back, Err(Error::Rejected));
            }
        }

        #[test]
        fn no_bytes_unwrap_by_chance(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for wrap in wraps().filter(authenticates) {
                prop_assert_eq!(wrap.unwrap(&[7; 16], &bytes, Some(&[0; 12])), Err(Error::Rejected));
            }
        }
    }
}
