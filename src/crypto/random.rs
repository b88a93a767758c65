//! Random bytes, as an argument.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// The source of random bytes gave none. Nothing may be made without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random generator failed")]
pub struct RandomError;

/// Where random bytes come from.
pub trait Random: Send + Sync + Debug {
    /// Fills `out`.
    ///
    /// # Errors
    /// [`RandomError`] if the source fails; `out` is then unusable.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;

    /// Mixes bytes from outside into the source, which is no weaker for it, whoever knows them.
    ///
    /// # Errors
    /// [`RandomError`] if the source does not take them.
    fn mix(&self, seed: &[u8]) -> Result<(), RandomError>;
}

/// The operating system's generator: the only source for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }

    /// Bytes that are written to this device enter the kernel's pool and count for no entropy
    /// (random(4)).
    fn mix(&self, seed: &[u8]) -> Result<(), RandomError> {
        std::fs::write("/dev/urandom", seed).map_err(|_| RandomError)
    }
}

/// Predictable bytes for tests and simulation: SHA-256 over seed and counter. Never for a key that
/// protects anything.
#[derive(Debug)]
pub struct PredictableRandom {
    seed: u64,
    counter: AtomicU64,
}

impl PredictableRandom {
    /// The sequence that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: AtomicU64::new(0) }
    }
}

impl Random for PredictableRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(32) {
            let count = self.counter.fetch_add(1, Ordering::Relaxed);
            let block = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(count.to_be_bytes())
                .finalize();
            for (byte, random) in chunk.iter_mut().zip(block) {
                *byte = random;
            }
        }
        Ok(())
    }

    /// What is predictable stays so.
    fn mix(&self, _: &[u8]) -> Result<(), RandomError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(random: &dyn Random) -> [u8; 100] {
        let mut out = [0; 100];
        random.fill(&mut out).unwrap();
        out
    }

    #[test]
    fn the_system_never_repeats_itself() {
        assert_ne!(bytes(&OsRandom), bytes(&OsRandom));
    }

    #[test]
    fn a_seed_gives_the_same_sequence_and_another_seed_another_one() {
        let one = PredictableRandom::new(7);
        let same = PredictableRandom::new(7);
        assert_eq!(bytes(&one), bytes(&same));
        assert_ne!(bytes(&one), bytes(&PredictableRandom::new(7)), "the sequence goes on");
        assert_ne!(bytes(&PredictableRandom::new(7)), bytes(&PredictableRandom::new(8)));
    }
}
