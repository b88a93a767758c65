//! Galois/Counter Mode (NIST SP 800-38D) in parts, with IVs of any length.
//!
//! The crate `aes-gcm` takes a message as a whole and fixes the IV's length when it is compiled;
//! this is the same composition of `ctr` and `ghash` with both left open.

use aes::cipher::consts::U16;
use aes::cipher::{
    Block, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, StreamCipher, StreamCipherCoreWrapper,
};
use ctr::CtrCore;
use ctr::flavors::Ctr32BE;
use ghash::GHash;
use zeroize::Zeroize;

use super::engine::Authenticated;
use super::padded::Padded;
use super::table::BLOCK_BYTES;

/// Bytes of an IV that becomes the first counter block without hashing.
const IV_BYTES: usize = 12;

/// One message being encrypted or decrypted.
pub(super) struct Gcm<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> {
    keystream: StreamCipherCoreWrapper<CtrCore<C, Ctr32BE>>,
    hash: Padded<GHash>,
    aad_bytes: u64,
    text_bytes: u64,
    /// The first block of key stream, which hides the hash.
    mask: [u8; BLOCK_BYTES],
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Gcm<C> {
    /// Starts a message: Algorithm 4, steps 1 to 2 (the same as those of Algorithm 5).
    pub(super) fn new(cipher: C, iv: &[u8], aad: &[u8]) -> Self {
        let mut subkey = Block::<C>::default();
        cipher.encrypt_block(&mut subkey);
        let mut hash = Padded::new(GHash::new(&subkey));
        let first = first_counter(&hash, iv);
        subkey.zeroize();

        let core = CtrCore::inner_iv_init(cipher, &first.into());
        let mut keystream = StreamCipherCoreWrapper::from_core(core);
        let mut mask = [0; BLOCK_BYTES];
        keystream.apply_keystream(&mut mask);

        hash.update(aad);
        hash.pad();
        Self { keystream, hash, aad_bytes: aad.len() as u64, text_bytes: 0, mask }
    }
}

impl<C> Authenticated for Gcm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send,
{
    fn encrypt(&mut self, data: &mut [u8]) {
        self.keystream.apply_keystream(data);
        self.absorb(data);
    }

    fn absorb(&mut self, ciphertext: &[u8]) {
        self.hash.update(ciphertext);
        self.text_bytes += ciphertext.len() as u64;
    }

    fn decrypt(&mut self, data: &mut [u8]) {
        self.keystream.apply_keystream(data);
    }

    fn tag(&mut self) -> [u8; BLOCK_BYTES] {
        self.hash.pad();
        let mut tag = self.hash.finish(&lengths(self.aad_bytes, self.text_bytes));
        for (byte, mask) in tag.iter_mut().zip(self.mask) {
            *byte ^= mask;
        }
        tag
    }
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Drop for Gcm<C> {
    fn drop(&mut self) {
        self.mask.zeroize();
    }
}

/// J0, the counter block that an IV gives (SP 800-38D §7.1, step 2).
fn first_counter(hash: &Padded<GHash>, iv: &[u8]) -> [u8; BLOCK_BYTES] {
    if iv.len() == IV_BYTES {
        let mut block = [0; BLOCK_BYTES];
        for (to, from) in block.iter_mut().zip(iv.iter().chain(&[0, 0, 0, 1])) {
            *to = *from;
        }
        return block;
    }
    let mut hash = hash.clone();
    hash.update(iv);
    hash.pad();
    hash.finish(&lengths(0, iv.len() as u64))
}

/// The block of the two lengths (in bytes here, in bits there) that ends the hash.
fn lengths(aad_bytes: u64, text_bytes: u64) -> [u8; BLOCK_BYTES] {
    ((u128::from(aad_bytes) * 8) << 64 | (u128::from(text_bytes) * 8)).to_be_bytes()
}
