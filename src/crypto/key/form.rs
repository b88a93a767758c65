//! Which Key Format Types a key has: one line of a table for each, both ways.

use kmip_ttlv::enums::{
    CryptographicAlgorithm, KeyCompressionType, KeyFormatType, RecommendedCurve,
};
use kmip_ttlv::object::KeyMaterial;
use kmip_ttlv::{Secret, Version};
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::curve::{self, Curve};
use super::lattice::{self, ParameterSet};
use super::okp::{self, Kind};
use super::{DhPrivate, DhPublic, DsaPrivate, DsaPublic, RsaPrivate, RsaPublic};
use super::{EcPrivate, EcPublic, KeyError, OkpPrivate, OkpPublic, PrivateKey, PublicKey};
use super::{LatticePrivate, LatticePublic};

const ID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

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
            KeyMaterial::DsaPublicKey(key) => DsaPublic::from_transparent(key).map(Self::Dsa),
            KeyMaterial::DhPublicKey(key) => DhPublic::from_transparent(key).map(Self::Dh),
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

    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    ///
    /// # Errors
    /// [`KeyError::Malformed`], or [`KeyError::Unreadable`].
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(KeyError::malformed)?;
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
        match info.algorithm.oid {
            ID_RSA => RsaPublic::from_pkcs1(key).map(Self::Rsa),
            ID_EC => EcPublic::new(curve_of(info.algorithm)?, key).map(Self::Ec),
            oid => match okp::of_oid(oid) {
                Some(kind) => OkpPublic::new(kind, key).map(Self::Okp),
                None => LatticePublic::new(lattice::of(info.algorithm)?, key).map(Self::Lattice),
            },
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
                KeyMaterial::DsaPublicKey(key.to_transparent())
            }
            (Self::Dh(key), F::TransparentDhPublicKey) => {
                KeyMaterial::DhPublicKey(key.to_transparent())
            }
            (_, F::X509) => bytes(self.to_spki(compression)?),
            _ => return Err(KeyError::NoSuchForm),
        })
    }

    /// Writes a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// Those of [`PublicKey::write`].
    pub fn to_spki(&self, compression: Option<KeyCompressionType>) -> Result<Vec<u8>, KeyError> {
        let oid;
        let (algorithm, key) = match self {
            Self::Rsa(key) => (rsa_identifier(), key.to_pkcs1()?),
            Self::Ec(key) => {
                oid = key.curve().oid;
                (ec_identifier(&oid), key.encoded(compression)?)
            }
            Self::Okp(key) => (identifier(key.kind().oid), key.bytes().to_vec()),
            Self::Lattice(key) => (identifier(key.set().oid), key.bytes().to_vec()),
            Self::Dsa(_) | Self::Dh(_) => return Err(KeyError::NoSuchForm),
        };
        let subject_public_key = BitStringRef::from_bytes(&key).map_err(KeyError::malformed)?;
        let info = SubjectPublicKeyInfoRef { algorithm, subject_public_key };
        info.to_der().map_err(KeyError::malformed)
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
            KeyMaterial::DsaPrivateKey(key) => DsaPrivate::from_transparent(key).map(Self::Dsa),
            KeyMaterial::DhPrivateKey(key) => DhPrivate::from_transparent(key).map(Self::Dh),
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

    fn rsa(key: RsaPrivate) -> Self {
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

    /// Reads a PKCS#8 `PrivateKeyInfo` (RFC 5958). One that is sealed with a password is
    /// unreadable. An RSA key in PKCS#1 is taken for what it is: PyKMIP's tests call one so.
    ///
    /// # Errors
    /// [`KeyError::Malformed`], or [`KeyError::Unreadable`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let Ok(info) = PrivateKeyInfoRef::from_der(der) else {
            if is_sealed(der) {
                return Err(KeyError::Unreadable);
            }
            return RsaPrivate::from_pkcs1(der).map(Self::rsa);
        };
        let key = info.private_key.as_bytes();
        match info.algorithm.oid {
            ID_RSA => RsaPrivate::from_pkcs1(key).map(Self::rsa),
            ID_EC => EcPrivate::from_sec1(key, Some(curve_of(info.algorithm)?)).map(Self::Ec),
            oid => {
                let Some(kind) = okp::of_oid(oid) else {
                    let set = lattice::of(info.algorithm)?;
                    return LatticePrivate::from_choice(set, key).map(Self::Lattice);
                };
                let inner = <&OctetStringRef>::from_der(key).map_err(KeyError::malformed)?;
                OkpPrivate::new(kind, inner.as_bytes()).map(Self::Okp)
            }
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
                KeyMaterial::DsaPrivateKey(key.to_transparent())
            }
            (Self::Dh(key), F::TransparentDhPrivateKey) => {
                KeyMaterial::DhPrivateKey(key.to_transparent())
            }
            (_, F::Pkcs8) => document(&self.to_pkcs8()?),
            _ => return Err(KeyError::NoSuchForm),
        })
    }

    /// Writes a PKCS#8 `PrivateKeyInfo`.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`].
    pub fn to_pkcs8(&self) -> Result<SecretDocument, KeyError> {
        let oid;
        let (algorithm, key) = match self {
            Self::Rsa(key) => (rsa_identifier(), key.to_pkcs1()?.to_bytes()),
            Self::Ec(key) => {
                oid = key.curve().oid;
                (ec_identifier(&oid), key.to_sec1(false)?.to_bytes())
            }
            Self::Okp(key) => {
                let inner = OctetStringRef::new(key.bytes()).map_err(KeyError::malformed)?;
                let inner = inner.to_der().map_err(KeyError::malformed)?;
                (identifier(key.kind().oid), Zeroizing::new(inner))
            }
            Self::Lattice(key) => (identifier(key.set().oid), key.to_choice()),
            Self::Dsa(_) | Self::Dh(_) => return Err(KeyError::NoSuchForm),
        };
        let key = OctetStringRef::new(&key).map_err(KeyError::malformed)?;
        let info = PrivateKeyInfoRef::new(algorithm, key);
        SecretDocument::encode_msg(&info).map_err(KeyError::malformed)
    }
}

