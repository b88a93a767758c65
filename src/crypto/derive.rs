//! Keys made from others: the methods of Derive Key (KMIP 1.4 §4.6 and §9.1.3.2.21, KMIP 2.1 §7.12)
//! on bytes.

use kmip_ttlv::enums::{CryptographicAlgorithm, HashingAlgorithm};
use zeroize::Zeroizing;

use super::error::Error;
use super::hash::hash;
use super::limit::Limits;
use super::mac::Macer;

/// Bytes of a derived key.
pub type Derived = Zeroizing<Vec<u8>>;

/// The pseudorandom functions, by the hash that a client names.
const FUNCTIONS: &[(HashingAlgorithm, CryptographicAlgorithm)] = &[
    (HashingAlgorithm::Sha1, CryptographicAlgorithm::HmacSha1),
    (HashingAlgorithm::Sha224, CryptographicAlgorithm::HmacSha224),
    (HashingAlgorithm::Sha256, CryptographicAlgorithm::HmacSha256),
    (HashingAlgorithm::Sha384, CryptographicAlgorithm::HmacSha384),
    (HashingAlgorithm::Sha512, CryptographicAlgorithm::HmacSha512),
    (HashingAlgorithm::Sha3_224, CryptographicAlgorithm::HmacSha3_224),
    (HashingAlgorithm::Sha3_256, CryptographicAlgorithm::HmacSha3_256),
    (HashingAlgorithm::Sha3_384, CryptographicAlgorithm::HmacSha3_384),
    (HashingAlgorithm::Sha3_512, CryptographicAlgorithm::HmacSha3_512),
];

/// A keyed pseudorandom function: HMAC with some hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prf(CryptographicAlgorithm);

impl Prf {
    /// HMAC with this hash.
    ///
    /// # Errors
    /// [`Error::UnsupportedHash`].
    pub fn of_hash(wanted: HashingAlgorithm) -> Result<Self, Error> {
        let found = FUNCTIONS.iter().find(|(hash, _)| *hash == wanted);
        found.map(|(_, hmac)| Self(*hmac)).ok_or(Error::UnsupportedHash)
    }

    /// This HMAC.
    ///
    /// # Errors
    /// [`Error::UnsupportedMac`].
    pub fn of_mac(wanted: CryptographicAlgorithm) -> Result<Self, Error> {
        let found = FUNCTIONS.iter().find(|(_, hmac)| *hmac == wanted);
        found.map(|(_, hmac)| Self(*hmac)).ok_or(Error::UnsupportedMac)
    }

    /// The name of this HMAC.
    #[must_use]
    pub fn algorithm(self) -> CryptographicAlgorithm {
        self.0
    }

    /// The function of the pieces, one after the other.
    fn of(self, key: &[u8], pieces: &[&[u8]]) -> Result<Derived, Error> {
        let mut mac = Macer::new(self.0, key, Limits::ONE_PART)?;
        for piece in pieces {
            mac.update(piece)?;
        }
        mac.finish(&[]).map(Zeroizing::new)
    }
}

/// The hash of a text (method HASH).
///
/// # Errors
/// [`Error::UnsupportedHash`].
pub fn hashed(algorithm: HashingAlgorithm, text: &[u8]) -> Result<Derived, Error> {
    hash(algorithm, text).map(Zeroizing::new)
}

/// The MAC of a text (method HMAC).
///
/// # Errors
/// [`Error::BadKeyLength`] for an empty key.
pub fn hmac(prf: Prf, key: &[u8], text: &[u8]) -> Result<Derived, Error> {
    prf.of(key, &[text])
}

/// PBKDF2 (RFC 8018 §5.2). Takes `iterations` times about 1 µs for each output of the function.
///
/// # Errors
/// [`Error::BadKeyLength`] for an empty password.
pub fn pbkdf2(
    prf: Prf,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    bytes: usize,
) -> Result<Derived, Error> {
    blocks(bytes, |number, _| {
        let mut last = prf.of(password, &[salt, &number.to_be_bytes()])?;
        let mut sum = last.clone();
        for _ in 1..iterations {
            last = prf.of(password, &[&last])?;
            sum.iter_mut().zip(last.iter()).for_each(|(sum, byte)| *sum ^= byte);
        }
        Ok(sum)
    })
}

