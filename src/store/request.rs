//! Asynchronous requests as they are kept: first what is to be done, then what came of it.

use super::engine::{BoxFuture, Error};
use super::row::Sealed;
use crate::clock::Timestamp;
use crate::tenant::{ServiceId, TenantId};

/// Bytes of an Asynchronous Correlation Value: as hard to meet by chance as a UUID.
pub const REQUEST_VALUE_BYTES: usize = 16;

/// Which request is meant. Nobody but the service that made it can say its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The tenant.
    pub tenant: TenantId,
    /// Its service.
    pub service: ServiceId,
    /// The Asynchronous Correlation Value.
    pub value: [u8; REQUEST_VALUE_BYTES],
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStage {
    /// It is not done yet.
    Waiting,
    /// It was done.
    Done,
    /// It was refused or failed.
    Failed,
    /// Its client has given it up before it began.
    Canceled,
}

/// An asynchronous request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRow {
    /// Which one it is.
    pub key: RequestKey,
    /// Counts the row's changes, from 1. A change names the revision that it was decided on.
    pub revision: u64,
    /// What is asked for: KMIP's number of the operation.
    pub operation: u32,
    /// How far it has come.
    pub stage: RequestStage,
    /// Whether the client has had the result.
    pub is_fetched: bool,
    /// When it was made.
    pub submitted: Timestamp,
    /// When it is begun by itself; once it has ended, when the row goes.
    pub due: Timestamp,
    /// The request while it waits, and then its result. A canceled one has neither.
    pub sealed: Option<Sealed>,
}

/// How many requests may be kept at once, with those that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Of one service.
    pub service_max: u32,
    /// Of all services of a tenant.
    pub tenant_max: u32,
}

/// How many requests are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Of the service.
    pub service: u32,
    /// Of all services of its tenant.
    pub tenant: u32,
}

/// A change of a request.
#[derive(Debug, Clone)]
pub enum RequestChange {
    /// A new one. A conflict if its key is taken, or if there are as many as the limits allow.
    New {
        /// The row; its revision is 1.
        row: RequestRow,
        /// How many there may be.
        limits: RequestLimits,
    },
    /// Its new form. `revision` is the one that it was decided on; the row's becomes one more. A
    /// conflict if the row has moved on or is gone.
    Replace(RequestRow),
    /// It goes. A conflict if it has moved on.
    Delete {
        /// Which one.
        key: RequestKey,
        /// The revision that it was decided on.
        revision: u64,
    },
}

/// Reads for asynchronous requests.
pub trait Requests: Send + Sync {
    /// A request, if it is there.
    fn request(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<RequestRow>, Error>>;

    /// The requests of a service in the order in which they came, without what is sealed.
    fn requests(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>>;

    /// How many requests there are.
    fn request_counts(
        &self,
        tenant: TenantId,
        service: ServiceId,
    ) -> BoxFuture<'_, Result<RequestCounts, Error>>;

    /// The requests that are to begin by `now`, oldest first, no more than `of_tenant` of each tenant
    /// and `limit` in all, without what is sealed.
    fn due_requests(
        &self,
        now: Timestamp,
        of_tenant: usize,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>>;

    /// At most `limit` requests that have ended and whose rows are to go by `now`, without what is
    /// sealed.
    fn ended_requests(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>>;

    /// At most `limit` requests of a service whose envelopes name another version than this.
    fn stale_requests(
        &self,
        tenant: TenantId,
        service: ServiceId,
        version: u32,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, Error>>;
}
