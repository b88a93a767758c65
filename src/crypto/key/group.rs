//! The groups in which DSA and Diffie-Hellman keys are numbers, and their parameters in ASN.1: RFC
//! 3279 §2.3.2 (DSA), §2.3.3 (Diffie-Hellman in a group whose q is known), and PKCS#3 §9 (in one whose
//! q is not).

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{NonZero, Odd, Resize};
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{Any, AnyRef, BitStringRef, UintRef};
use pkcs8::der::{self, Decode, Encode, Reader, Tag};
use pkcs8::spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use zeroize::Zeroizing;

use super::KeyError;
use super::number::{self, BITS_MAX, Number, boxed, is_odd, trimmed, uint};

/// DSA.
pub(super) const ID_DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
/// Diffie-Hellman with the parameters of X9.42.
pub(super) const ID_DH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
/// Diffie-Hellman with those of PKCS#3.
pub(super) const ID_DH_PKCS3: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");

/// The longest modulus and private number whose public half is computed, in bits.
const COMPUTED_BITS_MAX: (usize, usize) = (8192, 512);

/// What a key's numbers are numbers of: the powers of g modulo the prime p. There are q of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) p: Vec<u8>,
    /// A divisor of p - 1.
    pub(super) q: Option<Vec<u8>>,
    pub(super) g: Vec<u8>,
    /// (p - 1) / q, where the key says it.
    pub(super) j: Option<Vec<u8>>,
}

impl Group {
    /// The group of these numbers, if they belong to each other. Whether those that must be are
    /// primes is not tested.
    pub(super) fn new(
        p: &[u8],
        q: Option<&[u8]>,
        g: &[u8],
        j: Option<&[u8]>,
    ) -> Result<Self, KeyError> {
        let own = |number: &[u8]| trimmed(number).to_vec();
        let mut group = Self { p: own(p), q: q.map(own), g: own(g), j: j.map(own) };
        if !is_odd(&group.p) || group.bits() > BITS_MAX || !group.has(&group.g) {
            return Err(KeyError::Malformed);
        }
        if let Some(j) = &group.j {
            let quotient = group.over(j)?;
            if group.q.as_ref().is_some_and(|q| *q != quotient) {
                return Err(KeyError::Malformed);
            }
            group.q = Some(quotient);
        }
        match &group.q {
            Some(q) if !is_odd(q) || group.over(q).is_err() => Err(KeyError::Malformed),
            _ => Ok(group),
        }
    }

    pub(super) fn bits(&self) -> usize {
        number::bits(&self.p)
    }

    pub(super) fn q_bits(&self) -> Option<usize> {
        self.q.as_deref().map(number::bits)
    }

    /// p - 1.
    fn below(&self) -> Vec<u8> {
        let mut below = self.p.clone();
        if let Some(last) = below.last_mut() {
            *last &= !1;
        }
        below
    }

    /// Whether a number can be a power of the generator, which neither 1 nor p - 1 is (SP 800-56A
    /// §5.6.2.3.1).
    pub(super) fn has(&self, number: &[u8]) -> bool {
        is_less(&[1], number) && is_less(number, &self.below())
    }

    /// Whether a number can be a private one.
    pub(super) fn has_exponent(&self, number: &[u8]) -> bool {
        let end = self.q.clone().unwrap_or_else(|| self.below());
        !number.is_empty() && is_less(number, &end)
    }

    /// (p - 1) / divisor, without a remainder.
    fn over(&self, divisor: &[u8]) -> Result<Vec<u8>, KeyError> {
        let quotient = || {
            let divisor = NonZero::new(boxed(divisor)?).into_option()?;
            boxed(&self.below())?.div_exact(&divisor).into_option()
        };
        let quotient = quotient().ok_or(KeyError::Malformed)?;
        Ok(trimmed(&quotient.to_be_bytes()).to_vec())
    }

