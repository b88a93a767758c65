//! RSASSA-PSS (RFC 8017 §8.1, §9.1) where the mask is made with another hash than the digest, which
//! the crate does not do: Java does so unless it is told otherwise. The RSA operation is the
//! crate's, blinded.

use kmip_ttlv::enums::HashingAlgorithm;
use rsa::hazmat::{rsa_decrypt_and_check, rsa_encrypt};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey, PublicKey};
use subtle::ConstantTimeEq;

use super::error::Error;
use super::hash::hash;
use super::random::Random;
use super::rng::Source;

/// The hashes of a signature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashes {
    /// That of the digest.
    pub(super) digest: HashingAlgorithm,
    /// That of the mask.
    pub(super) mask: HashingAlgorithm,
}

/// The last byte of an encoded message (trailer field 1).
const TRAILER: u8 = 0xbc;

/// Signs a digest with so many bytes of salt.
///
/// # Errors
/// [`Error::BadKeyLength`] for a key that is too short, or without randomness.
pub(super) fn sign(
    key: &PrivateKey,
    hashes: Hashes,
    salt_bytes: usize,
    digest: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, Error> {
    let bits = encoded_bits(key.as_public_key());
    let room = bits.div_ceil(8).checked_sub(digest.len() + 2).ok_or(Error::BadKeyLength)?;
    let zeros = room.checked_sub(salt_bytes).ok_or(Error::BadKeyLength)?;
    let mut salt = vec![0; salt_bytes];
    random.fill(&mut salt)?;
    let h = hash(hashes.digest, &[&[0; 8], digest, &salt].concat())?;
    let mut block = vec![0; zeros];
    block.push(1);
    block.extend_from_slice(&salt);
    mask(&mut block, &h, hashes.mask)?;
    clear_unused(&mut block, bits);
    let encoded = [block.as_slice(), &h, &[TRAILER]].concat();
    let number = number(&encoded, key.as_public_key()).ok_or(Error::BadKeyLength)?;
    let signature = rsa_decrypt_and_check(key, Some(&mut Source(random)), &number);
    let signature = signature.map_err(|_| Error::BadKeyLength)?;
    Ok(fixed(&signature, key.as_public_key().size()))
}

/// Whether a signature is one of a digest; with so many bytes of salt, if it is said how many.
///
/// # Errors
/// [`Error::UnsupportedHash`].
pub(super) fn verify(
    key: &PublicKey,
    hashes: Hashes,
    salt_bytes: Option<usize>,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, Error> {
    let Some(encoded) = opened(key, signature) else { return Ok(false) };
    let bits = encoded_bits(key);
    let Some((&[TRAILER], rest)) = encoded.split_last_chunk().map(|(rest, last)| (last, rest))
    else {
        return Ok(false);
    };
    let Some(split) = rest.len().checked_sub(digest.len()) else { return Ok(false) };
    let (block, h) = rest.split_at(split);
    let unused = unused_bits(block.len(), h.len(), bits);
    if block.first().is_none_or(|first| u32::from(*first) >> (8 - unused) != 0) {
        return Ok(false);
    }
    let mut block = block.to_vec();
    mask(&mut block, h, hashes.mask)?;
    clear_unused(&mut block, bits);
    let zeros = block.iter().take_while(|byte| **byte == 0).count();
    let Some((&1, salt)) = block.get(zeros..).and_then(<[u8]>::split_first) else {
        return Ok(false);
    };
    if salt_bytes.is_some_and(|bytes| bytes != salt.len()) {
        return Ok(false);
    }
    let expected = hash(hashes.digest, &[&[0; 8], digest, salt].concat())?;
    Ok(expected.ct_eq(h).into())
}

/// Bits of the encoded message: one less than the modulus has.
fn encoded_bits(key: &PublicKey) -> usize {
    usize::try_from(key.n().bit_width_vartime().saturating_sub(1)).unwrap_or_default()
}

/// Bits at the beginning of the block that the encoded message does not have.
fn unused_bits(block: usize, h: usize, bits: usize) -> u32 {
    let whole = (block + h + 1).saturating_mul(8);
    u32::try_from(whole.saturating_sub(bits)).unwrap_or(8).min(8)
}

fn clear_unused(block: &mut [u8], bits: usize) {
    let unused = bits.div_ceil(8).saturating_mul(8).saturating_sub(bits);
    if let Some(first) = block.first_mut() {
        *first &= u8::MAX.checked_shr(u32::try_from(unused).unwrap_or(8)).unwrap_or(0);
    }
}

/// Adds MGF1 of a seed (RFC 8017 §B.2.1).
fn mask(block: &mut [u8], seed: &[u8], algorithm: HashingAlgorithm) -> Result<(), Error> {
    let step = hash(algorithm, &[])?.len();
    for (counter, piece) in (0_u32..).zip(block.chunks_mut(step)) {
        let pad = hash(algorithm, &[seed, &counter.to_be_bytes()].concat())?;
        for (byte, pad) in piece.iter_mut().zip(pad) {
            *byte ^= pad;
        }
    }
    Ok(())
}

/// The encoded message that a signature holds, if its number is below the modulus and fits.
fn opened(key: &PublicKey, signature: &[u8]) -> Option<Vec<u8>> {
    if signature.len() != key.size() {
        return None;
    }
    let signature = number(signature, key)?;
    if signature >= *key.n().as_ref() {
        return None;
    }
    let encoded = fixed(&rsa_encrypt(key, &signature).ok()?, key.size());
    let length = encoded_bits(key).div_ceil(8);
    let (beyond, encoded) = encoded.split_at(encoded.len().checked_sub(length)?);
    beyond.iter().all(|byte| *byte == 0).then(|| encoded.to_vec())
}

fn number(bytes: &[u8], key: &PublicKey) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, key.n_bits_precision()).ok()
}

/// The number in exactly so many bytes, which hold it.
fn fixed(number: &BoxedUint, length: usize) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let from = bytes.len().saturating_sub(length);
    let mut fixed = vec![0; length.saturating_sub(bytes.len())];
    fixed.extend_from_slice(bytes.get(from..).unwrap_or_default());
    fixed
}
