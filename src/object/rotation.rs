//! Rotation of objects by their own attributes (KMIP 2.1 §4.48 to §4.54).
//!
//! An object with Rotate Automatic and a Rotate Interval is replaced by the server as Re-key, Re-key
//! Key Pair or Re-certify would, when the interval has passed since its Initial Date. The replacement
//! has both attributes too, and so goes on; the old object is not the latest any more, and rests.

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{ObjectType, State};

use super::Object;

impl Object {
    /// When the server is to replace it, in seconds since the epoch; `None` if it is not. A pair is
    /// rotated by its private key. What is archived waits until it is recovered.
    #[must_use]
    pub fn rotation_due(&self) -> Option<i64> {
        let first = |kind| self.attributes.first(kind);
        let automatic = first(AttributeKind::RotateAutomatic);
        if automatic != Some(&Attribute::RotateAutomatic(true))
            || first(AttributeKind::RotateLatest) == Some(&Attribute::RotateLatest(false))
            || first(AttributeKind::KeyValuePresent) == Some(&Attribute::KeyValuePresent(false))
            || !matches!(
                self.object_type,
                ObjectType::SymmetricKey | ObjectType::PrivateKey | ObjectType::Certificate
            )
            || self.is_archived()
            || !matches!(self.state(), State::PreActive | State::Active)
        {
            return None;
        }
        match (first(AttributeKind::InitialDate), first(AttributeKind::RotateInterval)) {
            (Some(Attribute::InitialDate(date)), Some(Attribute::RotateInterval(interval)))
                if interval.0 > 0 =>
            {
                Some(date.0.saturating_add(i64::from(interval.0)))
            }
            _ => None,
        }
    }

    /// The Offset of its next replacement, in seconds.
    #[must_use]
    pub fn rotate_offset(&self) -> Option<u32> {
        match self.attributes.first(AttributeKind::RotateOffset) {
            Some(Attribute::RotateOffset(offset)) => Some(offset.0),
            _ => None,
        }
    }
}

/// Says of both objects that the one has taken the place of the other at `now`.
pub fn mark(old: &mut Object, new: &mut Object, now: i64) {
    let generation = match old.attributes.first(AttributeKind::RotateGeneration) {
        Some(Attribute::RotateGeneration(generation)) => *generation,
        _ => 0,
    };
    old.attributes.put(Attribute::RotateDate(DateTime(now)));
    old.attributes.put(Attribute::RotateLatest(false));
    new.attributes.put(Attribute::RotateGeneration(generation.saturating_add(1)));
    new.attributes.put(Attribute::RotateLatest(true));
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::Interval;

    use super::*;
    use crate::object::AttributeSet;

    fn key(more: &[Attribute]) -> Object {
        let mut attributes = AttributeSet::default();
        for attribute in [
            Attribute::State(State::Active),
            Attribute::InitialDate(DateTime(100)),
            Attribute::RotateAutomatic(true),
            Attribute::RotateInterval(Interval(60)),
        ] {
            attributes.put(attribute);
        }
        more.iter().cloned().for_each(|attribute| attributes.put(attribute));
        Object { uid: "1".into(), object_type: ObjectType::SymmetricKey, attributes }
    }

    #[test]
    fn what_is_rotated_is_due_when_its_interval_has_passed() {
        assert_eq!(key(&[]).rotation_due(), Some(160));
        assert_eq!(key(&[Attribute::RotateLatest(true)]).rotation_due(), Some(160));
        for other in [
            Attribute::RotateAutomatic(false),
            Attribute::RotateInterval(Interval(0)),
            Attribute::RotateLatest(false),
            Attribute::KeyValuePresent(false),
            Attribute::ArchiveDate(DateTime(150)),
            Attribute::State(State::Deactivated),
            Attribute::State(State::Compromised),
            Attribute::State(State::Destroyed),
        ] {
            assert_eq!(key(std::slice::from_ref(&other)).rotation_due(), None, "{other:?}");
        }
        for (object_type, due) in [
            (ObjectType::PrivateKey, Some(160)),
            (ObjectType::Certificate, Some(160)),
            (ObjectType::PublicKey, None),
            (ObjectType::SecretData, None),
        ] {
            assert_eq!(Object { object_type, ..key(&[]) }.rotation_due(), due, "{object_type:?}");
        }
    }

    #[test]
    fn generations_are_counted_from_zero() {
        let (mut first, mut second, mut third) = (key(&[]), key(&[]), key(&[]));
        mark(&mut first, &mut second, 160);
        mark(&mut second, &mut third, 220);
        let generation =
            |object: &Object| object.attributes.first(AttributeKind::RotateGeneration).cloned();
        assert_eq!(generation(&first), None);
        assert_eq!(generation(&second), Some(Attribute::RotateGeneration(1)));
        assert_eq!(generation(&third), Some(Attribute::RotateGeneration(2)));
        assert_eq!(first.rotation_due().or(second.rotation_due()), None);
        assert_eq!(third.rotation_due(), Some(160));
    }
}
