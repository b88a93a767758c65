//! Which Key Format Types a key has: one line of a table for each, both ways.

use kmip_ttlv::enums::{
    CryptographicAlgorithm, KeyCompressionType, KeyFormatType, RecommendedCurve,
};
use kmip_ttlv::object::KeyMaterial;
use kmip_ttlv::{Secret, Version};
use pkcs8::SecretDocument;

use super::curve::{self, Curve};
use super::lattice::{self, ParameterSet};
use super::okp::{self, Kind};
use super::{EcPrivate, EcPublic, KeyError, OkpPrivate, OkpPublic, PrivateKey, PublicKey};
use super::{FinitePrivate, FinitePublic, LatticePrivate, LatticePublic, RsaPrivate, RsaPublic};

/// What is said of a key besides its material. Raw material needs it to be understood.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hint {
    /// Its Cryptographic Algorithm.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// Its Recommended Curve.
    pub curve: Option<RecommendedCurve>,
}

impl Hint {
    fn kind(self) -> Option<&'static Kind> {
        okp::kind(self.algorithm?, self.curve)
    }

    fn curve(self) -> Option<&'static Curve> {
        curve::named(self.curve?)
    }

    fn set(self) -> Option<&'static ParameterSet> {
        lattice::named(self.algorithm?)
    }
}

/// Whether a Public Key object can have this format.
#[must_use]
pub fn is_of_public_key(format: KeyFormatType) -> bool {
    use KeyFormatType as F;
    matches!(
        format,
        F::Raw
            | F::Opaque
            | F::Pkcs1
            | F::X509
            | F::TransparentRsaPublicKey
            | F::TransparentDsaPublicKey
            | F::TransparentDhPublicKey
            | F::TransparentEcPublicKey
            | F::TransparentEcdsaPublicKey
            | F::TransparentEcdhPublicKey
            | F::TransparentEcmqvPublicKey
    )
}

/// Whether a Private Key object can have this format.
#[must_use]
pub fn is_of_private_key(format: KeyFormatType) -> bool {
    use KeyFormatType as F;
    matches!(
        format,
        F::Raw
            | F::Opaque
            | F::Pkcs1
            | F::Pkcs8
            | F::EcPrivateKey
            | F::TransparentRsaPrivateKey
            | F::TransparentDsaPrivateKey
            | F::TransparentDhPrivateKey
            | F::TransparentEcPrivateKey
            | F::TransparentEcdsaPrivateKey
            | F::TransparentEcdhPrivateKey
            | F::TransparentEcmqvPrivateKey
    )
}

/// A format by the name that a client of `version` knows: transparent elliptic curve keys were
/// named by what they are for until 1.3 named them by what they are.
#[must_use]
pub fn for_version(format: KeyFormatType, version: Version) -> KeyFormatType {
    use KeyFormatType as F;
    if format.is_in(version) {
        return format;
    }
    match format {
        F::TransparentEcPrivateKey => F::TransparentEcdsaPrivateKey,
        F::TransparentEcPublicKey => F::TransparentEcdsaPublicKey,
        F::TransparentEcdsaPrivateKey
        | F::TransparentEcdhPrivateKey
        | F::TransparentEcmqvPrivateKey => F::TransparentEcPrivateKey,
        F::TransparentEcdsaPublicKey
        | F::TransparentEcdhPublicKey
        | F::TransparentEcmqvPublicKey => F::TransparentEcPublicKey,
        other => other,
    }
}

impl PublicKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`KeyError::Malformed`], or [`KeyError::Unreadable`].
    pub fn read(
        format: KeyFormatType,
        material: &KeyMaterial,
        hint: Hint,
    ) -> Result<Self, KeyError> {
        use KeyFormatType as F;
        match material {
            KeyMaterial::RsaPublicKey(key) => RsaPublic::from_transparent(key).map(Self::Rsa),
            KeyMaterial::EcPublicKey(key) => EcPublic::from_transparent(key).map(Self::Ec),
            KeyMaterial::DsaPublicKey(key) => FinitePublic::from_dsa(key).map(Self::Dsa),
            KeyMaterial::DhPublicKey(key) => FinitePublic::from_dh(key).map(Self::Dh),
            KeyMaterial::Bytes(bytes) => match format {
                F::Pkcs1 => RsaPublic::from_pkcs1(bytes.expose()).map(Self::Rsa),
                F::X509 => Self::from_spki(bytes.expose()),
                F::Raw => Self::from_raw(bytes.expose(), hint),
                F::Opaque => Err(KeyError::Unreadable),
                _ => Err(KeyError::Malformed),
            },
            _ => Err(KeyError::Malformed),
        }
    }

    fn from_raw(bytes: &[u8], hint: Hint) -> Result<Self, KeyError> {
        match (hint.set(), hint.kind(), hint.curve()) {
            (Some(set), ..) => LatticePublic::new(set, bytes).map(Self::Lattice),
            (_, Some(kind), _) => OkpPublic::new(kind, bytes).map(Self::Okp),
            (.., Some(curve)) => EcPublic::new(curve, bytes).map(Self::Ec),
            _ => Err(KeyError::Unreadable),
        }
    }

    /// Writes the key, its point compressed as is said.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`], or [`KeyError::NoSuchCompression`] for a compression of what is no
    /// point.
    pub fn write(
        &self,
        format: KeyFormatType,
        compression: Option<KeyCompressionType>,
    ) -> Result<KeyMaterial, KeyError> {
        use KeyFormatType as F;
        if compression.is_some() && !matches!(self, Self::Ec(_)) {
            return Err(KeyError::NoSuchCompression);
        }
        Ok(match (self, format) {
            (Self::Rsa(key), F::Pkcs1) => bytes(key.to_pkcs1()?),
            (Self::Rsa(key), F::TransparentRsaPublicKey) => {
                KeyMaterial::RsaPublicKey(key.to_transparent())
            }
            (
                Self::Ec(key),
                F::TransparentEcPublicKey
                | F::TransparentEcdsaPublicKey
                | F::TransparentEcdhPublicKey
                | F::TransparentEcmqvPublicKey,
            ) => KeyMaterial::EcPublicKey(key.to_transparent(compression)?),
            (Self::Ec(key), F::Raw) => bytes(key.encoded(compression)?),
            (Self::Okp(key), F::Raw) => bytes(key.bytes().to_vec()),
            (Self::Lattice(key), F::Raw) => bytes(key.bytes().to_vec()),
            (Self::Dsa(key), F::TransparentDsaPublicKey) => {
                KeyMaterial::DsaPublicKey(key.to_dsa()?)
            }
            (Self::Dh(key), F::TransparentDhPublicKey) => KeyMaterial::DhPublicKey(key.to_dh()),
            (_, F::X509) => bytes(self.to_spki(compression)?),
            _ => return Err(KeyError::NoSuchForm),
        })
    }
}

