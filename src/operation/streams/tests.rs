//! The table of streams at its limits.

use super::super::part::{Output, Part};
use super::*;
use crate::crypto::random::Random;

const LIMITS: StreamLimits = StreamLimits {
    streams_max: 4,
    tenant_streams_max: 3,
    service_streams_max: 2,
    held_bytes_max: 200,
    tenant_held_bytes_max: 150,
    service_held_bytes_max: 100,
    idle_seconds_max: 60,
};
const ONE: ServiceId = ServiceId(1);
const TWO: ServiceId = ServiceId(2);
/// The others are services of one tenant, this one of another.
const OTHER: ServiceId = ServiceId(3);

/// Work that keeps everything, or nothing.
#[derive(Debug)]
struct Keeps(bool);

impl Work for Keeps {
    fn update(&mut self, _: &Part<'_>) -> Result<Output, Failure> {
        Ok(Output::default())
    }

    fn finish(self: Box<Self>, _: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        Ok(Output::default())
    }

    fn holds_back(&self) -> bool {
        self.0
    }
}

fn subject(uid: &str) -> Subject {
    Subject { operation: Operation::Decrypt, uid: Some(uid.into()) }
}

fn arrival(service: ServiceId, bytes: usize, now: i64) -> Arrival {
    let tenant = TenantId(if service == OTHER { 2 } else { 1 });
    Arrival { tenant, service, now, bytes }
}

fn value(number: u8) -> [u8; VALUE_BYTES] {
    [number; VALUE_BYTES]
}

fn open(streams: &Streams, number: u8, arrival: Arrival) -> Result<Place, Failure> {
    streams.open(value(number), subject("1"), Box::new(Keeps(true)), arrival)
}

fn take(streams: &Streams, number: u8, arrival: Arrival) -> Result<Place, Failure> {
    streams.take(&value(number), &subject("1"), arrival)
}

#[test]
fn a_stream_that_is_kept_goes_on_and_one_that_is_not_is_over() {
    let streams = Streams::new(LIMITS);
    let now = arrival(ONE, 0, 0);
    open(&streams, 1, now).unwrap().keep();
    for _ in 0..3 {
        take(&streams, 1, now).unwrap().keep();
    }
    drop(take(&streams, 1, now).unwrap());
    assert!(matches!(take(&streams, 1, now), Err(Failure::UnknownStream)));
    drop(open(&streams, 2, now).unwrap());
    let mut last = open(&streams, 3, now).unwrap();
    last.work = None;
    last.keep();
    assert_eq!(streams.count(), 0);
}

#[test]
fn a_stream_is_found_by_its_own_service_operation_and_key_only() {
    let streams = Streams::new(LIMITS);
    let now = arrival(ONE, 0, 0);
    open(&streams, 1, now).unwrap().keep();
    let strangers = [
        take(&streams, 1, arrival(TWO, 0, 0)),
        take(&streams, 2, now),
        streams.take(&value(1), &subject("2"), now),
        streams.take(
            &value(1),
            &Subject { operation: Operation::Encrypt, uid: Some("1".into()) },
            now,
        ),
        streams.take(&value(1)[1..], &subject("1"), now),
        streams.take(&[], &subject("1"), now),
    ];
    for stranger in strangers {
        assert!(matches!(stranger, Err(Failure::UnknownStream)));
    }
    assert!(matches!(streams.uid(TWO, &value(1)), Err(Failure::UnknownStream)));
    assert_eq!(streams.uid(ONE, &value(1)).unwrap(), "1");
    take(&streams, 1, now).unwrap().keep();
}

#[test]
fn two_parts_are_not_worked_on_at_the_same_time() {
    let streams = Streams::new(LIMITS);
    let now = arrival(ONE, 0, 0);
    let first = open(&streams, 1, now).unwrap();
    assert!(matches!(take(&streams, 1, now), Err(Failure::Contention)));
    first.keep();
    let second = take(&streams, 1, now).unwrap();
    assert!(matches!(take(&streams, 1, now), Err(Failure::Contention)));
    second.keep();
    take(&streams, 1, now).unwrap().keep();
}

