//! Prime fields (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1): the secret is one number, and the prime is
//! larger than any secret of its length.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd, Resize};
use crypto_primes::Flavor;
use zeroize::{Zeroize, Zeroizing};

use super::SplitError;
use super::field::{Elements, Field};
use crate::crypto::random::{Random, RandomError};

/// The longest prime, in bits.
pub(super) const PRIME_BITS_MAX: u32 = 8448;
/// Random bits beyond the length of the prime, so that no remainder is likelier than another.
const SURPLUS_BYTES: usize = 16;

/// Primes for those who name none, each the first one after a power of two: its exponent, and how
/// far after.
const PRIMES: &[(u32, u16)] = &[
    (128, 51),
    (192, 133),
    (256, 297),
    (384, 231),
    (512, 75),
    (1024, 643),
    (2048, 981),
    (4096, 1761),
    (8192, 897),
];

/// The integers modulo a prime.
#[derive(Debug, Clone)]
pub struct PrimeField {
    parameters: BoxedMontyParams,
    bits: u32,
    /// Whether the prime is the server's own.
    is_own: bool,
}

/// A number of a prime field; wiped wherever it is dropped.
#[derive(Clone)]
pub(super) struct Element(BoxedMontyForm);

impl Zeroize for Element {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Element {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PrimeField {
    /// The field of the smallest known prime for secrets of so many bits.
    ///
    /// # Errors
    /// [`SplitError::TooLong`] if no prime is large enough.
    pub fn for_secret(secret_bits: u32) -> Result<Self, SplitError> {
        let (exponent, after) =
            PRIMES.iter().find(|(bits, _)| *bits >= secret_bits).ok_or(SplitError::TooLong)?;
        let power = BoxedUint::one_with_precision(exponent + 1).shl(*exponent);
        let field = Self::of(power.wrapping_add(BoxedUint::from(*after)))?;
        Ok(Self { is_own: true, ..field })
    }

    /// The field of a number that a client has brought, big-endian. That it is prime is not tested.
    ///
    /// # Errors
    /// [`SplitError::NoPrime`] of what is none at sight, [`SplitError::TooLong`].
    pub fn from_bytes(prime: &[u8]) -> Result<Self, SplitError> {
        if prime.len() > PRIME_BITS_MAX as usize / 8 {
            return Err(SplitError::TooLong);
        }
        Self::of(BoxedUint::from_be_slice_vartime(prime))
    }

    fn of(prime: BoxedUint) -> Result<Self, SplitError> {
        let bits = prime.bit_width();
        // Below this there is not even a place for each part.
        if bits <= u16::BITS {
            return Err(SplitError::NoPrime);
        }
        let odd = Odd::new(prime).into_option().ok_or(SplitError::NoPrime)?;
        Ok(Self { parameters: BoxedMontyParams::new_vartime(odd), bits, is_own: false })
    }

    /// Whether the number really is a prime; takes long where it is not the server's own.
    #[must_use]
    pub fn is_prime(&self) -> bool {
        self.is_own || self.is_found_prime()
    }

    fn is_found_prime(&self) -> bool {
        crypto_primes::is_prime(Flavor::Any, self.parameters.modulus().as_ref())
    }

    /// Whether it is larger than any secret of so many bits.
    #[must_use]
    pub fn holds(&self, secret_bits: u32) -> bool {
        self.bits > secret_bits
    }

    /// The prime, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.fixed(&self.parameters.modulus().to_be_bytes()).to_vec()
    }

    fn bytes(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    /// The last bytes, as many as the prime has.
    fn fixed<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(bytes.len().saturating_sub(self.bytes())..).unwrap_or_default()
    }

    fn number(&self, bytes: &[u8]) -> Option<BoxedUint> {
        BoxedUint::from_be_slice(bytes, self.parameters.bits_precision()).ok()
    }

    fn element(&self, number: BoxedUint) -> Element {
        Element(BoxedMontyForm::new(number, &self.parameters))
    }

    /// Any number, from more bytes than it has.
    fn reduce(&self, bytes: &[u8]) -> Option<Element> {
        let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
        let mut wide = BoxedUint::from_be_slice(bytes, bits).ok()?;
        let modulus: &NonZero<BoxedUint> = self.parameters.modulus().as_nz_ref();
        let rest = wide.rem(modulus);
        wide.zeroize();
        Some(self.element(rest))
    }
}

impl Field for PrimeField {
    type Element = Element;

    fn place(&self, number: u16) -> Element {
        self.element(BoxedUint::from(number).resize(self.parameters.bits_precision()))
    }

    fn add(&self, a: &Element, b: &Element) -> Element {
        Element(a.0.add(&b.0))
    }

    fn subtract(&self, a: &Element, b: &Element) -> Element {
        Element(a.0.sub(&b.0))
    }

    fn multiply(&self, a: &Element, b: &Element) -> Element {
        Element(a.0.mul(&b.0))
    }

    fn invert(&self, a: &Element) -> Option<Element> {
        a.0.invert().into_option().map(Element)
    }

    fn random(&self, count: usize, random: &dyn Random) -> Result<Elements<Self>, RandomError> {
        let mut numbers = Zeroizing::new(Vec::with_capacity(count));
        let mut bytes = Zeroizing::new(vec![0; self.bytes() + SURPLUS_BYTES]);
        for _ in 0..count {
            random.fill(&mut bytes)?;
            numbers.extend(self.reduce(&bytes));
        }
        Ok(numbers)
    }

    fn read(&self, bytes: &[u8]) -> Option<Elements<Self>> {
        let number = self.number(bytes)?;
        if number >= *self.parameters.modulus().as_ref() {
            return None;
        }
        Some(Zeroizing::new(vec![self.element(number)]))
    }

    fn write(&self, elements: &[Element]) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::new());
        for element in elements {
            let mut number = element.0.retrieve();
            let written = Zeroizing::new(number.to_be_bytes().into_vec());
            number.zeroize();
            bytes.extend_from_slice(self.fixed(&written));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primes_of_the_table_are_primes_and_hold_their_secrets() {
        for (bits, _) in PRIMES.iter().filter(|(bits, _)| *bits <= 1024) {
            let field = PrimeField::for_secret(*bits).unwrap();
            assert!(field.is_found_prime() && field.holds(*bits) && !field.holds(bits + 1));
        }
        assert!(PrimeField::for_secret(8192).unwrap().bits <= PRIME_BITS_MAX);
        assert!(matches!(PrimeField::for_secret(8193), Err(SplitError::TooLong)));
    }
}
