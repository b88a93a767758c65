//! The house's source of random bytes as the crates want it.

use rsa::rand_core::{TryCryptoRng, TryRng};

use super::random::{Random, RandomError};

/// A source of random bytes, for crates.
pub(super) struct Source<'a>(pub(super) &'a dyn Random);

impl TryRng for Source<'_> {
    type Error = RandomError;

    fn try_next_u32(&mut self) -> Result<u32, RandomError> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, RandomError> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(out)
    }
}

impl TryCryptoRng for Source<'_> {}
