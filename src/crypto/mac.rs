//! MAC and MAC Verify (KMIP 1.4 §4.33, §4.34; KMIP 2.1 §6.1.32, §6.1.33) on bytes: HMAC (RFC 2104) and
//! CMAC (NIST SP 800-38B).

use std::fmt;

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use subtle::ConstantTimeEq;

use super::error::Error;
use super::limit::{Budget, Limits};
use super::state::{State, cmac_aes, cmac_des3, hmac};

/// Begins a MAC under a key.
type Begin = fn(&[u8]) -> Result<Box<dyn State>, Error>;

/// Every MAC that is supported, CMAC by the name of its cipher. HMAC-MD5 is left out.
const MACS: &[(CryptographicAlgorithm, Begin)] = &[
    (CryptographicAlgorithm::HmacSha1, hmac::<Sha1>),
    (CryptographicAlgorithm::HmacSha224, hmac::<Sha224>),
    (CryptographicAlgorithm::HmacSha256, hmac::<Sha256>),
    (CryptographicAlgorithm::HmacSha384, hmac::<Sha384>),
    (CryptographicAlgorithm::HmacSha512, hmac::<Sha512>),
    (CryptographicAlgorithm::HmacSha3_224, hmac::<Sha3_224>),
    (CryptographicAlgorithm::HmacSha3_256, hmac::<Sha3_256>),
    (CryptographicAlgorithm::HmacSha3_384, hmac::<Sha3_384>),
    (CryptographicAlgorithm::HmacSha3_512, hmac::<Sha3_512>),
    (CryptographicAlgorithm::Aes, cmac_aes),
    (CryptographicAlgorithm::Des3, cmac_des3),
];

/// Bytes of the longest MAC.
pub const MAC_BYTES_MAX: usize = 64;

/// The algorithms that [`mac`] knows.
pub fn algorithms() -> impl Iterator<Item = CryptographicAlgorithm> {
    MACS.iter().map(|(algorithm, _)| *algorithm)
}

/// The algorithm to use: what the request says counts before the key's Cryptographic Parameters
/// (the instance of lowest index), and these before the key's Cryptographic Algorithm.
///
/// A cipher makes a MAC only where the Block Cipher Mode is CMAC. GMAC has no place here, for MAC has
/// no field for its IV: it is Encrypt with GCM of additional data alone.
///
/// # Errors
/// [`Error::UnsupportedMac`] if nobody names one that is in [`algorithms`],
/// [`Error::WrongAlgorithm`] for CMAC with another cipher than the key's.
pub fn resolve(
    key_algorithm: Option<CryptographicAlgorithm>,
    request: Option<&CryptographicParameters>,
    attribute: Option<&CryptographicParameters>,
) -> Result<CryptographicAlgorithm, Error> {
    let says = |named: &&CryptographicParameters| {
        named.cryptographic_algorithm.is_some() || named.block_cipher_mode.is_some()
    };
    let named = request.filter(says).or(attribute.filter(says));
    let algorithm = named.and_then(|named| named.cryptographic_algorithm);
    let wanted = algorithm.or(key_algorithm).ok_or(Error::UnsupportedMac)?;
    if named.and_then(|named| named.block_cipher_mode) == Some(BlockCipherMode::Cmac) {
        return match key_algorithm {
            Some(key) if key != wanted => Err(Error::WrongAlgorithm),
            _ if is_cipher(wanted) => Ok(wanted),
            _ => Err(Error::UnsupportedMac),
        };
    }
    let supported = algorithms().find(|algorithm| *algorithm == wanted && !is_cipher(wanted));
    supported.ok_or(Error::UnsupportedMac)
}

/// Whether a MAC is made of a block cipher.
#[must_use]
pub fn is_cipher(algorithm: CryptographicAlgorithm) -> bool {
    matches!(algorithm, CryptographicAlgorithm::Aes | CryptographicAlgorithm::Des3)
}

/// The MAC of `data` under `key`.
///
/// # Errors
/// [`Error::UnsupportedMac`] for an algorithm that is not in [`algorithms`], [`Error::BadKeyLength`]
/// for an empty key, or one that the cipher does not take.
pub fn mac(algorithm: CryptographicAlgorithm, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
    Macer::new(algorithm, key, Limits::ONE_PART)?.finish(data)
}

/// Whether `expected` is the whole MAC of `data` under `key`; compared in constant time.
///
/// # Errors
/// As those of [`mac`]. A MAC that does not match is not an error.
pub fn verify(
    algorithm: CryptographicAlgorithm,
    key: &[u8],
    data: &[u8],
    expected: &[u8],
) -> Result<bool, Error> {
    Macer::new(algorithm, key, Limits::ONE_PART)?.verify(data, expected)
}

/// A MAC in parts. Wiped on drop.
pub struct Macer {
    state: Box<dyn State>,
    algorithm: CryptographicAlgorithm,
    budget: Budget,
}

impl Macer {
    /// Begins a MAC under `key`.
    ///
    /// # Errors
    /// As those of [`mac`].
    pub fn new(
        algorithm: CryptographicAlgorithm,
        key: &[u8],
        limits: Limits,
    ) -> Result<Self, Error> {
        let (_, begin) = MACS
            .iter()
            .find(|(supported, _)| *supported == algorithm)
            .ok_or(Error::UnsupportedMac)?;
        if key.is_empty() {
            return Err(Error::BadKeyLength);
        }
        Ok(Self { state: begin(key)?, algorithm, budget: Budget::new(limits.stream_bytes_max) })
    }

