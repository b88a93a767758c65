//! The hierarchy's own cryptography: AES-256-GCM (NIST SP 800-38D) and HKDF-SHA256 (RFC 5869).
//!
//! This is the one place to exchange the implementation; what clients ask for is elsewhere.
//!
//! Keys, key schedules and the states of hashes are wiped. Two things are not, and the crates offer
//! no way to: `hmac` leaves its key, padded to a block and masked with a constant, on the stack, and
//! `hkdf` the block that it expands. Both are of one derivation: what it extracted with its salt and
//! what it gave, not the key that it was made from. So the stack may hold the key of the latest
//! sealing until other calls overwrite it.

use std::fmt;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::random::{Random, RandomError};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;
/// Bytes of the salt from which the key of one sealing is derived.
pub const SALT_BYTES: usize = 16;
/// By how much a salted sealing is longer than what it holds, in bytes.
pub const SALTED_OVERHEAD_BYTES: usize = SALT_BYTES + NONCE_BYTES + TAG_BYTES;
/// The longest text that is sealed, in bytes; far below the limit of the mode (2^36 − 32).
pub const PLAIN_BYTES_MAX: usize = 1 << 30;

/// The text was not sealed with this key, nonce and associated data, or cannot be sealed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text is not authentic")]
pub struct NotAuthentic;

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The text is longer than [`PLAIN_BYTES_MAX`].
    #[error("the text is too long to be sealed")]
    TooLong,
}

/// An AES-256 key, on the heap so that moving it leaves no copy behind; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key(Box<[u8; KEY_BYTES]>);

impl Key {
    /// A fresh random key.
    ///
    /// # Errors
    /// [`RandomError`] if there is no randomness.
    pub fn random(random: &dyn Random) -> Result<Self, RandomError> {
        let mut key = Self(Box::new([0; KEY_BYTES]));
        random.fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// The key with these bytes, or `None` if they are not [`KEY_BYTES`] many.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != KEY_BYTES {
            return None;
        }
        let mut key = Self(Box::new([0; KEY_BYTES]));
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// A key for one purpose: HKDF-SHA256 of this key with `salt` and `info` (concatenated).
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it cannot panic: 32 bytes are below the limit")]
    pub fn derive(&self, salt: &[u8], info: &[&[u8]]) -> Self {
        let (mut extracted, hkdf) = Hkdf::<Sha256>::extract(Some(salt), self.0.as_slice());
        extracted.as_mut_slice().zeroize();
        let mut key = Self(Box::new([0; KEY_BYTES]));
        #[expect(clippy::expect_used, reason = "32 bytes are below the limit")]
        hkdf.expand_multi_info(info, key.0.as_mut_slice()).expect("HKDF-SHA256 gives 8160 bytes");
        key
    }

    /// The bytes, for sealing this key under another.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Seals: ciphertext and then tag are appended to `out`.
    ///
    /// A nonce must never be used twice with one key.
    ///
    /// # Errors
    /// [`SealError::TooLong`]; `out` is then as it was.
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        let start = out.len();
        // Grown first: a reallocation later would leave plain text behind.
        out.reserve(plain.len() + TAG_BYTES);
        out.extend_from_slice(plain);
        let body = out.get_mut(start..).unwrap_or_default();
        let tag = self
            .cipher()
            .encrypt_inout_detached(&Nonce::from(*nonce), aad, body.into())
            .map_err(|_| SealError::TooLong)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Opens `sealed`, which is ciphertext and tag.
    ///
    /// # Errors
    /// [`NotAuthentic`] if any bit of key, nonce, associated data, ciphertext or tag is another.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
        let (body, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(NotAuthentic)?;
        let mut plain = Zeroizing::new(body.to_vec());
        self.cipher()
            .decrypt_inout_detached(
                &Nonce::from(*nonce),
                aad,
                plain.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| NotAuthentic)?;
        Ok(plain)
    }

    /// Seals under a key of its own, derived with a fresh salt: salt, nonce, ciphertext and tag are
    /// appended to `out`. So this key never comes near the limit of random nonces (2^32).
    ///
    /// # Errors
    /// [`SealError`]; `out` is then as it was.
    pub fn seal_salted(
        &self,
        random: &dyn Random,
        info: &[&[u8]],
        aad: &[u8],
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let mut fresh = [0; SALT_BYTES + NONCE_BYTES];
        random.fill(&mut fresh)?;
        let (salt, last) = fresh.split_at(SALT_BYTES);
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(last);
        let start = out.len();
        out.reserve(SALTED_OVERHEAD_BYTES + plain.len());
        out.extend_from_slice(&fresh);
        let sealed = self.derive(salt, info).seal(&nonce, aad, plain, out);
        if sealed.is_err() {
            out.truncate(start);
        }
        sealed
    }

    /// Opens what [`Key::seal_salted`] made.
    ///
    /// # Errors
    /// [`NotAuthentic`] if any bit of key, info, associated data or text is another.
    pub fn open_salted(
        &self,
        info: &[&[u8]],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
        let (salt, rest) = sealed.split_first_chunk::<SALT_BYTES>().ok_or(NotAuthentic)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(NotAuthentic)?;
        self.derive(salt, info).open(nonce, aad, body)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.as_ref().into())
    }
}

impl ConstantTimeEq for Key {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.as_slice().ct_eq(other.0.as_slice())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({KEY_BYTES} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// The GCM specification's test case 16 (AES-256, associated data, short last block).
    #[test]
    fn gcm_gives_the_published_answer() {
        let key = Key::from_slice(&hex(
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        ))
        .unwrap();
        let nonce = hex("cafebabefacedbaddecaf888").try_into().unwrap();
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        let sealed = hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
             76fc6ece0f4e1768cddf8853bb2d551b");
        let mut out = Vec::new();
        key.seal(&nonce, &aad, &plain, &mut out).unwrap();
        assert_eq!(out, sealed);
        assert_eq!(*key.open(&nonce, &aad, &sealed).unwrap(), plain);
    }

    /// The answer is Python's `hmac`, twice, as RFC 5869 says.
    #[test]
    fn derived_keys_differ_by_salt_and_info() {
        let key = Key::from_slice(&[7; KEY_BYTES]).unwrap();
        let one = key.derive(b"salt", &[b"a", b"b"]);
        let answer = hex("7ac2dcb8713fe0b3198778b500fcb0c01e9088b807a9ca9ed4b756b29c24f9b0");
        assert_eq!(one.as_bytes().as_slice(), answer);
        assert!(bool::from(one.ct_eq(&key.derive(b"salt", &[b"ab"]))), "info is concatenated");
        assert!(!bool::from(one.ct_eq(&key.derive(b"salt", &[b"a"]))));
        assert!(!bool::from(one.ct_eq(&key.derive(b"tlas", &[b"ab"]))));
    }

    #[test]
    fn what_is_shorter_than_a_tag_does_not_open() {
        let key = Key::from_slice(&[7; KEY_BYTES]).unwrap();
        for length in 0..TAG_BYTES {
            assert_eq!(key.open(&[0; 12], b"", &vec![0; length]).err(), Some(NotAuthentic));
        }
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = Key::from_slice(&[0xab; KEY_BYTES]).unwrap();
        assert_eq!(format!("{key:?}"), "Key(32 bytes)");
    }
}
