//! Doing what was promised: in the background when its time has come, or because the client asks for
//! the result.

use std::sync::Arc;

use kmip_ttlv::Buffer;
use kmip_ttlv::message::{ResponseItem, request};

use super::super::item::withhold;
use super::under_way::Turn;
use super::{KEPT, KEPT_FETCHED, after, kept};
use crate::keys::Purpose;
use crate::operation::{Batch, Failure, Trace};
use crate::service::Service;
use crate::service::absent::is_passing;
use crate::service::batch::{ATTEMPTS_MAX, Run, failed_item};
use crate::service::item::ReadItem;
use crate::service::report::Subject;
use crate::store::{
    Change, Commit, Error as StoreError, RequestChange, RequestKey, RequestRow, RequestStage,
};
use crate::tenant::{Caller, Identity};

/// Requests that are looked at together.
const AT_ONCE: usize = 64;

/// Requests of one tenant that are looked at together, so that no more of them are being done.
const OF_TENANT_AT_ONCE: usize = 2;

impl Service {
    /// Does the asynchronous requests whose time has come, one after the other, and forgets those that
    /// are over. Returns whether any was done. To be called again and again, by as many as shall work
    /// at once.
    pub async fn do_due(&self) -> bool {
        let (engine, now) = (self.parts.store.engine(), self.clock.now());
        let due = engine.due_requests(now, OF_TENANT_AT_ONCE, AT_ONCE).await;
        let mut any = false;
        for row in due.unwrap_or_default() {
            let Some(turn) = self.under_way.try_enter(row.key) else { continue };
            match Box::pin(self.do_alone(row.key, turn)).await {
                Ok(()) => any = true,
                // It is tried again; a suspended tenant may stay so for long.
                Err(error) => tracing::debug!(%error, "an asynchronous request was put off"),
            }
        }
        for row in engine.ended_requests(now, AT_ONCE).await.unwrap_or_default() {
            let change = RequestChange::Delete { key: row.key, revision: row.revision };
            let changes = vec![Change::Request(change)];
            // Who was faster has changed it, and it is looked at again.
            let _ = self.parts.store.commit(Commit { changes, audit: Vec::new() }).await;
        }
        any
    }

    /// Does a request although nobody waits for it.
    async fn do_alone(&self, key: RequestKey, turn: Turn) -> Result<(), Failure> {
        // Who it was on which connection stands in the request itself.
        self.perform(&self.absent(key.service).await?, key, false, &turn).await.map(drop)
    }

    /// Does a request that waits, for a caller of its service. Returns its row as it is then, if it is
    /// there at all. `is_fetched` says that the client is about to have the result.
    ///
    /// # Errors
    /// What keeps it from being tried; it waits on.
    pub(super) async fn perform(
        &self,
        current: &Caller,
        key: RequestKey,
        is_fetched: bool,
        _turn: &Turn,
    ) -> Result<Option<RequestRow>, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(row) = self.parts.store.engine().request(key).await? else {
                return Ok(None);
            };
            if row.stage != RequestStage::Waiting {
                return Ok(Some(row));
            }
            if let Some(done) = self.attempt(current, &row, is_fetched).await? {
                return Ok(Some(done));
            }
        }
        Err(Failure::Contention)
    }

    /// Does a request on fresh data. Returns its row as it is then, unless somebody else was faster.
    async fn attempt(
        &self,
        current: &Caller,
        row: &RequestRow,
        is_fetched: bool,
    ) -> Result<Option<RequestRow>, Failure> {
        let plain = self.open(current, row, Purpose::Request).await?;
        let (peer, message) = kept::read_request(&plain)?;
        let identity = Identity { peer, ..current.identity.clone() };
        let caller = Arc::new(Caller { identity, ..current.clone() });
        let request = request::read(message, &self.settings.limits);
        let request = request.map_err(|refused| refused.error)?;
        let item = request.items().next();
        let item = item.ok_or(Failure::Internal("a kept request has no item"))?;
        let run =
            Run { caller: &caller, request: &request, server_correlation: None, ticket: None };
        let (subject, trace) = (self.subject(&run, &item), Trace::default());
        let version = request.version;
        let (stage, result, mut changes, failure) =
            match self.result(&run, &item, &subject, &trace).await {
                Ok((result, changes)) => (RequestStage::Done, result, changes, None),
                Err(failure) if is_passing(&failure) && self.is_young(row) => return Err(failure),
                Err(failure) => {
                    let result = kept::result(&failed_item(&subject, &failure), version);
                    (RequestStage::Failed, result, Vec::new(), Some(failure))
                }
            };
        let sealed = Some(self.seal(current, row.key, Purpose::Result, &result).await?);
        let due = after(self.clock.now(), if is_fetched { KEPT_FETCHED } else { KEPT });
        let done = RequestRow { stage, is_fetched, due, sealed, ..row.clone() };
        changes.push(Change::Request(RequestChange::Replace(done.clone())));
        let audit = vec![self.record(&subject, &trace, failure.as_ref())];
        match self.commit(Commit { changes, audit }).await {
            Ok(()) => {
                trace.settle(&self.parts.group_turns);
                self.report(&subject, &trace, failure.as_ref());
                Ok(Some(RequestRow { revision: done.revision + 1, ..done }))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What comes of a request, if it is no longer than the server makes an answer. Nothing is durable
    /// yet.
    async fn result(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        subject: &Subject<'_>,
        trace: &Trace,
    ) -> Result<(Buffer, Vec<Change>), Failure> {
        let (_, mut outcome) = self.decide(run, item, subject, &Batch::default(), trace).await?;
        withhold(item, &mut outcome.response);
        let response = ResponseItem::success(None, outcome.response);
        let result = kept::result(&response, run.request.version);
        if result.len() > self.settings.response_bytes_max {
            return Err(Failure::ResponseTooLarge);
        }
        Ok((result, outcome.changes))
    }

    /// Whether a request has not been tried for so long that it is given up.
    fn is_young(&self, row: &RequestRow) -> bool {
        self.clock.now() < after(row.submitted, KEPT)
    }
}
