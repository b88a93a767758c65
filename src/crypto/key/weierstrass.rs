//! Keys of elliptic curves in the form of Weierstrass (SEC 1), and how their points are written.

use kmip_ttlv::enums::KeyCompressionType;
use kmip_ttlv::object::{TransparentEcPrivateKey, TransparentEcPublicKey};
use kmip_ttlv::{BigInteger, Secret};
use pkcs8::SecretDocument;
use pkcs8::der::Decode;

use super::KeyError;
use super::curve::{self, Curve};

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcPublic {
    curve: &'static Curve,
    /// Uncompressed.
    point: Vec<u8>,
}

impl EcPublic {
    /// The key whose point is given in any of the forms of SEC 1 §2.3.4 and X9.62.
    pub(super) fn new(curve: &'static Curve, encoded: &[u8]) -> Result<Self, KeyError> {
        let point = match encoded {
            [prefix @ (0x06 | 0x07), coordinates @ ..] => {
                if coordinates.last().map(|byte| byte & 1) != Some(prefix & 1) {
                    return Err(KeyError::Malformed);
                }
                curve.point(&[&[0x04], coordinates].concat())
            }
            other => curve.point(other),
        };
        Ok(Self { curve, point: point.ok_or(KeyError::Malformed)? })
    }

    /// Its curve.
    #[must_use]
    pub fn curve(&self) -> &'static Curve {
        self.curve
    }

    /// Its point, uncompressed.
    #[must_use]
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// Its point, compressed like this; uncompressed where nothing is said.
    pub(super) fn encoded(
        &self,
        compression: Option<KeyCompressionType>,
    ) -> Result<Vec<u8>, KeyError> {
        use KeyCompressionType as C;
        let coordinates = self.point.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let odd = y.last().map_or(0, |byte| byte & 1);
        match compression.unwrap_or(C::EcPublicKeyTypeUncompressed) {
            C::EcPublicKeyTypeUncompressed => Ok(self.point.clone()),
            C::EcPublicKeyTypeX9_62CompressedPrime => Ok([&[0x02 | odd], x].concat()),
            C::EcPublicKeyTypeX9_62Hybrid => Ok([&[0x06 | odd], x, y].concat()),
            // Curves over fields of characteristic 2 are not computed on.
            C::EcPublicKeyTypeX9_62CompressedChar2 | C::Unknown(_) => {
                Err(KeyError::NoSuchCompression)
            }
        }
    }

    pub(super) fn from_transparent(key: &TransparentEcPublicKey) -> Result<Self, KeyError> {
        Self::new(curve::named(key.curve).ok_or(KeyError::Unreadable)?, &key.q_string)
    }

    pub(super) fn to_transparent(
        &self,
        compression: Option<KeyCompressionType>,
    ) -> Result<TransparentEcPublicKey, KeyError> {
        let q_string = self.encoded(compression)?;
        Ok(TransparentEcPublicKey { curve: self.curve.name, q_string })
    }

    /// Whether an ECDSA signature, in DER, is one of a digest.
    #[must_use]
    pub fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        self.curve.verify(&self.point, digest, signature)
    }
}

/// A private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcPrivate {
    curve: &'static Curve,
    /// As long as the field.
    scalar: Secret<Vec<u8>>,
}

impl EcPrivate {
    /// The key of this number, which may be shorter than the field.
    pub(in crate::crypto) fn new(curve: &'static Curve, number: &[u8]) -> Result<Self, KeyError> {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        let missing = curve.field_bytes().checked_sub(digits.len()).ok_or(KeyError::Malformed)?;
        let mut scalar = Vec::with_capacity(curve.field_bytes());
        scalar.resize(missing, 0);
        scalar.extend_from_slice(digits);
        let key = Self { curve, scalar: Secret::new(scalar) };
        if key.public().is_some() { Ok(key) } else { Err(KeyError::Malformed) }
    }

    /// Its curve.
    #[must_use]
    pub fn curve(&self) -> &'static Curve {
        self.curve
    }

    /// The private number, as long as the field.
    #[must_use]
    pub fn scalar(&self) -> &[u8] {
        self.scalar.expose()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Option<EcPublic> {
        let point = self.curve.public(self.scalar())?;
        Some(EcPublic { curve: self.curve, point })
    }

    /// Reads an `ECPrivateKey` (RFC 5915). Inside PKCS#8, the curve stands outside.
    pub(super) fn from_sec1(der: &[u8], outside: Option<&'static Curve>) -> Result<Self, KeyError> {
        let key = sec1::EcPrivateKey::from_der(der).map_err(KeyError::malformed)?;
        let named = key.parameters.and_then(sec1::EcParameters::named_curve);
        let inside = named.map(|oid| curve::of_oid(oid).ok_or(KeyError::Unreadable)).transpose()?;
        let curve = match (inside, outside) {
            (Some(inside), Some(outside)) if inside != outside => return Err(KeyError::Malformed),
            (inside, outside) => inside.or(outside).ok_or(KeyError::Malformed)?,
        };
        let private = Self::new(curve, key.private_key)?;
        match key.public_key {
            Some(public) if Some(EcPublic::new(curve, public)?) != private.public() => {
                Err(KeyError::Malformed)
            }
            _ => Ok(private),
        }
    }

    /// Writes an `ECPrivateKey`, with the name of the curve unless that stands outside.
    pub(super) fn to_sec1(&self, named: bool) -> Result<SecretDocument, KeyError> {
        let public = self.public().ok_or(KeyError::Malformed)?;
        let key = sec1::EcPrivateKey {
            private_key: self.scalar(),
            parameters: named.then_some(sec1::EcParameters::NamedCurve(self.curve.oid)),
            public_key: Some(public.point()),
        };
        SecretDocument::encode_msg(&key).map_err(KeyError::malformed)
    }

    pub(super) fn from_transparent(key: &TransparentEcPrivateKey) -> Result<Self, KeyError> {
        let curve = curve::named(key.curve).ok_or(KeyError::Unreadable)?;
        Self::new(curve, key.d.as_unsigned().ok_or(KeyError::Malformed)?)
    }

    pub(super) fn to_transparent(&self) -> TransparentEcPrivateKey {
        let d = BigInteger::from_unsigned(self.scalar());
        TransparentEcPrivateKey { curve: self.curve.name, d }
    }

    /// An ECDSA signature of a digest, in DER.
    #[must_use]
    pub fn sign(&self, digest: &[u8]) -> Option<Vec<u8>> {
        self.curve.sign(self.scalar(), digest)
    }

    /// What both sides of a Diffie-Hellman agreement get.
    #[must_use]
    pub fn agree(&self, theirs: &EcPublic) -> Option<Secret<Vec<u8>>> {
        if self.curve != theirs.curve {
            return None;
        }
        self.curve.agree(self.scalar(), &theirs.point)
    }
}
