//! Split Key objects as values: checked, made of a part's bytes, and read again (KMIP 1.4 §2.2.5,
//! KMIP 2.1 §2.8).

use kmip_ttlv::attribute::{Attribute, AttributeReference, CustomAttribute};
use kmip_ttlv::enums::{KeyFormatType, SplitKeyMethod};
use kmip_ttlv::object::SplitKey;
use kmip_ttlv::{BigInteger, Value, Version};

use super::context::{Context, Held};
use super::{Failure, register};
use crate::crypto::split::{Method, Plan, Polynomial, PrimeField, SplitError};
use crate::object::{AttributeSet, Object};

/// The server's own attribute that says by which polynomial a part was made, as a number whose bits
/// are the coefficients: KMIP 2.0 took another one than KMIP 1.x has, and the object does not say.
const POLYNOMIAL: &str = "Split Key Polynomial";

/// The server's own attribute that all parts of one splitting have alike.
const SPLITTING: &str = "Split Identifier";

impl From<SplitError> for Failure {
    fn from(error: SplitError) -> Self {
        use SplitError as E;
        match error {
            E::BadNumbers | E::NotAllParts | E::NoPrime | E::Empty => {
                Self::InvalidField(error.to_string())
            }
            E::TooLong => Self::LimitExceeded("so long a key or prime is not split with"),
            E::TooFew => Self::CryptographicFailure("fewer parts are given than are needed"),
            E::Inconsistent => Self::CryptographicFailure("the parts do not belong together"),
            E::Random(error) => error.into(),
        }
    }
}

/// The polynomial of the version in which a client speaks.
pub(super) fn polynomial(version: Version) -> Polynomial {
    if version.is_2x() { Polynomial::P285 } else { Polynomial::P283 }
}

/// The method that a client means; `field` gives the prime field of the one that has one.
///
/// # Errors
/// [`Failure::InvalidField`] for one that its version does not know, and those of `field`.
pub(super) fn method(
    version: Version,
    method: SplitKeyMethod,
    polynomial: Polynomial,
    field: impl FnOnce() -> Result<PrimeField, Failure>,
) -> Result<Method, Failure> {
    match method {
        known if !known.is_in(version) => {
            Err(Failure::InvalidField("the Split Key Method is not supported".into()))
        }
        SplitKeyMethod::Xor => Ok(Method::Xor),
        SplitKeyMethod::PolynomialSharingGf2_8 => Ok(Method::Gf8(polynomial)),
        SplitKeyMethod::PolynomialSharingGf2_16 => Ok(Method::Gf16(polynomial)),
        SplitKeyMethod::PolynomialSharingPrimeField => Ok(Method::Prime(field()?)),
        SplitKeyMethod::Unknown(_) => {
            Err(Failure::InvalidField("the Split Key Method is not supported".into()))
        }
    }
}

/// The field of the prime that is named.
///
/// # Errors
/// [`Failure::InvalidField`] of none, or of what is no prime at sight.
pub(super) fn field(prime: Option<&BigInteger>) -> Result<PrimeField, Failure> {
    let prime =
        prime.ok_or_else(|| Failure::InvalidField("the Prime Field Size is missing".into()))?;
    Ok(PrimeField::from_bytes(prime.as_unsigned().unwrap_or_default())?)
}

/// Checks a part that a client brings. It was made by the polynomial of the client's version,
/// unless it says itself by which.
///
/// # Errors
/// What is wrong with it.
pub(super) fn accept(
    cx: &Context<'_>,
    mut part: SplitKey,
    attributes: &mut AttributeSet,
) -> Result<SplitKey, Failure> {
    part.key_block = register::accept_block(cx, part.key_block, attributes)?;
    register::check_format(&part.key_block, &[KeyFormatType::Raw, KeyFormatType::Opaque])?;
    register::agree(&part.key_block, attributes)?;
    register::complete(&mut part.key_block, attributes);
    let polynomial = polynomial_of(attributes).unwrap_or_else(|| polynomial(cx.version()));
    let plan = plan(cx.version(), &part, polynomial)?;
    if !(1..=part.parts).contains(&part.part) {
        return Err(Failure::InvalidField("the Key Part Identifier is none of the parts".into()));
    }
    note_polynomial(&plan, attributes);
    Ok(part)
}

/// How the key was split that this is a part of.
///
/// # Errors
/// What is wrong with what the part says.
pub(super) fn plan(
    version: Version,
    part: &SplitKey,
    polynomial: Polynomial,
) -> Result<Plan, Failure> {
    let prime = || field(part.prime_field_size.as_ref());
    let method = method(version, part.method, polynomial, prime)?;
    // XOR needs all parts, whatever threshold a part from elsewhere has been given.
    let threshold = if matches!(method, Method::Xor) { part.parts } else { part.threshold };
    Ok(Plan::new(method, part.parts, threshold)?)
}

/// Says in the attributes of a part by which polynomial it was made, if by any.
pub(super) fn note_polynomial(plan: &Plan, attributes: &mut AttributeSet) {
    if let Method::Gf8(polynomial) | Method::Gf16(polynomial) = plan.method() {
        attributes.put(own(POLYNOMIAL, Value::Integer(polynomial.number())));
    }
}

/// Says in the attributes of a part which splitting it comes from.
pub(super) fn note_splitting(splitting: String, attributes: &mut AttributeSet) {
    attributes.put(own(SPLITTING, Value::TextString(splitting.into())));
}

/// The polynomial by which a part was made, if that is known.
pub(super) fn polynomial_of(attributes: &AttributeSet) -> Option<Polynomial> {
    match read(attributes, POLYNOMIAL)? {
        Value::Integer(number) => Polynomial::from_number(*number),
        _ => None,
    }
}

/// Which splitting a part comes from, if the server has made it.
pub(super) fn splitting_of(attributes: &AttributeSet) -> Option<&Value> {
    read(attributes, SPLITTING)
}

/// A new object has not always been sensitive, nor never extractable, if those were not that its
/// value comes from.
pub(super) fn remember<'a>(object: &mut Object, sources: impl Iterator<Item = &'a Held>) {
    for source in sources.map(Held::object) {
        if source.always_sensitive() != Some(true) {
            object.attributes.put(Attribute::AlwaysSensitive(false));
        }
        if source.never_extractable() != Some(true) {
            object.attributes.put(Attribute::NeverExtractable(false));
        }
    }
}

fn own(name: &str, value: Value) -> Attribute {
    Attribute::Custom(CustomAttribute { vendor: "y".to_owned(), name: name.to_owned(), value })
}

fn read<'a>(attributes: &'a AttributeSet, name: &str) -> Option<&'a Value> {
    let meant = AttributeReference::Custom { vendor: "y".to_owned(), name: name.to_owned() };
    match &attributes.instances(&meant).next()?.attribute {
        Attribute::Custom(custom) => Some(&custom.value),
        _ => None,
    }
}
