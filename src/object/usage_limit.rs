//! Usage Limits: how much a key may still protect (KMIP 1.4 §3.21, KMIP 2.1 §4.59).

use kmip_ttlv::attribute::{Attribute, UsageLimits};
use kmip_ttlv::enums::UsageLimitsUnit;

use super::Object;

/// Less is left of a usage limit than was to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the usage limit is used up")]
pub struct UsedUp;

impl Object {
    /// Units that are left; `None` without a limit.
    #[must_use]
    pub fn usage_left(&self) -> Option<i64> {
        self.usage_limits().map(left)
    }

    /// Takes one use for protection off the limit: of so many bytes, or of so many objects, as the
    /// limit counts. Returns whether that has changed anything; without a limit it has not.
    ///
    /// # Errors
    /// [`UsedUp`] if less is left, or if the limit counts what this server does not know. Then
    /// nothing was taken.
    pub fn use_up(&mut self, bytes: u64, objects: u64) -> Result<bool, UsedUp> {
        let Some(limits) = self.usage_limits() else { return Ok(false) };
        let used = match limits.unit {
            UsageLimitsUnit::Byte => bytes,
            UsageLimitsUnit::Object => objects,
            _ => return Err(UsedUp),
        };
        let used = i64::try_from(used).map_err(|_| UsedUp)?;
        let count = left(limits).checked_sub(used).filter(|count| *count >= 0).ok_or(UsedUp)?;
        let limits = UsageLimits { count: Some(count), ..limits.clone() };
        self.attributes.put(Attribute::UsageLimits(limits));
        Ok(used > 0)
    }
}

fn left(limits: &UsageLimits) -> i64 {
    limits.count.unwrap_or(limits.total)
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::enums::ObjectType;
    use proptest::prelude::*;

    use super::*;
    use crate::object::AttributeSet;

    fn limited(total: i64, unit: UsageLimitsUnit) -> Object {
        let mut attributes = AttributeSet::default();
        attributes.put(Attribute::UsageLimits(UsageLimits { total, count: Some(total), unit }));
        Object { uid: "a".into(), object_type: ObjectType::SymmetricKey, attributes }
    }

    #[test]
    fn an_object_without_a_limit_is_never_used_up() {
        let attributes = AttributeSet::default();
        let mut object =
            Object { uid: "a".into(), object_type: ObjectType::SymmetricKey, attributes };
        assert_eq!(object.use_up(u64::MAX, u64::MAX), Ok(false));
        assert_eq!(object.usage_left(), None);
    }

    #[test]
    fn the_last_unit_can_be_used_and_no_more() {
        for (unit, one) in [(UsageLimitsUnit::Byte, (1, 0)), (UsageLimitsUnit::Object, (0, 1))] {
            let mut object = limited(1, unit);
            assert_eq!(object.use_up(one.0, one.1), Ok(true));
            assert_eq!(object.use_up(one.0, one.1), Err(UsedUp));
            assert_eq!(object.use_up(0, 0), Ok(false), "nothing is always left");
            assert_eq!(object.usage_left(), Some(0));
        }
    }

    #[test]
    fn a_limit_in_an_unknown_unit_forbids_every_use() {
        let mut object = limited(10, UsageLimitsUnit::from_number(0x8000_0001));
        assert_eq!(object.use_up(0, 0), Err(UsedUp));
    }

    proptest! {
        /// Whatever is used in whatever portions, the sum never passes the total, and what is
        /// refused takes nothing.
        #[test]
        fn what_is_left_and_what_was_used_make_the_total(
            total in 0..1000_i64,
            uses in proptest::collection::vec(0..300_u64, 0..20),
        ) {
            let mut object = limited(total, UsageLimitsUnit::Byte);
            let mut used = 0;
            for bytes in uses {
                let before = object.clone();
                match object.use_up(bytes, 1) {
                    Ok(_) => used += i64::try_from(bytes).unwrap(),
                    Err(UsedUp) => prop_assert_eq!(&object, &before),
                }
                prop_assert_eq!(object.usage_left(), Some(total - used));
                prop_assert!(used <= total);
            }
        }
    }
}
