//! GF(2^8) and GF(2^16) (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1), without tables and without branches on
//! secret bytes.

use zeroize::Zeroizing;

use super::field::{Elements, Field};
use crate::crypto::random::{Random, RandomError};

/// The polynomial that GF(2^8) is taken modulo.
///
/// KMIP 1.x has that of FIPS 197; KMIP 2.0 has named another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polynomial {
    /// x^8 + x^4 + x^3 + x + 1.
    P283,
    /// x^8 + x^4 + x^3 + x^2 + 1.
    P285,
}

impl Polynomial {
    /// The one that has this number, its coefficients as bits.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::P283, Self::P285].into_iter().find(|polynomial| polynomial.number() == number)
    }

    /// Its coefficients as bits.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::P283 => 283,
            Self::P285 => 285,
        }
    }

    /// The polynomial less its highest term.
    fn reduction(self) -> u8 {
        match self {
            Self::P283 => 0x1b,
            Self::P285 => 0x1d,
        }
    }

    fn multiply(self, a: u8, b: u8) -> u8 {
        let (mut power, mut product) = (a, 0);
        for bit in 0..8 {
            product ^= power & mask(b >> bit);
            power = (power << 1) ^ (self.reduction() & mask(power >> 7));
        }
        product
    }

    /// The inverse, a^254; 0 of 0.
    fn invert(self, a: u8) -> u8 {
        let mut inverse = 1;
        // 254 is seven ones and a zero.
        for _ in 0..7 {
            inverse = self.multiply(self.multiply(inverse, inverse), a);
        }
        self.multiply(inverse, inverse)
    }
}

/// All ones if the last bit is one, else all zeros.
fn mask(bit: u8) -> u8 {
    0_u8.wrapping_sub(bit & 1)
}

/// GF(2^8).
#[derive(Debug, Clone, Copy)]
pub(super) struct Gf8(pub(super) Polynomial);

/// GF(2^16) as GF(2^8)\[y\] / (y^2 + y + m): a number uy + v is the bytes u and v.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gf16(pub(super) Polynomial);

/// The element m.
const M: u8 = 0x3a;

impl Gf16 {
    /// The text's formula has m at the wrong one of the two terms: there, 1 times 1 were m. This is
    /// the product that its modulus and its formula of the inverse mean.
    fn product(self, one: u16, other: u16) -> u16 {
        let times = |one, other| self.0.multiply(one, other);
        let ([r, s], [u, v]) = (one.to_be_bytes(), other.to_be_bytes());
        let low = times(s, v);
        u16::from_be_bytes([times(r ^ s, u ^ v) ^ low, times(times(r, u), M) ^ low])
    }

    fn inverse(self, a: u16) -> u16 {
        let times = |a, b| self.0.multiply(a, b);
        let [u, v] = a.to_be_bytes();
        let d = times(u ^ v, v) ^ times(M, times(u, u));
        let d = self.0.invert(d);
        u16::from_be_bytes([times(u, d), times(u ^ v, d)])
    }
}

impl Field for Gf8 {
    type Element = u8;

    fn place(&self, number: u16) -> u8 {
        u8::try_from(number).unwrap_or_default()
    }

    fn add(&self, a: &u8, b: &u8) -> u8 {
        a ^ b
    }

    fn subtract(&self, a: &u8, b: &u8) -> u8 {
        a ^ b
    }

    fn multiply(&self, a: &u8, b: &u8) -> u8 {
        self.0.multiply(*a, *b)
    }

    fn invert(&self, a: &u8) -> Option<u8> {
        (*a != 0).then(|| self.0.invert(*a))
    }

    fn random(&self, count: usize, random: &dyn Random) -> Result<Elements<Self>, RandomError> {
        let mut numbers = Zeroizing::new(vec![0; count]);
        random.fill(&mut numbers)?;
        Ok(numbers)
    }

    fn read(&self, bytes: &[u8]) -> Option<Elements<Self>> {
        Some(Zeroizing::new(bytes.to_vec()))
    }

    fn write(&self, elements: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(elements.to_vec())
    }
}

impl Field for Gf16 {
    type Element = u16;

    fn place(&self, number: u16) -> u16 {
        number
    }

    fn add(&self, a: &u16, b: &u16) -> u16 {
        a ^ b
    }

    fn subtract(&self, a: &u16, b: &u16) -> u16 {
        a ^ b
    }

    fn multiply(&self, a: &u16, b: &u16) -> u16 {
        self.product(*a, *b)
    }

    fn invert(&self, a: &u16) -> Option<u16> {
        (*a != 0).then(|| self.inverse(*a))
    }

    fn random(&self, count: usize, random: &dyn Random) -> Result<Elements<Self>, RandomError> {
        let mut bytes = Zeroizing::new(vec![0; count * 2]);
        random.fill(&mut bytes)?;
        Ok(self.read(&bytes).unwrap_or_default())
    }

    /// A secret of an odd number of bytes gets a zero in front.
    fn read(&self, bytes: &[u8]) -> Option<Elements<Self>> {
        let mut numbers = Vec::with_capacity(bytes.len().div_ceil(2));
        let (first, pairs) = bytes.split_at(bytes.len() % 2);
        numbers.extend(first.iter().map(|byte| u16::from(*byte)));
        numbers.extend(pairs.chunks_exact(2).map(|pair| match pair {
            [u, v] => u16::from_be_bytes([*u, *v]),
            _ => 0,
        }));
        Some(Zeroizing::new(numbers))
    }

    fn write(&self, elements: &[u16]) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(elements.len() * 2));
        for element in elements {
            bytes.extend_from_slice(&element.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197 §4.2 and §4.2.1, and the same product by the other polynomial by hand.
    #[test]
    fn products_are_those_of_the_standard() {
        assert_eq!(Polynomial::P283.multiply(0x57, 0x83), 0xc1);
        assert_eq!(Polynomial::P283.multiply(0x57, 0x13), 0xfe);
        assert_eq!(Polynomial::P285.multiply(0x80, 0x02), 0x1d);
    }

    #[test]
    fn every_number_but_0_has_its_inverse() {
        for polynomial in [Polynomial::P283, Polynomial::P285] {
            for number in 1..=u8::MAX {
                assert_eq!(polynomial.multiply(number, polynomial.invert(number)), 1);
            }
            let field = Gf16(polynomial);
            for number in 1..=u16::MAX {
                let inverse = field.invert(&number).unwrap();
                assert_eq!(field.product(number, inverse), 1, "{number:04x}");
            }
            assert_eq!(field.invert(&0), None);
        }
    }
}