    /// The parameters of DSA.
    pub(super) fn dsa(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, KeyError> {
        let [p, q, g] = parameters(algorithm, |fields| {
            Ok([UintRef::decode(fields)?, UintRef::decode(fields)?, UintRef::decode(fields)?])
        })?;
        Self::new(p.as_bytes(), Some(q.as_bytes()), g.as_bytes(), None)
    }

    /// The parameters of Diffie-Hellman.
    pub(super) fn dh(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, KeyError> {
        if algorithm.oid == ID_DH_PKCS3 {
            let [p, g] = parameters(algorithm, |fields| {
                let numbers = [UintRef::decode(fields)?, UintRef::decode(fields)?];
                // How long private numbers are has no place in KMIP.
                Option::<UintRef<'_>>::decode(fields)?;
                Ok(numbers)
            })?;
            return Self::new(p.as_bytes(), None, g.as_bytes(), None);
        }
        let ([p, g, q], j) = parameters(algorithm, |fields| {
            let numbers =
                [UintRef::decode(fields)?, UintRef::decode(fields)?, UintRef::decode(fields)?];
            let j = Option::<UintRef<'_>>::decode(fields)?;
            // Nor has how the primes were found.
            if !fields.is_finished() {
                AnyRef::decode(fields)?.sequence(|found| {
                    BitStringRef::decode(found)?;
                    UintRef::decode(found)
                })?;
            }
            Ok((numbers, j))
        })?;
        let j = j.map(|j| j.as_bytes());
        Self::new(p.as_bytes(), Some(q.as_bytes()), g.as_bytes(), j)
    }

    /// The identifier of DSA in this group.
    pub(super) fn to_dsa(&self) -> Result<AlgorithmIdentifierOwned, KeyError> {
        let q = self.q.as_ref().ok_or(KeyError::NoSuchForm)?;
        identifier(ID_DSA, &[&self.p, q, &self.g])
    }

    /// The identifier of Diffie-Hellman in this group.
    pub(super) fn to_dh(&self) -> Result<AlgorithmIdentifierOwned, KeyError> {
        let Some(q) = &self.q else {
            return identifier(ID_DH_PKCS3, &[&self.p, &self.g]);
        };
        let mut numbers = vec![self.p.as_slice(), &self.g, q];
        numbers.extend(self.j.as_deref());
        identifier(ID_DH, &numbers)
    }

    /// g to the power of a private number.
    pub(super) fn power(&self, exponent: &Number) -> Option<Vec<u8>> {
        let (modulus_bits, exponent_bits) = COMPUTED_BITS_MAX;
        if self.bits() > modulus_bits || number::bits(exponent.expose()) > exponent_bits {
            return None;
        }
        let modulus = Odd::new(boxed(&self.p)?).into_option()?;
        let generator = boxed(&self.g)?.resize(modulus.bits_precision());
        let exponent = Zeroizing::new(boxed(exponent.expose())?);
        let parameters = BoxedMontyParams::new_vartime(modulus);
        let power = BoxedMontyForm::new(generator, &parameters).pow(&exponent).retrieve();
        Some(trimmed(&power.to_be_bytes()).to_vec())
    }
}

/// The parameters of an algorithm, which must be there: those that a certificate takes over from its
/// issuer's are not known here.
fn parameters<'a, T>(
    algorithm: AlgorithmIdentifierRef<'a>,
    read: impl FnOnce(&mut der::SliceReader<'a>) -> der::Result<T>,
) -> Result<T, KeyError> {
    match algorithm.parameters {
        None => Err(KeyError::Unreadable),
        Some(parameters) if parameters.is_null() => Err(KeyError::Unreadable),
        Some(parameters) => parameters.sequence(read).map_err(KeyError::malformed),
    }
}

/// The identifier of an algorithm whose parameters are INTEGERs, one after the other.
fn identifier(
    oid: ObjectIdentifier,
    numbers: &[&[u8]],
) -> Result<AlgorithmIdentifierOwned, KeyError> {
    let mut content = Vec::new();
    for number in numbers {
        uint(number)?.encode_to_vec(&mut content).map_err(KeyError::malformed)?;
    }
    let parameters = Any::new(Tag::Sequence, content).map_err(KeyError::malformed)?;
    Ok(AlgorithmIdentifierOwned { oid, parameters: Some(parameters) })
}

/// Compares numbers without leading zeros.
fn is_less(one: &[u8], other: &[u8]) -> bool {
    (one.len(), one) < (other.len(), other)
}
