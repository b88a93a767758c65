//! Sizes and times with their units.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer};

/// A size such as `"1 MiB"`, in bytes.
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text, SIZES)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| D::Error::custom("not a size: write \"512 KiB\" or \"1 MiB\""))
}

/// A time such as `"15 min"`; never zero.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration(&text).ok_or_else(|| D::Error::custom("not a time: write \"500 ms\" or \"15 min\""))
}

/// The time that a text such as `"15 min"` means; never zero.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    parse(text, TIMES).map(Duration::from_millis)
}

/// The same, or `"0 s"`.
pub(super) fn time_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "0 s" {
        return Ok(Duration::ZERO);
    }
    time(text.into_deserializer())
}

/// Units of size, in bytes.
const SIZES: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Units of time, in milliseconds.
const TIMES: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A whole number above zero and one of `units`, with or without a space between.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|value| *value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_make_a_value() {
        assert_eq!(parse("1 MiB", SIZES), Some(1_048_576));
        assert_eq!(parse("512KiB", SIZES), Some(524_288));
        assert_eq!(parse("15 min", TIMES), Some(900_000));
    }

    #[test]
    fn what_has_no_unit_or_no_value_is_refused() {
        for bad in ["", "10", "MiB", "0 MiB", "1 MB", "-1 B", "1.5 MiB", "20000000000 GiB"] {
            assert_eq!(parse(bad, SIZES), None, "{bad}");
        }
    }
}
