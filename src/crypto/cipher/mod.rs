//! Encrypt and Decrypt (KMIP 1.4 §4.29, §4.30; KMIP 2.1 §6.1.17, §6.1.11) on bytes.
//!
//! [`Parameters::resolve`] settles what is to be done; [`encrypt`] and [`decrypt`] do it at once,
//! [`Encryptor`] and [`Decryptor`] in parts. Both ways are one code.

mod ccm;
mod chacha;
mod engine;
mod gcm;
mod padded;
mod padding;
mod parameters;
mod stream;
pub mod table;
#[cfg(test)]
mod tests;
mod xts;

use zeroize::Zeroizing;

pub use parameters::Parameters;
pub use stream::{Decryptor, Encryptor, Sealed};

use super::error::Error;
use super::limit::Limits;
use super::random::Random;

/// Encrypts `data` under `key`.
///
/// An IV that is not given but needed is made, and comes back in [`Sealed::made_iv`]. `aad` is empty
/// if there is none.
///
/// # Errors
/// [`Error`], but never [`Error::Rejected`] nor [`Error::MissingTag`].
pub fn encrypt(
    parameters: &Parameters,
    key: &[u8],
    iv: Option<&[u8]>,
    aad: &[u8],
    data: &[u8],
    random: &dyn Random,
) -> Result<Sealed, Error> {
    let encryptor = Encryptor::new(parameters, key, iv, aad, Limits::ONE_PART, random)?;
    let made_iv = encryptor.made_iv().map(<[u8]>::to_vec);
    let sealed = encryptor.finish(data, random)?;
    Ok(Sealed { made_iv, ..sealed })
}

/// Decrypts `data` under `key`. `tag` is for modes that authenticate, and only for them.
///
/// # Errors
/// [`Error::MissingIv`], [`Error::MissingTag`]; [`Error::Rejected`] if tag or padding are wrong;
/// others as the parameters do not fit key, IV or data.
pub fn decrypt(
    parameters: &Parameters,
    key: &[u8],
    iv: Option<&[u8]>,
    aad: &[u8],
    tag: Option<&[u8]>,
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    Decryptor::new(parameters, key, iv, aad, tag, Limits::ONE_PART)?.finish(data)
}
