//! The order that dates must have among each other (KMIP 1.4 §3.24 to §3.27, KMIP 2.1 §4.1, §4.18,
//! §4.40, §4.41).

use kmip_ttlv::attribute::{Attribute, AttributeKind};

use super::Object;

/// Pairs of dates of which the first must not lie after the second.
const ORDER: &[(AttributeKind, AttributeKind)] = &[
    (AttributeKind::ActivationDate, AttributeKind::ProcessStartDate),
    (AttributeKind::ActivationDate, AttributeKind::DeactivationDate),
    (AttributeKind::ProtectStopDate, AttributeKind::DeactivationDate),
];

/// Two dates that lie the wrong way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {} lies before the {}", .later.name(), .earlier.name())]
pub struct WrongOrder {
    /// The date that may not lie after the other.
    pub earlier: AttributeKind,
    /// The date that may not lie before the other.
    pub later: AttributeKind,
}

impl Object {
    /// Whether the dates that a client has given are in order; equal ones are. Between dates that
    /// it has not given there may be disorder: Activate and Revoke set theirs whatever the others
    /// say.
    ///
    /// # Errors
    /// [`WrongOrder`] with the first pair that is not.
    pub fn check_dates(&self, is_given: impl Fn(AttributeKind) -> bool) -> Result<(), WrongOrder> {
        for &(earlier, later) in ORDER {
            if (is_given(earlier) || is_given(later))
                && let (Some(before), Some(after)) = (self.date(earlier), self.date(later))
                && before > after
            {
                return Err(WrongOrder { earlier, later });
            }
        }
        Ok(())
    }

    fn date(&self, kind: AttributeKind) -> Option<i64> {
        self.attributes.first(kind).and_then(date)
    }
}

/// The date, in seconds since the epoch, if the attribute is one.
#[must_use]
pub fn date(attribute: &Attribute) -> Option<i64> {
    use Attribute as A;
    match attribute {
        A::InitialDate(date)
        | A::ActivationDate(date)
        | A::ProcessStartDate(date)
        | A::ProtectStopDate(date)
        | A::DeactivationDate(date)
        | A::DestroyDate(date)
        | A::CompromiseOccurrenceDate(date)
        | A::CompromiseDate(date)
        | A::ArchiveDate(date)
        | A::LastChangeDate(date)
        | A::OriginalCreationDate(date)
        | A::RotateDate(date) => Some(date.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::DateTime;
    use kmip_ttlv::enums::ObjectType;

    use super::*;
    use crate::object::AttributeSet;

    fn object(dates: [i64; 4]) -> Object {
        let [activation, start, stop, deactivation] = dates.map(DateTime);
        let mut attributes = AttributeSet::default();
        attributes.put(Attribute::ActivationDate(activation));
        attributes.put(Attribute::ProcessStartDate(start));
        attributes.put(Attribute::ProtectStopDate(stop));
        attributes.put(Attribute::DeactivationDate(deactivation));
        Object { uid: "1".into(), object_type: ObjectType::SymmetricKey, attributes }
    }

    #[test]
    fn dates_may_be_equal_and_must_not_cross() {
        let all = |_| true;
        assert_eq!(object([5, 5, 5, 5]).check_dates(all), Ok(()));
        assert_eq!(object([5, 6, 4, 9]).check_dates(all), Ok(()), "stop and start are free");
        for (dates, message) in [
            ([5, 4, 9, 9], "the Process Start Date lies before the Activation Date"),
            ([5, 5, 9, 8], "the Deactivation Date lies before the Protect Stop Date"),
            ([5, 5, 1, 4], "the Deactivation Date lies before the Activation Date"),
        ] {
            assert_eq!(object(dates).check_dates(all).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn disorder_that_the_client_has_not_made_is_no_fault_of_its() {
        let revoked = object([1, 1, 9, 5]);
        assert_eq!(revoked.check_dates(|_| false), Ok(()));
        assert!(revoked.check_dates(|kind| kind == AttributeKind::ProtectStopDate).is_err());
        assert_eq!(revoked.check_dates(|kind| kind == AttributeKind::ActivationDate), Ok(()));
    }
}
