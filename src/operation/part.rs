//! One part of a cryptographic operation: the whole of it, or a piece of a stream (KMIP 1.4 §4,
//! KMIP 2.1 §6.1: Init Indicator, Final Indicator, Correlation Value).
//!
//! An item may be run again when its changes meet somebody else's. A stream must not go on twice
//! for it, so what has been done to one is remembered with the item (see [`Advanced`]).

use std::fmt;

use kmip_ttlv::enums::Operation;
use kmip_ttlv::structure::Data;
use kmip_ttlv::{Secret, UniqueIdentifier};

use super::Failure;
use super::context::{Context, Held, Right};
use super::signing::Digested;
use super::streams::{Arrival, Place, Subject, VALUE_BYTES};
use crate::crypto;
use crate::crypto::random::Random;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Everything is in one request.
    Whole,
    /// The first part of a stream.
    First,
    /// A part in the middle of the stream with this Correlation Value.
    Next(&'a [u8]),
    /// The last part of the stream with this Correlation Value.
    Last(&'a [u8]),
}

impl<'a> Step<'a> {
    /// Where the fields say that a request stands.
    ///
    /// # Errors
    /// [`Failure::InvalidMessage`] if they contradict each other.
    pub(super) fn read(
        correlation_value: Option<&'a [u8]>,
        init: Option<bool>,
        last: Option<bool>,
    ) -> Result<Self, Failure> {
        let (init, last) = (init.unwrap_or(false), last.unwrap_or(false));
        match (correlation_value, init, last) {
            (None, false, false) | (None, true, true) => Ok(Step::Whole),
            (None, true, false) => Ok(Step::First),
            (Some(value), false, false) => Ok(Step::Next(value)),
            (Some(value), false, true) => Ok(Step::Last(value)),
            (None, false, true) => {
                let text = "the Final Indicator needs the Correlation Value of a stream";
                Err(Failure::InvalidMessage(text.into()))
            }
            (Some(_), true, _) => {
                let text = "a stream that begins has no Correlation Value yet";
                Err(Failure::InvalidMessage(text.into()))
            }
        }
    }

    /// Whether nothing came before.
    pub(super) fn begins(self) -> bool {
        matches!(self, Self::Whole | Self::First)
    }

    /// How much data may come: a message has a limit of its own.
    pub(super) fn limits(self) -> crypto::Limits {
        match self {
            Self::Whole => crypto::Limits::ONE_PART,
            _ => crypto::Limits::default(),
        }
    }
}

/// What a request brings. Its data are secret, so that it cannot be printed.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// The operation.
    pub(super) operation: Operation,
    /// Where the request stands.
    pub(super) step: Step<'a>,
    /// The data; empty if there are none.
    pub(super) data: &'a [u8],
    /// The MAC or signature to be verified, if this part brings it.
    pub(super) mac: Option<&'a [u8]>,
}

impl<'a> Part<'a> {
    /// Reads the fields that every such request has.
    ///
    /// # Errors
    /// [`Failure::InvalidMessage`] if they contradict each other or there are no data where there
    /// must be, [`Failure::InvalidField`] for data of another item that nobody has looked up.
    pub(super) fn read(
        operation: Operation,
        correlation_value: Option<&'a [u8]>,
        init: Option<bool>,
        last: Option<bool>,
        data: Option<&'a Data<'_>>,
    ) -> Result<Self, Failure> {
        let step = Step::read(correlation_value, init, last)?;
        let data = match data {
            Some(data) => data.bytes().ok_or_else(|| {
                Failure::InvalidField("the Data of another item are not there".into())
            })?,
            None if init == Some(true) || last == Some(true) => &[],
            None => return Err(Failure::InvalidMessage("the Data are missing".into())),
        };
        Ok(Self { operation, step, data, mac: None })
    }

    /// The key that is meant: the one named, or that of the stream, or the ID Placeholder's.
    ///
    /// # Errors
    /// [`Failure::UnknownStream`], and those of [`Context::object`].
    pub(super) async fn key(
        &self,
        cx: &Context<'_>,
        uid: Option<&UniqueIdentifier<'_>>,
        right: Right,
    ) -> Result<Held, Failure> {
        match (uid, self.step) {
            (None, Step::Next(value) | Step::Last(value)) => {
                let uid = cx.parts().streams.uid(cx.service(), value)?;
                cx.object(Some(&uid.into()), right).await
            }
            (uid, _) => cx.object(uid, right).await,
        }
    }

    fn subject(&self, uid: Option<&str>) -> Subject {
        Subject { operation: self.operation, uid: uid.map(Into::into) }
    }

    fn arrival(&self, cx: &Context<'_>) -> Arrival {
        let (tenant, service) = (cx.tenant(), cx.service());
        Arrival { tenant, service, now: cx.now(), bytes: self.data.len() }
    }

    /// Does the whole of an operation with `work`, or the first part of it.
    ///
    /// # Errors
    /// Those of the computation, and [`Failure::LimitExceeded`].
    pub(super) fn begin(
        &self,
        cx: &Context<'_>,
        uid: Option<&str>,
        work: Box<dyn Work>,
    ) -> Result<Output, Failure> {
        let random = &*cx.parts().random;
        if self.step == Step::Whole {
            return work.finish(self, random);
        }
        cx.advance_once(|| {
            let mut value = [0; VALUE_BYTES];
            random.fill(&mut value)?;
            let subject = self.subject(uid);
            let place = cx.parts().streams.open(value, subject, work, self.arrival(cx))?;
            self.update(place, &value)
        })
    }

