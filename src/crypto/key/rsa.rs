//! RSA keys as numbers (RFC 8017 §3).

use ::rsa::BoxedUint;
use ::rsa::traits::{PrivateKeyParts, PublicKeyParts};
use kmip_ttlv::object::{TransparentRsaPrivateKey, TransparentRsaPublicKey};
use kmip_ttlv::{BigInteger, Secret};
use pkcs8::SecretDocument;
use pkcs8::der::{Decode, Encode};

use super::KeyError;
use super::number::{self, BITS_MAX, Number, boxed, is_odd, number, trimmed, uint, unsigned};

/// An RSA public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPublic {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublic {
    fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = (trimmed(modulus).to_vec(), trimmed(exponent).to_vec());
        let key = Self { modulus, exponent };
        if is_odd(&key.modulus) && is_odd(&key.exponent) && key.bits() <= BITS_MAX {
            Ok(key)
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// Bits of the modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        number::bits(&self.modulus)
    }

    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let key = pkcs1::RsaPublicKeyRef::from_der(der).map_err(KeyError::malformed)?;
        Self::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())
    }

    pub(super) fn to_pkcs1(&self) -> Result<Vec<u8>, KeyError> {
        let key = pkcs1::RsaPublicKeyRef {
            modulus: uint(&self.modulus)?,
            public_exponent: uint(&self.exponent)?,
        };
        key.to_der().map_err(KeyError::malformed)
    }

    pub(super) fn from_transparent(key: &TransparentRsaPublicKey) -> Result<Self, KeyError> {
        Self::new(unsigned(&key.modulus)?, unsigned(&key.public_exponent)?)
    }

    pub(super) fn to_transparent(&self) -> TransparentRsaPublicKey {
        TransparentRsaPublicKey {
            modulus: BigInteger::from_unsigned(&self.modulus),
            public_exponent: BigInteger::from_unsigned(&self.exponent),
        }
    }

    /// The key as the crate has it, if its length is one that is computed with.
    pub(in crate::crypto) fn engine(&self) -> Option<::rsa::PublicKey> {
        ::rsa::PublicKey::new(boxed(&self.modulus)?, boxed(&self.exponent)?).ok()
    }
}

/// An RSA private key of two primes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPrivate {
    modulus: Number,
    public_exponent: Number,
    private_exponent: Number,
    p: Number,
    q: Number,
    exponent_p: Number,
    exponent_q: Number,
    coefficient: Number,
}

impl RsaPrivate {
    /// The public half.
    #[must_use]
    pub fn public(&self) -> RsaPublic {
        RsaPublic {
            modulus: self.modulus.expose().clone(),
            exponent: self.public_exponent.expose().clone(),
        }
    }

