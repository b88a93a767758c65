//! What is told of each batch item: a log line, metrics, the audit record.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use kmip_ttlv::Error;
use kmip_ttlv::enums::{Operation, ResultReason};

use super::Service;
use crate::audit::{Actor, Outcome, Record};
use crate::clock::Timestamp;
use crate::metrics::Ending;
use crate::operation::{Failure, Trace, beginning};
use crate::tenant::Caller;

/// What is known of a batch item before it runs.
#[derive(Debug, Clone)]
pub(super) struct Subject<'a> {
    pub(super) caller: &'a Arc<Caller>,
    /// Why the server does it of its own accord, if nobody has asked just now.
    pub(super) unasked: Option<&'static str>,
    pub(super) version: kmip_ttlv::Version,
    /// `None` if the item cannot even be read that far.
    pub(super) operation: Option<Operation>,
    pub(super) unique_batch_item_id: Option<Cow<'a, [u8]>>,
    pub(super) time: Timestamp,
    /// On the clock's scale without jumps.
    pub(super) started: Duration,
    pub(super) client_correlation: Option<&'a str>,
    pub(super) server_correlation: Option<&'a str>,
}

impl Subject<'_> {
    /// The operation as records and metrics say it.
    fn named(&self) -> Operation {
        self.operation.unwrap_or(Operation::Unknown(0))
    }

    /// Why it failed, as the client is told.
    fn reason(&self, failure: &Failure) -> ResultReason {
        failure.reason_of(self.operation, self.version)
    }
}

impl Service {
    /// What the server does without being asked, on behalf of a caller.
    pub(super) fn unasked<'a>(
        &self,
        caller: &'a Arc<Caller>,
        version: kmip_ttlv::Version,
        operation: Operation,
    ) -> Subject<'a> {
        Subject {
            caller,
            unasked: None,
            version,
            operation: Some(operation),
            unique_batch_item_id: None,
            time: self.clock.now(),
            started: self.clock.elapsed(),
            client_correlation: None,
            server_correlation: None,
        }
    }

    /// The audit record of an item that ended like this.
    pub(super) fn record(
        &self,
        subject: &Subject<'_>,
        trace: &Trace,
        failure: Option<&Failure>,
    ) -> Record {
        Record {
            time: subject.time,
            actor: actor(subject),
            operation: subject.named().xml_name(),
            objects: trace.objects().clone(),
            key_version: trace.key_version(),
            outcome: match failure {
                None => Outcome::Success,
                Some(failure) => Outcome::Failure(subject.reason(failure).xml_name()),
            },
            duration: self.clock.elapsed().saturating_sub(subject.started),
            client_correlation: subject.client_correlation.map(|value| beginning(value).to_owned()),
            server_correlation: subject.server_correlation.map(str::to_owned),
        }
    }

    /// Counts an item and writes its log line.
    pub(super) fn report(&self, subject: &Subject<'_>, trace: &Trace, failure: Option<&Failure>) {
        let took = self.clock.elapsed().saturating_sub(subject.started);
        let ending = if failure.is_none() { Ending::Success } else { Ending::Failure };
        let (number, name) = (subject.named().number(), subject.named().xml_name());
        self.metrics.operation(number, name, ending, took);
        self.tenant_metrics(subject.caller).operation(ending);
        let identity = &subject.caller.identity;
        let objects = trace.objects();
        let object = objects.first().map(String::as_str);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        match failure {
            None => tracing::info!(
                tenant = identity.tenant.as_str(),
                service = identity.service.as_str(),
                peer = %identity.peer.address,
                operation = name,
                object,
                // A field, for it holds what the client wrote, line feeds and all.
                said = trace.message().as_deref(),
                micros,
                "done"
            ),
            Some(failure) => {
                let reason = subject.reason(failure).xml_name();
                self.metrics.operation_failed(reason);
                tracing::info!(
                    tenant = identity.tenant.as_str(),
                    service = identity.service.as_str(),
                    peer = %identity.peer.address,
                    operation = name,
                    object,
                    micros,
                    reason,
                    // A field, for it may hold what the client wrote, line feeds and all.
                    why = failure.to_string(),
                    "refused"
                );
                log_cause(failure);
            }
        }
    }
}

/// Whose doing a record is: the client's, or the server's on behalf of a service.
fn actor(subject: &Subject<'_>) -> Actor {
    let Subject { caller, version, .. } = subject;
    if let Some(why) = subject.unasked {
        return Actor::server_about(&caller.identity, why.to_owned());
    }
    Actor::Client { caller: Arc::clone(caller), kmip_version: version_name(*version) }
}

/// What went wrong behind an answer that does not tell.
fn log_cause(failure: &Failure) {
    match failure {
        Failure::Store(error) => tracing::error!(%error, "the store failed"),
        Failure::Keys(error) => tracing::error!(%error, "{} failed", error.what()),
        Failure::Internal(error) => tracing::error!(error, "internal error"),
        _ => {}
    }
}

/// Notes a message that was refused whole.
pub(super) fn refused(caller: &Caller, error: Error) {
    tracing::info!(
        tenant = caller.identity.tenant.as_str(),
        service = caller.identity.service.as_str(),
        peer = %caller.identity.peer.address,
        "message refused: {error}"
    );
}

/// The version as audit records say it.
fn version_name(version: kmip_ttlv::Version) -> &'static str {
    use kmip_ttlv::Version as V;
    match version {
        V::V1_0 => "1.0",
        V::V1_1 => "1.1",
        V::V1_2 => "1.2",
        V::V1_3 => "1.3",
        V::V1_4 => "1.4",
        V::V2_0 => "2.0",
        V::V2_1 => "2.1",
    }
}
