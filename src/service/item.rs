//! One batch item: read, weigh, run, make durable, answer.

use kmip_ttlv::Version;
use kmip_ttlv::enums::Operation;
use kmip_ttlv::message::{RequestBatchItem, ResponseItem, ResponseWriter, UnreadableItem};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload};

use super::Service;
use super::batch::{ATTEMPTS_MAX, Run, failed_item};
use super::report::Subject;
use crate::access;
use crate::keys;
use crate::operation::permit::Permit;
use crate::operation::{
    self, Batch, Context, Failure, Outcome, Output, Placeholder, Trace, outputs,
};
use crate::store::{Change, Commit, Error as StoreError};

/// An item of a request, as far as it can be read.
pub(super) type ReadItem<'a> = Result<RequestBatchItem<'a>, UnreadableItem<'a>>;

/// An item that has run and been answered, but whose changes are not durable.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) operation: Operation,
    pub(super) changes: Vec<Change>,
    pub(super) uids: Vec<String>,
    pub(super) placeholder: Placeholder,
    /// Data for the items after it.
    pub(super) output: Option<Output>,
}

impl Service {
    /// What is known of an item before it runs.
    pub(super) fn subject<'a>(&self, run: &Run<'a>, item: &ReadItem<'a>) -> Subject<'a> {
        let (operation, id) = match item {
            Ok(item) => (Some(item.operation), &item.unique_batch_item_id),
            Err(unreadable) => (unreadable.operation, &unreadable.unique_batch_item_id),
        };
        Subject {
            caller: run.caller,
            unasked: None,
            version: run.request.version,
            operation,
            unique_batch_item_id: id.clone(),
            time: self.clock.now(),
            started: self.clock.elapsed(),
            client_correlation: run.request.header.client_correlation_value.as_deref(),
            server_correlation: run.server_correlation,
        }
    }

    /// Answers an item whose changes are durable on return. Returns whether it was done.
    pub(super) async fn answer_item(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        batch: &mut Batch,
        writer: &mut ResponseWriter<'_>,
    ) -> bool {
        let (subject, trace) = (self.subject(run, item), Trace::default());
        let start = writer.mark();
        let failure = match self.run_item(run, item, &subject, batch, &trace, writer).await {
            Ok(()) => {
                trace.settle(&self.parts.group_turns);
                trace.take_feed().into_iter().for_each(|feed| batch.listens(feed));
                self.report(&subject, &trace, None);
                return true;
            }
            Err(failure) => failure,
        };
        writer.rewind(start);
        batch.failed(&failure);
        self.refuse(writer, &subject, &trace, &failure).await;
        false
    }

    /// Answers, records and reports an item that failed.
    pub(super) async fn refuse(
        &self,
        writer: &mut ResponseWriter<'_>,
        subject: &Subject<'_>,
        trace: &Trace,
        failure: &Failure,
    ) {
        writer.item(&failed_item(subject, failure));
        self.note(subject, trace, failure).await;
    }

    /// Records and reports an item that failed.
    ///
    /// An audit trail that cannot be written stops everything; what failed for that reason is in
    /// the log alone.
    pub(super) async fn note(&self, subject: &Subject<'_>, trace: &Trace, failure: &Failure) {
        let record = self.record(subject, trace, Some(failure));
        if let Err(error) = self.audit.read(record).await {
            tracing::error!(%error, "the audit trail failed");
        }
        self.report(subject, trace, Some(failure));
    }

