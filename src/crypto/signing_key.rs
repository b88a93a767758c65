//! Ed25519 (RFC 8032), for what the installation itself signs.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::random::{Random, RandomError};
use zeroize::Zeroizing;

/// Bytes of the private key.
pub const SEED_BYTES: usize = 32;
/// The head of a public key in DER (RFC 8410 §4); its 32 bytes follow.
const PUBLIC_KEY_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key pair that signs.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// A new private key.
    ///
    /// # Errors
    /// Without randomness.
    pub fn new_seed(random: &dyn Random) -> Result<Zeroizing<[u8; SEED_BYTES]>, RandomError> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        random.fill(seed.as_mut_slice())?;
        Ok(seed)
    }

    /// The key pair of a private key; `None` if it is none.
    #[must_use]
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).as_ref().to_vec()
    }

    /// The public key as a `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        [PUBLIC_KEY_HEAD.as_slice(), self.0.public_key().as_ref()].concat()
    }
}

/// Whether a signature of `text` was made with the private key of `public_key` (DER).
#[must_use]
pub fn verify(public_key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let key = public_key.strip_prefix(&PUBLIC_KEY_HEAD);
    key.is_some_and(|key| UnparsedPublicKey::new(&ED25519, key).verify(text, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::OsRandom;

    #[test]
    fn a_signature_holds_for_its_text_and_key_only() {
        let seed = SigningKey::new_seed(&OsRandom).expect("random");
        let key = SigningKey::from_seed(seed.as_slice()).expect("a seed");
        let signature = key.sign(b"text");
        assert!(verify(&key.public_key(), b"text", &signature));
        assert!(!verify(&key.public_key(), b"Text", &signature));
        let other = SigningKey::from_seed(&[1; SEED_BYTES]).expect("a seed");
        assert!(!verify(&other.public_key(), b"text", &signature));
        assert!(!verify(b"no key", b"text", &signature));
    }
}
