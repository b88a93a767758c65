//! Elliptic curves in the form of Weierstrass: one row for each that is computed on (SP 800-186;
//! SEC 2).

use std::fmt;

use kmip_ttlv::Secret;
use kmip_ttlv::enums::RecommendedCurve;
use pkcs8::ObjectIdentifier;

/// A curve, and how it is computed on. Points are uncompressed (SEC 1 §2.3.3); private keys are as
/// long as the field.
pub struct Curve {
    /// Its name in KMIP.
    pub name: RecommendedCurve,
    /// Its name in ASN.1.
    pub oid: ObjectIdentifier,
    /// Bits of its field, and of its order.
    pub bits: usize,
    engine: Engine,
}

impl Curve {
    /// Bytes of a coordinate, and of a private key.
    #[must_use]
    pub fn field_bytes(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The point, uncompressed, if it is on the curve and not at infinity.
    pub(super) fn point(&self, encoded: &[u8]) -> Option<Vec<u8>> {
        (self.engine.point)(encoded)
    }

    /// The public point of a private key, if that is one of this curve.
    pub(super) fn public(&self, scalar: &[u8]) -> Option<Vec<u8>> {
        (self.engine.public)(scalar)
    }

    /// An ECDSA signature of a digest, in DER (FIPS 186-5 §6.4; deterministic by RFC 6979).
    #[must_use]
    pub fn sign(&self, scalar: &[u8], digest: &[u8]) -> Option<Vec<u8>> {
        (self.engine.sign)(scalar, &self.fitted(digest))
    }

    /// Whether an ECDSA signature, in DER, is one of a digest.
    #[must_use]
    pub fn verify(&self, point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
        (self.engine.verify)(point, &self.fitted(digest), signature)
    }

    /// The x-coordinate that both sides of a Diffie-Hellman agreement get.
    #[must_use]
    pub fn agree(&self, scalar: &[u8], point: &[u8]) -> Option<Secret<Vec<u8>>> {
        (self.engine.agree)(scalar, point)
    }

    /// A digest that is short for the curve, with zeros before it: the number stays the same, and
    /// the crates refuse one that is much shorter than the field.
    fn fitted(&self, digest: &[u8]) -> Vec<u8> {
        let mut fitted = vec![0; self.field_bytes().saturating_sub(digest.len())];
        fitted.extend_from_slice(digest);
        fitted
    }
}

impl fmt::Debug for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}

impl PartialEq for Curve {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Curve {}

/// What both sides get, from a private key and a point.
type Agree = fn(&[u8], &[u8]) -> Option<Secret<Vec<u8>>>;

/// What a crate does for one curve.
struct Engine {
    point: fn(&[u8]) -> Option<Vec<u8>>,
    public: fn(&[u8]) -> Option<Vec<u8>>,
    sign: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
    agree: Agree,
}

macro_rules! curves {
    ($($name:ident $oid:literal $bits:literal $engine:ident;)+) => {
        /// Every curve that is computed on.
        pub static CURVES: &[Curve] = &[$(Curve {
            name: RecommendedCurve::$name,
            oid: ObjectIdentifier::new_unwrap($oid),
            bits: $bits,
            engine: Engine {
                point: $engine::point,
                public: $engine::public,
                sign: $engine::sign,
                verify: $engine::verify,
                agree: $engine::agree,
            },
        }),+];

        $(mod $engine {
            use kmip_ttlv::Secret;
            use $engine::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            use $engine::ecdsa::{Signature, SigningKey, VerifyingKey};
            use $engine::elliptic_curve::sec1::ToSec1Point;
            use $engine::{PublicKey, SecretKey};

            pub(super) fn point(encoded: &[u8]) -> Option<Vec<u8>> {
                let key = PublicKey::from_sec1_bytes(encoded).ok()?;
                Some(key.to_sec1_point(false).as_bytes().to_vec())
            }

            pub(super) fn public(scalar: &[u8]) -> Option<Vec<u8>> {
                let key = SecretKey::from_slice(scalar).ok()?;
                Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
            }

            pub(super) fn sign(scalar: &[u8], digest: &[u8]) -> Option<Vec<u8>> {
                let key = SigningKey::from_slice(scalar).ok()?;
                let signature: Signature = key.sign_prehash(digest).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }

            pub(super) fn verify(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
                let Ok(key) = VerifyingKey::from_sec1_bytes(point) else { return false };
                let Ok(signature) = Signature::from_der(signature) else { return false };
                // Either sign of s is a signature; one crate takes the lower one only.
                key.verify_prehash(digest, &signature.normalize_s()).is_ok()
            }

            pub(super) fn agree(scalar: &[u8], point: &[u8]) -> Option<Secret<Vec<u8>>> {
                let mine = SecretKey::from_slice(scalar).ok()?;
                let theirs = PublicKey::from_sec1_bytes(point).ok()?;
                let shared = mine.diffie_hellman(&theirs);
                Some(Secret::new(shared.raw_secret_bytes().to_vec()))
            }
        })+
    };
}

curves! {
    P224      "1.3.132.0.33"        224 p224;
    P256      "1.2.840.10045.3.1.7" 256 p256;
    Secp256K1 "1.3.132.0.10"        256 k256;
    P384      "1.3.132.0.34"        384 p384;
    P521      "1.3.132.0.35"        521 p521;
}

/// The curve of a name in KMIP.
#[must_use]
pub fn named(name: RecommendedCurve) -> Option<&'static Curve> {
    CURVES.iter().find(|curve| curve.name == name)
}

/// The curve of a name in ASN.1.
pub(super) fn of_oid(oid: ObjectIdentifier) -> Option<&'static Curve> {
    CURVES.iter().find(|curve| curve.oid == oid)
}
