//! Splitting of secrets into parts, and joining of parts (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1).
//!
//! A part's number is its Key Part Identifier, from 1: the place at which its polynomial is taken.

mod binary;
mod field;
mod prime;

use kmip_ttlv::Secret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use binary::Polynomial;
pub use prime::PrimeField;

use super::random::{Random, RandomError};
use binary::{Gf8, Gf16};
use field::{Elements, Field};

/// The most parts of one secret: as many as GF(2^8) has places.
pub const PARTS_MAX: u16 = 255;
/// The longest secret that is split, in bytes.
pub const SECRET_BYTES_MAX: usize = 8 * 1024;

/// Why a secret is not split, or parts are not joined.
///
/// `Display` is fit for a client: it names no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// There are no, or too many, parts, or the threshold is not one of their numbers.
    #[error(
        "the Split Key Threshold is not between 2 and the Split Key Parts, or these are over 255"
    )]
    BadNumbers,
    /// XOR needs every part.
    #[error("for XOR, the Split Key Threshold is the number of Split Key Parts")]
    NotAllParts,
    /// The prime is none, or smaller than a secret may be.
    #[error("the Prime Field Size is not a prime that is larger than every such key")]
    NoPrime,
    /// The secret is longer than the server splits, or longer than any prime.
    #[error("so long a key or prime is not split with")]
    TooLong,
    /// There is nothing to be split.
    #[error("the key is empty")]
    Empty,
    /// There are fewer parts than are needed.
    #[error("fewer parts are given than are needed")]
    TooFew,
    /// A part has been given twice, or is none of this key.
    #[error("the parts do not belong together")]
    Inconsistent,
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// How a secret is split.
#[derive(Debug, Clone)]
pub enum Method {
    /// The secret is the sum of all parts.
    Xor,
    /// Byte by byte.
    Gf8(Polynomial),
    /// Two bytes by two bytes.
    Gf16(Polynomial),
    /// As one number.
    Prime(PrimeField),
}

/// How many parts there are, how many are enough, and how they come about.
#[derive(Debug, Clone)]
pub struct Plan {
    method: Method,
    parts: u16,
    threshold: u16,
}

/// A part to be joined.
#[derive(Debug)]
pub struct Part {
    /// Which of the parts it is.
    pub number: u16,
    /// Its bytes.
    pub bytes: Secret<Vec<u8>>,
}

