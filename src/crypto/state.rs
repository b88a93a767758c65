//! Hashes and MACs of different crates behind one trait.

use aes::{Aes128, Aes192, Aes256};
use cmac::{Cmac, KeyInit, Mac};
use des::{TdesEde2, TdesEde3};
use sha2::Digest;
use sha2::digest::FixedOutputReset;
use sha2::digest::block_api::BlockSizeUser;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::Error;

/// Takes in data and gives a short value in the end. Implementations wipe themselves on drop.
pub(super) trait State: Send {
    /// Takes in more data.
    fn update(&mut self, data: &[u8]);
    /// The value.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

struct OfDigest<D>(D);

impl<D: Digest + Send> State for OfDigest<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// The beginning of a hash.
pub(super) fn digest<D: Digest + ZeroizeOnDrop + Send + 'static>() -> Box<dyn State> {
    Box::new(OfDigest(D::new()))
}

/// HMAC (RFC 2104) over any hash.
///
/// The crate `hmac` leaves keys behind: its `Hmac`, which cannot be made of `sha3` at all,
/// pads the key in a block that nobody wipes, and its `SimpleHmac` keeps such a block. Two hashes
/// that have taken in their half of the key, and wipe themselves, are all that it takes. They are
/// worked on where they are, because a value that is moved leaves a copy behind.
struct Hmac<D> {
    inner: D,
    outer: D,
}

impl<D: Hash> State for Hmac<D> {
    fn update(&mut self, data: &[u8]) {
        Digest::update(&mut self.inner, data);
    }

    fn finish(mut self: Box<Self>) -> Vec<u8> {
        let inner = self.inner.finalize_reset();
        Digest::update(&mut self.outer, inner);
        self.outer.finalize_reset().to_vec()
    }
}

/// A hash that HMAC can be made of: one that wipes itself.
pub(super) trait Hash:
    Digest + BlockSizeUser + FixedOutputReset + ZeroizeOnDrop + Send + 'static
{
}

impl<D> Hash for D where
    D: Digest + BlockSizeUser + FixedOutputReset + ZeroizeOnDrop + Send + 'static
{
}

/// The beginning of a MAC under `key`.
#[expect(clippy::unnecessary_wraps, reason = "CMAC, which stands in the same table, can fail")]
pub(super) fn hmac<D: Hash>(key: &[u8]) -> Result<Box<dyn State>, Error> {
    let mut block = Zeroizing::new(vec![0; D::block_size()]);
    if key.len() > block.len() {
        let mut shorter = D::digest(key);
        copy(&shorter, &mut block);
        shorter.as_mut_slice().zeroize();
    } else {
        copy(key, &mut block);
    }
    let mut hmac = Box::new(Hmac { inner: D::new(), outer: D::new() });
    for (hash, pad) in [(&mut hmac.inner, 0x36), (&mut hmac.outer, 0x5c)] {
        block.iter_mut().for_each(|byte| *byte ^= pad);
        Digest::update(hash, block.as_slice());
        block.iter_mut().for_each(|byte| *byte ^= pad);
    }
    Ok(hmac)
}

/// Copies `from` to the beginning of `to`.
fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The crate does not say so of the whole, but each of its pieces wipes itself: cipher, state and what
/// is held.
struct OfMac<M>(M);

impl<M: Mac + Send> State for OfMac<M> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().into_bytes().to_vec()
    }
}

fn cmac<M: Mac + KeyInit + Send + 'static>(key: &[u8]) -> Result<Box<dyn State>, Error> {
    let mac = <M as KeyInit>::new_from_slice(key).map_err(|_| Error::BadKeyLength)?;
    Ok(Box::new(OfMac(mac)))
}

/// The beginning of CMAC with AES.
pub(super) fn cmac_aes(key: &[u8]) -> Result<Box<dyn State>, Error> {
    match key.len() {
        16 => cmac::<Cmac<Aes128>>(key),
        24 => cmac::<Cmac<Aes192>>(key),
        _ => cmac::<Cmac<Aes256>>(key),
    }
}

/// The beginning of CMAC with 3DES, with two keys or with three.
pub(super) fn cmac_des3(key: &[u8]) -> Result<Box<dyn State>, Error> {
    match key.len() {
        16 => cmac::<Cmac<TdesEde2>>(key),
        _ => cmac::<Cmac<TdesEde3>>(key),
    }
}