    /// Takes in a part.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), Error> {
        self.budget.take(data.len())?;
        self.state.update(data);
        Ok(())
    }

    /// Takes in the last part, which may be empty, and gives the MAC.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn finish(mut self, data: &[u8]) -> Result<Vec<u8>, Error> {
        self.update(data)?;
        Ok(self.state.finish())
    }

    /// Takes in the last part, which may be empty, and tells whether `expected` is the whole MAC.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn verify(self, data: &[u8], expected: &[u8]) -> Result<bool, Error> {
        Ok(self.finish(data)?.ct_eq(expected).into())
    }
}

impl fmt::Debug for Macer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Macer").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    proptest! {
        #[test]
        fn parts_make_no_difference(data: Vec<u8>, key: [u8; 24], cut: Index) {
            let (first, second) = data.split_at(cut.index(data.len() + 1));
            for algorithm in algorithms() {
                let mut macer = Macer::new(algorithm, &key, Limits::default()).unwrap();
                macer.update(first).unwrap();
                prop_assert_eq!(macer.finish(second), mac(algorithm, &key, &data));
            }
        }

        #[test]
        fn any_flipped_bit_is_noticed(data: Vec<u8>, key: [u8; 24], bit: Index) {
            for algorithm in algorithms() {
                let mut value = mac(algorithm, &key, &data).unwrap();
                prop_assert_eq!(verify(algorithm, &key, &data, &value), Ok(true));
                let bit = bit.index(8 * value.len());
                value[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(verify(algorithm, &key, &data, &value), Ok(false));
            }
        }
    }

    #[test]
    fn the_longest_mac_is_as_long_as_is_said() {
        let bytes = algorithms().map(|algorithm| mac(algorithm, &[7; 24], b"").unwrap().len());
        assert_eq!(bytes.max(), Some(MAC_BYTES_MAX));
    }

    fn of(
        algorithm: Option<CryptographicAlgorithm>,
        mode: Option<BlockCipherMode>,
    ) -> CryptographicParameters {
        CryptographicParameters {
            cryptographic_algorithm: algorithm,
            block_cipher_mode: mode,
            ..CryptographicParameters::default()
        }
    }

    #[test]
    fn the_request_counts_before_the_attribute_and_this_before_the_key() {
        use CryptographicAlgorithm::{Aes, HmacSha1, HmacSha256, HmacSha512};
        let (one, two) = (of(Some(HmacSha1), None), of(Some(HmacSha256), None));
        let three = Some(HmacSha512);
        assert_eq!(resolve(three, Some(&one), Some(&two)), Ok(HmacSha1));
        assert_eq!(resolve(three, None, Some(&two)), Ok(HmacSha256));
        assert_eq!(resolve(three, Some(&of(None, None)), Some(&two)), Ok(HmacSha256));
        assert_eq!(resolve(three, None, None), Ok(HmacSha512));
        assert_eq!(resolve(Some(Aes), None, None), Err(Error::UnsupportedMac));
        assert_eq!(resolve(None, None, None), Err(Error::UnsupportedMac));
    }

    #[test]
    fn a_cipher_makes_a_mac_where_it_is_said_and_with_its_own_keys() {
        use CryptographicAlgorithm::{Aes, Des3, HmacSha256};
        let cmac = |algorithm| of(algorithm, Some(BlockCipherMode::Cmac));
        for cipher in [Aes, Des3] {
            assert_eq!(resolve(Some(cipher), Some(&cmac(None)), None), Ok(cipher));
            assert_eq!(resolve(Some(cipher), Some(&cmac(Some(cipher))), None), Ok(cipher));
            assert_eq!(resolve(Some(cipher), None, Some(&cmac(None))), Ok(cipher));
            let none = resolve(Some(cipher), Some(&of(Some(cipher), None)), None);
            assert_eq!(none, Err(Error::UnsupportedMac), "no mode");
            let gcm = of(None, Some(BlockCipherMode::Gcm));
            assert_eq!(resolve(Some(cipher), Some(&gcm), None), Err(Error::UnsupportedMac));
        }
        let other = resolve(Some(Aes), Some(&cmac(Some(Des3))), None);
        assert_eq!(other, Err(Error::WrongAlgorithm));
        let hmac = resolve(Some(HmacSha256), Some(&cmac(None)), None);
        assert_eq!(hmac, Err(Error::UnsupportedMac));
        // The key's own mode is for Encrypt where the request asks for HMAC.
        let asked = of(Some(HmacSha256), None);
        assert_eq!(resolve(Some(Aes), Some(&asked), Some(&cmac(None))), Ok(HmacSha256));
    }

    #[test]
    fn a_stream_takes_what_its_limit_says_and_no_more() {
        let limits = Limits { stream_bytes_max: 8, ..Limits::default() };
        let mut macer = Macer::new(CryptographicAlgorithm::HmacSha256, b"key", limits).unwrap();
        macer.update(&[0; 8]).unwrap();
        assert_eq!(macer.update(&[0]), Err(Error::TooMuchData));
        assert!(macer.finish(&[]).is_ok());
    }
}
