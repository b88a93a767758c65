//! Asynchronous requests (KMIP 1.4 §6.7, §4.27 and §4.28; KMIP 2.1 §6.1.5, §6.1.38, §6.1.39, §6.1.41
//! and §9.2): answered Operation Pending, done in the background, and fetched with Poll.
//!
//! A request is kept sealed under its service's key before it is answered, so it survives the
//! process. Its changes, its record and its result are one commit, so it is done once however often it
//! is begun. Which operations can be done later is a table: `operation/manner.rs`.

mod answers;
mod kept;
mod perform;
mod submit;
mod under_way;

use std::time::Duration;

use kmip_ttlv::enums::{AsynchronousIndicator, Operation};
use kmip_ttlv::message::{Request, ResponseWriter};

pub(super) use under_way::UnderWay;

use super::Service;
use super::batch::Run;
use super::item::ReadItem;
use crate::clock::Timestamp;
use crate::operation::{Failure, Trace, may_wait};
use crate::store::RequestLimits;

/// How long a request waits before it is begun by itself. Until then it can be canceled; a Poll
/// begins it at once.
const DELAY: Duration = Duration::from_secs(1);

/// How long a result waits for its client.
const KEPT: Duration = Duration::from_hours(1);

/// How long a result that the client has had is there to be had again, if the answer was lost.
const KEPT_FETCHED: Duration = Duration::from_mins(5);

/// How long a Poll waits for a request that somebody else is doing at the moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many requests are kept, with those that have ended.
const LIMITS: RequestLimits = RequestLimits { service_max: 64, tenant_max: 256 };

/// How a batch item is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// By doing it.
    Now,
    /// By a promise to do it.
    Later,
    /// By what has become of such a promise.
    About,
}

/// What a client is told that insists on waiting and shows a ticket: what the ticket allows is
/// weighed while the request is at hand.
pub(super) const UNDER_TICKET: Failure =
    Failure::FeatureNotSupported("a request under a ticket cannot be asynchronous");

/// How an item of a request is answered.
pub(super) fn manner(run: &Run<'_>, item: &ReadItem<'_>) -> Manner {
    let (Ok(item), None) = (item, run.ticket) else { return Manner::Now };
    let request = run.request;
    match item.operation {
        Operation::Poll
        | Operation::Cancel
        | Operation::Process
        | Operation::QueryAsynchronousRequests => Manner::About,
        operation if waits(request) && may_wait(operation) => Manner::Later,
        _ => Manner::Now,
    }
}

impl Service {
    /// Answers an item by a promise, or by what has become of one. Returns whether that was done.
    pub(super) async fn answer_promise(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        manner: Manner,
        writer: &mut ResponseWriter<'_>,
    ) -> bool {
        let (subject, trace) = (self.subject(run, item), Trace::default());
        let start = writer.mark();
        let told = match manner {
            Manner::About => self.tell(run, item, &subject, &trace, writer).await,
            _ => self.submit(run, item, &subject, &trace, writer).await.map(|()| true),
        };
        match told {
            Ok(was_done) => {
                self.report(&subject, &trace, None);
                was_done
            }
            Err(failure) => {
                writer.rewind(start);
                self.refuse(writer, &subject, &trace, &failure).await;
                false
            }
        }
    }
}

/// Why a request cannot be done asynchronously that must be, if so.
pub(super) fn refused(request: &Request<'_>) -> Option<&'static str> {
    if !must_wait(request) {
        return None;
    }
    if request.header.batch_count > 1 {
        return Some("a batch of several items cannot be asynchronous");
    }
    let operation = request.items().flatten().next().map(|item| item.operation);
    let cannot = operation.is_some_and(|operation| !may_wait(operation));
    cannot.then_some("the operation cannot be asynchronous")
}

/// Whether the client wants no answer but a promise.
pub(super) fn must_wait(request: &Request<'_>) -> bool {
    request.header.asynchronous() == AsynchronousIndicator::Mandatory
}

/// Whether what a request asks for is done later, where it can be: in 1.x whenever the client can
/// wait, from 2.0 on when it insists. Items of a batch follow each other, so they are not.
fn waits(request: &Request<'_>) -> bool {
    let can_wait = match request.header.asynchronous() {
        AsynchronousIndicator::Mandatory => true,
        AsynchronousIndicator::Optional => !request.version.is_2x(),
        AsynchronousIndicator::Prohibited | AsynchronousIndicator::Unknown(_) => false,
    };
    can_wait && request.header.batch_count == 1
}

/// So much later.
pub(super) fn after(time: Timestamp, wait: Duration) -> Timestamp {
    let micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    Timestamp(time.0.saturating_add(micros))
}
