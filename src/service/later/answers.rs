//! Poll, Cancel, Process and Query Asynchronous Requests: what has become of a promise.

use kmip_ttlv::DateTimeExtended;
use kmip_ttlv::enums::{CancellationResult, Operation, ProcessingStage};
use kmip_ttlv::message::{RequestBatchItem, ResponseItem, ResponseWriter};
use kmip_ttlv::payload::{
    RequestPayload, ResponsePayload, cancel, process, query_asynchronous_requests as query,
};
use kmip_ttlv::structure::AsynchronousRequest;

use super::submit::pending;
use super::{KEPT, KEPT_FETCHED, PATIENCE, after, kept};
use crate::access;
use crate::keys::Purpose;
use crate::operation::{Failure, Trace};
use crate::service::Service;
use crate::service::batch::{ATTEMPTS_MAX, Run};
use crate::service::item::{ReadItem, check_size};
use crate::service::report::Subject;
use crate::store::{
    Change, Commit, Error as StoreError, REQUEST_VALUE_BYTES, RequestChange, RequestKey,
    RequestRow, RequestStage,
};
use crate::tenant::Caller;

impl Service {
    /// Answers an item about asynchronous requests. Returns whether what it asks for was done, too.
    pub(super) async fn tell(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        subject: &Subject<'_>,
        trace: &Trace,
        writer: &mut ResponseWriter<'_>,
    ) -> Result<bool, Failure> {
        let (item, payload) = self.weigh(run, item)?;
        let (caller, id) = (run.caller, item.unique_batch_item_id.clone());
        let response: ResponsePayload<'_> = match payload {
            RequestPayload::Poll(request) => {
                let key = key(caller, &request.asynchronous_correlation_value)?;
                return self.poll(run, item, key, subject, trace, writer).await;
            }
            RequestPayload::Cancel(request) => {
                let value = request.asynchronous_correlation_value;
                let result = self.cancel(caller, &value, subject, trace).await?;
                cancel::Response { asynchronous_correlation_value: value, result }.into()
            }
            RequestPayload::Process(request) => {
                self.process(caller, key(caller, &request.asynchronous_correlation_value)?).await?;
                process::Response {}.into()
            }
            RequestPayload::QueryAsynchronousRequests(request) => {
                self.outstanding(caller, &request).await?.into()
            }
            _ => return Err(Failure::Internal("not about asynchronous requests")),
        };
        writer.item(&ResponseItem::success(id, response));
        check_size(run, self.settings.response_bytes_max, writer)?;
        // What Cancel has changed stands with its record already.
        if item.operation != Operation::Cancel {
            let record = self.record(subject, trace, None);
            self.audit.read(record).await.map_err(|_| Failure::Audit)?;
        }
        Ok(true)
    }

    /// A request of the caller's.
    async fn promised(&self, key: RequestKey) -> Result<RequestRow, Failure> {
        self.parts.store.engine().request(key).await?.ok_or(Failure::UnknownRequest)
    }

    /// Poll (KMIP 1.4 §4.28, KMIP 2.1 §6.1.38): the response that the request would have had. One that
    /// waits is done now.
    async fn poll(
        &self,
        run: &Run<'_>,
        item: &RequestBatchItem<'_>,
        key: RequestKey,
        subject: &Subject<'_>,
        trace: &Trace,
        writer: &mut ResponseWriter<'_>,
    ) -> Result<bool, Failure> {
        let (caller, id) = (run.caller, item.unique_batch_item_id.clone());
        let mut row = self.promised(key).await?;
        let operation = Operation::from_number(row.operation);
        access::check_operation(caller, operation)?;
        if row.stage == RequestStage::Waiting {
            let turn = tokio::time::timeout(PATIENCE, self.under_way.enter(key)).await;
            let Ok(turn) = turn else {
                writer.item(&pending(Some(operation), id, key));
                let record = self.record(subject, trace, None);
                self.audit.read(record).await.map_err(|_| Failure::Audit)?;
                return Ok(true);
            };
            row = self.perform(caller, key, true, &turn).await?.ok_or(Failure::UnknownRequest)?;
        }
        if row.stage == RequestStage::Canceled {
            let canceled = Failure::Canceled;
            let reason = canceled.reason(run.request.version);
            let text = canceled.to_string();
            writer.item(&ResponseItem::failure(Some(operation), id, reason, text));
        } else {
            let plain = self.open(caller, &row, Purpose::Result).await?;
            let result = kept::read_result(&plain)?;
            writer.item(&ResponseItem { unique_batch_item_id: id, ..result });
        }
        check_size(run, self.settings.response_bytes_max, writer)?;
        let was_done = row.stage == RequestStage::Done;
        self.fetched(row, subject, trace).await?;
        Ok(was_done)
    }

    /// Notes that the client has had the result.
    async fn fetched(
        &self,
        row: RequestRow,
        subject: &Subject<'_>,
        trace: &Trace,
    ) -> Result<(), Failure> {
        let record = self.record(subject, trace, None);
        if !row.is_fetched {
            let due = row.due.min(after(self.clock.now(), KEPT_FETCHED));
            let row = RequestRow { is_fetched: true, due, ..row };
            let changes = vec![Change::Request(RequestChange::Replace(row))];
            match self.parts.store.commit(Commit { changes, audit: vec![record.clone()] }).await {
                // Somebody else has had it too, or its time is over.
                Err(StoreError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        self.audit.read(record).await.map_err(|_| Failure::Audit)
    }

    /// Cancel (KMIP 1.4 §4.27, KMIP 2.1 §6.1.5). What is under way is not stopped.
    async fn cancel(
        &self,
        caller: &Caller,
        value: &[u8],
        subject: &Subject<'_>,
        trace: &Trace,
    ) -> Result<CancellationResult, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            let row = match key(caller, value) {
                Ok(key) => self.parts.store.engine().request(key).await?,
                Err(_) => None,
            };
            let turn = row.as_ref().and_then(|row| self.under_way.try_enter(row.key));
            let result = match row.as_ref().map(|row| row.stage) {
                None => CancellationResult::Unavailable,
                Some(RequestStage::Done) => CancellationResult::Completed,
                Some(RequestStage::Failed) => CancellationResult::Failed,
                Some(RequestStage::Waiting) if turn.is_none() => CancellationResult::UnableToCancel,
                Some(RequestStage::Waiting | RequestStage::Canceled) => {
                    CancellationResult::Canceled
                }
            };
            let record = self.record(subject, trace, None);
            let Some(row) = row.filter(|row| row.stage == RequestStage::Waiting && turn.is_some())
            else {
                self.audit.read(record).await.map_err(|_| Failure::Audit)?;
                return Ok(result);
            };
            let due = after(self.clock.now(), KEPT);
            let (stage, is_fetched, sealed) = (RequestStage::Canceled, true, None);
            let row = RequestRow { stage, is_fetched, due, sealed, ..row };
            let changes = vec![Change::Request(RequestChange::Replace(row))];
            match self.parts.store.commit(Commit { changes, audit: vec![record] }).await {
                Err(StoreError::Conflict) => {}
                done => return Ok(done.map(|()| result)?),
            }
        }
        Err(Failure::Contention)
    }

    /// Process (KMIP 2.1 §6.1.39): no Poll after it is answered Operation Pending.
    async fn process(&self, caller: &Caller, key: RequestKey) -> Result<(), Failure> {
        let row = self.promised(key).await?;
        access::check_operation(caller, Operation::from_number(row.operation))?;
        match row.stage {
            RequestStage::Waiting => {
                let turn = self.under_way.enter(key).await;
                let row = self.perform(caller, key, false, &turn).await?;
                row.map(drop).ok_or(Failure::UnknownRequest)
            }
            RequestStage::Done | RequestStage::Failed => Err(Failure::AlreadyProcessed),
            RequestStage::Canceled => Err(Failure::UnknownRequest),
        }
    }

    /// Query Asynchronous Requests (KMIP 2.1 §6.1.41): those whose results nobody has had.
    async fn outstanding(
        &self,
        caller: &Caller,
        request: &query::Request,
    ) -> Result<query::Response, Failure> {
        let engine = self.parts.store.engine();
        let rows = engine.requests(caller.tenant_id, caller.service_id).await?;
        let values = request.asynchronous_correlation_values.as_ref().map(|list| &list.values);
        let operations = request.operations.as_ref().map(|list| &list.operations);
        let is_meant = |row: &RequestRow| {
            let operation = Operation::from_number(row.operation);
            !row.is_fetched
                && values
                    .is_none_or(|all| all.is_empty() || all.iter().any(|v| *v == row.key.value))
                && operations.is_none_or(|all| all.is_empty() || all.contains(&operation))
        };
        let told = rows.into_iter().filter(is_meant).map(|row| AsynchronousRequest {
            correlation_value: row.key.value.to_vec(),
            operation: Operation::from_number(row.operation),
            submission_date: DateTimeExtended(row.submitted.0),
            stage: match row.stage {
                RequestStage::Waiting if self.under_way.has(row.key) => ProcessingStage::InProcess,
                RequestStage::Waiting => ProcessingStage::Submitted,
                _ => ProcessingStage::Completed,
            },
        });
        Ok(query::Response { requests: told.collect() })
    }
}

/// The key of a request of the caller's service.
fn key(caller: &Caller, value: &[u8]) -> Result<RequestKey, Failure> {
    let value = <[u8; REQUEST_VALUE_BYTES]>::try_from(value);
    let value = value.map_err(|_| Failure::UnknownRequest)?;
    Ok(RequestKey { tenant: caller.tenant_id, service: caller.service_id, value })
}