/// Whether this is a PKCS#8 `EncryptedPrivateKeyInfo` (RFC 5958 §3): an algorithm of PKCS#5 or
/// PKCS#12, and bytes.
fn is_sealed(der: &[u8]) -> bool {
    const PKCS5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5");
    const PKCS12: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1");
    let algorithm = SliceReader::new(der).and_then(|mut reader| {
        reader.sequence(|inside| {
            let algorithm = AlgorithmIdentifierRef::decode(inside)?;
            <&OctetStringRef>::decode(inside)?;
            Ok::<_, pkcs8::der::Error>(algorithm.oid)
        })
    });
    let parent = algorithm.ok().and_then(|oid| oid.parent());
    parent == Some(PKCS5) || parent == Some(PKCS12)
}

fn curve_of(algorithm: AlgorithmIdentifierRef<'_>) -> Result<&'static Curve, KeyError> {
    // Parameters that are no name spell the curve out, which nobody has reason to.
    let oid = algorithm.parameters_oid().map_err(|_| KeyError::Unreadable)?;
    curve::of_oid(oid).ok_or(KeyError::Unreadable)
}

fn rsa_identifier() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: ID_RSA, parameters: Some(AnyRef::NULL) }
}

fn ec_identifier(curve: &ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef { oid: ID_EC, parameters: Some(curve.into()) }
}

fn identifier(oid: ObjectIdentifier) -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid, parameters: None }
}

fn bytes(bytes: Vec<u8>) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::new(bytes))
}

fn document(document: &SecretDocument) -> KeyMaterial {
    bytes(document.as_bytes().to_vec())
}
