//! Encrypt and Decrypt with RSA keys (RFC 8017 §7): OAEP, and PKCS#1 v1.5 for old estates.

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{CryptographicAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod};
use rsa::{Oaep, Pkcs1v15Encrypt};
use zeroize::Zeroizing;

use super::error::Error;
use super::key::{PrivateKey, PublicKey};
use super::random::Random;
use super::rng::Source;

/// How a text is padded to the length of the modulus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Padding {
    /// OAEP.
    Oaep {
        /// The hash of the label.
        hash: HashingAlgorithm,
        /// The hash of the mask.
        mask: HashingAlgorithm,
        /// The label.
        label: Vec<u8>,
    },
    /// PKCS#1 v1.5. Whoever learns whether a decryption succeeds can decrypt anything.
    Pkcs1,
}

impl Padding {
    /// The padding that the request means, completed from the key's own Cryptographic Parameters.
    /// OAEP without a hash is OAEP with SHA-1; the mask has the hash of the label unless it is
    /// given one.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`] if another algorithm is named, [`Error::BadParameters`] if no
    /// padding is, [`Error::Unsupported`] or [`Error::UnsupportedHash`].
    pub fn resolve(
        request: Option<&CryptographicParameters>,
        attribute: Option<&CryptographicParameters>,
    ) -> Result<Self, Error> {
        let wanted = match (request, attribute) {
            (Some(request), Some(attribute)) if request.padding_method.is_none() => {
                &CryptographicParameters {
                    cryptographic_algorithm: request
                        .cryptographic_algorithm
                        .or(attribute.cryptographic_algorithm),
                    ..attribute.clone()
                }
            }
            (request, attribute) => request.or(attribute).ok_or(Error::BadParameters)?,
        };
        let algorithm = wanted.cryptographic_algorithm;
        if algorithm.is_some_and(|named| named != CryptographicAlgorithm::Rsa) {
            return Err(Error::WrongAlgorithm);
        }
        match wanted.padding_method {
            Some(PaddingMethod::Oaep) => {
                if wanted.mask_generator.is_some_and(|mask| mask != MaskGenerator::Mgf1) {
                    return Err(Error::Unsupported);
                }
                let hash = wanted.hashing_algorithm.unwrap_or(HashingAlgorithm::Sha1);
                let mask = wanted.mask_generator_hashing_algorithm.unwrap_or(hash);
                let label = wanted.p_source.clone().unwrap_or_default();
                Ok(Self::Oaep { hash, mask, label })
            }
            Some(PaddingMethod::Pkcs1V1_5) => Ok(Self::Pkcs1),
            Some(_) => Err(Error::Unsupported),
            None => Err(Error::BadParameters),
        }
    }
}

/// Runs code with both hashes of OAEP as types: any two of SHA-1 and SHA-2, or one of SHA-3 twice.
macro_rules! with_oaep {
    ($hash:expr, $mask:expr, $D:ident, $M:ident => $body:expr) => {{
        use HashingAlgorithm as H;
        macro_rules! mask {
            ($type:ty) => {{
                type $D = $type;
                match $mask {
                    H::Sha1 => {
                        type $M = sha1::Sha1;
                        $body
                    }
                    H::Sha224 => {
                        type $M = sha2::Sha224;
                        $body
                    }
                    H::Sha256 => {
                        type $M = sha2::Sha256;
                        $body
                    }
                    H::Sha384 => {
                        type $M = sha2::Sha384;
                        $body
                    }
                    H::Sha512 => {
                        type $M = sha2::Sha512;
                        $body
                    }
                    _ => Err(Error::UnsupportedHash),
                }
            }};
        }
        macro_rules! same {
            ($type:ty) => {{
                type $D = $type;
                type $M = $type;
                if $mask != $hash {
                    return Err(Error::UnsupportedHash);
                }
                $body
            }};
        }
        match $hash {
            H::Sha1 => mask!(sha1::Sha1),
            H::Sha224 => mask!(sha2::Sha224),
            H::Sha256 => mask!(sha2::Sha256),
            H::Sha384 => mask!(sha2::Sha384),
            H::Sha512 => mask!(sha2::Sha512),
            H::Sha3_224 => same!(sha3::Sha3_224),
            H::Sha3_256 => same!(sha3::Sha3_256),
            H::Sha3_384 => same!(sha3::Sha3_384),
            H::Sha3_512 => same!(sha3::Sha3_512),
            _ => Err(Error::UnsupportedHash),
        }
    }};
}

/// Encrypts a short text.
///
/// # Errors
/// [`Error::WrongAlgorithm`] for a key of another kind, [`Error::BadKeyLength`] for one that is not
/// computed with, [`Error::TooMuchData`] for a text that does not fit the modulus.
pub fn encrypt(
    key: &PublicKey,
    padding: &Padding,
    plain: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, Error> {
    let PublicKey::Rsa(key) = key else { return Err(Error::WrongAlgorithm) };
    let key = key.engine().ok_or(Error::BadKeyLength)?;
    let mut source = Source(random);
    let encrypted = match padding {
        Padding::Pkcs1 => key.encrypt(&mut source, Pkcs1v15Encrypt, plain),
        Padding::Oaep { hash, mask, label } => with_oaep!(*hash, *mask, D, M => {
            let scheme = Oaep::<D, M>::new_with_mgf_hash_and_label(label.as_slice());
            Ok(key.encrypt(&mut source, scheme, plain))
        })?,
    };
    encrypted.map_err(|error| match error {
        rsa::errors::Error::MessageTooLong => Error::TooMuchData,
        _ => Error::BadKeyLength,
    })
}

/// Decrypts a text. The operation is blinded, and does not tell what was wrong; a wrong padding of
/// PKCS#1 v1.5 gives random bytes instead of an error (implicit rejection).
///
/// # Errors
/// [`Error::WrongAlgorithm`], [`Error::BadKeyLength`], or [`Error::Rejected`].
pub fn decrypt(
    key: &PrivateKey,
    padding: &Padding,
    cipher: &[u8],
    random: &dyn Random,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let PrivateKey::Rsa(key) = key else { return Err(Error::WrongAlgorithm) };
    let key = key.engine().ok_or(Error::BadKeyLength)?;
    let mut source = Source(random);
    let plain = match padding {
        Padding::Pkcs1 => key.decrypt_blinded(&mut source, Pkcs1v15Encrypt, cipher),
        Padding::Oaep { hash, mask, label } => with_oaep!(*hash, *mask, D, M => {
            let scheme = Oaep::<D, M>::new_with_mgf_hash_and_label(label.as_slice());
            Ok(key.decrypt_blinded(&mut source, scheme, cipher))
        })?,
    };
    plain.map(Zeroizing::new).map_err(|_| Error::Rejected)
}
