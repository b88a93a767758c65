//! Keys that are bytes: Ed25519, Ed448 (RFC 8032), X25519 and X448 (RFC 7748), one row for each.

use std::fmt;

use aws_lc_rs::agreement::{self, UnparsedPublicKey, X25519};
use aws_lc_rs::signature::{self, ED25519, Ed25519KeyPair, KeyPair};
use ed448_goldilocks::{SigningKey, VerifyingKey};
use kmip_ttlv::Secret;
use kmip_ttlv::enums::{CryptographicAlgorithm, RecommendedCurve};
use pkcs8::ObjectIdentifier;

use super::KeyError;

/// What both sides get, from a private and a public key.
type Agree = fn(&[u8], &[u8]) -> Option<Secret<Vec<u8>>>;

/// A kind of key, and how it is computed with.
pub struct Kind {
    /// Its name in ASN.1 (RFC 8410 §3).
    pub oid: ObjectIdentifier,
    /// Its curve in KMIP.
    pub curve: RecommendedCurve,
    /// The names of its algorithm in KMIP, the best one first.
    pub algorithms: &'static [CryptographicAlgorithm],
    /// Its Cryptographic Length.
    pub bits: usize,
    /// Bytes of the private key, and of the public key.
    pub bytes: usize,
    /// Bytes of a signature; 0 if it makes none.
    pub signature_bytes: usize,
    public: fn(&[u8]) -> Option<Vec<u8>>,
    sign: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
    agree: Agree,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.curve, self.algorithms.first())
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.oid == other.oid
    }
}

impl Eq for Kind {}

use CryptographicAlgorithm as A;

/// Every kind.
pub static KINDS: &[Kind] = &[
    Kind {
        oid: ObjectIdentifier::new_unwrap("1.3.101.112"),
        curve: RecommendedCurve::Curve25519,
        algorithms: &[A::Ed25519, A::Ec, A::Ecdsa],
        bits: 256,
        bytes: 32,
        signature_bytes: 64,
        public: ed25519_public,
        sign: ed25519_sign,
        verify: ed25519_verify,
        agree: |_, _| None,
    },
    Kind {
        oid: ObjectIdentifier::new_unwrap("1.3.101.113"),
        curve: RecommendedCurve::Curve448,
        algorithms: &[A::Ed448, A::Ec, A::Ecdsa],
        bits: 448,
        bytes: 57,
        signature_bytes: 114,
        public: ed448_public,
        sign: ed448_sign,
        verify: ed448_verify,
        agree: |_, _| None,
    },
    Kind {
        oid: ObjectIdentifier::new_unwrap("1.3.101.110"),
        curve: RecommendedCurve::Curve25519,
        algorithms: &[A::Ecdh, A::Ec],
        bits: 256,
        bytes: 32,
        signature_bytes: 0,
        public: x25519_public,
        sign: |_, _| None,
        verify: |_, _, _| false,
        agree: x25519_agree,
    },
    Kind {
        oid: ObjectIdentifier::new_unwrap("1.3.101.111"),
        curve: RecommendedCurve::Curve448,
        algorithms: &[A::Ecdh, A::Ec],
        bits: 448,
        bytes: 56,
        signature_bytes: 0,
        public: x448_public,
        sign: |_, _| None,
        verify: |_, _, _| false,
        agree: x448_agree,
    },
];

/// The kind that an algorithm on a curve means: Ed25519 and Ed448 unless an agreement is named.
#[must_use]
pub fn kind(
    algorithm: CryptographicAlgorithm,
    curve: Option<RecommendedCurve>,
) -> Option<&'static Kind> {
    let of_curve = |kind: &&Kind| curve.is_none_or(|curve| kind.curve == curve);
    KINDS.iter().filter(of_curve).find(|kind| match curve {
        // Without a curve, only the algorithms that are one kind's own name it.
        None => kind.algorithms.first() == Some(&algorithm) && kind.signature_bytes > 0,
        Some(_) => kind.algorithms.contains(&algorithm),
    })
}

