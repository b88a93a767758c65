//! Certificates of our own (RFC 5280 §4.1, §4.2).

use std::time::Duration;

use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, HashingAlgorithm, RecommendedCurve,
};
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{GeneralizedTime, UtcTime};
use pkcs8::der::{DateTime, Encode};

use super::Wish;
use super::der::{self, BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, bit_string, marked, tlv};
use crate::crypto::error::Error;
use crate::crypto::hash::hash;
use crate::crypto::key::PrivateKey;
use crate::crypto::random::Random;
use crate::crypto::signature::{self, Scheme};

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// Bytes of a serial number: more random bits than anybody guesses (RFC 5280 §4.1.2.2 allows 20
/// bytes).
const SERIAL_BYTES: usize = 16;

/// Bytes of a key identifier (RFC 7093 §2).
const IDENTIFIER_BYTES: usize = 20;

/// The first second that `UTCTime` cannot say: 2050.
const UTC_TIME_END: i64 = 2_524_608_000;

/// An empty SEQUENCE, which a name is if nobody is named.
const EMPTY: &[u8] = &[SEQUENCE, 0];

/// The value of Extended Key Usage that says clientAuth alone (RFC 5280 §4.2.1.12).
pub const CLIENT_AUTHENTICATION: &[u8] = &[SEQUENCE, 10, 0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];

/// Who signs.
#[derive(Debug)]
pub struct Issuer<'a> {
    /// Its distinguished name in DER.
    pub name: &'a [u8],
    /// Its public key, a `SubjectPublicKeyInfo`.
    pub public_key: &'a [u8],
    /// Its key: RSA, on a curve of NIST, or Ed25519.
    pub key: &'a PrivateKey,
}

/// What the issuer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// From when on the certificate holds, in seconds since the epoch.
    pub not_before: i64,
    /// Until when it holds.
    pub not_after: i64,
    /// Whether its key may sign certificates. None of those may sign others.
    pub is_authority: bool,
}

/// Issues a certificate. Its serial number is random.
///
/// # Errors
/// Without randomness, for a date that X.509 cannot say, or for a key that signs no certificates.
pub fn issue(
    wish: &Wish,
    issuer: &Issuer<'_>,
    terms: Terms,
    random: &dyn Random,
) -> Result<Vec<u8>, Error> {
    let (algorithm, scheme) = signature_algorithm(issuer.key)?;
    let mut serial = [0; SERIAL_BYTES];
    random.fill(&mut serial)?;
    if let Some(first) = serial.first_mut() {
        // Positive, and of one length.
        *first = *first & 0x7f | 0x40;
    }
    let content = tlv(
        SEQUENCE,
        &[
            // Version 3.
            &tlv(marked(0), &[&tlv(INTEGER, &[&[2]])]),
            &tlv(INTEGER, &[&serial]),
            &algorithm,
            issuer.name,
            &tlv(SEQUENCE, &[&time(terms.not_before)?, &time(terms.not_after)?]),
            &wish.subject,
            &wish.public_key,
            &tlv(marked(3), &[&extensions(wish, issuer, terms)?]),
        ],
    );
    // Ed25519 signs the content itself.
    let digest = scheme.hash().map(|by| hash(by, &content)).transpose()?;
    let digest = digest.as_deref().unwrap_or(&content);
    let signature = signature::sign(issuer.key, scheme, digest, random)?;
    Ok(tlv(SEQUENCE, &[&content, &algorithm, &bit_string(&signature)]))
}

/// How a key signs certificates, and how X.509 calls that (RFC 8017 §A.2, RFC 5758, RFC 8410).
fn signature_algorithm(key: &PrivateKey) -> Result<(Vec<u8>, Scheme), Error> {
    use HashingAlgorithm as H;
    let ecdsa = |name, hash| Ok((tlv(SEQUENCE, &[&oid(name)?]), Scheme::Ecdsa(Some(hash))));
    let said = key.describe();
    match (key, said.curve) {
        (PrivateKey::Rsa(_), _) => {
            let algorithm = tlv(SEQUENCE, &[&oid(&SHA256_WITH_RSA)?, der::NULL]);
            Ok((algorithm, Scheme::Pkcs1(H::Sha256)))
        }
        (PrivateKey::Ec(_), Some(RecommendedCurve::P256)) => ecdsa(&ECDSA_WITH_SHA256, H::Sha256),
        (PrivateKey::Ec(_), Some(RecommendedCurve::P384)) => ecdsa(&ECDSA_WITH_SHA384, H::Sha384),
        (PrivateKey::Ec(_), Some(RecommendedCurve::P521)) => ecdsa(&ECDSA_WITH_SHA512, H::Sha512),
        _ if said.algorithms.first() == Some(&CryptographicAlgorithm::Ed25519) => {
            Ok((tlv(SEQUENCE, &[&oid(&ED25519)?]), Scheme::Eddsa))
        }
        _ => Err(Error::WrongAlgorithm),
    }
}

