//! Batches (KMIP 1.4 §6.12 to §6.14, KMIP 2.1 §9.6 to §9.8): order, errors, and what happens to the
//! rest.
//!
//! Items are done in their order whatever the Batch Order Option says: kmip-go relies on it.

use std::sync::Arc;

use kmip_ttlv::enums::{
    AsynchronousIndicator, BatchErrorContinuationOption as OnError, Operation, ResultStatus,
};
use kmip_ttlv::message::{Request, ResponseItem, ResponseWriter};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::{Buffer, Error, Tag};

use super::later::{self, Manner};
use super::report::Subject;
use super::{Service, reply};
use crate::operation::{Batch, Failure, Feed, Trace};
use crate::store::{Commit, Error as StoreError, NoteKey};
use crate::tenant::Caller;

/// How often something is tried again on fresh data after others were faster.
pub(super) const ATTEMPTS_MAX: usize = 16;

/// A request that is being answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) caller: &'a Arc<Caller>,
    pub(super) request: &'a Request<'a>,
    pub(super) server_correlation: Option<&'a str>,
    /// The ticket that the request shows, if it shows one.
    pub(super) ticket: Option<&'a NoteKey>,
}

/// An item of a batch that stands or falls as a whole, done but not yet durable.
struct Tentative<'a> {
    subject: Subject<'a>,
    trace: Trace,
}

impl Service {
    /// Answers a request that could be read.
    pub(super) async fn answer_batch(
        &self,
        caller: &Arc<Caller>,
        request: &Request<'_>,
        response: &mut Buffer,
    ) -> Option<Feed> {
        let changed = self.caller_now(caller);
        let caller = changed.as_ref().unwrap_or(caller);
        let server_correlation = self.server_correlation(request);
        let server_correlation = server_correlation.as_deref();
        let mut header = reply::header(request.version, self.clock.now());
        header.server_correlation_value = server_correlation.map(Into::into);
        let mut writer = ResponseWriter::new(response, request.version, &header);
        let (ticket, refused) = match refused_whole(request) {
            Some(failure) => (None, Some(failure)),
            None if self.replaced.holds(caller) => {
                (None, Some(Failure::Forbidden("the certificate of this connection is replaced")))
            }
            None => match self.ticket(caller, request).await {
                Ok(Some(_)) if later::must_wait(request) => (None, Some(later::UNDER_TICKET)),
                Ok(ticket) => (ticket, None),
                Err(failure) => (None, Some(failure)),
            },
        };
        let run = Run { caller, request, server_correlation, ticket: ticket.as_ref() };
        let undo = request.header.error_continuation() == OnError::Undo;
        let mut feed = None;
        if let Some(failure) = refused {
            self.fail_all(&run, &mut writer, &failure).await;
        } else if undo && request.header.batch_count > 1 {
            self.answer_together(&run, &mut writer).await;
        } else {
            feed = self.answer_each(&run, &mut writer).await;
        }
        writer.finish();
        feed
    }

    /// A name for the request, for a client that gave it one of its own.
    fn server_correlation(&self, request: &Request<'_>) -> Option<String> {
        request.header.client_correlation_value.as_ref()?;
        let mut random = [0; 8];
        self.parts.random.fill(&mut random).ok()?;
        Some(format!("{:016x}", u64::from_be_bytes(random)))
    }

    /// Answers item after item, each with a commit of its own.
    async fn answer_each(&self, run: &Run<'_>, writer: &mut ResponseWriter<'_>) -> Option<Feed> {
        let mut batch = Batch::default();
        for item in run.request.items() {
            let done = match later::manner(run, &item) {
                Manner::Now => self.answer_item(run, &item, &mut batch, writer).await,
                // Rare, and larger than what every request has to carry.
                promise => Box::pin(self.answer_promise(run, &item, promise, writer)).await,
            };
            if !done && run.request.header.error_continuation() != OnError::Continue {
                break;
            }
        }
        batch.into_feed()
    }

    /// Answers all items and commits what they change together, or nothing of it.
    async fn answer_together(&self, run: &Run<'_>, writer: &mut ResponseWriter<'_>) {
        let start = writer.mark();
        for _ in 0..ATTEMPTS_MAX {
            writer.rewind(start);
            let mut done = Vec::new();
            let (commit, failed) = self.try_together(run, writer, &mut done).await;
            if let Some((failed, failure)) = failed {
                writer.rewind(start);
                return self.undone(writer, &done, &failed, &failure).await;
            }
            match self.commit(commit).await {
                Ok(()) => {
                    for one in &done {
                        one.trace.settle(&self.parts.group_turns);
                        self.report(&one.subject, &one.trace, None);
                    }
                    return;
                }
                Err(StoreError::Conflict) => {}
                Err(error) => {
                    writer.rewind(start);
                    return self.fail_all(run, writer, &error.into()).await;
                }
            }
        }
        writer.rewind(start);
        self.fail_all(run, writer, &Failure::Contention).await;
    }

