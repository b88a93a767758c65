//! DSA and Diffie-Hellman keys: numbers that are kept and handed out, but not computed with (KMIP
//! 1.4 §2.1.7.2 to §2.1.7.7, KMIP 2.1 §3.5, §3.6, §3.9 and §3.10).

use kmip_ttlv::BigInteger;
use kmip_ttlv::object::{
    TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey,
    TransparentDsaPublicKey,
};
use pkcs1::UintRef;
use pkcs8::der::{Decode, Encode};
use zeroize::Zeroizing;

use super::KeyError;
use super::group::Group;
use super::number::{Number, number, trimmed, uint, unsigned};

/// A public key of DSA or Diffie-Hellman.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinitePublic {
    group: Group,
    y: Vec<u8>,
}

/// A private key of DSA or Diffie-Hellman.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinitePrivate {
    group: Group,
    x: Number,
}

impl FinitePublic {
    fn new(group: Group, y: &[u8]) -> Result<Self, KeyError> {
        let y = trimmed(y).to_vec();
        if group.has(&y) { Ok(Self { group, y }) } else { Err(KeyError::Malformed) }
    }

    /// Bits of the prime modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.group.bits()
    }

    /// Bits of the prime divisor, if it is known.
    #[must_use]
    pub fn q_bits(&self) -> Option<usize> {
        self.group.q_bits()
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Reads the INTEGER that such a key is in a `SubjectPublicKeyInfo`.
    pub(super) fn from_der(group: Group, der: &[u8]) -> Result<Self, KeyError> {
        Self::new(group, UintRef::from_der(der).map_err(KeyError::malformed)?.as_bytes())
    }

    pub(super) fn to_der(&self) -> Result<Vec<u8>, KeyError> {
        uint(&self.y)?.to_der().map_err(KeyError::malformed)
    }

    pub(super) fn from_dsa(key: &TransparentDsaPublicKey) -> Result<Self, KeyError> {
        Self::new(group(&key.p, Some(&key.q), &key.g, None)?, unsigned(&key.y)?)
    }

    pub(super) fn to_dsa(&self) -> Result<TransparentDsaPublicKey, KeyError> {
        let Group { p, q, g, .. } = &self.group;
        let q = q.as_ref().ok_or(KeyError::NoSuchForm)?;
        Ok(TransparentDsaPublicKey { p: big(p), q: big(q), g: big(g), y: big(&self.y) })
    }

    pub(super) fn from_dh(key: &TransparentDhPublicKey) -> Result<Self, KeyError> {
        let group = group(&key.p, key.q.as_ref(), &key.g, key.j.as_ref())?;
        Self::new(group, unsigned(&key.y)?)
    }

    pub(super) fn to_dh(&self) -> TransparentDhPublicKey {
        let Group { p, q, g, j } = &self.group;
        TransparentDhPublicKey {
            p: big(p),
            q: q.as_deref().map(big),
            g: big(g),
            j: j.as_deref().map(big),
            y: big(&self.y),
        }
    }
}

impl FinitePrivate {
    fn new(group: Group, x: &[u8]) -> Result<Self, KeyError> {
        let x = number(x);
        if group.has_exponent(x.expose()) {
            Ok(Self { group, x })
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// Bits of the prime modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.group.bits()
    }

    /// Bits of the prime divisor, if it is known.
    #[must_use]
    pub fn q_bits(&self) -> Option<usize> {
        self.group.q_bits()
    }

    /// The public half, of a key that is not too long for that.
    #[must_use]
    pub fn public(&self) -> Option<FinitePublic> {
        let y = self.group.power(&self.x)?;
        FinitePublic::new(self.group.clone(), &y).ok()
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Reads the INTEGER that such a key is in a `PrivateKeyInfo`.
    pub(super) fn from_der(group: Group, der: &[u8]) -> Result<Self, KeyError> {
        Self::new(group, UintRef::from_der(der).map_err(KeyError::malformed)?.as_bytes())
    }

    pub(super) fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        uint(self.x.expose())?.to_der().map(Zeroizing::new).map_err(KeyError::malformed)
    }

    pub(super) fn from_dsa(key: &TransparentDsaPrivateKey) -> Result<Self, KeyError> {
        Self::new(group(&key.p, Some(&key.q), &key.g, None)?, unsigned(&key.x)?)
    }

    pub(super) fn to_dsa(&self) -> Result<TransparentDsaPrivateKey, KeyError> {
        let Group { p, q, g, .. } = &self.group;
        let q = q.as_ref().ok_or(KeyError::NoSuchForm)?;
        Ok(TransparentDsaPrivateKey { p: big(p), q: big(q), g: big(g), x: big(self.x.expose()) })
    }

    pub(super) fn from_dh(key: &TransparentDhPrivateKey) -> Result<Self, KeyError> {
        let group = group(&key.p, key.q.as_ref(), &key.g, key.j.as_ref())?;
        Self::new(group, unsigned(&key.x)?)
    }

    pub(super) fn to_dh(&self) -> TransparentDhPrivateKey {
        let Group { p, q, g, j } = &self.group;
        TransparentDhPrivateKey {
            p: big(p),
            q: q.as_deref().map(big),
            g: big(g),
            j: j.as_deref().map(big),
            x: big(self.x.expose()),
        }
    }
}

fn group(
    p: &BigInteger,
    q: Option<&BigInteger>,
    g: &BigInteger,
    j: Option<&BigInteger>,
) -> Result<Group, KeyError> {
    let (q, j) = (q.map(unsigned).transpose()?, j.map(unsigned).transpose()?);
    Group::new(unsigned(p)?, q, unsigned(g)?, j)
}

fn big(number: impl AsRef<[u8]>) -> BigInteger {
    BigInteger::from_unsigned(number.as_ref())
}
