//! Sign and Signature Verify (KMIP 1.4 §4.31, §4.32; KMIP 2.1 §6.1.55, §6.1.56) on digests: RSA in
//! PKCS#1 v1.5 and PSS (RFC 8017), ECDSA (FIPS 186-5); and on messages: Ed25519 and Ed448 (RFC 8032),
//! ML-DSA (FIPS 204).
//!
//! ECDSA signatures are in DER, as X.509 has them.

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{
    CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, MaskGenerator,
    PaddingMethod,
};
use rsa::{Pkcs1v15Sign, Pss};

use super::error::Error;
use super::key::{PrivateKey, PublicKey};
use super::pss::{self, Hashes};
use super::random::Random;
use super::rng::Source;
use super::with_hash;

/// The longest salt of PSS, in bytes: as long as the longest key. The crate makes room for one before
/// it looks whether it fits.
pub(super) const SALT_BYTES_MAX: usize = 1024;

/// What a key signs by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// RSA.
    Rsa,
    /// ECDSA.
    Ecdsa,
    /// Ed25519 or Ed448, which sign the message itself.
    Eddsa,
    /// ML-DSA, which signs the message itself.
    MlDsa,
}

/// How a signature is made, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSA with PKCS#1 v1.5.
    Pkcs1(HashingAlgorithm),
    /// RSA with PSS.
    Pss {
        /// The hash of the message.
        hash: HashingAlgorithm,
        /// The hash of the mask; that of the message where nothing is said (the official cases want
        /// it so, although KMIP 1.4 §3.6 speaks of SHA-1).
        mask: HashingAlgorithm,
        /// Bytes of the salt. Where nothing is said, a signer takes as many as the hash has, and any
        /// number is verified.
        salt_bytes: Option<usize>,
    },
    /// ECDSA; without a hash, the client brings the digest.
    Ecdsa(Option<HashingAlgorithm>),
    /// Ed25519 or Ed448.
    Eddsa,
    /// ML-DSA of the message itself, with an empty context (FIPS 204 §5.2).
    MlDsa,
}

/// What a Digital Signature Algorithm stands for.
fn meaning(
    algorithm: DigitalSignatureAlgorithm,
) -> Result<(Family, Option<PaddingMethod>, Option<HashingAlgorithm>), Error> {
    use DigitalSignatureAlgorithm as D;
    use HashingAlgorithm as H;
    let pkcs1 = |hash| Ok((Family::Rsa, Some(PaddingMethod::Pkcs1V1_5), Some(hash)));
    let ecdsa = |hash| Ok((Family::Ecdsa, None, Some(hash)));
    match algorithm {
        D::Sha1WithRsaEncryption => pkcs1(H::Sha1),
        D::Sha224WithRsaEncryption => pkcs1(H::Sha224),
        D::Sha256WithRsaEncryption => pkcs1(H::Sha256),
        D::Sha384WithRsaEncryption => pkcs1(H::Sha384),
        D::Sha512WithRsaEncryption => pkcs1(H::Sha512),
        D::Sha3_256WithRsaEncryption => pkcs1(H::Sha3_256),
        D::Sha3_384WithRsaEncryption => pkcs1(H::Sha3_384),
        D::Sha3_512WithRsaEncryption => pkcs1(H::Sha3_512),
        D::RsassaPss => Ok((Family::Rsa, Some(PaddingMethod::Pss), None)),
        D::EcdsaWithSha1 => ecdsa(H::Sha1),
        D::EcdsaWithSha224 => ecdsa(H::Sha224),
        D::EcdsaWithSha256 => ecdsa(H::Sha256),
        D::EcdsaWithSha384 => ecdsa(H::Sha384),
        D::EcdsaWithSha512 => ecdsa(H::Sha512),
        // MD2 and MD5 are broken, and DSA is not computed with.
        D::Md2WithRsaEncryption
        | D::Md5WithRsaEncryption
        | D::DsaWithSha1
        | D::DsaWithSha224
        | D::DsaWithSha256
        | D::Unknown(_) => Err(Error::Unsupported),
    }
}

impl Scheme {
    /// The scheme that the request means for a key of this family, completed from the key's own
    /// Cryptographic Parameters.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`] for a scheme of other keys, [`Error::BadParameters`] if a hash is
    /// needed and none is named, [`Error::Unsupported`] or [`Error::UnsupportedHash`].
    pub fn resolve(
        family: Family,
        request: Option<&CryptographicParameters>,
        attribute: Option<&CryptographicParameters>,
    ) -> Result<Self, Error> {
        let wanted = merge(request, attribute);
        if wanted.cryptographic_algorithm.is_some_and(|named| !signs(family, named)) {
            return Err(Error::WrongAlgorithm);
        }
        let (mut padding, mut hash) = (wanted.padding_method, wanted.hashing_algorithm);
        if let Some(algorithm) = wanted.digital_signature_algorithm {
            let (of, its_padding, its_hash) = meaning(algorithm)?;
            if of != family {
                return Err(Error::WrongAlgorithm);
            }
            (padding, hash) = (its_padding, its_hash.or(hash));
        }
        if let Some(hash) = hash {
            digest_bytes(hash)?;
        }
        match family {
            Family::Rsa => Self::rsa(&wanted, padding, hash.ok_or(Error::BadParameters)?),
            Family::Ecdsa if is_none(padding) => Ok(Self::Ecdsa(hash)),
            Family::Eddsa if is_none(padding) && hash.is_none() => Ok(Self::Eddsa),
            Family::MlDsa if is_none(padding) && hash.is_none() => Ok(Self::MlDsa),
            Family::Ecdsa | Family::Eddsa | Family::MlDsa => Err(Error::WrongAlgorithm),
        }
    }

