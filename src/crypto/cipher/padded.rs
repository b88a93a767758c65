//! A universal hash over pieces of any length. The crates' own take whole blocks.

use ghash::universal_hash::UniversalHash;
use ghash::universal_hash::consts::U16;
use zeroize::Zeroize;

use super::table::BLOCK_BYTES;

/// A hash that is fed bytes, and zeros up to a whole block where that is asked for.
#[derive(Clone)]
pub(super) struct Padded<H> {
    hash: H,
    /// The beginning of a block that is not whole yet.
    held: [u8; BLOCK_BYTES],
    held_bytes: usize,
}

impl<H: UniversalHash<BlockSize = U16> + Clone> Padded<H> {
    pub(super) fn new(hash: H) -> Self {
        Self { hash, held: [0; BLOCK_BYTES], held_bytes: 0 }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        let mut data = data;
        if self.held_bytes > 0 {
            data = self.hold(data);
            if self.held_bytes < BLOCK_BYTES {
                return;
            }
            self.pad();
        }
        let (whole, rest) = data.split_at(data.len() - data.len() % BLOCK_BYTES);
        self.hash.update_padded(whole);
        self.hold(rest);
    }

    /// Fills the held block and returns what did not fit.
    fn hold<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let room = BLOCK_BYTES - self.held_bytes;
        let (now, later) = data.split_at(room.min(data.len()));
        for (to, from) in self.held.iter_mut().skip(self.held_bytes).zip(now) {
            *to = *from;
        }
        self.held_bytes += now.len();
        later
    }

    /// Takes in what is held, with zeros up to a whole block.
    pub(super) fn pad(&mut self) {
        let held = self.held.get(..self.held_bytes).unwrap_or_default();
        self.hash.update_padded(held);
        self.held_bytes = 0;
    }

    /// Takes in the last block and gives the hash.
    pub(super) fn finish(&mut self, last: &[u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        self.hash.update_padded(last);
        self.hash.clone().finalize().into()
    }
}

impl<H> Drop for Padded<H> {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}
