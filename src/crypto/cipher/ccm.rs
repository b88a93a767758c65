//! Counter with Cipher Block Chaining-MAC (NIST SP 800-38C).
//!
//! The crate `ccm` fixes the lengths of nonce and tag when it is compiled; this is the same
//! composition of `ctr` and CBC-MAC with both left open.

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, StreamCipher};
use zeroize::Zeroize;

use super::super::error::Error;
use super::engine::Whole;
use super::table::BLOCK_BYTES;

type Block = Array<u8, U16>;

/// One message with its key, nonce and additional data.
pub(super) struct Ccm<C> {
    cipher: C,
    nonce: Vec<u8>,
    aad: Vec<u8>,
    tag_bytes: usize,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Ccm<C> {
    /// A message whose nonce has 7 to 13 bytes.
    pub(super) fn new(cipher: C, nonce: &[u8], aad: &[u8], tag_bytes: usize) -> Self {
        Self { cipher, nonce: nonce.to_vec(), aad: aad.to_vec(), tag_bytes }
    }

    /// Bytes of the field that counts the data.
    fn length_bytes(&self) -> usize {
        (BLOCK_BYTES - 1).saturating_sub(self.nonce.len())
    }

    /// A block of flags, nonce and a number (§A.2.1 and §A.3).
    fn block(&self, flags: u8, number: u64) -> Block {
        let mut block = Block::from(u128::from(number).to_be_bytes());
        for (to, from) in block.iter_mut().zip([flags].iter().chain(&self.nonce)) {
            *to = *from;
        }
        block
    }

    /// What the length field says in flags.
    fn length_flag(&self) -> u8 {
        u8::try_from(self.length_bytes()).unwrap_or(1).saturating_sub(1)
    }

    /// The CBC-MAC of the message (§6.1, steps 1 to 4), still to be hidden.
    fn mac(&self, text: &[u8]) -> Result<Block, Error> {
        let count = u64::try_from(text.len()).map_err(|_| Error::TooMuchData)?;
        let bits = 8 * u32::try_from(self.length_bytes()).map_err(|_| Error::BadIvLength)?;
        if count.checked_shr(bits).is_some_and(|more| more > 0) {
            return Err(Error::TooMuchData);
        }
        let has_aad = u8::from(!self.aad.is_empty()) << 6;
        let tag = u8::try_from(self.tag_bytes.saturating_sub(2) / 2).unwrap_or(7) << 3;
        let mut state = Block::default();
        self.absorb(&mut state, &self.block(has_aad | tag | self.length_flag(), count));
        if !self.aad.is_empty() {
            self.absorb(&mut state, &[aad_length(self.aad.len()), self.aad.clone()].concat());
        }
        self.absorb(&mut state, text);
        Ok(state)
    }

    /// Takes in bytes, with zeros up to a whole block.
    fn absorb(&self, state: &mut Block, bytes: &[u8]) {
        for chunk in bytes.chunks(BLOCK_BYTES) {
            state.iter_mut().zip(chunk).for_each(|(state, byte)| *state ^= byte);
            self.cipher.encrypt_block(state);
        }
    }

    /// The key stream; its first block hides the MAC.
    fn keystream(&self) -> ctr::Ctr128BE<&C> {
        let first = self.block(self.length_flag(), 0);
        // The number is 0 and does not run into the nonce: the data would be too long before.
        ctr::Ctr128BE::from_core(ctr::CtrCore::inner_iv_init(&self.cipher, &first))
    }
}

impl<C> Whole for Ccm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send,
{
    fn encrypt(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error> {
        let mut tag = self.mac(data)?;
        let mut keystream = self.keystream();
        keystream.apply_keystream(&mut tag);
        keystream.apply_keystream(data);
        Ok(tag.to_vec())
    }

    fn decrypt(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error> {
        let mut mask = Block::default();
        let mut keystream = self.keystream();
        keystream.apply_keystream(&mut mask);
        keystream.apply_keystream(data);
        let mut tag = self.mac(data)?;
        tag.iter_mut().zip(&mask).for_each(|(tag, mask)| *tag ^= mask);
        mask.zeroize();
        Ok(tag.to_vec())
    }
}

/// How long the additional data are, as they begin (§A.2.2).
fn aad_length(bytes: usize) -> Vec<u8> {
    if let Some(short) = u16::try_from(bytes).ok().filter(|short| *short < 0xff00) {
        return short.to_be_bytes().to_vec();
    }
    match u32::try_from(bytes) {
        Ok(middle) => [&[0xff, 0xfe], middle.to_be_bytes().as_slice()].concat(),
        Err(_) => [&[0xff, 0xff], (bytes as u64).to_be_bytes().as_slice()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use aes::Aes128;
    use aes::cipher::KeyInit;

    use super::*;

    /// NIST SP 800-38C Example 4: 65536 bytes of additional data, whose length takes six bytes.
    #[test]
    fn long_additional_data_give_the_published_answer() {
        let key: Vec<u8> = (0x40..0x50).collect();
        let nonce: Vec<u8> = (0x10..0x1d).collect();
        let aad: Vec<u8> = (0..=255).cycle().take(1 << 16).collect();
        let cipher = Aes128::new_from_slice(&key).unwrap();
        let mut data: Vec<u8> = (0x20..0x40).collect();
        let tag = Ccm::new(cipher, &nonce, &aad, 14).encrypt(&mut data).unwrap();
        let answer = [
            0x6991_5dad_1e84_c637_6a68_c296_7e4d_ab61_u128,
            0x5ae0_fd1f_aec4_4cc4_8482_8529_463c_cf72,
        ];
        assert_eq!(data, answer.map(u128::to_be_bytes).concat());
        assert_eq!(
            tag[..14],
            [0xb4ac_6bec_93e8_598e_u64, 0x7f0d_adbc_ea5b << 16].map(u64::to_be_bytes).concat()
                [..14]
        );
    }

    #[test]
    fn a_longer_nonce_leaves_room_for_fewer_data() {
        for (nonce, bytes_max) in [(13, 0xffff), (12, 0xff_ffff)] {
            let ccm = Ccm::new(Aes128::new(&[7; 16].into()), &vec![1; nonce], b"", 16);
            assert!(ccm.mac(&vec![0; bytes_max]).is_ok());
            assert_eq!(ccm.mac(&vec![0; bytes_max + 1]), Err(Error::TooMuchData));
        }
    }
}
