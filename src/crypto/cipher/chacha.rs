//! ChaCha20 and ChaCha20-Poly1305 (RFC 8439), in parts; ChaCha20 also as it was first published, with a
//! nonce of 8 bytes and a counter of 64 bits, which KMIP's clients use.

use aes::cipher::{KeyIvInit, StreamCipher};
use chacha20::{ChaCha20, ChaCha20Legacy};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use zeroize::Zeroizing;

use super::super::error::Error;
use super::engine::{Authenticated, Transform};
use super::padded::Padded;
use super::table::BLOCK_BYTES;

/// Bytes of one block of key stream.
const STREAM_BLOCK_BYTES: usize = 64;
/// Bytes of a key for Poly1305.
const MAC_KEY_BYTES: usize = 32;

/// A key stream that is added to the data.
struct Keystream<C>(C);

impl<C: StreamCipher + Send> Transform for Keystream<C> {
    fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}

/// ChaCha20 from block 0 on, with a nonce of 8 or 12 bytes.
pub(super) fn chacha20(key: &[u8], nonce: &[u8]) -> Result<Box<dyn Transform>, Error> {
    if key.len() != MAC_KEY_BYTES {
        return Err(Error::BadKeyLength);
    }
    let bad_nonce = |_| Error::BadIvLength;
    Ok(match nonce.len() {
        8 => Box::new(Keystream(ChaCha20Legacy::new_from_slices(key, nonce).map_err(bad_nonce)?)),
        _ => Box::new(Keystream(ChaCha20::new_from_slices(key, nonce).map_err(bad_nonce)?)),
    })
}

/// One message of ChaCha20-Poly1305.
pub(super) struct ChaChaPoly {
    keystream: ChaCha20,
    mac: Padded<Poly1305>,
    aad_bytes: u64,
    text_bytes: u64,
}

impl ChaChaPoly {
    /// Starts a message (RFC 8439 §2.8): the first block of key stream gives the key of the MAC.
    pub(super) fn new(key: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Self, Error> {
        if key.len() != MAC_KEY_BYTES {
            return Err(Error::BadKeyLength);
        }
        let mut keystream =
            ChaCha20::new_from_slices(key, nonce).map_err(|_| Error::BadIvLength)?;
        let mut first = Zeroizing::new([0; STREAM_BLOCK_BYTES]);
        keystream.apply_keystream(first.as_mut_slice());
        let (mac_key, _) = first.split_at(MAC_KEY_BYTES);
        let mac = Poly1305::new_from_slice(mac_key).map_err(|_| Error::BadKeyLength)?;
        let mut mac = Padded::new(mac);
        mac.update(aad);
        mac.pad();
        Ok(Self { keystream, mac, aad_bytes: aad.len() as u64, text_bytes: 0 })
    }
}

impl Authenticated for ChaChaPoly {
    fn encrypt(&mut self, data: &mut [u8]) {
        self.keystream.apply_keystream(data);
        self.absorb(data);
    }

    fn absorb(&mut self, ciphertext: &[u8]) {
        self.mac.update(ciphertext);
        self.text_bytes += ciphertext.len() as u64;
    }

    fn decrypt(&mut self, data: &mut [u8]) {
        self.keystream.apply_keystream(data);
    }

    fn tag(&mut self) -> [u8; BLOCK_BYTES] {
        self.mac.pad();
        let lengths = u128::from(self.text_bytes) << 64 | u128::from(self.aad_bytes);
        self.mac.finish(&lengths.to_le_bytes())
    }
}
