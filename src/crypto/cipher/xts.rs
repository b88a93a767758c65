//! XTS (IEEE 1619, NIST SP 800-38E): one data unit, whose number, or tweak, is the IV.

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use subtle::ConstantTimeEq;
use xts_mode::Xts128;

use super::super::error::Error;
use super::engine::Whole;
use super::table::BLOCK_BYTES;

/// One data unit with its keys and tweak.
pub(super) struct Xts<C> {
    cipher: Xts128<C>,
    tweak: Array<u8, U16>,
}

impl<C: BlockSizeUser<BlockSize = U16> + KeyInit> Xts<C> {
    /// A data unit. The key is two keys of one length.
    ///
    /// # Errors
    /// [`Error::BadKeyLength`], [`Error::BadIvLength`]; [`Error::WeakKey`] if both keys are one:
    /// then somebody who may choose data can find out the tweak (FIPS 140-3 IG C.I).
    pub(super) fn new(key: &[u8], tweak: &[u8]) -> Result<Self, Error> {
        let (data_key, tweak_key) = key.split_at(key.len() / 2);
        if data_key.ct_eq(tweak_key).into() {
            return Err(Error::WeakKey);
        }
        let cipher = |key| C::new_from_slice(key).map_err(|_| Error::BadKeyLength);
        let tweak = Array::try_from(tweak).map_err(|_| Error::BadIvLength)?;
        Ok(Self { cipher: Xts128::new(cipher(data_key)?, cipher(tweak_key)?), tweak })
    }
}

/// The crate panics at less than a block.
fn check(data: &[u8]) -> Result<(), Error> {
    if data.len() < BLOCK_BYTES { Err(Error::TooLittleData) } else { Ok(()) }
}

impl<C> Whole for Xts<C>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Send,
{
    fn encrypt(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error> {
        check(data)?;
        self.cipher.encrypt_sector(data, self.tweak);
        Ok(Vec::new())
    }

    fn decrypt(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error> {
        check(data)?;
        self.cipher.decrypt_sector(data, self.tweak);
        Ok(Vec::new())
    }
}
