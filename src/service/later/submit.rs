//! Promises: a request is kept, and answered Operation Pending.

use std::borrow::Cow;

use kmip_ttlv::enums::{Operation, ResultStatus};
use kmip_ttlv::message::{ResponseItem, ResponseWriter};
use zeroize::Zeroizing;

use super::{DELAY, LIMITS, after, kept};
use crate::audit::Outcome;
use crate::keys::Purpose;
use crate::operation::{Failure, Trace};
use crate::service::Service;
use crate::service::batch::{ATTEMPTS_MAX, Run};
use crate::service::item::{ReadItem, check_size};
use crate::service::report::Subject;
use crate::store::{
    Change, Commit, Error as StoreError, REQUEST_VALUE_BYTES, RequestChange, RequestKey,
    RequestRow, RequestStage, Sealed,
};
use crate::tenant::Caller;

impl Service {
    /// Promises to do an item.
    pub(super) async fn submit(
        &self,
        run: &Run<'_>,
        item: &ReadItem<'_>,
        subject: &Subject<'_>,
        trace: &Trace,
        writer: &mut ResponseWriter<'_>,
    ) -> Result<(), Failure> {
        let (item, payload) = self.weigh(run, item)?;
        let (tenant, service) = (run.caller.tenant_id, run.caller.service_id);
        let mut value = [0; REQUEST_VALUE_BYTES];
        self.parts.random.fill(&mut value)?;
        let key = RequestKey { tenant, service, value };
        writer.item(&pending(Some(item.operation), item.unique_batch_item_id.clone(), key));
        check_size(run, self.settings.response_bytes_max, writer)?;
        let plain = kept::request(run, payload)?;
        for _ in 0..ATTEMPTS_MAX {
            let there = self.parts.store.engine().request_counts(tenant, service).await?;
            if there.service >= LIMITS.service_max || there.tenant >= LIMITS.tenant_max {
                return Err(Failure::LimitExceeded(
                    "too many asynchronous requests are kept; poll for them, or wait",
                ));
            }
            let row = RequestRow {
                key,
                revision: 1,
                operation: item.operation.number(),
                stage: RequestStage::Waiting,
                is_fetched: false,
                submitted: subject.time,
                due: after(subject.time, DELAY),
                sealed: Some(self.seal(run.caller, key, Purpose::Request, &plain).await?),
            };
            let change = Change::Request(RequestChange::New { row, limits: LIMITS });
            let mut record = self.record(subject, trace, None);
            record.outcome = Outcome::Pending;
            let commit = Commit { changes: vec![change], audit: vec![record] };
            match self.parts.store.commit(commit).await {
                Err(StoreError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        Err(Failure::Contention)
    }

    /// Seals a request or its result under the key of the service that made it.
    pub(super) async fn seal(
        &self,
        caller: &Caller,
        key: RequestKey,
        purpose: Purpose,
        plain: &[u8],
    ) -> Result<Sealed, Failure> {
        let service_key = self.parts.keyring.service_key(caller, key.service).await;
        let service_key = service_key.map_err(Failure::of_keys)?;
        Ok(service_key.seal_request(&*self.parts.random, &key.value, purpose, plain)?)
    }

    /// Opens what [`Service::seal`] has sealed.
    pub(super) async fn open(
        &self,
        caller: &Caller,
        row: &RequestRow,
        purpose: Purpose,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let nothing = Failure::Internal("an asynchronous request has nothing sealed");
        let sealed = row.sealed.as_ref().ok_or(nothing)?;
        let key = row.key;
        let service_key = self.parts.keyring.sealing_key(caller, key.service, sealed).await;
        let service_key = service_key.map_err(Failure::of_keys)?;
        Ok(service_key.open_request(&key.value, purpose, sealed)?)
    }
}

/// The answer to an item that is not done yet.
pub(super) fn pending(
    operation: Option<Operation>,
    id: Option<Cow<'_, [u8]>>,
    key: RequestKey,
) -> ResponseItem<'_> {
    ResponseItem {
        operation,
        unique_batch_item_id: id,
        status: ResultStatus::OperationPending,
        reason: None,
        message: None,
        asynchronous_correlation_value: Some(key.value.to_vec().into()),
        payload: None,
        extension: None,
    }
}
