//! When an attribute of an object is like one that Locate is given.

use kmip_ttlv::attribute::{Attribute, PartialAttribute, UsageLimits};
use kmip_ttlv::{Decode, Tag, Value, Version, Writer, item};

/// An attribute to look for.
///
/// Of a structure, the fields that are given must be equal; fields that are left out may be
/// anything (KMIP 1.4 §4.9).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    attribute: Attribute,
    /// The fields, if it is a structure.
    fields: Option<Vec<(Tag, Value)>>,
}

impl Pattern {
    pub(super) fn new(attribute: Attribute) -> Self {
        let fields = match attribute {
            // The value of a custom attribute is one thing, structure or not.
            Attribute::Custom(_) => None,
            _ => fields(&attribute),
        };
        Self { attribute, fields }
    }

    pub(super) fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// Whether an attribute that an object has is what is looked for: equal; for a mask, with all
    /// the bits asked for; for a limit, at least as high.
    pub(super) fn fits(&self, found: &Attribute) -> bool {
        if found.kind() != self.attribute.kind() {
            return false;
        }
        match (found, &self.attribute) {
            (
                Attribute::CryptographicUsageMask(found),
                Attribute::CryptographicUsageMask(wanted),
            ) => found.contains(*wanted),
            (Attribute::ProtectionStorageMask(found), Attribute::ProtectionStorageMask(wanted)) => {
                found.contains(*wanted)
            }
            (Attribute::UsageLimits(found), Attribute::UsageLimits(wanted)) => {
                is_enough(found, wanted)
            }
            (found, wanted) if found == wanted => true,
            (found, _) => self.fields.as_ref().is_some_and(|wanted| has_fields(found, wanted)),
        }
    }
}

/// Whether an attribute that an object has is of the kind that is looked for and has the fields that
/// are given; of a limit, at least as high ones.
pub(super) fn fits_partly(found: &Attribute, wanted: &PartialAttribute) -> bool {
    if found.kind() != wanted.kind {
        return false;
    }
    let Attribute::UsageLimits(limits) = found else { return has_fields(found, &wanted.fields) };
    wanted.fields.iter().all(|field| match field {
        (Tag::UsageLimitsTotal, Value::LongInteger(total)) => limits.total >= *total,
        (Tag::UsageLimitsCount, Value::LongInteger(count)) => {
            limits.count.unwrap_or(limits.total) >= *count
        }
        other => has_fields(found, std::slice::from_ref(other)),
    })
}

/// Whether Total and Count are at least what is asked for, in the same unit.
fn is_enough(found: &UsageLimits, wanted: &UsageLimits) -> bool {
    let left = found.count.unwrap_or(found.total);
    found.unit == wanted.unit
        && found.total >= wanted.total
        && wanted.count.is_none_or(|count| left >= count)
}

fn has_fields(found: &Attribute, wanted: &[(Tag, Value)]) -> bool {
    let Some(found) = fields(found) else { return false };
    wanted.iter().all(|field| found.contains(field))
}

/// The fields of an attribute whose value is a structure.
fn fields(attribute: &Attribute) -> Option<Vec<(Tag, Value)>> {
    let mut buffer = kmip_ttlv::Buffer::new();
    attribute.encode_tagged(&mut Writer::new(&mut buffer, Version::V2_1));
    let (item, _) = item::first(&buffer, Version::V2_1).ok()?;
    match Value::decode(item).ok()? {
        Value::Structure(fields) => Some(fields),
        _ => None,
    }
}
