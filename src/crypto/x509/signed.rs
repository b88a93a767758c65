//! What is signed in X.509: certificates, requests for them, and lists of revoked ones. All have
//! their content, the algorithm and the signature (RFC 5280 §4.1.1).

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{DigitalSignatureAlgorithm, HashingAlgorithm};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::AlgorithmIdentifier;

use super::X509Error;
use crate::crypto::hash::hash;
use crate::crypto::key::PublicKey;
use crate::crypto::signature::{self, Scheme};

use DigitalSignatureAlgorithm as D;

/// Signature algorithms by their names in ASN.1 (RFC 8017 §A.2, RFC 5758, RFC 3279 §2.2, and NIST's
/// register for SHA-3).
const ALGORITHMS: &[(&str, DigitalSignatureAlgorithm)] = &[
    ("1.2.840.113549.1.1.2", D::Md2WithRsaEncryption),
    ("1.2.840.113549.1.1.4", D::Md5WithRsaEncryption),
    ("1.2.840.113549.1.1.5", D::Sha1WithRsaEncryption),
    ("1.2.840.113549.1.1.14", D::Sha224WithRsaEncryption),
    ("1.2.840.113549.1.1.11", D::Sha256WithRsaEncryption),
    ("1.2.840.113549.1.1.12", D::Sha384WithRsaEncryption),
    ("1.2.840.113549.1.1.13", D::Sha512WithRsaEncryption),
    ("1.2.840.113549.1.1.10", D::RsassaPss),
    ("1.2.840.10040.4.3", D::DsaWithSha1),
    ("2.16.840.1.101.3.4.3.1", D::DsaWithSha224),
    ("2.16.840.1.101.3.4.3.2", D::DsaWithSha256),
    ("1.2.840.10045.4.1", D::EcdsaWithSha1),
    ("1.2.840.10045.4.3.1", D::EcdsaWithSha224),
    ("1.2.840.10045.4.3.2", D::EcdsaWithSha256),
    ("1.2.840.10045.4.3.3", D::EcdsaWithSha384),
    ("1.2.840.10045.4.3.4", D::EcdsaWithSha512),
    ("2.16.840.1.101.3.4.3.14", D::Sha3_256WithRsaEncryption),
    ("2.16.840.1.101.3.4.3.15", D::Sha3_384WithRsaEncryption),
    ("2.16.840.1.101.3.4.3.16", D::Sha3_512WithRsaEncryption),
];

/// Hash functions by their names in ASN.1, for PSS.
const HASHES: &[(&str, HashingAlgorithm)] = &[
    ("1.3.14.3.2.26", HashingAlgorithm::Sha1),
    ("2.16.840.1.101.3.4.2.4", HashingAlgorithm::Sha224),
    ("2.16.840.1.101.3.4.2.1", HashingAlgorithm::Sha256),
    ("2.16.840.1.101.3.4.2.2", HashingAlgorithm::Sha384),
    ("2.16.840.1.101.3.4.2.3", HashingAlgorithm::Sha512),
    ("2.16.840.1.101.3.4.2.8", HashingAlgorithm::Sha3_256),
    ("2.16.840.1.101.3.4.2.9", HashingAlgorithm::Sha3_384),
    ("2.16.840.1.101.3.4.2.10", HashingAlgorithm::Sha3_512),
];

/// Signatures that have no name in KMIP (RFC 8410 §3, RFC 9881 §2).
const UNNAMED: &[(&str, Scheme)] = &[
    ("1.3.101.112", Scheme::Eddsa),
    ("1.3.101.113", Scheme::Eddsa),
    ("2.16.840.1.101.3.4.3.17", Scheme::MlDsa),
    ("2.16.840.1.101.3.4.3.18", Scheme::MlDsa),
    ("2.16.840.1.101.3.4.3.19", Scheme::MlDsa),
];

/// Signed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    content: Vec<u8>,
    signature: Vec<u8>,
    algorithm: Option<DigitalSignatureAlgorithm>,
    scheme: Option<Scheme>,
}

impl Signed {
    /// Takes the three parts as they were read.
    pub(super) fn new(content: &[u8], by: &AlgorithmIdentifier<'_>, signature: &[u8]) -> Self {
        let oid = by.algorithm.to_id_string();
        let algorithm = ALGORITHMS.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name);
        let scheme = match algorithm {
            Some(D::RsassaPss) => pss(by),
            Some(algorithm) => named(algorithm),
            None => UNNAMED.iter().find(|(known, _)| *known == oid).map(|(_, scheme)| *scheme),
        };
        Self { content: content.to_vec(), signature: signature.to_vec(), algorithm, scheme }
    }

    /// The algorithm by KMIP's name, if it has one.
    #[must_use]
    pub fn algorithm(&self) -> Option<DigitalSignatureAlgorithm> {
        self.algorithm
    }

    /// Whether the hash that is signed can be made for two contents: then the signature says
    /// nothing about who has seen this one.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.scheme.and_then(Scheme::hash) == Some(HashingAlgorithm::Sha1)
    }

    /// Whether this key has signed it.
    ///
    /// # Errors
    /// [`X509Error::UnknownAlgorithm`], also for an algorithm that is not the key's, or
    /// [`X509Error::WrongSignature`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), X509Error> {
        let scheme = self.scheme.ok_or(X509Error::UnknownAlgorithm)?;
        let digest = match scheme.hash() {
            Some(by) => hash(by, &self.content).map_err(|_| X509Error::UnknownAlgorithm)?,
            None => self.content.clone(),
        };
        match signature::verify(key, scheme, &digest, &self.signature) {
            Ok(true) => Ok(()),
            Ok(false) => Err(X509Error::WrongSignature),
            Err(_) => Err(X509Error::UnknownAlgorithm),
        }
    }
}

/// The scheme of an algorithm that says everything by its name.
fn named(algorithm: DigitalSignatureAlgorithm) -> Option<Scheme> {
    let parameters = CryptographicParameters {
        digital_signature_algorithm: Some(algorithm),
        ..CryptographicParameters::default()
    };
    let families = [signature::Family::Rsa, signature::Family::Ecdsa];
    families.into_iter().find_map(|family| Scheme::resolve(family, Some(&parameters), None).ok())
}

/// The scheme of PSS, which has parameters.
fn pss(by: &AlgorithmIdentifier<'_>) -> Option<Scheme> {
    let of = |oid: String| HASHES.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash);
    let parameters = RsaSsaPssParams::try_from(by.parameters.as_ref()?).ok()?;
    let mask = parameters.mask_gen_algorithm().ok()?;
    let is_mgf1 = mask.mgf.to_id_string() == "1.2.840.113549.1.1.8";
    if !is_mgf1 || parameters.trailer_field() != 1 {
        return None;
    }
    let salt_bytes = usize::try_from(parameters.salt_length()).ok();
    if salt_bytes.is_none_or(|bytes| bytes > signature::SALT_BYTES_MAX) {
        return None;
    }
    Some(Scheme::Pss {
        hash: of(parameters.hash_algorithm_oid().to_id_string())?,
        mask: of(mask.hash.to_id_string())?,
        salt_bytes,
    })
}
