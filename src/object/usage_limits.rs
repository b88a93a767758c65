//! How much a key may still protect (KMIP 1.4 §3.21, KMIP 2.1 §4.59).

use kmip_ttlv::attribute::{Attribute, UsageLimits};
use kmip_ttlv::enums::UsageLimitsUnit;

use super::Object;

/// A use that the Usage Limits do not allow any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Usage Limits are used up")]
pub struct UsedUp;

impl Object {
    /// Takes a use off the Usage Limits: `bytes` if they count bytes, `objects` if they count
    /// objects. Returns whether this changed the object; one without limits stays as it is.
    ///
    /// # Errors
    /// [`UsedUp`] if not so much is left, or if the limits count something else. The object stays
    /// as it is.
    pub fn use_up(&mut self, bytes: u64, objects: u64) -> Result<bool, UsedUp> {
        let Some(limits) = self.usage_limits() else { return Ok(false) };
        let Some(left) = use_up(limits, bytes, objects)? else { return Ok(false) };
        self.attributes.put(Attribute::UsageLimits(left));
        Ok(true)
    }

    /// Takes a share off the Usage Limits that somebody else is going to use, in whatever they
    /// count. Returns whether this changed the object; one without limits stays as it is.
    ///
    /// # Errors
    /// [`UsedUp`] if not so much is left. The object stays as it is.
    pub fn allocate(&mut self, units: i64) -> Result<bool, UsedUp> {
        let units = u64::try_from(units).map_err(|_| UsedUp)?;
        self.use_up(units, units)
    }
}

/// What is left of limits after a use, if it takes anything off them: `bytes` if they count bytes,
/// `objects` if they count objects.
///
/// # Errors
/// [`UsedUp`] if not so much is left, or if the limits count something else.
pub fn use_up(
    limits: &UsageLimits,
    bytes: u64,
    objects: u64,
) -> Result<Option<UsageLimits>, UsedUp> {
    let used = match limits.unit {
        UsageLimitsUnit::Byte => bytes,
        UsageLimitsUnit::Object => objects,
        UsageLimitsUnit::Unknown(_) => return Err(UsedUp),
    };
    if used == 0 {
        return Ok(None);
    }
    let used = i64::try_from(used).map_err(|_| UsedUp)?;
    let left = limits.count.unwrap_or(limits.total);
    let left = left.checked_sub(used).filter(|left| *left >= 0).ok_or(UsedUp)?;
    Ok(Some(UsageLimits { count: Some(left), ..limits.clone() }))
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
        Object { uid: "1".into(), object_type: ObjectType::SymmetricKey, attributes }
    }

    proptest! {
        #[test]
        fn no_more_is_used_than_the_total_and_all_of_it_can_be(
            total in 0_i64..1000,
            uses: Vec<u8>,
        ) {
            let mut object = limited(total, UsageLimitsUnit::Byte);
            let mut used = 0;
            for bytes in uses {
                let fits = used + i64::from(bytes) <= total;
                prop_assert_eq!(object.use_up(bytes.into(), 1).is_ok(), fits);
                if fits {
                    used += i64::from(bytes);
                }
                prop_assert_eq!(object.usage_limits().unwrap().count, Some(total - used));
            }
            prop_assert!(object.use_up(u64::try_from(total - used).unwrap(), 1).is_ok());
            prop_assert_eq!(object.use_up(1, 0), Err(UsedUp));
        }
    }

    #[test]
    fn the_unit_says_what_is_counted() {
        let mut object = limited(2, UsageLimitsUnit::Object);
        assert_eq!(object.use_up(1_000_000, 1), Ok(true));
        assert_eq!(object.use_up(u64::MAX, 0), Ok(false), "the same use goes on");
        assert_eq!(object.use_up(0, 1), Ok(true));
        assert_eq!(object.use_up(0, 1), Err(UsedUp));
        let mut strange = limited(2, UsageLimitsUnit::Unknown(7));
        assert_eq!(strange.use_up(1, 1), Err(UsedUp), "what cannot be counted is not allowed");
    }

    #[test]
    fn an_object_without_limits_can_be_used_for_ever() {
        let mut object = limited(0, UsageLimitsUnit::Byte);
        object.attributes = AttributeSet::default();
        assert_eq!(object.use_up(u64::MAX, u64::MAX), Ok(false));
    }
}