impl PrivateKey {
    /// Reads a private key.
    ///
    /// # Errors
    /// [`KeyError::Malformed`], or [`KeyError::Unreadable`].
    pub fn read(
        format: KeyFormatType,
        material: &KeyMaterial,
        hint: Hint,
    ) -> Result<Self, KeyError> {
        use KeyFormatType as F;
        match material {
            KeyMaterial::RsaPrivateKey(key) => RsaPrivate::from_transparent(key).map(Self::rsa),
            KeyMaterial::EcPrivateKey(key) => EcPrivate::from_transparent(key).map(Self::Ec),
            KeyMaterial::DsaPrivateKey(key) => FinitePrivate::from_dsa(key).map(Self::Dsa),
            KeyMaterial::DhPrivateKey(key) => FinitePrivate::from_dh(key).map(Self::Dh),
            KeyMaterial::Bytes(bytes) => match format {
                F::Pkcs1 => RsaPrivate::from_pkcs1(bytes.expose()).map(Self::rsa),
                F::Pkcs8 => Self::from_pkcs8(bytes.expose()),
                F::EcPrivateKey => EcPrivate::from_sec1(bytes.expose(), hint.curve()).map(Self::Ec),
                F::Raw => Self::from_raw(bytes.expose(), hint),
                F::Opaque => Err(KeyError::Unreadable),
                _ => Err(KeyError::Malformed),
            },
            _ => Err(KeyError::Malformed),
        }
    }

    pub(super) fn rsa(key: RsaPrivate) -> Self {
        Self::Rsa(Box::new(key))
    }

    fn from_raw(bytes: &[u8], hint: Hint) -> Result<Self, KeyError> {
        match (hint.set(), hint.kind(), hint.curve()) {
            (Some(set), ..) => LatticePrivate::new(set, bytes).map(Self::Lattice),
            (_, Some(kind), _) => OkpPrivate::new(kind, bytes).map(Self::Okp),
            (.., Some(curve)) => EcPrivate::new(curve, bytes).map(Self::Ec),
            _ => Err(KeyError::Unreadable),
        }
    }

    /// Writes the key.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`].
    pub fn write(&self, format: KeyFormatType) -> Result<KeyMaterial, KeyError> {
        use KeyFormatType as F;
        Ok(match (self, format) {
            (Self::Rsa(key), F::Pkcs1) => document(&key.to_pkcs1()?),
            (Self::Rsa(key), F::TransparentRsaPrivateKey) => {
                KeyMaterial::RsaPrivateKey(Box::new(key.to_transparent()))
            }
            (Self::Ec(key), F::EcPrivateKey) => document(&key.to_sec1(true)?),
            (
                Self::Ec(key),
                F::TransparentEcPrivateKey
                | F::TransparentEcdsaPrivateKey
                | F::TransparentEcdhPrivateKey
                | F::TransparentEcmqvPrivateKey,
            ) => KeyMaterial::EcPrivateKey(key.to_transparent()),
            (Self::Ec(key), F::Raw) => bytes(key.scalar().to_vec()),
            (Self::Okp(key), F::Raw) => bytes(key.bytes().to_vec()),
            (Self::Lattice(key), F::Raw) => bytes(key.bytes().to_vec()),
            (Self::Dsa(key), F::TransparentDsaPrivateKey) => {
                KeyMaterial::DsaPrivateKey(key.to_dsa()?)
            }
            (Self::Dh(key), F::TransparentDhPrivateKey) => KeyMaterial::DhPrivateKey(key.to_dh()),
            (_, F::Pkcs8) => document(&self.to_pkcs8()?),
            _ => return Err(KeyError::NoSuchForm),
        })
    }
}

fn bytes(bytes: Vec<u8>) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::new(bytes))
}

fn document(document: &SecretDocument) -> KeyMaterial {
    bytes(document.as_bytes().to_vec())
}