    /// Runs all items without making anything durable. Returns what should be, or the item that
    /// failed and why.
    async fn try_together<'a>(
        &self,
        run: &Run<'a>,
        writer: &mut ResponseWriter<'_>,
        done: &mut Vec<Tentative<'a>>,
    ) -> (Commit, Option<(Tentative<'a>, Failure)>) {
        let mut batch = Batch::together();
        let mut commit = Commit::default();
        for item in run.request.items() {
            let (subject, trace) = (self.subject(run, &item), Trace::default());
            match self.try_item(run, &item, &subject, &batch, &trace, writer).await {
                Ok(ran) => {
                    batch.hold(&ran.changes);
                    batch.done(
                        ran.operation,
                        ran.uids,
                        ran.placeholder,
                        Batch::made_by(&ran.changes),
                    );
                    batch.hand_on(ran.output);
                    commit.audit.push(self.record(&subject, &trace, None));
                    ran.changes.into_iter().for_each(|change| commit.add(change));
                    done.push(Tentative { subject, trace });
                }
                Err(failure) => {
                    return (commit, Some((Tentative { subject, trace }, failure)));
                }
            }
        }
        (commit, None)
    }

    /// Says which items were undone, and which one failed.
    async fn undone(
        &self,
        writer: &mut ResponseWriter<'_>,
        done: &[Tentative<'_>],
        failed: &Tentative<'_>,
        failure: &Failure,
    ) {
        for one in done {
            let undone = Failure::Undone;
            let mut item = failed_item(&one.subject, &undone);
            item.status = ResultStatus::OperationUndone;
            writer.item(&item);
            self.note(&one.subject, &one.trace, &undone).await;
        }
        self.refuse(writer, &failed.subject, &failed.trace, failure).await;
    }

    /// Refuses every item for the same reason; nothing is run.
    async fn fail_all(&self, run: &Run<'_>, writer: &mut ResponseWriter<'_>, failure: &Failure) {
        for item in run.request.items() {
            let subject = self.subject(run, &item);
            self.refuse(writer, &subject, &Trace::default(), failure).await;
        }
    }
}

/// The answer to an item that failed.
pub(super) fn failed_item<'a>(subject: &Subject<'a>, failure: &Failure) -> ResponseItem<'a> {
    let id = subject.unique_batch_item_id.clone();
    let mut failed = reply::failed(subject.operation, id, subject.version, failure);
    if let Failure::Denied(denial) = failure
        && !subject.version.is_2x()
    {
        failed.payload = Some(ResponsePayload::Check(denial.response()));
    }
    failed
}

/// Why nothing of a request is run, if so.
fn refused_whole(request: &Request<'_>) -> Option<Failure> {
    let unknown = |tag, value| Some(Error::UnknownValue { tag, value }.into());
    match request.header.asynchronous() {
        AsynchronousIndicator::Unknown(value) => return unknown(Tag::AsynchronousIndicator, value),
        _ => {
            if let Some(why) = later::refused(request) {
                return Some(Failure::FeatureNotSupported(why));
            }
        }
    }
    let option = request.header.error_continuation();
    if let OnError::Unknown(value) = option {
        return unknown(Tag::BatchErrorContinuationOption, value);
    }
    let undo = option == OnError::Undo;
    if undo && request.header.batch_count > 1 && searches_after_change(request) {
        return Some(Failure::FeatureNotSupported(
            "a batch that can be undone cannot search for what it has changed",
        ));
    }
    None
}

/// Whether Locate stands behind an operation that may change what it would find. The changes of a
/// batch that may be undone are not in the store before its end.
fn searches_after_change(request: &Request<'_>) -> bool {
    let mut changed = false;
    for item in request.items().flatten() {
        match item.operation {
            Operation::Locate if changed => return true,
            Operation::Locate
            | Operation::Get
            | Operation::GetAttributes
            | Operation::GetAttributeList
            | Operation::Query
            | Operation::DiscoverVersions => {}
            _ => changed = true,
        }
    }
    false
}