    /// Whether the numbers belong to each other; of a key whose length is computed with only.
    fn checked(self) -> Result<Self, KeyError> {
        let public = self.public();
        let public = RsaPublic::new(&public.modulus, &public.exponent)?;
        let computed_with = ::rsa::PublicKey::MIN_SIZE..=::rsa::PublicKey::MAX_SIZE;
        if computed_with.contains(&public.bits()) && self.engine().is_none() {
            return Err(KeyError::Malformed);
        }
        Ok(self)
    }

    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let key = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(KeyError::malformed)?;
        if key.other_prime_infos.is_some() {
            return Err(KeyError::Unreadable);
        }
        let key = Self {
            modulus: number(key.modulus.as_bytes()),
            public_exponent: number(key.public_exponent.as_bytes()),
            private_exponent: number(key.private_exponent.as_bytes()),
            p: number(key.prime1.as_bytes()),
            q: number(key.prime2.as_bytes()),
            exponent_p: number(key.exponent1.as_bytes()),
            exponent_q: number(key.exponent2.as_bytes()),
            coefficient: number(key.coefficient.as_bytes()),
        };
        key.checked()
    }

    pub(super) fn to_pkcs1(&self) -> Result<SecretDocument, KeyError> {
        let key = pkcs1::RsaPrivateKeyRef {
            modulus: uint(self.modulus.expose())?,
            public_exponent: uint(self.public_exponent.expose())?,
            private_exponent: uint(self.private_exponent.expose())?,
            prime1: uint(self.p.expose())?,
            prime2: uint(self.q.expose())?,
            exponent1: uint(self.exponent_p.expose())?,
            exponent2: uint(self.exponent_q.expose())?,
            coefficient: uint(self.coefficient.expose())?,
            other_prime_infos: None,
        };
        SecretDocument::encode_msg(&key).map_err(KeyError::malformed)
    }

    /// The structure may leave out what follows from the rest (KMIP 1.4 §2.1.7.4).
    pub(super) fn from_transparent(key: &TransparentRsaPrivateKey) -> Result<Self, KeyError> {
        let part = |part: &Option<BigInteger>| -> Result<Option<Number>, KeyError> {
            part.as_ref().map(|part| unsigned(part).map(number)).transpose()
        };
        let modulus = number(unsigned(&key.modulus)?);
        let private_exponent = part(&key.private_exponent)?;
        let primes = part(&key.p)?.zip(part(&key.q)?);
        let crt = (
            part(&key.prime_exponent_p)?,
            part(&key.prime_exponent_q)?,
            part(&key.crt_coefficient)?,
        );
        // One of these three there must be: what has none is no private key.
        if private_exponent.is_none() && primes.is_none() && (crt.0.is_none() || crt.1.is_none()) {
            return Err(KeyError::Malformed);
        }
        let public_exponent = part(&key.public_exponent)?.ok_or(KeyError::Unreadable)?;
        if let (Some(d), Some((p, q)), (Some(exponent_p), Some(exponent_q), Some(coefficient))) =
            (&private_exponent, &primes, crt)
        {
            let (private_exponent, p, q) = (d.clone(), p.clone(), q.clone());
            let key = Self {
                modulus,
                public_exponent,
                private_exponent,
                p,
                q,
                exponent_p,
                exponent_q,
                coefficient,
            };
            return key.checked();
        }
        let engine = complete(&modulus, &public_exponent, private_exponent, primes)?;
        let key = Self::from_engine(&engine).ok_or(KeyError::Malformed)?;
        if key.modulus == modulus { Ok(key) } else { Err(KeyError::Malformed) }
    }

    pub(super) fn to_transparent(&self) -> TransparentRsaPrivateKey {
        let part = |number: &Number| Some(BigInteger::from_unsigned(number.expose()));
        TransparentRsaPrivateKey {
            modulus: BigInteger::from_unsigned(self.modulus.expose()),
            private_exponent: part(&self.private_exponent),
            public_exponent: part(&self.public_exponent),
            p: part(&self.p),
            q: part(&self.q),
            prime_exponent_p: part(&self.exponent_p),
            prime_exponent_q: part(&self.exponent_q),
            crt_coefficient: part(&self.coefficient),
        }
    }

    /// The key as the crate has it, if its length is one that is computed with and its numbers
    /// belong to each other.
    pub(in crate::crypto) fn engine(&self) -> Option<::rsa::PrivateKey> {
        let part = |number: &Number| boxed(number.expose());
        let primes = vec![part(&self.p)?, part(&self.q)?];
        let (n, e, d) =
            (part(&self.modulus)?, part(&self.public_exponent)?, part(&self.private_exponent)?);
        ::rsa::PrivateKey::from_components(n, e, d, primes).ok()
    }

    pub(in crate::crypto) fn from_engine(key: &::rsa::PrivateKey) -> Option<Self> {
        let part = |number: &BoxedUint| Secret::new(trimmed(&number.to_be_bytes()).to_vec());
        let [p, q] = key.primes() else { return None };
        Some(Self {
            modulus: part(key.n()),
            public_exponent: part(key.e()),
            private_exponent: part(key.d()),
            p: part(p),
            q: part(q),
            exponent_p: part(key.dp()?),
            exponent_q: part(key.dq()?),
            coefficient: part(&key.crt_coefficient()?),
        })
    }
}

/// A key from what is there of it: the primes, or the private exponent.
///
/// The crate's recovery of primes trusts its numbers, and ends the process if one that it subtracts
/// from is the smaller one. So only those go in that it was made for: a public key of a length that
/// is computed with, and a private exponent that is neither zero nor larger than the modulus.
fn complete(
    modulus: &Number,
    public_exponent: &Number,
    private_exponent: Option<Number>,
    primes: Option<(Number, Number)>,
) -> Result<::rsa::PrivateKey, KeyError> {
    let part = |number: &Number| boxed(number.expose()).ok_or(KeyError::Malformed);
    RsaPublic::new(modulus.expose(), public_exponent.expose())?;
    let (n, e) = (part(modulus)?, part(public_exponent)?);
    ::rsa::PublicKey::new(n.clone(), e.clone()).map_err(|_| KeyError::Unreadable)?;
    let key = match (private_exponent, primes) {
        (_, Some((p, q))) => ::rsa::PrivateKey::from_p_q(part(&p)?, part(&q)?, e),
        (Some(d), None) => {
            let d = part(&d)?;
            if d.is_zero().to_bool() || d >= n {
                return Err(KeyError::Malformed);
            }
            ::rsa::PrivateKey::from_components(n, e, d, Vec::new())
        }
        (None, None) => return Err(KeyError::Unreadable),
    };
    key.map_err(KeyError::malformed)
}
