//! The whole server less its transport: bytes in, bytes out.
//!
//! [`Service::answer`] reads a request, runs its batch items one after the other, makes what each
//! changes durable together with its audit record, and only then lets its answer stand.

mod absent;
mod batch;
mod credential;
mod inquiry;
mod item;
mod later;
mod offer;
mod reply;
mod report;
mod rotate;
mod session;
mod suspend;
mod ticket;
mod turns;

use std::sync::Arc;

use kmip_ttlv::message::request;
use kmip_ttlv::scan::Limits;
use kmip_ttlv::{Buffer, Error, Version};
use quick_cache::sync::Cache;

use credential::Replaced;
use later::UnderWay;
pub use session::{Heard, Occasion, Session};
use turns::Turns;

use crate::clock::Clock;
pub use crate::keys::Error as NotAdmitted;
use crate::keys::{self, AutoRegister};
use crate::metrics::{MessageRefusal, Metrics, TenantMetrics};
pub use crate::operation::Event;
use crate::operation::{Feed, Parts};
use crate::store::{AuditLog, ServiceRow};
use crate::tenant::{Caller, Identity, TenantId};

/// Tenants whose counters are kept at hand.
const TENANT_METRICS_MAX: usize = 10_000;

/// What the service may be told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What a request may contain at most.
    pub limits: Limits,
    /// The longest response that is made, in bytes, whatever the client would take.
    pub response_bytes_max: usize,
    /// What an unknown but accepted certificate registers.
    pub auto_register: AutoRegister,
}

/// The server, less its transport.
#[derive(Debug)]
pub struct Service {
    parts: Parts,
    audit: Arc<AuditLog>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    tenants: Cache<TenantId, TenantMetrics>,
    turns: Turns,
    under_way: UnderWay,
    replaced: Replaced,
}

impl Service {
    /// A server of these pieces.
    #[must_use]
    pub fn new(
        parts: Parts,
        metrics: Arc<Metrics>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        let tenants = Cache::new(TENANT_METRICS_MAX);
        let audit = Arc::clone(parts.store.audit());
        parts.keyring.when_forgotten(parts.streams.ender());
        parts.keyring.events().when_published(parts.feeds.of_keys());
        let (turns, under_way) = (Turns::default(), UnderWay::default());
        let replaced = Replaced::default();
        Self { parts, audit, metrics, clock, settings, tenants, turns, under_way, replaced }
    }

    /// The caller behind an identity, registered first if it is new and may be.
    ///
    /// # Errors
    /// [`keys::Error`] if it is not served.
    pub async fn admit(&self, identity: Identity) -> Result<Arc<Caller>, keys::Error> {
        let policy = self.settings.auto_register;
        let (tenant, service) = self.parts.keyring.admit(&identity, policy).await?;
        self.parts.keyring.standing().admitted(&tenant);
        let caller = caller(tenant.id, identity, &service);
        self.take_up(&caller).await?;
        Ok(Arc::new(caller))
    }

    /// The caller with what its service may do now, if an administrator has changed that since its
    /// admission.
    fn caller_now(&self, admitted: &Caller) -> Option<Arc<Caller>> {
        let service = self.parts.keyring.standing().check(admitted).ok()??;
        Some(Arc::new(caller(admitted.tenant_id, admitted.identity.clone(), &service)))
    }

    /// Answers one message of a connection that never listens. What is appended to `response`
    /// holds: every change it speaks of is durable.
    pub async fn answer(&self, caller: &Arc<Caller>, message: &[u8], response: &mut Buffer) {
        self.answer_request(caller, message, response).await;
    }

    /// Answers a message. Returns the version that it is in, if it can be read, and what the
    /// connection listens to from now on, if it is to.
    async fn answer_request(
        &self,
        caller: &Arc<Caller>,
        message: &[u8],
        response: &mut Buffer,
    ) -> (Option<Version>, Option<Feed>) {
        match request::read(message, &self.settings.limits) {
            Ok(request) => {
                let feed = self.answer_batch(caller, &request, response).await;
                (Some(request.version), feed)
            }
            Err(refused) => {
                self.metrics.message_refused(refusal(refused.error));
                report::refused(caller, refused.error);
                let version = reply::closest_version(refused.protocol_version);
                reply::refuse(response, version, self.clock.now(), refused.error);
                (None, None)
            }
        }
    }

    /// Answers bytes in which no message could be found.
    pub fn answer_unreadable(&self, caller: &Arc<Caller>, error: Error, response: &mut Buffer) {
        self.metrics.message_refused(refusal(error));
        report::refused(caller, error);
        reply::refuse(response, reply::closest_version(None), self.clock.now(), error);
    }

    fn tenant_metrics(&self, caller: &Caller) -> TenantMetrics {
        if let Some(known) = self.tenants.get(&caller.tenant_id) {
            return known;
        }
        let metrics = self.metrics.tenant(&caller.identity.tenant);
        self.tenants.insert(caller.tenant_id, metrics.clone());
        metrics
    }
}

/// A service of a tenant as a caller.
fn caller(tenant_id: TenantId, identity: Identity, service: &ServiceRow) -> Caller {
    let operations = service.operations.as_ref().map(|numbers| {
        numbers.iter().map(|number| kmip_ttlv::enums::Operation::from_number(*number)).collect()
    });
    Caller {
        tenant_id,
        service_id: service.id,
        identity,
        mode: service.mode,
        role: service.role,
        operations,
    }
}

/// The reason under which a message is counted that was refused whole.
fn refusal(error: Error) -> MessageRefusal {
    match error {
        Error::TooLong { .. } => MessageRefusal::TooLong,
        Error::TooDeep => MessageRefusal::TooDeep,
        Error::TooManyItems => MessageRefusal::TooManyItems,
        Error::TooManyBatchItems => MessageRefusal::TooManyBatchItems,
        Error::UnsupportedVersion { .. } => MessageRefusal::UnsupportedVersion,
        _ => MessageRefusal::Malformed,
    }
}
