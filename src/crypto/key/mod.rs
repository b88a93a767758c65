//! Public and private keys as values: read from, and written in, each Key Format Type that has them
//! (KMIP 1.4 §2.1.3, §9.1.3.2.3; KMIP 2.1 §3, §4.26, §11.25).
//!
//! A key that was read is well formed: a point lies on its curve, the numbers of an RSA key belong
//! to each other. What the server cannot read (a sealed PKCS#8, a curve that it does not know) is
//! [`KeyError::Unreadable`] and can be kept all the same.

pub mod curve;
mod error;
mod finite;
mod form;
mod generate;
mod group;
mod info;
pub mod lattice;
mod lattice_engine;
mod number;
pub mod okp;
mod rsa;
mod weierstrass;

use kmip_ttlv::enums::{CryptographicAlgorithm, KeyFormatType, RecommendedCurve};
use kmip_ttlv::{Secret, Version};

pub use curve::Curve;
pub use error::KeyError;
pub use finite::{FinitePrivate, FinitePublic};
pub use form::{Hint, for_version, is_of_private_key, is_of_public_key};
pub use generate::Template;
pub use lattice::{LatticePrivate, LatticePublic};
pub use okp::{OkpPrivate, OkpPublic};
pub use rsa::{RsaPrivate, RsaPublic};
pub use weierstrass::{EcPrivate, EcPublic};

/// The public half of a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaPublic),
    /// An elliptic curve in the form of Weierstrass.
    Ec(EcPublic),
    /// Ed25519, Ed448, X25519 or X448.
    Okp(OkpPublic),
    /// ML-KEM or ML-DSA.
    Lattice(LatticePublic),
    /// DSA.
    Dsa(FinitePublic),
    /// Diffie-Hellman.
    Dh(FinitePublic),
}

/// The private half of a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateKey {
    /// RSA.
    Rsa(Box<RsaPrivate>),
    /// An elliptic curve in the form of Weierstrass.
    Ec(EcPrivate),
    /// Ed25519, Ed448, X25519 or X448.
    Okp(OkpPrivate),
    /// ML-KEM or ML-DSA.
    Lattice(LatticePrivate),
    /// DSA.
    Dsa(FinitePrivate),
    /// Diffie-Hellman.
    Dh(FinitePrivate),
}

/// What a key says of itself, in KMIP's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The Cryptographic Algorithms that the key can be called by, the best one first.
    pub algorithms: &'static [CryptographicAlgorithm],
    /// Its Cryptographic Length, in bits; of ML-KEM and ML-DSA, the number of the parameter set.
    pub bits: usize,
    /// Its curve, if it has one with a name in KMIP.
    pub curve: Option<RecommendedCurve>,
    /// Its Qlength, in bits, if it has a prime divisor that is known.
    pub q_bits: Option<usize>,
    /// The Key Format Type that it has if nobody asks for one.
    pub format: KeyFormatType,
}

impl Description {
    /// The best name of the algorithm that a client of `version` knows.
    #[must_use]
    pub fn algorithm(&self, version: Version) -> Option<CryptographicAlgorithm> {
        let is_known = |it: &CryptographicAlgorithm| it.is_in(version) || it.is_extension();
        self.algorithms.iter().copied().find(is_known)
    }
}

const RSA: &[CryptographicAlgorithm] = &[CryptographicAlgorithm::Rsa];
const DSA: &[CryptographicAlgorithm] = &[CryptographicAlgorithm::Dsa];
const DH: &[CryptographicAlgorithm] = &[CryptographicAlgorithm::Dh];
const EC: &[CryptographicAlgorithm] = &[
    CryptographicAlgorithm::Ec,
    CryptographicAlgorithm::Ecdsa,
    CryptographicAlgorithm::Ecdh,
    CryptographicAlgorithm::Ecmqv,
];

impl PublicKey {
    /// What it says of itself.
    #[must_use]
    pub fn describe(&self) -> Description {
        use KeyFormatType as F;
        let (algorithms, bits, curve, format) = match self {
            Self::Rsa(key) => (RSA, key.bits(), None, F::Pkcs1),
            Self::Ec(key) => {
                (EC, key.curve().bits, Some(key.curve().name), F::TransparentEcPublicKey)
            }
            Self::Okp(key) => {
                (key.kind().algorithms, key.kind().bits, Some(key.kind().curve), F::X509)
            }
            Self::Lattice(key) => (key.set().algorithms, key.set().number, None, F::X509),
            Self::Dsa(key) => (DSA, key.bits(), None, F::TransparentDsaPublicKey),
            Self::Dh(key) => (DH, key.bits(), None, F::TransparentDhPublicKey),
        };
        let q_bits = match self {
            Self::Dsa(key) | Self::Dh(key) => key.q_bits(),
            _ => None,
        };
        Description { algorithms, bits, curve, q_bits, format }
    }
}

impl PrivateKey {
    /// What it says of itself.
    #[must_use]
    pub fn describe(&self) -> Description {
        use KeyFormatType as F;
        let (algorithms, bits, curve, format) = match self {
            Self::Rsa(key) => (RSA, key.public().bits(), None, F::Pkcs1),
            Self::Ec(key) => {
                (EC, key.curve().bits, Some(key.curve().name), F::TransparentEcPrivateKey)
            }
            Self::Okp(key) => {
                (key.kind().algorithms, key.kind().bits, Some(key.kind().curve), F::Pkcs8)
            }
            Self::Lattice(key) => (key.set().algorithms, key.set().number, None, F::Pkcs8),
            Self::Dsa(key) => (DSA, key.bits(), None, F::TransparentDsaPrivateKey),
            Self::Dh(key) => (DH, key.bits(), None, F::TransparentDhPrivateKey),
        };
        let q_bits = match self {
            Self::Dsa(key) | Self::Dh(key) => key.q_bits(),
            _ => None,
        };
        Description { algorithms, bits, curve, q_bits, format }
    }

    /// The public half; `None` of a Diffie-Hellman key, and of one that cannot be computed with.
    #[must_use]
    pub fn public(&self) -> Option<PublicKey> {
        match self {
            Self::Rsa(key) => Some(PublicKey::Rsa(key.public())),
            Self::Ec(key) => key.public().map(PublicKey::Ec),
            Self::Okp(key) => key.public().map(PublicKey::Okp),
            Self::Lattice(key) => key.public().map(PublicKey::Lattice),
            Self::Dsa(key) => key.public().map(PublicKey::Dsa),
            // Nothing asks for it, and its private numbers may be long.
            Self::Dh(_) => None,
        }
    }
}

/// The secret that both sides of a Diffie-Hellman agreement on an elliptic curve get, as it is: an
/// x-coordinate (SP 800-56A §5.7.1.2) or what X25519 and X448 give. `None` if the keys are not of
/// one curve, or are none that agree.
#[must_use]
pub fn ecdh(mine: &PrivateKey, theirs: &PublicKey) -> Option<Secret<Vec<u8>>> {
    match (mine, theirs) {
        (PrivateKey::Ec(mine), PublicKey::Ec(theirs)) => mine.agree(theirs),
        (PrivateKey::Okp(mine), PublicKey::Okp(theirs)) => mine.agree(theirs),
        _ => None,
    }
}
