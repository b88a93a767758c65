//! Keys together with what they are keys of: X.509's `SubjectPublicKeyInfo` (RFC 5280 §4.1) and
//! PKCS#8's `PrivateKeyInfo` (RFC 5958).

use kmip_ttlv::enums::KeyCompressionType;
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::referenced::OwnedToRef;
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::curve::{self, Curve};
use super::group::{Group, ID_DH, ID_DH_PKCS3, ID_DSA};
use super::{EcPrivate, EcPublic, KeyError, OkpPrivate, OkpPublic, PrivateKey, PublicKey};
use super::{FinitePrivate, FinitePublic, LatticePrivate, LatticePublic, RsaPrivate, RsaPublic};
use super::{lattice, okp};

const ID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

impl PublicKey {
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
            ID_DSA => FinitePublic::from_der(Group::dsa(info.algorithm)?, key).map(Self::Dsa),
            ID_DH | ID_DH_PKCS3 => {
                FinitePublic::from_der(Group::dh(info.algorithm)?, key).map(Self::Dh)
            }
            oid => match okp::of_oid(oid) {
                Some(kind) => OkpPublic::new(kind, key).map(Self::Okp),
                None => LatticePublic::new(lattice::of(info.algorithm)?, key).map(Self::Lattice),
            },
        }
    }

    /// Writes a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// Those of [`PublicKey::write`].
    pub fn to_spki(&self, compression: Option<KeyCompressionType>) -> Result<Vec<u8>, KeyError> {
        let (oid, group);
        let (algorithm, key) = match self {
            Self::Rsa(key) => (rsa_identifier(), key.to_pkcs1()?),
            Self::Ec(key) => {
                oid = key.curve().oid;
                (ec_identifier(&oid), key.encoded(compression)?)
            }
            Self::Okp(key) => (identifier(key.kind().oid), key.bytes().to_vec()),
            Self::Lattice(key) => (identifier(key.set().oid), key.bytes().to_vec()),
            Self::Dsa(key) => {
                group = key.group().to_dsa()?;
                (group.owned_to_ref(), key.to_der()?)
            }
            Self::Dh(key) => {
                group = key.group().to_dh()?;
                (group.owned_to_ref(), key.to_der()?)
            }
        };
        let subject_public_key = BitStringRef::from_bytes(&key).map_err(KeyError::malformed)?;
        let info = SubjectPublicKeyInfoRef { algorithm, subject_public_key };
        info.to_der().map_err(KeyError::malformed)
    }
}

impl PrivateKey {
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
            ID_DSA => FinitePrivate::from_der(Group::dsa(info.algorithm)?, key).map(Self::Dsa),
            ID_DH | ID_DH_PKCS3 => {
                FinitePrivate::from_der(Group::dh(info.algorithm)?, key).map(Self::Dh)
            }
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

    /// Writes a PKCS#8 `PrivateKeyInfo`.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`].
    pub fn to_pkcs8(&self) -> Result<SecretDocument, KeyError> {
        let (oid, group);
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
            Self::Dsa(key) => {
                group = key.group().to_dsa()?;
                (group.owned_to_ref(), key.to_der()?)
            }
            Self::Dh(key) => {
                group = key.group().to_dh()?;
                (group.owned_to_ref(), key.to_der()?)
            }
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
