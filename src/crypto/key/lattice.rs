//! Keys on module lattices: ML-KEM (FIPS 203) and ML-DSA (FIPS 204), one row for each parameter set.
//!
//! A private key is its seed, from which the standards make all the rest: (d, z) of ML-KEM, ξ of
//! ML-DSA. In PKCS#8 it stands alone, or before the expanded key that must then follow from it
//! (RFC 9881 §6, RFC 9935 §6). An expanded key without its seed is unreadable: there is no way back.

use std::fmt;

use kmip_ttlv::Secret;
use kmip_ttlv::enums::CryptographicAlgorithm as A;
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Reader, SliceReader};
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::KeyError;
use super::lattice_engine::{Dsa44, Dsa65, Dsa87, Kem512, Kem768, Kem1024};
use crate::crypto::random::{Random, RandomError};

/// The context-specific tag of a seed in PKCS#8.
const SEED: u8 = 0x80;

/// Bytes that may be kept: a private key or what comes of one.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// From a public key and 32 random bytes, a ciphertext and its secret.
type EncapsulateBy = fn(&[u8], &[u8; 32]) -> Option<(Vec<u8>, Bytes)>;

/// What an encapsulation gives.
#[derive(Debug, PartialEq, Eq)]
pub struct Encapsulated {
    /// For the holder of the private key.
    pub ciphertext: Vec<u8>,
    /// What both share then.
    pub secret: Secret<Vec<u8>>,
}

/// A parameter set, and how it is computed with.
pub struct ParameterSet {
    /// Its name in ASN.1 (RFC 9881 §2, RFC 9935 §3), which has no parameters.
    pub oid: ObjectIdentifier,
    /// Its name as a Cryptographic Algorithm.
    pub algorithms: &'static [A],
    /// Its Cryptographic Length: the number in its name.
    pub number: usize,
    /// Bytes of a seed.
    pub seed_bytes: usize,
    /// Bytes of a public key.
    pub public_bytes: usize,
    /// What it is for.
    pub purpose: Purpose,
    public: fn(&[u8]) -> Option<Vec<u8>>,
    expanded: fn(&[u8]) -> Option<Bytes>,
    is_public: fn(&[u8]) -> bool,
}

/// What keys are for.
#[derive(Clone, Copy)]
pub enum Purpose {
    /// Encapsulation of a shared secret (FIPS 203).
    Kem {
        /// Bytes of a ciphertext.
        ciphertext_bytes: usize,
        /// From a public key and 32 random bytes, ciphertext and secret.
        encapsulate: EncapsulateBy,
        /// From a seed and a ciphertext, the secret.
        decapsulate: fn(&[u8], &[u8]) -> Option<Bytes>,
    },
    /// Signatures (FIPS 204), with an empty context.
    Signature {
        /// Bytes of a signature.
        signature_bytes: usize,
        /// From a seed and a message. The signature is hedged with the library's own randomness.
        sign: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
        /// Whether public key, message and signature belong together.
        verify: fn(&[u8], &[u8], &[u8]) -> bool,
    },
}

impl ParameterSet {
    /// Whether its keys sign.
    #[must_use]
    pub fn signs(&self) -> bool {
        matches!(self.purpose, Purpose::Signature { .. })
    }
}

impl fmt::Debug for ParameterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = A::EXTENSIONS.iter().find(|(value, _)| self.algorithms.contains(value));
        f.write_str(name.map_or("?", |(_, name)| name))
    }
}

impl PartialEq for ParameterSet {
    fn eq(&self, other: &Self) -> bool {
        self.oid == other.oid
    }
}

impl Eq for ParameterSet {}

macro_rules! sets {
    ($($name:ident $oid:literal $number:literal $public_bytes:literal $engine:ident $purpose:ident $bytes:literal;)+) => {
        /// Every parameter set.
        pub static SETS: &[ParameterSet] = &[$(ParameterSet {
            oid: ObjectIdentifier::new_unwrap($oid),
            algorithms: &[A::$name],
            number: $number,
            seed_bytes: seed_bytes!($purpose),
            public_bytes: $public_bytes,
            purpose: purpose!($purpose $engine $bytes),
            public: <$engine>::public,
            expanded: <$engine>::expanded,
            is_public: <$engine>::is_public,
        }),+];
    };
}

macro_rules! seed_bytes {
    (Kem) => {
        64
    };
    (Signature) => {
        32
    };
}

macro_rules! purpose {
    (Kem $engine:ident $bytes:literal) => {
        Purpose::Kem {
            ciphertext_bytes: $bytes,
            encapsulate: <$engine>::encapsulate,
            decapsulate: <$engine>::decapsulate,
        }
    };
    (Signature $engine:ident $bytes:literal) => {
        Purpose::Signature {
            signature_bytes: $bytes,
            sign: <$engine>::sign,
            verify: <$engine>::verify,
        }
    };
}

sets! {
//  name        OID                      number public engine  for       its bytes
    ML_KEM_512  "2.16.840.1.101.3.4.4.1"  512   800    Kem512  Kem       768;
    ML_KEM_768  "2.16.840.1.101.3.4.4.2"  768   1184   Kem768  Kem       1088;
    ML_KEM_1024 "2.16.840.1.101.3.4.4.3"  1024  1568   Kem1024 Kem       1568;
    ML_DSA_44   "2.16.840.1.101.3.4.3.17" 44    1312   Dsa44   Signature 2420;
    ML_DSA_65   "2.16.840.1.101.3.4.3.18" 65    1952   Dsa65   Signature 3309;
    ML_DSA_87   "2.16.840.1.101.3.4.3.19" 87    2592   Dsa87   Signature 4627;
}