    fn rsa(
        wanted: &CryptographicParameters,
        padding: Option<PaddingMethod>,
        hash: HashingAlgorithm,
    ) -> Result<Self, Error> {
        match padding {
            None | Some(PaddingMethod::Pkcs1V1_5) => Ok(Self::Pkcs1(hash)),
            Some(PaddingMethod::Pss) => {
                let mask = wanted.mask_generator_hashing_algorithm.unwrap_or(hash);
                digest_bytes(mask)?;
                let mgf1 = wanted.mask_generator.is_none_or(|mask| mask == MaskGenerator::Mgf1);
                let trailer = wanted.trailer_field.is_none_or(|trailer| trailer == 1);
                if !(mgf1 && trailer) {
                    return Err(Error::Unsupported);
                }
                let salt_bytes = wanted.salt_length.map(usize::try_from).transpose();
                let salt_bytes = salt_bytes.map_err(|_| Error::BadParameters)?;
                if salt_bytes.is_some_and(|bytes| bytes > SALT_BYTES_MAX) {
                    return Err(Error::BadParameters);
                }
                Ok(Self::Pss { hash, mask, salt_bytes })
            }
            Some(_) => Err(Error::Unsupported),
        }
    }

    /// The hash that makes the digest of a message; `None` if the message itself is signed, or if
    /// nobody has said.
    #[must_use]
    pub fn hash(self) -> Option<HashingAlgorithm> {
        match self {
            Self::Pkcs1(hash) | Self::Pss { hash, .. } => Some(hash),
            Self::Ecdsa(hash) => hash,
            Self::Eddsa | Self::MlDsa => None,
        }
    }

    /// Whether the message itself is signed, not a digest.
    #[must_use]
    pub fn is_of_message(self) -> bool {
        matches!(self, Self::Eddsa | Self::MlDsa)
    }

    /// Whether a digest that the client brings can be signed.
    ///
    /// # Errors
    /// [`Error::BadParameters`] where the message itself is signed, [`Error::BadDigestLength`] for
    /// one that the hash does not make.
    pub fn check_digest(self, digest: &[u8]) -> Result<(), Error> {
        match self.hash() {
            _ if self.is_of_message() => Err(Error::BadParameters),
            Some(hash) if digest_bytes(hash)? != digest.len() => Err(Error::BadDigestLength),
            _ if digest.is_empty() => Err(Error::BadDigestLength),
            _ => Ok(()),
        }
    }
}

fn is_none(padding: Option<PaddingMethod>) -> bool {
    padding.is_none_or(|padding| padding == PaddingMethod::None)
}

/// The request's fields, completed from the attribute. A scheme that is named by one word comes
/// whole from where it is named.
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
    let names_scheme =
        request.padding_method.is_some() || request.digital_signature_algorithm.is_some();
    if !names_scheme {
        merged.padding_method = attribute.padding_method;
        merged.salt_length = request.salt_length.or(attribute.salt_length);
        merged.mask_generator = request.mask_generator.or(attribute.mask_generator);
        merged.mask_generator_hashing_algorithm =
            request.mask_generator_hashing_algorithm.or(attribute.mask_generator_hashing_algorithm);
        merged.trailer_field = request.trailer_field.or(attribute.trailer_field);
        if request.hashing_algorithm.is_none() {
            merged.digital_signature_algorithm = attribute.digital_signature_algorithm;
        }
    }
    merged.hashing_algorithm = request.hashing_algorithm.or(attribute.hashing_algorithm);
    merged
}

/// Whether keys of this family sign by an algorithm of this name.
fn signs(family: Family, algorithm: CryptographicAlgorithm) -> bool {
    use CryptographicAlgorithm as A;
    match family {
        Family::Rsa => algorithm == A::Rsa,
        Family::Ecdsa => matches!(algorithm, A::Ec | A::Ecdsa),
        Family::Eddsa => matches!(algorithm, A::Ed25519 | A::Ed448 | A::Ec | A::Ecdsa),
        Family::MlDsa => matches!(algorithm, A::ML_DSA_44 | A::ML_DSA_65 | A::ML_DSA_87),
    }
}