fn extensions(wish: &Wish, issuer: &Issuer<'_>, terms: Terms) -> Result<Vec<u8>, Error> {
    let identifier = key_identifier(&wish.public_key)?;
    let of_issuer = tlv(0x80, &[&key_identifier(issuer.public_key)?]);
    let mut all = vec![
        extension(&SUBJECT_KEY_IDENTIFIER, false, &tlv(OCTET_STRING, &[&identifier]))?,
        extension(&AUTHORITY_KEY_IDENTIFIER, false, &tlv(SEQUENCE, &[&of_issuer]))?,
    ];
    let constraints = if terms.is_authority {
        // An authority that is followed by no other.
        tlv(SEQUENCE, &[der::TRUE, &tlv(INTEGER, &[&[0]])])
    } else {
        EMPTY.to_vec()
    };
    all.push(extension(&BASIC_CONSTRAINTS, true, &constraints)?);
    if let Some(usage) = wish.usage.map(|mask| key_usage(mask, terms)).filter(|bits| *bits > 0) {
        all.push(extension(&KEY_USAGE, true, &named_bits(usage))?);
    }
    if let Some(names) = &wish.alternative_names {
        all.push(extension(&SUBJECT_ALTERNATIVE_NAME, wish.subject == EMPTY, names)?);
    }
    if let Some(purposes) = &wish.purposes {
        all.push(extension(&EXTENDED_KEY_USAGE, false, purposes)?);
    }
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    Ok(tlv(SEQUENCE, &all))
}

fn extension(name: &ObjectIdentifier, is_critical: bool, value: &[u8]) -> Result<Vec<u8>, Error> {
    let critical = if is_critical { der::TRUE } else { &[] };
    Ok(tlv(SEQUENCE, &[&oid(name)?, critical, &tlv(OCTET_STRING, &[value])]))
}

/// The bits of Key Usage that a mask means, the first one highest (the mapping of KMIP 1.4 §3.19,
/// read backwards). Only an authority signs certificates.
fn key_usage(mask: Mask, terms: Terms) -> u8 {
    let mut table = vec![
        (0x80, Mask::SIGN.union(Mask::VERIFY)),
        (0x40, Mask::CONTENT_COMMITMENT),
        (0x20, Mask::WRAP_KEY.union(Mask::UNWRAP_KEY)),
        (0x10, Mask::ENCRYPT.union(Mask::DECRYPT)),
        (0x08, Mask::KEY_AGREEMENT),
    ];
    if terms.is_authority {
        table.extend([(0x04, Mask::CERTIFICATE_SIGN), (0x02, Mask::CRL_SIGN)]);
    }
    let meant = table.into_iter().filter(|(_, uses)| mask.bits() & uses.bits() != 0);
    meant.fold(0, |usage, (bit, _)| usage | bit)
}

/// A BIT STRING without the zeros at its end (X.690 §11.2.2).
fn named_bits(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap_or_default();
    tlv(BIT_STRING, &[&[unused, bits]])
}

/// What tells a key apart (RFC 7093 §2, method 4 with the length of method 1).
fn key_identifier(public_key: &[u8]) -> Result<Vec<u8>, Error> {
    let mut identifier = hash(HashingAlgorithm::Sha256, public_key)?;
    identifier.truncate(IDENTIFIER_BYTES);
    Ok(identifier)
}

fn oid(name: &ObjectIdentifier) -> Result<Vec<u8>, Error> {
    name.to_der().map_err(|_| Error::BadParameters)
}

/// A date as X.509 has it: with two digits of the year until 2049 (RFC 5280 §4.1.2.5).
fn time(seconds: i64) -> Result<Vec<u8>, Error> {
    let since_epoch = u64::try_from(seconds).map_err(|_| Error::BadParameters)?;
    let since_epoch = Duration::from_secs(since_epoch);
    let written = if seconds < UTC_TIME_END {
        UtcTime::from_unix_duration(since_epoch).and_then(|time| time.to_der())
    } else {
        DateTime::from_unix_duration(since_epoch)
            .and_then(|date| GeneralizedTime::from_date_time(date).to_der())
    };
    written.map_err(|_| Error::BadParameters)
}
