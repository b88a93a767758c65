//! New private keys.

use kmip_ttlv::enums::{CryptographicAlgorithm, RecommendedCurve};
use zeroize::Zeroizing;

use super::curve::{self, Curve};
use super::lattice::{self, ParameterSet};
use super::okp::{self, Kind};
use super::{EcPrivate, LatticePrivate, OkpPrivate, PrivateKey, RsaPrivate};
use crate::crypto::Error;
use crate::crypto::random::{Random, RandomError};
use crate::crypto::rng::Source;

/// Lengths of RSA keys that are made, in bits. 1024 is for old estates that ask for it.
const RSA_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;
/// RSA lengths are multiples of this.
const RSA_BITS_STEP: usize = 256;
/// The RSA length if none is asked for.
const RSA_BITS_USUAL: usize = 2048;
/// How often a random number that is no private key is thrown away. The order of each curve is so
/// near to a power of two that one time in two is rare, and this many times never happens.
const TRIES_MAX: usize = 128;

/// Which key is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// An RSA key of so many bits.
    Rsa(usize),
    /// A key of this curve.
    Ec(&'static Curve),
    /// A key of this kind.
    Okp(&'static Kind),
    /// A key of this parameter set.
    Lattice(&'static ParameterSet),
}

impl Template {
    /// What algorithm, length and curve mean together, or `None` if no such key is made.
    #[must_use]
    pub fn of(
        algorithm: CryptographicAlgorithm,
        bits: Option<usize>,
        curve: Option<RecommendedCurve>,
    ) -> Option<Self> {
        use CryptographicAlgorithm as A;
        match algorithm {
            A::Rsa => {
                let bits = bits.unwrap_or(RSA_BITS_USUAL);
                let good = RSA_BITS.contains(&bits) && bits.is_multiple_of(RSA_BITS_STEP);
                (good && curve.is_none()).then_some(Self::Rsa(bits))
            }
            A::Ec | A::Ecdsa | A::Ecdh | A::Ecmqv | A::Ed25519 | A::Ed448 => {
                let template = match okp::kind(algorithm, curve) {
                    Some(kind) => Self::Okp(kind),
                    None => Self::Ec(weierstrass(algorithm, bits, curve)?),
                };
                bits.is_none_or(|bits| bits == template.bits()).then_some(template)
            }
            _ => {
                let template = Self::Lattice(lattice::named(algorithm)?);
                let fits = bits.is_none_or(|bits| bits == template.bits());
                (fits && curve.is_none()).then_some(template)
            }
        }
    }

    /// A template for a key like this one, if such are made.
    #[must_use]
    pub fn like(key: &PrivateKey) -> Option<Self> {
        match key {
            PrivateKey::Rsa(key) => {
                Self::of(CryptographicAlgorithm::Rsa, Some(key.public().bits()), None)
            }
            PrivateKey::Ec(key) => Some(Self::Ec(key.curve())),
            PrivateKey::Okp(key) => Some(Self::Okp(key.kind())),
            PrivateKey::Lattice(key) => Some(Self::Lattice(key.set())),
            PrivateKey::Dsa(_) | PrivateKey::Dh(_) => None,
        }
    }

    /// Whether no quantum computer is known to break keys like this. Those of RSA and of curves it
    /// would, at any length.
    #[must_use]
    pub fn is_quantum_safe(self) -> bool {
        matches!(self, Self::Lattice(_))
    }

    fn bits(self) -> usize {
        match self {
            Self::Rsa(bits) => bits,
            Self::Ec(curve) => curve.bits,
            Self::Okp(kind) => kind.bits,
            Self::Lattice(set) => set.number,
        }
    }

    /// A fresh key. One of RSA takes milliseconds to seconds.
    ///
    /// # Errors
    /// Without randomness.
    pub fn generate(self, random: &dyn Random) -> Result<PrivateKey, Error> {
        match self {
            Self::Rsa(bits) => {
                let key = ::rsa::PrivateKey::new(&mut Source(random), bits);
                let key = key.ok().and_then(|key| RsaPrivate::from_engine(&key));
                key.map(|key| PrivateKey::Rsa(Box::new(key))).ok_or(RandomError.into())
            }
            Self::Ec(curve) => ec(curve, random),
            Self::Okp(kind) => {
                let key = OkpPrivate::new(kind, &fresh(kind.bytes, random)?);
                Ok(PrivateKey::Okp(key.map_err(|_| RandomError)?))
            }
            Self::Lattice(set) => {
                let key = LatticePrivate::new(set, &fresh(set.seed_bytes, random)?);
                Ok(PrivateKey::Lattice(key.map_err(|_| RandomError)?))
            }
        }
    }
}

fn fresh(bytes: usize, random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, RandomError> {
    let mut fresh = Zeroizing::new(vec![0; bytes]);
    random.fill(&mut fresh)?;
    Ok(fresh)
}

/// The curve that is named, or the one of NIST with this length.
fn weierstrass(
    algorithm: CryptographicAlgorithm,
    bits: Option<usize>,
    curve: Option<RecommendedCurve>,
) -> Option<&'static Curve> {
    use CryptographicAlgorithm as A;
    if matches!(algorithm, A::Ed25519 | A::Ed448) {
        return None;
    }
    let name = match (curve, bits) {
        (Some(name), _) => name,
        (None, None | Some(256)) => RecommendedCurve::P256,
        (None, Some(224)) => RecommendedCurve::P224,
        (None, Some(384)) => RecommendedCurve::P384,
        (None, Some(521)) => RecommendedCurve::P521,
        (None, Some(_)) => return None,
    };
    curve::named(name)
}

/// A random number below the order, by throwing away what is not (FIPS 186-5 §A.2.2).
fn ec(curve: &'static Curve, random: &dyn Random) -> Result<PrivateKey, Error> {
    let mut number = Zeroizing::new(vec![0; curve.field_bytes()]);
    let spare = curve.field_bytes().saturating_mul(8).saturating_sub(curve.bits);
    for _ in 0..TRIES_MAX {
        random.fill(&mut number)?;
        if let Some(first) = number.first_mut() {
            *first &= u8::MAX.checked_shr(u32::try_from(spare).unwrap_or(0)).unwrap_or(u8::MAX);
        }
        if let Ok(key) = EcPrivate::new(curve, &number) {
            return Ok(PrivateKey::Ec(key));
        }
    }
    Err(RandomError.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::OsRandom;

    fn of(
        algorithm: CryptographicAlgorithm,
        bits: Option<usize>,
        curve: Option<RecommendedCurve>,
    ) -> Option<String> {
        Some(match Template::of(algorithm, bits, curve)? {
            Template::Rsa(bits) => format!("RSA {bits}"),
            Template::Ec(curve) => format!("{curve:?}"),
            Template::Okp(kind) => format!("{kind:?}"),
            Template::Lattice(set) => format!("{set:?}"),
        })
    }

    #[test]
    fn algorithm_length_and_curve_name_a_key_together_or_none() {
        use CryptographicAlgorithm as A;
        use RecommendedCurve as C;
        let table = [
            (A::Rsa, None, None, Some("RSA 2048")),
            (A::Rsa, Some(1024), None, Some("RSA 1024")),
            (A::Rsa, Some(8192), None, Some("RSA 8192")),
            (A::Rsa, Some(512), None, None),
            (A::Rsa, Some(8448), None, None),
            (A::Rsa, Some(2049), None, None),
            (A::Rsa, None, Some(C::P256), None),
            (A::Ec, None, None, Some("P256")),
            (A::Ecdsa, Some(521), None, Some("P521")),
            (A::Ecdh, Some(384), None, Some("P384")),
            (A::Ec, Some(224), None, Some("P224")),
            (A::Ec, Some(255), None, None),
            (A::Ecdsa, Some(256), Some(C::Secp256K1), Some("Secp256K1")),
            (A::Ecdsa, Some(384), Some(C::P256), None),
            (A::Ec, None, Some(C::K163), None),
            (A::Ed25519, None, None, Some("Curve25519/Some(Ed25519)")),
            (A::Ed448, None, Some(C::Curve448), Some("Curve448/Some(Ed448)")),
            (A::Ed25519, None, Some(C::P256), None),
            (A::Ed25519, Some(384), None, None),
            (A::Ecdh, Some(256), Some(C::Curve25519), Some("Curve25519/Some(Ecdh)")),
            (A::Ecdh, None, Some(C::Curve448), Some("Curve448/Some(Ecdh)")),
            (A::Ec, None, Some(C::Curve25519), Some("Curve25519/Some(Ed25519)")),
            (A::ML_KEM_768, None, None, Some("ML_KEM_768")),
            (A::ML_KEM_512, Some(512), None, Some("ML_KEM_512")),
            (A::ML_KEM_1024, Some(512), None, None),
            (A::ML_DSA_65, Some(65), None, Some("ML_DSA_65")),
            (A::ML_DSA_87, Some(256), None, None),
            (A::ML_DSA_44, None, Some(C::P256), None),
            (A::Unknown(0x8000_003f), None, None, None),
            (A::Dsa, Some(2048), None, None),
            (A::Aes, Some(256), None, None),
        ];
        for (algorithm, bits, curve, expected) in table {
            let found = of(algorithm, bits, curve);
            assert_eq!(found.as_deref(), expected, "{algorithm:?} {bits:?} {curve:?}");
        }
    }

    #[test]
    fn a_new_key_is_what_was_asked_for_and_no_two_are_alike() {
        let curves = curve::CURVES.iter().map(Template::Ec);
        let kinds = okp::KINDS.iter().map(Template::Okp);
        let sets = lattice::SETS.iter().map(Template::Lattice);
        for template in curves.chain(kinds).chain(sets).chain([Template::Rsa(1024)]) {
            let key = template.generate(&OsRandom).unwrap();
            assert_eq!(Template::like(&key), Some(template));
            assert_eq!(key.describe().bits, template.bits());
            assert!(key.public().is_some());
            assert_ne!(template.generate(&OsRandom).unwrap(), key);
        }
    }
}