impl Plan {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`SplitError::BadNumbers`] or [`SplitError::NotAllParts`].
    pub fn new(method: Method, parts: i32, threshold: i32) -> Result<Self, SplitError> {
        let number = |number: i32| u16::try_from(number).map_err(|_| SplitError::BadNumbers);
        let (parts, threshold) = (number(parts)?, number(threshold)?);
        // Where one part is enough, each part is the secret.
        if parts > PARTS_MAX || !(2..=parts).contains(&threshold) {
            return Err(SplitError::BadNumbers);
        }
        if matches!(method, Method::Xor) && threshold != parts {
            return Err(SplitError::NotAllParts);
        }
        Ok(Self { method, parts, threshold })
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The parts of a secret, in the order of their numbers.
    ///
    /// # Errors
    /// [`SplitError::Empty`], [`SplitError::TooLong`], [`SplitError::NoPrime`] if the field cannot
    /// hold every secret of this length, or without randomness.
    pub fn split(
        &self,
        secret: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<Secret<Vec<u8>>>, SplitError> {
        if secret.is_empty() {
            return Err(SplitError::Empty);
        }
        if secret.len() > SECRET_BYTES_MAX {
            return Err(SplitError::TooLong);
        }
        match &self.method {
            Method::Xor => self.mask(secret, random),
            Method::Gf8(polynomial) => self.share(&Gf8(*polynomial), secret, random),
            Method::Gf16(polynomial) => self.share(&Gf16(*polynomial), secret, random),
            Method::Prime(field) => {
                let bits = u32::try_from(secret.len() * 8).map_err(|_| SplitError::TooLong)?;
                if !field.holds(bits) {
                    return Err(SplitError::NoPrime);
                }
                self.share(field, secret, random)
            }
        }
    }

    fn share<F: Field>(
        &self,
        field: &F,
        secret: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<Secret<Vec<u8>>>, SplitError> {
        let pieces = field.read(secret).ok_or(SplitError::NoPrime)?;
        let shares = field::share(field, &pieces, self.parts, self.threshold, random)?;
        Ok(shares.iter().map(|share| Secret::new(field.write(share).to_vec())).collect())
    }

    /// All parts but the last are random.
    fn mask(&self, secret: &[u8], random: &dyn Random) -> Result<Vec<Secret<Vec<u8>>>, SplitError> {
        let mut parts = Vec::with_capacity(usize::from(self.parts));
        let mut last = Zeroizing::new(secret.to_vec());
        for _ in 1..self.parts {
            let mut part = Zeroizing::new(vec![0; secret.len()]);
            random.fill(&mut part)?;
            add(&mut last, &part);
            parts.push(Secret::new(part.to_vec()));
        }
        parts.push(Secret::new(last.to_vec()));
        Ok(parts)
    }

    /// The secret, of `bytes` bytes if that is known. Parts beyond those that are needed must agree
    /// with the others.
    ///
    /// # Errors
    /// [`SplitError::TooFew`] or [`SplitError::Inconsistent`].
    pub fn join(
        &self,
        parts: &[Part],
        bytes: Option<usize>,
    ) -> Result<Zeroizing<Vec<u8>>, SplitError> {
        if parts.len() < usize::from(self.threshold) {
            return Err(SplitError::TooFew);
        }
        let length = parts.first().map_or(0, |part| part.bytes.expose().len());
        for (place, part) in parts.iter().enumerate() {
            let known = parts.iter().take(place);
            let is_twice = known.into_iter().any(|known| known.number == part.number);
            let is_like = part.bytes.expose().len() == length && length > 0;
            if is_twice || !is_like || !(1..=self.parts).contains(&part.number) {
                return Err(SplitError::Inconsistent);
            }
        }
        match &self.method {
            Method::Xor => {
                let mut sum = Zeroizing::new(vec![0; length]);
                for part in parts {
                    add(&mut sum, part.bytes.expose());
                }
                Ok(sum)
            }
            Method::Gf8(polynomial) => self.interpolate(&Gf8(*polynomial), parts),
            Method::Gf16(_) if length % 2 == 1 => Err(SplitError::Inconsistent),
            Method::Gf16(polynomial) => {
                let joined = self.interpolate(&Gf16(*polynomial), parts)?;
                let odd = bytes.filter(|bytes| bytes + 1 == length);
                shortened(&joined, odd.unwrap_or(length))
            }
            Method::Prime(field) => {
                let joined = self.interpolate(field, parts)?;
                let zeros = joined.iter().take_while(|byte| **byte == 0).count();
                shortened(&joined, bytes.unwrap_or(joined.len() - zeros))
            }
        }
    }

    fn interpolate<F: Field>(
        &self,
        field: &F,
        parts: &[Part],
    ) -> Result<Zeroizing<Vec<u8>>, SplitError> {
        let read = |part: &Part| Some((part.number, field.read(part.bytes.expose())?));
        let mut shares: Vec<(u16, Elements<F>)> =
            parts.iter().map(read).collect::<Option<_>>().ok_or(SplitError::Inconsistent)?;
        let surplus = shares.split_off(usize::from(self.threshold));
        let at = |place| field::interpolate(field, &shares, place).ok_or(SplitError::Inconsistent);
        for (number, share) in &surplus {
            let expected = field.write(&at(*number)?);
            if !bool::from(expected.ct_eq(field.write(share).as_slice())) {
                return Err(SplitError::Inconsistent);
            }
        }
        Ok(field.write(&at(0)?))
    }
}

fn add(sum: &mut [u8], bytes: &[u8]) {
    for (byte, other) in sum.iter_mut().zip(bytes) {
        *byte ^= other;
    }
}

/// The secret less what its field has put in front of it, which must be zeros.
fn shortened(secret: &[u8], bytes: usize) -> Result<Zeroizing<Vec<u8>>, SplitError> {
    let (surplus, rest) = secret.split_at(secret.len().saturating_sub(bytes));
    if surplus.iter().any(|byte| *byte != 0) {
        return Err(SplitError::Inconsistent);
    }
    Ok(Zeroizing::new(rest.to_vec()))
}

#[cfg(test)]
mod tests;