/// The set that an algorithm means.
#[must_use]
pub fn named(algorithm: A) -> Option<&'static ParameterSet> {
    SETS.iter().find(|set| set.algorithms.contains(&algorithm))
}

/// The set of a name in ASN.1, which stands alone.
pub(super) fn of(algorithm: AlgorithmIdentifierRef<'_>) -> Result<&'static ParameterSet, KeyError> {
    let set = SETS.iter().find(|set| set.oid == algorithm.oid).ok_or(KeyError::Unreadable)?;
    if algorithm.parameters.is_some() { Err(KeyError::Malformed) } else { Ok(set) }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatticePublic {
    set: &'static ParameterSet,
    bytes: Vec<u8>,
}

impl LatticePublic {
    /// The key in the encoding of its standard. One of ML-KEM whose numbers are too large is none
    /// (FIPS 203 §7.2).
    pub(super) fn new(set: &'static ParameterSet, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() == set.public_bytes && (set.is_public)(bytes) {
            Ok(Self { set, bytes: bytes.to_vec() })
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// Its parameter set.
    #[must_use]
    pub fn set(&self) -> &'static ParameterSet {
        self.set
    }

    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a signature is one of the message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.set.purpose {
            Purpose::Signature { signature_bytes, verify, .. } => {
                signature.len() == signature_bytes && verify(&self.bytes, message, signature)
            }
            Purpose::Kem { .. } => false,
        }
    }

    /// A fresh secret and its ciphertext; `None` with a key that signs.
    ///
    /// # Errors
    /// Without randomness.
    pub fn encapsulate(&self, random: &dyn Random) -> Result<Option<Encapsulated>, RandomError> {
        let Purpose::Kem { encapsulate, .. } = self.set.purpose else { return Ok(None) };
        let mut message = Zeroizing::new([0; 32]);
        random.fill(message.as_mut_slice())?;
        Ok(encapsulate(&self.bytes, &message).map(|(ciphertext, secret)| Encapsulated {
            ciphertext,
            secret: Secret::new(secret.to_vec()),
        }))
    }
}

/// A private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatticePrivate {
    set: &'static ParameterSet,
    seed: Secret<Vec<u8>>,
}

impl LatticePrivate {
    /// The key of a seed. An expanded key is unreadable.
    pub(super) fn new(set: &'static ParameterSet, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() == set.seed_bytes {
            return Ok(Self { set, seed: Secret::new(bytes.to_vec()) });
        }
        let nought = vec![0; set.seed_bytes];
        let is_expanded = (set.expanded)(&nought).is_some_and(|key| key.len() == bytes.len());
        Err(if is_expanded { KeyError::Unreadable } else { KeyError::Malformed })
    }

    /// Reads what stands in PKCS#8: `seed [0]`, `expandedKey`, or a sequence of both.
    pub(super) fn from_choice(set: &'static ParameterSet, der: &[u8]) -> Result<Self, KeyError> {
        if der.first() == Some(&SEED) {
            let seed = der.strip_prefix(&seed_head(set)).ok_or(KeyError::Malformed)?;
            return Self::seed(set, seed);
        }
        if let Ok(expanded) = <&OctetStringRef>::from_der(der) {
            return match Self::new(set, expanded.as_bytes()) {
                // What is as long as a seed is none without its tag.
                Ok(_) => Err(KeyError::Malformed),
                Err(error) => Err(error),
            };
        }
        let mut reader = SliceReader::new(der).map_err(KeyError::malformed)?;
        let (seed, expanded) = reader
            .sequence(|inside| {
                let seed = <&OctetStringRef>::decode(inside)?;
                Ok::<_, pkcs8::der::Error>((seed, <&OctetStringRef>::decode(inside)?))
            })
            .map_err(KeyError::malformed)?;
        reader.finish().map_err(KeyError::malformed)?;
        let key = Self::seed(set, seed.as_bytes())?;
        let own = Secret::new((set.expanded)(key.bytes()).unwrap_or_default().to_vec());
        if own == Secret::new(expanded.as_bytes().to_vec()) {
            Ok(key)
        } else {
            Err(KeyError::Malformed)
        }
    }

    fn seed(set: &'static ParameterSet, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() == set.seed_bytes { Self::new(set, bytes) } else { Err(KeyError::Malformed) }
    }

    /// Writes what stands in PKCS#8: `seed [0]`.
    pub(super) fn to_choice(&self) -> Bytes {
        Zeroizing::new([seed_head(self.set).as_slice(), self.bytes()].concat())
    }

    /// Its parameter set.
    #[must_use]
    pub fn set(&self) -> &'static ParameterSet {
        self.set
    }

    /// The seed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.seed.expose()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Option<LatticePublic> {
        let bytes = (self.set.public)(self.bytes())?;
        Some(LatticePublic { set: self.set, bytes })
    }

    /// A signature of the message; `None` with a key that does not sign.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self.set.purpose {
            Purpose::Signature { sign, .. } => sign(self.bytes(), message),
            Purpose::Kem { .. } => None,
        }
    }

    /// The secret of a ciphertext; `None` with a key that signs, and for what is not as long as a
    /// ciphertext. Any other bytes have a secret, which nobody else knows (FIPS 203 §6.3).
    #[must_use]
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Option<Secret<Vec<u8>>> {
        match self.set.purpose {
            Purpose::Kem { ciphertext_bytes, decapsulate, .. }
                if ciphertext.len() == ciphertext_bytes =>
            {
                decapsulate(self.bytes(), ciphertext).map(|secret| Secret::new(secret.to_vec()))
            }
            _ => None,
        }
    }
}

/// What stands before a seed in PKCS#8: an implicit tag, and the length.
fn seed_head(set: &ParameterSet) -> [u8; 2] {
    [SEED, u8::try_from(set.seed_bytes).unwrap_or(u8::MAX)]
}