#[test]
fn as_many_streams_are_open_as_the_limits_say_and_no_more() {
    let streams = Streams::new(LIMITS);
    let (one, two) = (arrival(ONE, 0, 0), arrival(TWO, 0, 0));
    open(&streams, 1, one).unwrap().keep();
    open(&streams, 2, one).unwrap().keep();
    assert!(matches!(open(&streams, 3, one), Err(Failure::LimitExceeded(_))), "of a service");
    open(&streams, 3, two).unwrap().keep();
    assert!(matches!(open(&streams, 4, two), Err(Failure::LimitExceeded(_))), "of a tenant");
    let other = arrival(OTHER, 0, 0);
    open(&streams, 5, other).unwrap().keep();
    assert!(matches!(open(&streams, 6, other), Err(Failure::LimitExceeded(_))), "of all");
    drop(take(&streams, 1, one).unwrap());
    open(&streams, 4, two).unwrap().keep();
    assert_eq!(streams.count(), 4);
}

#[test]
fn as_much_is_held_back_as_the_limits_say_and_no_more() {
    let streams = Streams::new(LIMITS);
    open(&streams, 1, arrival(ONE, 60, 0)).unwrap().keep();
    let too_much = take(&streams, 1, arrival(ONE, 41, 0));
    assert!(matches!(too_much, Err(Failure::LimitExceeded(_))), "of a service");
    assert!(matches!(open(&streams, 2, arrival(ONE, 41, 0)), Err(Failure::LimitExceeded(_))));
    take(&streams, 1, arrival(ONE, 40, 0)).unwrap().keep();
    let too_much = open(&streams, 2, arrival(TWO, 51, 0));
    assert!(matches!(too_much, Err(Failure::LimitExceeded(_))), "of a tenant");
    open(&streams, 2, arrival(TWO, 50, 0)).unwrap().keep();
    let too_much = open(&streams, 4, arrival(OTHER, 51, 0));
    assert!(matches!(too_much, Err(Failure::LimitExceeded(_))), "of all");
    drop(take(&streams, 1, arrival(ONE, 0, 0)).unwrap());
    take(&streams, 2, arrival(TWO, 50, 0)).unwrap().keep();
    // What is not kept does not count.
    let work = Box::new(Keeps(false));
    streams.open(value(3), subject("1"), work, arrival(ONE, 1_000, 0)).unwrap().keep();
}

#[test]
fn a_stream_that_nobody_goes_on_with_is_over_after_its_time() {
    let streams = Streams::new(LIMITS);
    open(&streams, 1, arrival(ONE, 0, 0)).unwrap().keep();
    take(&streams, 1, arrival(ONE, 0, 59)).unwrap().keep();
    take(&streams, 1, arrival(ONE, 0, 118)).unwrap().keep();
    assert!(matches!(take(&streams, 1, arrival(ONE, 0, 178)), Err(Failure::UnknownStream)));
    assert_eq!(streams.count(), 0);
    open(&streams, 2, arrival(ONE, 0, 200)).unwrap().keep();
    open(&streams, 3, arrival(ONE, 0, 259)).unwrap().keep();
    let full = open(&streams, 4, arrival(ONE, 0, 259));
    assert!(matches!(full, Err(Failure::LimitExceeded(_))));
    open(&streams, 4, arrival(ONE, 0, 260)).unwrap().keep();
}

#[test]
fn the_streams_of_those_who_are_not_served_any_more_end_at_once() {
    let streams = Streams::new(LIMITS);
    let end = streams.ender();
    for (number, service) in [(1, ONE), (2, TWO), (3, OTHER)] {
        open(&streams, number, arrival(service, 0, 0)).unwrap().keep();
    }
    let under_way = take(&streams, 1, arrival(ONE, 0, 0)).unwrap();
    end(Target { tenant: TenantId(1), service: Some(ONE) });
    under_way.keep();
    assert!(matches!(take(&streams, 1, arrival(ONE, 0, 0)), Err(Failure::UnknownStream)));
    assert_eq!(streams.count(), 2, "a part under way does not bring it back");
    end(Target { tenant: TenantId(1), service: None });
    assert_eq!(streams.count(), 1);
    assert!(take(&streams, 3, arrival(OTHER, 0, 0)).is_ok());
}
