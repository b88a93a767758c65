//! Cryptographic operations that run over several requests (KMIP 1.4 §2.1.15): the table of those
//! that are open.
//!
//! A stream belongs to the service that began it. It lives in memory of this node alone: it ends
//! with its last part, with a part that fails, when nobody has touched it for a while, and when the
//! node stops.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_ttlv::enums::Operation;

use super::Failure;
use super::part::Work;
use crate::store::Target;
use crate::tenant::{ServiceId, TenantId};

/// Bytes of a Correlation Value: as hard to meet by chance as a UUID.
pub(super) const VALUE_BYTES: usize = 16;

/// How many streams may be open, and what they may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Streams of all services together.
    pub streams_max: usize,
    /// Streams of all services of one tenant.
    pub tenant_streams_max: usize,
    /// Streams of one service.
    pub service_streams_max: usize,
    /// Bytes that the streams of all services hold back until their last part.
    pub held_bytes_max: u64,
    /// Bytes that the streams of all services of one tenant hold back.
    pub tenant_held_bytes_max: u64,
    /// Bytes that the streams of one service hold back.
    pub service_held_bytes_max: u64,
    /// Seconds after which a stream that nobody goes on with is over.
    pub idle_seconds_max: i64,
}

impl Default for StreamLimits {
    /// 4096 streams, 1024 of one tenant, 64 of one service; 64 MiB held back, 16 MiB for one tenant
    /// and for one service; five minutes.
    fn default() -> Self {
        Self {
            streams_max: 4096,
            tenant_streams_max: 1024,
            service_streams_max: 64,
            held_bytes_max: 64 << 20,
            tenant_held_bytes_max: 16 << 20,
            service_held_bytes_max: 16 << 20,
            idle_seconds_max: 300,
        }
    }
}

/// Streams that are open.
#[derive(Debug, Default)]
pub struct Streams {
    table: Arc<Mutex<Table>>,
    limits: StreamLimits,
}

type Table = HashMap<Key, Stream>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    service: ServiceId,
    value: [u8; VALUE_BYTES],
}

#[derive(Debug)]
struct Stream {
    tenant: TenantId,
    subject: Subject,
    /// Absent while a part is being worked on.
    work: Option<Box<dyn Work>>,
    held_bytes: u64,
    /// When the last part came, in seconds since the epoch.
    touched: i64,
}

/// What a stream is about; the same for all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// The operation.
    pub(super) operation: Operation,
    /// The key, in an operation that has one.
    pub(super) uid: Option<String>,
}

/// A part of a stream that is about to be worked on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// Whose service sends it.
    pub(super) tenant: TenantId,
    /// Who sends it.
    pub(super) service: ServiceId,
    /// When it came, in seconds since the epoch.
    pub(super) now: i64,
    /// Its data, in bytes.
    pub(super) bytes: usize,
}

impl Streams {
    /// No streams, and room for as many as `limits` says.
    #[must_use]
    pub fn new(limits: StreamLimits) -> Self {
        Self { table: Arc::default(), limits }
    }