/// How often [`pbkdf2`] computes its function: all iterations for each output that the key takes.
///
/// # Errors
/// None that these inputs can have.
pub fn pbkdf2_rounds(prf: Prf, iterations: u32, bytes: usize) -> Result<u64, Error> {
    let outputs = bytes.div_ceil(prf.of(&[0], &[])?.len());
    let outputs = u64::try_from(outputs).map_err(|_| Error::TooMuchData)?;
    Ok(outputs.saturating_mul(u64::from(iterations)))
}

/// The modes of SP 800-108 with HMAC, a counter of 32 bits before the fixed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KbkdfMode {
    /// §4.1.
    Counter,
    /// §4.2.
    Feedback,
    /// §4.3.
    DoublePipeline,
}

/// A key by SP 800-108. `iv` is for the feedback mode, and may be empty there.
///
/// # Errors
/// [`Error::BadKeyLength`] for an empty key.
pub fn kbkdf(
    mode: KbkdfMode,
    prf: Prf,
    key: &[u8],
    iv: &[u8],
    fixed: &[u8],
    bytes: usize,
) -> Result<Derived, Error> {
    let mut pipeline = Zeroizing::new(fixed.to_vec());
    blocks(bytes, |number, last| {
        let counter = number.to_be_bytes();
        match mode {
            KbkdfMode::Counter => prf.of(key, &[&counter, fixed]),
            KbkdfMode::Feedback => prf.of(key, &[last.unwrap_or(iv), &counter, fixed]),
            KbkdfMode::DoublePipeline => {
                pipeline = prf.of(key, &[&pipeline])?;
                prf.of(key, &[&pipeline, &counter, fixed])
            }
        }
    })
}

/// HKDF (RFC 5869): extract and expand.
///
/// # Errors
/// [`Error::TooMuchData`] for more than 255 outputs of the hash.
pub fn hkdf(
    prf: Prf,
    secret: &[u8],
    salt: &[u8],
    info: &[u8],
    bytes: usize,
) -> Result<Derived, Error> {
    // HMAC pads its key with zeros, so that one zero is the same as as many as the hash has.
    let salt = if salt.is_empty() { &[0] } else { salt };
    let key = prf.of(salt, &[secret])?;
    blocks(bytes, |number, last| {
        let counter = u8::try_from(number).map_err(|_| Error::TooMuchData)?;
        prf.of(&key, &[last.unwrap_or_default(), info, &[counter]])
    })
}

/// The signing key of AWS Signature Version 4: for date, region, service and so on, one in another.
///
/// # Errors
/// None that these inputs can have.
pub fn aws_signature(secret: &[u8], scope: &[&[u8]]) -> Result<Derived, Error> {
    let prf = Prf(CryptographicAlgorithm::HmacSha256);
    let first = Zeroizing::new([b"AWS4", secret].concat());
    let last: &[u8] = b"aws4_request";
    scope.iter().copied().chain([last]).try_fold(first, |key, part| prf.of(&key, &[part]))
}

/// At least `bytes` bytes, block after block. A block is made from its number, from 1, and the one
/// before it. All but `bytes` is cut off.
fn blocks(
    bytes: usize,
    mut block: impl FnMut(u32, Option<&[u8]>) -> Result<Derived, Error>,
) -> Result<Derived, Error> {
    let mut out =
        Zeroizing::new(Vec::with_capacity(bytes.saturating_add(super::mac::MAC_BYTES_MAX)));
    let mut last: Option<Derived> = None;
    let mut number = 0_u32;
    while out.len() < bytes {
        number = number.checked_add(1).ok_or(Error::TooMuchData)?;
        let next = block(number, last.as_ref().map(|last| last.as_slice()))?;
        out.extend_from_slice(&next);
        last = Some(next);
    }
    out.truncate(bytes);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_costs_all_iterations() {
        let rounds = |hash, iterations, bytes| {
            pbkdf2_rounds(Prf::of_hash(hash).unwrap(), iterations, bytes).unwrap()
        };
        let (short, long) = (HashingAlgorithm::Sha1, HashingAlgorithm::Sha512);
        for (hash, bytes, outputs) in [
            (short, 1, 1),
            (short, 20, 1),
            (short, 21, 2),
            (short, 128, 7),
            (long, 64, 1),
            (long, 65, 2),
            (long, 8192, 128),
        ] {
            assert_eq!(rounds(hash, 1000, bytes), 1000 * outputs, "{hash:?} {bytes}");
        }
        assert_eq!(rounds(short, u32::MAX, 8192), 410 * u64::from(u32::MAX));
    }
}