    /// Goes on with a stream, or ends it.
    ///
    /// # Errors
    /// [`Failure::UnknownStream`], [`Failure::LimitExceeded`], and those of the computation, which
    /// end the stream.
    pub(super) fn go_on(&self, cx: &Context<'_>, uid: Option<&str>) -> Result<Output, Failure> {
        let subject = self.subject(uid);
        let take = |value| cx.parts().streams.take(value, &subject, self.arrival(cx));
        match self.step {
            Step::Next(value) => cx.advance_once(|| self.update(take(value)?, value)),
            Step::Last(value) => cx.advance_once(|| {
                let mut place = take(value)?;
                let work = place.work.take().ok_or(Failure::UnknownStream)?;
                let output = work.finish(self, &*cx.parts().random)?;
                Ok(Advanced { place, output: output.of_stream() })
            }),
            Step::Whole | Step::First => Err(Failure::UnknownStream),
        }
    }

    fn update(&self, mut place: Place, value: &[u8]) -> Result<Advanced, Failure> {
        let work = place.work.as_mut().ok_or(Failure::UnknownStream)?;
        let output =
            Output { correlation_value: Some(value.to_vec()), ..work.update(self)?.of_stream() };
        Ok(Advanced { place, output })
    }
}

/// A computation that takes its data in parts. It wipes what is secret in it when it is dropped.
pub(super) trait Work: Send + fmt::Debug {
    /// Takes a part that is not the last one.
    ///
    /// # Errors
    /// Those of the computation, which is then over.
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure>;

    /// Takes the last part.
    ///
    /// # Errors
    /// Those of the computation.
    fn finish(self: Box<Self>, part: &Part<'_>, random: &dyn Random) -> Result<Output, Failure>;

    /// Whether all data are kept until the last part.
    fn holds_back(&self) -> bool {
        false
    }
}

/// What comes of a part.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    /// Ciphertext, plaintext, MAC or hash.
    pub(super) data: Option<Secret<Vec<u8>>>,
    /// The IV, if it was made here.
    pub(super) iv: Option<Vec<u8>>,
    /// The tag that authenticates the ciphertext.
    pub(super) tag: Option<Vec<u8>>,
    /// What is to be signed, or verified.
    pub(super) digested: Option<Digested>,
    /// Whether a MAC was the right one.
    pub(super) valid: Option<bool>,
    /// What the next part of the stream has to name.
    pub(super) correlation_value: Option<Vec<u8>>,
}

impl Output {
    /// Data alone.
    pub(super) fn of(data: impl Into<Secret<Vec<u8>>>) -> Self {
        Self { data: Some(data.into()), ..Self::default() }
    }

    /// A part of a stream has no data where there are none; a whole answer has empty ones.
    fn of_stream(self) -> Self {
        Self { data: self.data.filter(|data| !data.is_empty()), ..self }
    }
}

/// A stream that has gone on by one part, and what came of it: remembered until the item is done,
/// in case that it is run again. If the item fails, the stream is over, for nobody has seen what
/// came of the part.
#[derive(Debug)]
pub(super) struct Advanced {
    pub(super) place: Place,
    pub(super) output: Output,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(
        value: Option<&[u8]>,
        init: Option<bool>,
        last: Option<bool>,
        at: Option<Step<'_>>,
    ) -> bool {
        let data = Data::from(b"data".as_slice());
        let part = Part::read(Operation::Encrypt, value, init, last, Some(&data));
        part.ok().map(|part| part.step) == at
    }

    #[test]
    fn indicators_and_correlation_value_say_where_a_request_stands() {
        let value = Some(b"value".as_slice());
        let (yes, no) = (Some(true), Some(false));
        let table = [
            (None, None, None, Some(Step::Whole)),
            (None, no, no, Some(Step::Whole)),
            (None, yes, yes, Some(Step::Whole)),
            (None, yes, None, Some(Step::First)),
            (None, yes, no, Some(Step::First)),
            (None, None, yes, None),
            (value, None, None, Some(Step::Next(b"value"))),
            (value, no, no, Some(Step::Next(b"value"))),
            (value, None, yes, Some(Step::Last(b"value"))),
            (value, yes, None, None),
            (value, yes, yes, None),
        ];
        for (value, init, last, step) in table {
            assert!(stands(value, init, last, step), "{value:?} {init:?} {last:?}");
        }
    }

    #[test]
    fn data_are_needed_where_neither_indicator_is_set() {
        let part = |value, init, last| Part::read(Operation::Mac, value, init, last, None);
        let value = Some(b"value".as_slice());
        for missing in [part(None, None, None), part(value, None, None)] {
            assert!(matches!(missing, Err(Failure::InvalidMessage(_))));
        }
        for (value, init, last) in
            [(None, Some(true), None), (None, Some(true), Some(true)), (value, None, Some(true))]
        {
            assert!(part(value, init, last).is_ok_and(|part| part.data.is_empty()));
        }
    }

    #[test]
    fn data_of_another_item_are_refused_and_not_taken_for_none() {
        let data = Data::Integer(-1);
        let part = Part::read(Operation::Hash, None, Some(true), None, Some(&data));
        assert!(matches!(part, Err(Failure::InvalidField(_))));
    }
}
