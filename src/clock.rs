//! Time, as an argument: the only place that reads the system's clocks.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment: microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// So many whole seconds since the epoch, or the time that is next to that.
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Whole seconds since the epoch, rounded down: the resolution of KMIP's Date-Time.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

/// Text of a moment that no calendar has.
const NO_DATE: &str = "0000-00-00T00:00:00Z";

impl Timestamp {
    /// RFC 3339, UTC.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let nanoseconds = i128::from(self.0) * 1000;
        let date = time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
        let format = &time::format_description::well_known::Rfc3339;
        date.and_then(|date| date.format(format).ok()).unwrap_or_else(|| NO_DATE.to_owned())
    }

    /// The moment that RFC 3339 writes like this; `None` if it is none.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let format = &time::format_description::well_known::Rfc3339;
        let date = time::OffsetDateTime::parse(text, format).ok()?;
        i64::try_from(date.unix_timestamp_nanos() / 1000).ok().map(Self)
    }
}

impl Timestamp {
    /// Appends RFC 3339, UTC, with six decimals: 27 characters. Without formatting machinery, as
    /// every request has it written twice. `None`, and nothing is appended, if the calendar has no
    /// year of four digits for it.
    #[must_use]
    pub fn push_rfc3339(self, out: &mut String) -> Option<()> {
        let moment = time::OffsetDateTime::from_unix_timestamp(self.seconds()).ok()?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let micro = u32::try_from(self.0.rem_euclid(1_000_000)).ok()?;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (place, number) in [
            (0..4, u32::try_from(year).ok()?),
            (5..7, u8::from(month).into()),
            (8..10, day.into()),
            (11..13, hour.into()),
            (14..16, minute.into()),
            (17..19, second.into()),
            (20..26, micro),
        ] {
            put_digits(text.get_mut(place)?, number);
        }
        out.push_str(std::str::from_utf8(&text).ok()?);
        Some(())
    }
}

/// Fills `place` with the last digits of a number.
fn put_digits(place: &mut [u8], number: u32) {
    let mut rest = number;
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Time since some fixed start; never goes back. For durations and deadlines.
    fn elapsed(&self) -> Duration;
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that stands until it is moved; for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock {
    micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { micros: AtomicI64::new(now.0) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.micros.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.now().0).unwrap_or_default())
    }
}