pub(super) fn of_oid(oid: ObjectIdentifier) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.oid == oid)
}

/// A public key of one of these kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OkpPublic {
    kind: &'static Kind,
    bytes: Vec<u8>,
}

impl OkpPublic {
    pub(super) fn new(kind: &'static Kind, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() == kind.bytes {
            Ok(Self { kind, bytes: bytes.to_vec() })
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a signature is one of the message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        (self.kind.verify)(&self.bytes, message, signature)
    }
}

/// A private key of one of these kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OkpPrivate {
    kind: &'static Kind,
    bytes: Secret<Vec<u8>>,
}

impl OkpPrivate {
    pub(in crate::crypto) fn new(kind: &'static Kind, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() == kind.bytes {
            Ok(Self { kind, bytes: Secret::new(bytes.to_vec()) })
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Option<OkpPublic> {
        let bytes = (self.kind.public)(self.bytes())?;
        Some(OkpPublic { kind: self.kind, bytes })
    }

    /// A signature of the message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        (self.kind.sign)(self.bytes(), message)
    }

    /// What both sides of an agreement get.
    #[must_use]
    pub fn agree(&self, theirs: &OkpPublic) -> Option<Secret<Vec<u8>>> {
        if self.kind != theirs.kind {
            return None;
        }
        (self.kind.agree)(self.bytes(), &theirs.bytes)
    }
}

fn ed25519_public(seed: &[u8]) -> Option<Vec<u8>> {
    let key = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    Some(key.public_key().as_ref().to_vec())
}

fn ed25519_sign(seed: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let key = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    Some(key.try_sign(message).ok()?.as_ref().to_vec())
}

fn ed25519_verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    signature::UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

fn ed448(seed: &[u8]) -> Option<SigningKey> {
    SigningKey::try_from(seed).ok()
}

fn ed448_public(seed: &[u8]) -> Option<Vec<u8>> {
    Some(ed448(seed)?.verifying_key().to_bytes().to_vec())
}

fn ed448_sign(seed: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    Some(ed448(seed)?.sign_raw(message).to_bytes().to_vec())
}

fn ed448_verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = <[u8; 57]>::try_from(key).ok();
    let Some(Ok(key)) = key.map(|key| VerifyingKey::from_bytes(&key)) else { return false };
    let Ok(signature) = ed448_goldilocks::Signature::try_from(signature) else { return false };
    key.verify_raw(&signature, message).is_ok()
}

fn x25519(scalar: &[u8]) -> Option<agreement::PrivateKey> {
    agreement::PrivateKey::from_private_key(&X25519, scalar).ok()
}

fn x25519_public(scalar: &[u8]) -> Option<Vec<u8>> {
    Some(x25519(scalar)?.compute_public_key().ok()?.as_ref().to_vec())
}

fn x25519_agree(scalar: &[u8], theirs: &[u8]) -> Option<Secret<Vec<u8>>> {
    let theirs = UnparsedPublicKey::new(&X25519, theirs);
    agreement::agree(&x25519(scalar)?, theirs, (), |shared| Ok(Secret::new(shared.to_vec()))).ok()
}

fn x448_public(scalar: &[u8]) -> Option<Vec<u8>> {
    let scalar = <[u8; 56]>::try_from(scalar).ok()?;
    Some(x448::x448_unchecked(scalar, x448::X448_BASEPOINT_BYTES).to_vec())
}

fn x448_agree(scalar: &[u8], theirs: &[u8]) -> Option<Secret<Vec<u8>>> {
    let (scalar, theirs) = (scalar.try_into().ok()?, theirs.try_into().ok()?);
    let shared = x448::x448(scalar, theirs)?;
    // A point of low order makes a secret that everybody knows (RFC 7748 §6.2).
    if shared.iter().all(|byte| *byte == 0) { None } else { Some(Secret::new(shared.to_vec())) }
}
