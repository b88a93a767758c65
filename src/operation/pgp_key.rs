//! PGP Keys as values of objects (KMIP 1.4 §2.2.9, KMIP 2.1 §2.4): checked against what is said of
//! them, where the server can read them, and kept as they are.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::object::PgpKey;

use super::{Failure, key_pair_value, value};
use crate::crypto::openpgp::{self, Description};
use crate::object::AttributeSet;

/// Checks a key that a client brings, and says of it what is not said yet.
///
/// # Errors
/// [`Failure::InvalidField`] for a key that is another than is said, or that the server cannot read
/// and nobody describes.
pub(super) fn check(key: &PgpKey, attributes: &mut AttributeSet) -> Result<(), Failure> {
    if key.key_block.value.is_none() {
        return Ok(());
    }
    let Some(found) = value::block_bytes(&key.key_block).and_then(openpgp::describe) else {
        return key_pair_value::check_described(attributes);
    };
    if i32::from(found.version) != key.version {
        return Err(Failure::InvalidField("the key has another PGP Key Version".into()));
    }
    key_pair_value::say("key", found.attributes(), attributes)?;
    key_pair_value::check_described(attributes)
}

impl Description {
    /// What it says, as attributes.
    pub(super) fn attributes(self) -> impl Iterator<Item = Attribute> {
        let bits = self.bits.and_then(|bits| i32::try_from(bits).ok());
        let algorithm = self.algorithm.map(Attribute::CryptographicAlgorithm);
        algorithm.into_iter().chain(bits.map(Attribute::CryptographicLength))
    }
}
