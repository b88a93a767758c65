//! An object's attributes as clients see them: those that are kept, and those that follow from the
//! object itself.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, IndexedAttribute};
use kmip_ttlv::enums::{HashingAlgorithm, ObjectType};

use super::context::{Context, Held};
use super::{Failure, value};
use crate::crypto::hash::hash;
use crate::object::{Object, rules, set};

/// The Operation Policy Name of objects that were given none: `PyKMIP` and Synology look for it.
pub(super) const OPERATION_POLICY: &str = "default";

/// Every attribute that a client of `version` may know of.
///
/// # Errors
/// That of the hash, which is always there.
pub(super) fn shown(object: &Object, version: Version) -> Result<Vec<IndexedAttribute>, Failure> {
    let derived = derived(object)?.into_iter().map(IndexedAttribute::from);
    let kept = object.attributes.iter().cloned();
    let mut all: Vec<IndexedAttribute> = derived.chain(kept).collect();
    all.retain(|instance| is_shown(object, &instance.attribute, version));
    if version < Version::V1_2 {
        for instance in &mut all {
            as_in_1_1(&mut instance.attribute);
        }
    }
    Ok(all)
}

/// Takes out of an attribute what is read before 1.2 although it came then, and what not all clients of
/// that time can read.
fn as_in_1_1(attribute: &mut Attribute) {
    if let Attribute::CryptographicParameters(parameters) = attribute {
        parameters.cryptographic_algorithm = None;
    }
}

/// The Digest of Secret Data. It is not kept, because whoever has it can find a password by
/// trying; it is made from the value for those who may read that.
///
/// # Errors
/// What is wrong with the hierarchy.
pub(super) async fn secret_digest(
    cx: &Context<'_>,
    held: &Held,
) -> Result<Option<Attribute>, Failure> {
    if !has_secret_digest(cx, held) {
        return Ok(None);
    }
    let value = cx.value(held).await?;
    Ok(value::digest(&value)?.map(Attribute::Digest))
}

/// Whether there is a digest that [`secret_digest`] would make for this caller.
pub(super) fn has_secret_digest(cx: &Context<'_>, held: &Held) -> bool {
    let object = held.object();
    let absent = Some(&Attribute::KeyValuePresent(false));
    object.object_type == ObjectType::SecretData
        && held.sealed().is_some()
        && object.attributes.first(AttributeKind::KeyValuePresent) != absent
        && cx.check_value(held).is_ok()
}

/// Whether a client of `version` may know of this attribute of the object.
pub(super) fn is_shown(object: &Object, attribute: &Attribute, version: Version) -> bool {
    let kind = attribute.kind();
    let can_say = match attribute {
        // 1.x names vendors by one letter (KMIP 1.4 §3.39) and has no times finer than seconds.
        Attribute::Custom(custom) => {
            let letter = matches!(&*custom.vendor, "x" | "y");
            version.is_2x() || (letter && !custom.value.holds_extended_time())
        }
        Attribute::Link(link) => link.kind.is_in(version),
        _ => true,
    };
    kind.is_in(version) && can_say && rules::is_held(kind, object, version)
}

/// What is not kept because it follows from something else.
///
/// # Errors
/// That of the hash, which is always there.
pub(super) fn derived(object: &Object) -> Result<Vec<Attribute>, Failure> {
    let short = hash(HashingAlgorithm::Sha256, object.uid.as_bytes())?;
    let mut derived = vec![
        Attribute::UniqueIdentifier(object.uid.as_str().into()),
        Attribute::ObjectType(object.object_type),
        Attribute::ShortUniqueIdentifier(short),
    ];
    if object.attributes.first(AttributeKind::OperationPolicyName).is_none() {
        derived.push(Attribute::OperationPolicyName(OPERATION_POLICY.to_owned()));
    }
    Ok(derived)
}

/// The instances of the attributes that are meant, in the order in which they are.
pub(super) fn pick(
    shown: &[IndexedAttribute],
    meant: &[AttributeReference],
) -> Vec<IndexedAttribute> {
    let of = |one| shown.iter().filter(move |instance| set::is(&instance.attribute, one)).cloned();
    meant.iter().flat_map(of).collect()
}