    /// Runs an item on fresh data until nobody else was faster.
    async fn run_item(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        subject: &Subject<'_>,
        batch: &mut Batch,
        trace: &Trace,
        writer: &mut ResponseWriter<'_>,
    ) -> Result<(), Failure> {
        let start = writer.mark();
        let mut turn = None;
        for _ in 0..ATTEMPTS_MAX {
            writer.rewind(start);
            let ran = self.try_item(run, item, subject, batch, trace, writer).await?;
            let record = self.record(subject, trace, None);
            if ran.changes.is_empty() {
                self.audit.read(record).await.map_err(|_| Failure::Audit)?;
                batch.done(ran.operation, ran.uids, ran.placeholder, Vec::new());
                batch.hand_on(ran.output);
                return Ok(());
            }
            let made = Batch::made_by(&ran.changes);
            let commit = Commit { changes: ran.changes, audit: vec![record] };
            match self.commit(commit).await {
                Ok(()) => {
                    batch.done(ran.operation, ran.uids, ran.placeholder, made);
                    batch.hand_on(ran.output);
                    return Ok(());
                }
                Err(StoreError::Conflict) => {
                    if turn.is_none() {
                        let row = trace.objects().first().cloned().unwrap_or_default();
                        turn = self.turns.wait(&row).await;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Contention)
    }

    /// Runs an item once and writes its answer. Nothing is durable yet.
    pub(super) async fn try_item(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        subject: &Subject<'_>,
        batch: &Batch,
        trace: &Trace,
        writer: &mut ResponseWriter<'_>,
    ) -> Result<Ran, Failure> {
        let (operation, outcome) = self.decide(run, item, subject, batch, trace).await?;
        let Outcome { mut response, changes, uids, placeholder } = outcome;
        let is_followed = run.request.header.batch_count > 1 && run.request.version.is_2x();
        let output = if is_followed { batch.outputs().of(&response)? } else { None };
        withhold(item, &mut response);
        writer.item(&ResponseItem::success(subject.unique_batch_item_id.clone(), response));
        check_size(run, self.settings.response_bytes_max, writer)?;
        Ok(Ran { operation, changes, uids, placeholder, output })
    }

    /// Runs an item once. Nothing is written, and nothing is durable.
    pub(super) async fn decide(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        subject: &Subject<'_>,
        batch: &Batch,
        trace: &Trace,
    ) -> Result<(Operation, Outcome), Failure> {
        let (item, mut payload) = self.weigh(run, item)?;
        batch.outputs().resolve(&mut payload)?;
        let version = run.request.version;
        let permit = match run.ticket {
            Some(key) => Some(Permit::load(&self.parts, batch, key, &payload, subject.time).await?),
            None => None,
        };
        let cx = Context::new(&self.parts, run.caller, batch, trace, version, subject.time);
        let cx = cx.under(permit.as_ref());
        let mut outcome = operation::run(&cx, &payload).await?;
        if let Some(permit) = &permit {
            outcome.changes.extend(permit.charge(&outcome.changes)?);
        }
        Ok((item.operation, outcome))
    }

    /// Whether anything can be done at all.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.audit.check().map_err(|_| Failure::Audit)?;
        Ok(self.parts.keyring.check().map_err(keys::Error::from)?)
    }

    /// Whether an item may run at all, and what it asks for.
    pub(super) fn weigh<'i, 'a>(
        &self,
        run: &Run<'_>,
        item: &'i ReadItem<'a>,
    ) -> Result<(&'i RequestBatchItem<'a>, RequestPayload<'a>), Failure> {
        self.check()?;
        self.parts.keyring.check_caller(run.caller).map_err(Failure::of_keys)?;
        let item = item.as_ref().map_err(|unreadable| unreadable.error)?;
        check_envelope(item)?;
        access::check_operation(run.caller, item.operation)?;
        check_version(item.operation, run.request.version)?;
        Ok((item, item.payload()?))
    }
}

/// Whether a version has an operation. Clients find out what is served with Discover Versions inside
/// a message of 1.0, which has not got it.
fn check_version(operation: Operation, version: Version) -> Result<(), Failure> {
    let known = operation.is_in(version) || operation == Operation::DiscoverVersions;
    if known { Ok(()) } else { Err(Failure::OperationNotSupported) }
}

/// Takes out of an answer what the client does not want to be told (Ephemeral, KMIP 2.1 §8.3).
pub(super) fn withhold(item: &ReadItem<'_>, response: &mut ResponsePayload<'_>) {
    if item.as_ref().is_ok_and(|item| item.ephemeral == Some(true)) {
        outputs::withhold(response);
    }
}

/// Whether nothing around the payload asks for what the server does not do.
fn check_envelope(item: &RequestBatchItem<'_>) -> Result<(), Failure> {
    if item.extensions.iter().any(|extension| extension.critical) {
        return Err(Failure::FeatureNotSupported("the Message Extension is not understood"));
    }
    Ok(())
}

/// Whether the response is still as short as the client wants it (KMIP 1.4 §6.3), and as the server
/// makes it.
pub(super) fn check_size(
    run: &Run<'_>,
    bytes_max: usize,
    writer: &ResponseWriter<'_>,
) -> Result<(), Failure> {
    let wanted = run.request.header.maximum_response_size;
    let wanted = wanted.and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
    if writer.bytes() > bytes_max.min(wanted) { Err(Failure::ResponseTooLarge) } else { Ok(()) }
}
