//! Padding to whole blocks (KMIP 1.4 §9.1.3.2.15, KMIP 2.1 §11.37).

use kmip_ttlv::enums::PaddingMethod;
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};

use super::super::error::Error;
use super::super::random::Random;

/// Whether the end of the data shows only after the last block has been decrypted.
pub(super) fn is_removed(method: PaddingMethod) -> bool {
    method != PaddingMethod::None
}

/// Pads `data` to whole blocks of `block_bytes`.
///
/// `Zeros` adds nothing to whole blocks; the others, which can be removed without doubt, then add a
/// block.
///
/// # Errors
/// [`Error::NotWholeBlocks`] if there is no padding and there should be, [`Error::Unsupported`] for
/// a method that is not for block ciphers.
pub(super) fn pad(
    method: PaddingMethod,
    block_bytes: usize,
    data: &mut Vec<u8>,
    random: &dyn Random,
) -> Result<(), Error> {
    let missing = block_bytes - data.len() % block_bytes;
    let count = u8::try_from(missing).map_err(|_| Error::Unsupported)?;
    let start = data.len();
    match method {
        PaddingMethod::None | PaddingMethod::Zeros if missing == block_bytes => {}
        PaddingMethod::None => return Err(Error::NotWholeBlocks),
        PaddingMethod::Zeros => data.resize(start + missing, 0),
        PaddingMethod::Pkcs5 => data.resize(start + missing, count),
        PaddingMethod::Ansix9_23 => {
            data.resize(start + missing - 1, 0);
            data.push(count);
        }
        PaddingMethod::Iso10126 => {
            data.resize(start + missing - 1, 0);
            random.fill(data.get_mut(start..).unwrap_or_default())?;
            data.push(count);
        }
        _ => return Err(Error::Unsupported),
    }
    Ok(())
}

/// How many bytes of the last block of a padded text are text.
///
/// For the methods that end in a count, time does not depend on what the block holds. `Zeros`
/// cannot tell its own zeros from those at the end of the text, and takes them all.
///
/// # Errors
/// [`Error::Rejected`] if the block is not padded in this way.
pub(super) fn text_bytes(method: PaddingMethod, block: &[u8]) -> Result<usize, Error> {
    if method == PaddingMethod::Zeros {
        let zeros = block.iter().rev().take_while(|byte| **byte == 0).count();
        // A block of padding alone is never added.
        return Ok(block.len() - zeros.min(block.len() - 1));
    }
    let size = u8::try_from(block.len()).map_err(|_| Error::Unsupported)?;
    let count = *block.last().ok_or(Error::Rejected)?;
    let mut good = !count.ct_eq(&0) & !count.ct_gt(&size);
    // From the byte before the count backwards: the second byte of padding, the third, …
    for (number, byte) in (1_u8..).zip(block.iter().rev().skip(1)) {
        let fits = match method {
            PaddingMethod::Pkcs5 => byte.ct_eq(&count),
            PaddingMethod::Ansix9_23 => byte.ct_eq(&0),
            PaddingMethod::Iso10126 => Choice::from(1),
            _ => return Err(Error::Unsupported),
        };
        good &= fits | !number.ct_lt(&count);
    }
    if bool::from(good) { Ok(usize::from(size - count)) } else { Err(Error::Rejected) }
}
