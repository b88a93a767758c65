//! Numbers of keys: without a sign and without leading zeros, most significant byte first.

use ::rsa::BoxedUint;
use kmip_ttlv::{BigInteger, Secret};
use pkcs1::UintRef;

use super::KeyError;

/// The longest number that is read, in bits. Longer ones only cost time.
pub(super) const BITS_MAX: usize = 16_384;

/// A number that is kept secret.
pub(super) type Number = Secret<Vec<u8>>;

pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

pub(super) fn number(bytes: &[u8]) -> Number {
    Secret::new(trimmed(bytes).to_vec())
}

/// Bits of a number without leading zeros.
pub(super) fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len().saturating_mul(8).saturating_sub(leading as usize)
}

pub(super) fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

pub(super) fn unsigned(number: &BigInteger) -> Result<&[u8], KeyError> {
    number.as_unsigned().ok_or(KeyError::Malformed)
}

pub(super) fn uint(number: &[u8]) -> Result<UintRef<'_>, KeyError> {
    UintRef::new(number).map_err(KeyError::malformed)
}

/// The number to be computed with, unless it is too long for that.
pub(super) fn boxed(number: &[u8]) -> Option<BoxedUint> {
    if number.len() > BITS_MAX / 8 {
        return None;
    }
    let bits = u32::try_from(number.len().checked_mul(8)?).ok()?;
    BoxedUint::from_be_slice(number, bits).ok()
}
