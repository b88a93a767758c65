//! Hashes and MACs of different crates behind one trait.

use sha2::Digest;
use sha2::digest::block_api::BlockSizeUser;
use zeroize::Zeroizing;

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
pub(super) fn digest<D: Digest + Send + 'static>() -> Box<dyn State> {
    Box::new(OfDigest(D::new()))
}

/// HMAC (RFC 2104) over any hash.
///
/// The crate `hmac` offers SHA-3 only in a form that leaves the key in memory; two hashes that have
/// taken in their half of the key, and wipe themselves, are all that it takes.
struct Hmac<D> {
    inner: D,
    outer: D,
}

impl<D: Digest + Send> State for Hmac<D> {
    fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        let Self { inner, outer } = *self;
        outer.chain_update(inner.finalize()).finalize().to_vec()
    }
}

/// The beginning of a MAC under `key`.
pub(super) fn hmac<D: Digest + BlockSizeUser + Send + 'static>(key: &[u8]) -> Box<dyn State> {
    let mut block = Zeroizing::new(vec![0; D::block_size()]);
    let shorter = Zeroizing::new(if key.len() > block.len() {
        D::digest(key).to_vec()
    } else {
        key.to_vec()
    });
    for (byte, key) in block.iter_mut().zip(shorter.iter()) {
        *byte = *key;
    }
    let mut keyed = |pad: u8| {
        block.iter_mut().for_each(|byte| *byte ^= pad);
        let hash = D::new_with_prefix(block.as_slice());
        block.iter_mut().for_each(|byte| *byte ^= pad);
        hash
    };
    Box::new(Hmac { inner: keyed(0x36), outer: keyed(0x5c) })
}
