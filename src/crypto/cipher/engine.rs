//! The modes over the block cipher, behind two small traits.

use aes::cipher::consts::U16;
use aes::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt,
    BlockSizeUser, InnerIvInit, KeyInit, StreamCipher,
};
use aes::{Aes128, Aes192, Aes256};
use blowfish::Blowfish;
use des::{TdesEde2, TdesEde3};
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm as A};
use sha2::digest::block_api::SmallBlockSizeUser;

use super::super::error::Error;
use super::ccm::Ccm;
use super::chacha::ChaChaPoly;
use super::gcm::Gcm;
use super::parameters::Parameters;
use super::xts::Xts;

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

/// A mode that takes its data as a whole.
pub(super) trait Whole: Send {
    /// Encrypts `data` in place and gives the tag, of full length; nothing in a mode without.
    ///
    /// # Errors
    /// [`Error::TooMuchData`] or [`Error::TooLittleData`]; `data` are then as they were.
    fn encrypt(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error>;

    /// Decrypts `data` in place and gives the tag that they ought to have.
    ///
    /// # Errors
    /// As those of [`Whole::encrypt`].
    fn decrypt(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error>;
}

/// A mode with its key and IV, ready for data.
pub(super) enum Engine {
    /// A mode that only hides.
    Plain(Box<dyn Transform>),
    /// A mode that authenticates.
    Authenticated(Box<dyn Authenticated>),
    /// A mode that needs all data at once.
    Whole(Box<dyn Whole>),
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
        let start = Start { parameters, direction, key, iv: &iv, aad };
        match (parameters.algorithm(), parameters.mode(), key.len()) {
            (A::ChaCha20, ..) => Ok(Self::Plain(super::chacha::chacha20(key, &iv)?)),
            (A::ChaCha20Poly1305, ..) => {
                Ok(Self::Authenticated(Box::new(ChaChaPoly::new(key, &iv, aad)?)))
            }
            (A::Aes, BlockCipherMode::Xts, 32) => {
                Ok(Self::Whole(Box::new(Xts::<Aes128>::new(key, &iv)?)))
            }
            (A::Aes, BlockCipherMode::Xts, 64) => {
                Ok(Self::Whole(Box::new(Xts::<Aes256>::new(key, &iv)?)))
            }
            (A::Aes, BlockCipherMode::Xts, _) => Err(Error::BadKeyLength),
            (A::Aes, _, 16) => start.aes::<Aes128>(),
            (A::Aes, _, 24) => start.aes::<Aes192>(),
            (A::Aes, _, 32) => start.aes::<Aes256>(),
            (A::Des3, _, 16) => start.any::<TdesEde2>(),
            (A::Des3, _, 24) => start.any::<TdesEde3>(),
            (A::Blowfish, ..) => start.any::<Blowfish>(),
            _ => Err(Error::BadKeyLength),
        }
    }
}

/// What an engine starts from.
struct Start<'a> {
    parameters: &'a Parameters,
    direction: Direction,
    key: &'a [u8],
    iv: &'a [u8],
    aad: &'a [u8],
}

impl Start<'_> {
    /// The modes that are for blocks of 16 bytes, and those that are for any.
    fn aes<C>(&self) -> Result<Engine, Error>
    where
        C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
        C: KeyInit + Send + 'static,
    {
        let cipher = || C::new_from_slice(self.key).map_err(|_| Error::BadKeyLength);
        Ok(match self.parameters.mode() {
            BlockCipherMode::Ctr => {
                let core = ctr::CtrCore::inner_iv_slice_init(cipher()?, self.iv);
                let core = core.map_err(|_| Error::BadIvLength)?;
                Engine::Plain(Box::new(CtrKeystream(ctr::Ctr128BE::from_core(core))))
            }
            BlockCipherMode::Gcm => {
                Engine::Authenticated(Box::new(Gcm::new(cipher()?, self.iv, self.aad)))
            }
            BlockCipherMode::Ccm => {
                let tag_bytes = self.parameters.tag_bytes();
                Engine::Whole(Box::new(Ccm::new(cipher()?, self.iv, self.aad, tag_bytes)))
            }
            _ => self.any::<C>()?,
        })
    }

    /// The modes that are for blocks of any size.
    fn any<C>(&self) -> Result<Engine, Error>
    where
        C: BlockCipherEncrypt + BlockCipherDecrypt + SmallBlockSizeUser,
        C: KeyInit + Send + 'static,
    {
        let cipher = C::new_from_slice(self.key).map_err(|_| Error::BadKeyLength)?;
        let (iv, bad_iv) = (self.iv, |_| Error::BadIvLength);
        Ok(Engine::Plain(match (self.parameters.mode(), self.direction) {
            (BlockCipherMode::Ecb, Direction::Encrypt) => Box::new(EcbEncryptor(cipher)),
            (BlockCipherMode::Ecb, Direction::Decrypt) => Box::new(EcbDecryptor(cipher)),
            (BlockCipherMode::Cbc, Direction::Encrypt) => {
                Box::new(cbc::Encryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?)
            }
            (BlockCipherMode::Cbc, Direction::Decrypt) => {
                Box::new(cbc::Decryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?)
            }
            (BlockCipherMode::Cfb, Direction::Encrypt) => {
                Box::new(cfb_mode::BufEncryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?)
            }
            (BlockCipherMode::Cfb, Direction::Decrypt) => {
                Box::new(cfb_mode::BufDecryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?)
            }
            (BlockCipherMode::Ofb, _) => {
                let core = ofb::OfbCore::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?;
                Box::new(OfbKeystream(ofb::Ofb::from_core(core)))
            }
            _ => return Err(Error::Unsupported),
        }))
    }
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

/// CFB feeds back whole blocks: 128 bits of AES, 64 of 3DES and Blowfish (SP 800-38A §6.3).
impl<C: BlockCipherEncrypt + Send> Transform for cfb_mode::BufEncryptor<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.encrypt(data);
    }
}

impl<C: BlockCipherEncrypt + Send> Transform for cfb_mode::BufDecryptor<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.decrypt(data);
    }
}

/// The cipher of the cipher of the … of the IV (SP 800-38A §6.4).
struct OfbKeystream<C: BlockCipherEncrypt + SmallBlockSizeUser>(ofb::Ofb<C>);

impl<C: BlockCipherEncrypt + SmallBlockSizeUser + Send> Transform for OfbKeystream<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}
