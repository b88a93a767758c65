//! The modes over the block cipher, behind two small traits.

use aes::cipher::consts::U16;
use aes::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt,
    BlockSizeUser, InnerIvInit, KeyInit, StreamCipher,
};
use aes::{Aes128, Aes192, Aes256};
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm};

use super::super::error::Error;
use super::chacha::ChaChaPoly;
use super::gcm::Gcm;
use super::parameters::Parameters;

/// A mode that turns bytes into as many others, one after the other.
pub(super) trait Transform: Send {
    /// Transforms `data` in place: whole blocks in a block mode, anything in a stream mode.
    fn apply(&mut self, data: &mut [u8]);
}

/// A mode that authenticates as well.
pub(super) trait Authenticated: Send {
    /// Encrypts `data` in place and takes it into the tag.
    fn encrypt(&mut self, data: &mut [u8]);
    /// Takes ciphertext into the tag without decrypting it.
    fn absorb(&mut self, ciphertext: &[u8]);
    /// Decrypts `data` in place, unchecked.
    fn decrypt(&mut self, data: &mut [u8]);
    /// The tag over everything taken in so far, of full length. To be asked once, at the end.
    fn tag(&mut self) -> [u8; 16];
}

/// A mode with its key and IV, ready for data.
pub(super) enum Engine {
    /// A mode that only hides.
    Plain(Box<dyn Transform>),
    /// A mode that authenticates.
    Authenticated(Box<dyn Authenticated>),
}

/// Which way an engine works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

impl Engine {
    /// Starts a mode.
    ///
    /// # Errors
    /// [`Error::BadKeyLength`], [`Error::BadIvLength`], [`Error::NotAuthenticating`] if there is
    /// additional data in a mode that has no use for it.
    pub(super) fn start(
        parameters: &Parameters,
        direction: Direction,
        key: &[u8],
        iv: &[u8],
        aad: &[u8],
    ) -> Result<Self, Error> {
        if !aad.is_empty() && !parameters.authenticates() {
            return Err(Error::NotAuthenticating);
        }
        let iv = parameters.first_block(iv)?;
        let mode = parameters.mode();
        match (parameters.algorithm(), key.len()) {
            (CryptographicAlgorithm::ChaCha20, _) => {
                Ok(Self::Plain(super::chacha::chacha20(key, &iv)?))
            }
            (CryptographicAlgorithm::ChaCha20Poly1305, _) => {
                Ok(Self::Authenticated(Box::new(ChaChaPoly::new(key, &iv, aad)?)))
            }
            (CryptographicAlgorithm::Aes, 16) => start::<Aes128>(mode, direction, key, &iv, aad),
            (CryptographicAlgorithm::Aes, 24) => start::<Aes192>(mode, direction, key, &iv, aad),
            (CryptographicAlgorithm::Aes, 32) => start::<Aes256>(mode, direction, key, &iv, aad),
            _ => Err(Error::BadKeyLength),
        }
    }
}

fn start<C>(
    mode: BlockCipherMode,
    direction: Direction,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
) -> Result<Engine, Error>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
    C: KeyInit + Send + 'static,
{
    let cipher = C::new_from_slice(key).map_err(|_| Error::BadKeyLength)?;
    let bad_iv = |_| Error::BadIvLength;
    Ok(Engine::Plain(match (mode, direction) {
        (BlockCipherMode::Ecb, Direction::Encrypt) => Box::new(EcbEncryptor(cipher)),
        (BlockCipherMode::Ecb, Direction::Decrypt) => Box::new(EcbDecryptor(cipher)),
        (BlockCipherMode::Cbc, Direction::Encrypt) => {
            Box::new(cbc::Encryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?)
        }
        (BlockCipherMode::Cbc, Direction::Decrypt) => {
            Box::new(cbc::Decryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?)
        }
        (BlockCipherMode::Ctr, _) => Box::new(CtrKeystream(ctr::Ctr128BE::from_core(
            ctr::CtrCore::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?,
        ))),
        (BlockCipherMode::Gcm, _) => {
            return Ok(Engine::Authenticated(Box::new(Gcm::new(cipher, iv, aad))));
        }
        _ => return Err(Error::Unsupported),
    }))
}

struct EcbEncryptor<C>(C);

impl<C: BlockCipherEncrypt + Send> Transform for EcbEncryptor<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.0.encrypt_blocks(Block::<C>::slice_as_chunks_mut(data).0);
    }
}

struct EcbDecryptor<C>(C);

impl<C: BlockCipherDecrypt + Send> Transform for EcbDecryptor<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.0.decrypt_blocks(Block::<C>::slice_as_chunks_mut(data).0);
    }
}

impl<C: BlockCipherEncrypt + Send> Transform for cbc::Encryptor<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.encrypt_blocks(Block::<C>::slice_as_chunks_mut(data).0);
    }
}

impl<C: BlockCipherDecrypt + Send> Transform for cbc::Decryptor<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.decrypt_blocks(Block::<C>::slice_as_chunks_mut(data).0);
    }
}

/// The whole block counts, modulo 2^128 (SP 800-38A §6.5 and Appendix B.1).
struct CtrKeystream<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>>(ctr::Ctr128BE<C>);

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send> Transform for CtrKeystream<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}
