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
        let date = time::OffsetDateTime::from_unix_timestamp(self.seconds()).ok()?;
        let year = u32::try_from(date.year()).ok()?;
        let micro = u32::try_from(self.0.rem_euclid(1_000_000)).ok()?;
        for (number, digits, end) in [
            (year, 4, '-'),
            (u8::from(date.month()).into(), 2, '-'),
            (date.day().into(), 2, 'T'),
            (date.hour().into(), 2, ':'),
            (date.minute().into(), 2, ':'),
            (date.second().into(), 2, '.'),
            (micro, 6, 'Z'),
        ] {
            push_digits(out, number, digits);
            out.push(end);
        }
        Some(())
    }
}

/// The last `count` digits of a number.
fn push_digits(out: &mut String, number: u32, count: u32) {
    for place in (0..count).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        out.push(char::from_digit(digit, 10).unwrap_or('0'));
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