impl PrivateKey {
    /// What the key signs by, if it signs.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        match self {
            Self::Rsa(_) => Some(Family::Rsa),
            Self::Ec(_) => Some(Family::Ecdsa),
            Self::Okp(key) => (key.kind().signature_bytes > 0).then_some(Family::Eddsa),
            Self::Lattice(key) => key.set().signs().then_some(Family::MlDsa),
            Self::Dsa(_) | Self::Dh(_) => None,
        }
    }
}

impl PublicKey {
    /// What the key verifies by, if it verifies.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        match self {
            Self::Rsa(_) => Some(Family::Rsa),
            Self::Ec(_) => Some(Family::Ecdsa),
            Self::Okp(key) => (key.kind().signature_bytes > 0).then_some(Family::Eddsa),
            Self::Lattice(key) => key.set().signs().then_some(Family::MlDsa),
            Self::Dsa(_) | Self::Dh(_) => None,
        }
    }
}

/// Bytes of a digest.
fn digest_bytes(hash: HashingAlgorithm) -> Result<usize, Error> {
    with_hash!(hash, D => Ok(<D as sha2::Digest>::output_size()))
}

/// A signature of a digest; of Ed25519, Ed448 and ML-DSA, of the message.
///
/// # Errors
/// [`Error::WrongAlgorithm`] if the scheme is not the key's, [`Error::BadKeyLength`] for a key that
/// is not computed with or too short for the scheme, or without randomness.
pub fn sign(
    key: &PrivateKey,
    scheme: Scheme,
    digest: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, Error> {
    match (key, scheme) {
        (PrivateKey::Rsa(key), Scheme::Pkcs1(hash)) => with_hash!(hash, D => {
            let key = key.engine().ok_or(Error::BadKeyLength)?;
            let signature =
                key.sign_with_rng(&mut Source(random), Pkcs1v15Sign::new::<D>(), digest);
            signature.map_err(|_| Error::BadKeyLength)
        }),
        (PrivateKey::Rsa(key), Scheme::Pss { hash, mask, salt_bytes }) if mask != hash => {
            let key = key.engine().ok_or(Error::BadKeyLength)?;
            let salt_bytes = salt_bytes.unwrap_or(digest.len());
            pss::sign(&key, Hashes { digest: hash, mask }, salt_bytes, digest, random)
        }
        (PrivateKey::Rsa(key), Scheme::Pss { hash, salt_bytes, .. }) => with_hash!(hash, D => {
            let key = key.engine().ok_or(Error::BadKeyLength)?;
            let salt = salt_bytes.unwrap_or(<D as sha2::Digest>::output_size());
            let scheme = Pss::<D>::new_with_salt(salt);
            let signature = key.sign_with_rng(&mut Source(random), scheme, digest);
            signature.map_err(|_| Error::BadKeyLength)
        }),
        (PrivateKey::Ec(key), Scheme::Ecdsa(_)) => key.sign(digest).ok_or(Error::BadKeyLength),
        (PrivateKey::Okp(key), Scheme::Eddsa) => key.sign(digest).ok_or(Error::WrongAlgorithm),
        (PrivateKey::Lattice(key), Scheme::MlDsa) => key.sign(digest).ok_or(Error::WrongAlgorithm),
        _ => Err(Error::WrongAlgorithm),
    }
}

/// Whether a signature is one of a digest; of Ed25519, Ed448 and ML-DSA, of the message.
///
/// # Errors
/// [`Error::WrongAlgorithm`] if the scheme is not the key's, [`Error::BadKeyLength`] for a key that
/// is not computed with. A signature that does not match is not an error.
pub fn verify(
    key: &PublicKey,
    scheme: Scheme,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, Error> {
    match (key, scheme) {
        (PublicKey::Rsa(key), Scheme::Pkcs1(hash)) => with_hash!(hash, D => {
            let key = key.engine().ok_or(Error::BadKeyLength)?;
            Ok(key.verify(Pkcs1v15Sign::new::<D>(), digest, signature).is_ok())
        }),
        (PublicKey::Rsa(key), Scheme::Pss { hash, mask, salt_bytes }) if mask != hash => {
            let key = key.engine().ok_or(Error::BadKeyLength)?;
            pss::verify(&key, Hashes { digest: hash, mask }, salt_bytes, digest, signature)
        }
        (PublicKey::Rsa(key), Scheme::Pss { hash, salt_bytes, .. }) => with_hash!(hash, D => {
            let key = key.engine().ok_or(Error::BadKeyLength)?;
            let scheme = Pss::<D> { salt_len: salt_bytes, ..Pss::new() };
            Ok(key.verify(scheme, digest, signature).is_ok())
        }),
        (PublicKey::Ec(key), Scheme::Ecdsa(_)) => Ok(key.verify(digest, signature)),
        (PublicKey::Okp(key), Scheme::Eddsa) => Ok(key.verify(digest, signature)),
        (PublicKey::Lattice(key), Scheme::MlDsa) => Ok(key.verify(digest, signature)),
        _ => Err(Error::WrongAlgorithm),
    }
}
