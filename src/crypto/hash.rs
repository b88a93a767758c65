//! Hash (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24) on bytes.

use std::fmt;

use kmip_ttlv::enums::HashingAlgorithm;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

use super::error::Error;
use super::limit::{Budget, Limits};
use super::state::{State, digest};

/// Begins a hash.
type Begin = fn() -> Box<dyn State>;

/// Every hash that is supported. MD2, MD4 and MD5 are broken and left out.
const HASHES: &[(HashingAlgorithm, Begin)] = &[
    (HashingAlgorithm::Sha1, digest::<Sha1>),
    (HashingAlgorithm::Sha224, digest::<Sha224>),
    (HashingAlgorithm::Sha256, digest::<Sha256>),
    (HashingAlgorithm::Sha384, digest::<Sha384>),
    (HashingAlgorithm::Sha512, digest::<Sha512>),
    (HashingAlgorithm::Sha512_224, digest::<Sha512_224>),
    (HashingAlgorithm::Sha512_256, digest::<Sha512_256>),
    (HashingAlgorithm::Sha3_224, digest::<Sha3_224>),
    (HashingAlgorithm::Sha3_256, digest::<Sha3_256>),
    (HashingAlgorithm::Sha3_384, digest::<Sha3_384>),
    (HashingAlgorithm::Sha3_512, digest::<Sha3_512>),
];

/// The algorithms that [`hash`] knows.
pub fn algorithms() -> impl Iterator<Item = HashingAlgorithm> {
    HASHES.iter().map(|(algorithm, _)| *algorithm)
}

/// The hash of `data`.
///
/// # Errors
/// [`Error::UnsupportedHash`] for an algorithm that is not in [`algorithms`].
pub fn hash(algorithm: HashingAlgorithm, data: &[u8]) -> Result<Vec<u8>, Error> {
    Hasher::new(algorithm, Limits::ONE_PART)?.finish(data)
}

/// A hash in parts. Wiped on drop.
pub struct Hasher {
    state: Box<dyn State>,
    algorithm: HashingAlgorithm,
    budget: Budget,
}

impl Hasher {
    /// Begins a hash.
    ///
    /// # Errors
    /// [`Error::UnsupportedHash`] for an algorithm that is not in [`algorithms`].
    pub fn new(algorithm: HashingAlgorithm, limits: Limits) -> Result<Self, Error> {
        let (_, begin) = HASHES
            .iter()
            .find(|(supported, _)| *supported == algorithm)
            .ok_or(Error::UnsupportedHash)?;
        Ok(Self { state: begin(), algorithm, budget: Budget::new(limits.stream_bytes_max) })
    }

    /// Takes in a part.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), Error> {
        self.budget.take(data.len())?;
        self.state.update(data);
        Ok(())
    }

    /// Takes in the last part, which may be empty, and gives the hash.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn finish(mut self, data: &[u8]) -> Result<Vec<u8>, Error> {
        self.update(data)?;
        Ok(self.state.finish())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    proptest! {
        #[test]
        fn parts_make_no_difference(data: Vec<u8>, cut: Index) {
            let (first, second) = data.split_at(cut.index(data.len() + 1));
            for algorithm in algorithms() {
                let mut hasher = Hasher::new(algorithm, Limits::default()).unwrap();
                hasher.update(first).unwrap();
                prop_assert_eq!(hasher.finish(second), hash(algorithm, &data));
            }
        }
    }

    #[test]
    fn a_stream_takes_what_its_limit_says_and_no_more() {
        let limits = Limits { stream_bytes_max: 8, ..Limits::default() };
        let mut hasher = Hasher::new(HashingAlgorithm::Sha256, limits).unwrap();
        hasher.update(&[0; 8]).unwrap();
        assert_eq!(hasher.finish(&[0]), Err(Error::TooMuchData));
    }
}
