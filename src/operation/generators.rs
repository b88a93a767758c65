//! Random number generators: which there are, and which of them makes a key (KMIP 1.4 §3.44, KMIP 2.1
//! §4.46).

use kmip_ttlv::attribute::{Attribute, AttributeKind, RngParameters};
use kmip_ttlv::enums::RngAlgorithm;

use super::Failure;
use super::context::Context;
use crate::object::AttributeSet;

/// The generators that are described, or one that is not.
pub(super) fn all(cx: &Context<'_>) -> Vec<RngParameters> {
    let said = &cx.parts().facts.statements.generators;
    if said.is_empty() { vec![undescribed()] } else { said.clone() }
}

/// The generator of a new object: the one that the client asks for, or one that is not described.
///
/// # Errors
/// [`Failure::InvalidAttributeValue`] if there is none such.
pub(super) fn chosen(
    cx: &Context<'_>,
    attributes: &AttributeSet,
) -> Result<RngParameters, Failure> {
    match attributes.first(AttributeKind::RandomNumberGenerator) {
        Some(Attribute::RandomNumberGenerator(wanted)) if *wanted != undescribed() => {
            let found = all(cx).into_iter().find(|generator| generator == wanted);
            let missing = || "there is no such random number generator".to_owned();
            found.ok_or_else(|| Failure::InvalidAttributeValue(missing()))
        }
        _ => Ok(undescribed()),
    }
}

/// What is true of the operating system's generator: which one it is, is not ours to know.
fn undescribed() -> RngParameters {
    RngParameters {
        algorithm: RngAlgorithm::Unspecified,
        cryptographic_algorithm: None,
        cryptographic_length: None,
        hashing_algorithm: None,
        drbg_algorithm: None,
        recommended_curve: None,
        fips186_variation: None,
        prediction_resistance: None,
    }
}