    /// How many streams are open.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.table).len()
    }

    /// What ends all streams of a tenant, or of one service, and wipes what they hold.
    pub fn ender(&self) -> impl Fn(Target) + Send + Sync + use<> {
        let table = Arc::clone(&self.table);
        move |Target { tenant, service }| {
            let is_kept = |key: &Key, stream: &Stream| {
                stream.tenant != tenant || service.is_some_and(|service| service != key.service)
            };
            lock(&table).retain(|key, stream| is_kept(key, stream));
        }
    }

    /// Makes room for a new stream. It is not there for others before [`Place::keep`].
    ///
    /// # Errors
    /// [`Failure::LimitExceeded`].
    pub(super) fn open(
        &self,
        value: [u8; VALUE_BYTES],
        subject: Subject,
        work: Box<dyn Work>,
        arrival: Arrival,
    ) -> Result<Place, Failure> {
        let mut table = lock(&self.table);
        self.sweep(&mut table, arrival.now);
        let key = Key { service: arrival.service, value };
        let of_service = table.keys().filter(|key| key.service == arrival.service).count();
        if of_service >= self.limits.service_streams_max {
            return Err(Failure::LimitExceeded("the service has too many open streams"));
        }
        let of_tenant = table.values().filter(|stream| stream.tenant == arrival.tenant).count();
        if of_tenant >= self.limits.tenant_streams_max {
            return Err(Failure::LimitExceeded("the tenant has too many open streams"));
        }
        if table.len() >= self.limits.streams_max {
            return Err(Failure::LimitExceeded("too many streams are open"));
        }
        let held_bytes = self.room(&table, work.as_ref(), arrival)?;
        let (tenant, touched) = (arrival.tenant, arrival.now);
        table.insert(key, Stream { tenant, subject, work: None, held_bytes, touched });
        Ok(Place { table: Arc::clone(&self.table), key, work: Some(work) })
    }

    /// Takes a stream out to work on it. It is back with [`Place::keep`], and over otherwise.
    ///
    /// # Errors
    /// [`Failure::UnknownStream`] if there is none of this value, service and subject;
    /// [`Failure::LimitExceeded`] if it would hold too much, and [`Failure::Contention`] while
    /// another part is being worked on: in both cases it stays as it is.
    pub(super) fn take(
        &self,
        value: &[u8],
        subject: &Subject,
        arrival: Arrival,
    ) -> Result<Place, Failure> {
        let mut table = lock(&self.table);
        self.sweep(&mut table, arrival.now);
        let key = key(arrival.service, value)?;
        let stream = table.get(&key).filter(|stream| stream.subject == *subject);
        let stream = stream.ok_or(Failure::UnknownStream)?;
        let work = stream.work.as_deref().ok_or(Failure::Contention)?;
        let more = self.room(&table, work, arrival)?;
        let stream = table.get_mut(&key).ok_or(Failure::UnknownStream)?;
        stream.held_bytes = stream.held_bytes.saturating_add(more);
        stream.touched = arrival.now;
        Ok(Place { table: Arc::clone(&self.table), key, work: stream.work.take() })
    }

    /// The key that a stream works with.
    ///
    /// # Errors
    /// [`Failure::UnknownStream`].
    pub(super) fn uid(&self, service: ServiceId, value: &[u8]) -> Result<String, Failure> {
        let table = lock(&self.table);
        let stream = table.get(&key(service, value)?).ok_or(Failure::UnknownStream)?;
        stream.subject.uid.clone().ok_or(Failure::UnknownStream)
    }

    /// Ends the streams that nobody goes on with.
    fn sweep(&self, table: &mut Table, now: i64) {
        let idle = self.limits.idle_seconds_max;
        table.retain(|_, stream| now.saturating_sub(stream.touched) < idle);
    }

    /// How many of the bytes that come will be held back, if there is room for them.
    fn room(&self, table: &Table, work: &dyn Work, arrival: Arrival) -> Result<u64, Failure> {
        if !work.holds_back() {
            return Ok(0);
        }
        let more = u64::try_from(arrival.bytes).unwrap_or(u64::MAX);
        let (mut of_service, mut of_tenant, mut of_all) = (more, more, more);
        for (key, stream) in table {
            of_all = of_all.saturating_add(stream.held_bytes);
            if stream.tenant == arrival.tenant {
                of_tenant = of_tenant.saturating_add(stream.held_bytes);
            }
            if key.service == arrival.service {
                of_service = of_service.saturating_add(stream.held_bytes);
            }
        }
        if of_service > self.limits.service_held_bytes_max
            || of_tenant > self.limits.tenant_held_bytes_max
            || of_all > self.limits.held_bytes_max
        {
            return Err(Failure::LimitExceeded("too much data is held back in open streams"));
        }
        Ok(more)
    }
}

/// The place of a stream in the table while a part of it is being worked on.
pub(super) struct Place {
    table: Arc<Mutex<Table>>,
    key: Key,
    /// What works on the stream; absent after the last part.
    pub(super) work: Option<Box<dyn Work>>,
}

impl Place {
    /// Lets the stream go on with the next part, unless this was the last one.
    pub(super) fn keep(mut self) {
        if let Some(stream) = lock(&self.table).get_mut(&self.key) {
            stream.work = self.work.take();
        }
    }
}

impl Drop for Place {
    /// Ends a stream that was not kept.
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        if table.get(&self.key).is_some_and(|stream| stream.work.is_none()) {
            table.remove(&self.key);
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("work", &self.work).finish_non_exhaustive()
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(service: ServiceId, value: &[u8]) -> Result<Key, Failure> {
    let value = value.try_into().map_err(|_| Failure::UnknownStream)?;
    Ok(Key { service, value })
}

#[cfg(test)]
mod tests;
