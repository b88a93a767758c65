//! The metrics, grouped by the room that counts.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge};

use super::MetricsSettings;
use super::family::{Counters, Registrar};
use super::label::{
    CommitFailure, ConnectionEnd, ConnectionRefusal, Ending, HandshakeRefusal, RootCall, TlsVersion,
};
use crate::tenant::{TenantName, Whose};

/// Upper bounds of the duration buckets, in seconds: from 0.1 ms to 10 s.
const SECONDS: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Upper bounds of the buckets for things per commit.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Operations have numbers below this (KMIP 2.1 ends at 0x3B); others count as slot 0.
const OPERATION_NUMBERS: usize = 0x40;

/// The label of the tenants beyond the configured number. A tenant of this very name is counted
/// with them.
const OTHER_TENANTS: &str = "other";

/// Counters and latency per operation. A slot is filled when its operation first comes.
#[derive(Debug)]
pub(super) struct Operations {
    slots: [OnceLock<OperationHandles>; OPERATION_NUMBERS],
    counters: IntCounterVec,
    seconds: HistogramVec,
    pub(super) failures: IntCounterVec,
}

#[derive(Debug)]
pub(super) struct OperationHandles {
    success: IntCounter,
    failure: IntCounter,
    seconds: Histogram,
}

impl OperationHandles {
    pub(super) fn count(&self, ending: Ending, took: Duration) {
        match ending {
            Ending::Success => self.success.inc(),
            Ending::Failure => self.failure.inc(),
        }
        self.seconds.observe(took.as_secs_f64());
    }
}

impl Operations {
    pub(super) fn new(r: &Registrar) -> Self {
        Self {
            slots: [const { OnceLock::new() }; OPERATION_NUMBERS],
            counters: r.counters(
                "operations_total",
                "Batch items answered.",
                &["operation", "result"],
            ),
            seconds: r.histograms(
                "operation_seconds",
                "Time from reading a batch item to its answer.",
                "operation",
                SECONDS,
            ),
            failures: r.counters(
                "operation_failures_total",
                "Batch items refused, by Result Reason.",
                &["reason"],
            ),
        }
    }

    /// Batch items answered, and those of them that failed.
    pub(super) fn totals(&self) -> (u64, u64) {
        let counts = self.slots.iter().filter_map(OnceLock::get);
        let counts = counts.map(|handles| (handles.success.get(), handles.failure.get()));
        let (done, failed) = counts.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        (done + failed, failed)
    }

    pub(super) fn handles(&self, number: u32, name: &'static str) -> &OperationHandles {
        let known = usize::try_from(number).ok().filter(|n| (1..OPERATION_NUMBERS).contains(n));
        let [unknown, ..] = &self.slots;
        let (slot, name) = match known.and_then(|n| self.slots.get(n)) {
            Some(slot) => (slot, name),
            None => (unknown, "unknown"),
        };
        slot.get_or_init(|| OperationHandles {
            success: self.counters.with_label_values(&[name, Ending::Success.as_str()]),
            failure: self.counters.with_label_values(&[name, Ending::Failure.as_str()]),
            seconds: self.seconds.with_label_values(&[name]),
        })
    }
}

/// The counters of one tenant, or of all that have no label of their own.
#[derive(Debug, Clone)]
pub struct TenantMetrics {
    success: IntCounter,
    failure: IntCounter,
}

impl TenantMetrics {
    /// One batch item of this tenant was answered.
    pub fn operation(&self, ending: Ending) {
        match ending {
            Ending::Success => self.success.inc(),
            Ending::Failure => self.failure.inc(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Tenants {
    counters: IntCounterVec,
    labels_max: usize,
    known: Mutex<HashMap<TenantName, TenantMetrics>>,
}

impl Tenants {
    pub(super) fn new(r: &Registrar, settings: &MetricsSettings) -> Self {
        Self {
            counters: r.counters(
                "tenant_operations_total",
                "Batch items answered, by tenant (the first ones; the rest as `other`).",
                &["tenant", "result"],
            ),
            labels_max: settings.tenant_labels_max,
            known: Mutex::default(),
        }
    }

    pub(super) fn handles(&self, tenant: &TenantName) -> TenantMetrics {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handles) = known.get(tenant) {
            return handles.clone();
        }
        if known.len() >= self.labels_max {
            return self.make(OTHER_TENANTS);
        }
        let handles = self.make(tenant.as_str());
        known.insert(tenant.clone(), handles.clone());
        handles
    }

    fn make(&self, tenant: &str) -> TenantMetrics {
        let counter = |ending: Ending| self.counters.with_label_values(&[tenant, ending.as_str()]);
        TenantMetrics { success: counter(Ending::Success), failure: counter(Ending::Failure) }
    }
}

#[derive(Debug)]
pub(super) struct Transport {
    pub(super) accepted: IntCounter,
    pub(super) open: IntGauge,
    pub(super) refused: Counters<ConnectionRefusal>,
    pub(super) ended: Counters<ConnectionEnd>,
    pub(super) handshakes: Counters<TlsVersion>,
    pub(super) resumed: IntCounter,
    pub(super) handshake_seconds: Histogram,
    pub(super) handshakes_refused: Counters<HandshakeRefusal>,
    pub(super) bytes_in: IntCounter,
    pub(super) bytes_out: IntCounter,
}

impl Transport {
    pub(super) fn new(r: &Registrar) -> Self {
        Self {
            accepted: r.counter("connections_total", "Connections accepted."),
            open: r.gauge("connections_open", "Connections open now."),
            refused: r.by("connections_refused_total", "Connections not taken."),
            ended: r.by("connections_ended_total", "Connections that were served and ended."),
            handshakes: r.by("handshakes_total", "TLS handshakes that led to an identity."),
            resumed: r.counter("handshakes_resumed_total", "Handshakes that resumed a session."),
            handshake_seconds: r.histogram("handshake_seconds", "Time of a handshake.", SECONDS),
            handshakes_refused: r.by("handshakes_refused_total", "TLS handshakes refused."),
            bytes_in: r.counter("received_bytes_total", "Bytes of requests, decrypted."),
            bytes_out: r.counter("sent_bytes_total", "Bytes of answers, before encryption."),
        }
    }
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) commits: IntCounter,
    pub(super) group_size: Histogram,
    pub(super) group_seconds: Histogram,
    pub(super) failures: Counters<CommitFailure>,
    pub(super) waiting: IntGauge,
    pub(super) hits: IntCounter,
    pub(super) misses: IntCounter,
}

impl Store {
    pub(super) fn new(r: &Registrar) -> Self {
        Self {
            commits: r.counter("store_commits_total", "Commits made durable."),
            group_size: r.histogram("store_group_commits", "Commits per transaction.", SIZES),
            group_seconds: r.histogram("store_group_seconds", "Time of a transaction.", SECONDS),
            failures: r.by("store_commits_failed_total", "Commits not made."),
            waiting: r.gauge("store_commits_waiting", "Commits that wait."),
            hits: r.counter("store_cache_hits_total", "Objects found in the cache."),
            misses: r.counter("store_cache_misses_total", "Objects not found in the cache."),
        }
    }
}

/// Calls of the root key that tenants share, or of tenants' own together.
#[derive(Debug)]
pub(super) struct RootCalls {
    pub(super) done: Counters<RootCall>,
    pub(super) failed: Counters<RootCall>,
    pub(super) seconds: Histogram,
    pub(super) breakers_open: IntGauge,
    pub(super) worker_restarts: IntCounter,
}

#[derive(Debug)]
pub(super) struct Root {
    pub(super) shared: RootCalls,
    pub(super) grace_seconds: IntGauge,
    pub(super) own: RootCalls,
    pub(super) own_open: IntGauge,
    pub(super) own_refused: IntGauge,
}

impl Root {
    pub(super) fn new(r: &Registrar) -> Self {
        Self {
            shared: RootCalls {
                done: r.by("root_calls_total", "Calls of the root key that were answered."),
                failed: r.by("root_calls_failed_total", "Calls of the root key that failed."),
                seconds: r.histogram(
                    "root_call_seconds",
                    "Time of a call of the root key.",
                    SECONDS,
                ),
                breakers_open: r
                    .gauge("root_breaker_open", "1 while calls of the token are refused."),
                worker_restarts: r.counter(
                    "root_worker_restarts_total",
                    "Workers of the token started in place of one that crashed or hung.",
                ),
            },
            grace_seconds: r.gauge(
                "root_grace_remaining_seconds",
                "How long open keys would be served; counts down while the root key is out of reach.",
            ),
            own: RootCalls {
                done: r.by(
                    "own_root_calls_total",
                    "Calls of tenants' own root keys that were answered.",
                ),
                failed: r.by(
                    "own_root_calls_failed_total",
                    "Calls of tenants' own root keys that failed.",
                ),
                seconds: r.histogram(
                    "own_root_call_seconds",
                    "Time of a call of a tenant's own root key.",
                    SECONDS,
                ),
                breakers_open: r.gauge(
                    "own_root_breakers_open",
                    "Tokens of tenants' own whose calls are refused.",
                ),
                worker_restarts: r.counter(
                    "own_root_worker_restarts_total",
                    "Workers of tenants' own tokens started in place of one that crashed or hung.",
                ),
            },
            own_open: r.gauge("own_roots_open", "Tenants whose own root keys are in use."),
            own_refused: r.gauge(
                "own_roots_refused",
                "Tenants that are refused because of their own root keys.",
            ),
        }
    }

    pub(super) fn of(&self, whose: Whose) -> &RootCalls {
        match whose {
            Whose::Shared => &self.shared,
            Whose::Own => &self.own,
        }
    }
}

#[derive(Debug)]
pub(super) struct Audit {
    pub(super) records: IntCounter,
    pub(super) failures: IntCounter,
    pub(super) waiting: IntGauge,
}

impl Audit {
    pub(super) fn new(r: &Registrar) -> Self {
        Self {
            records: r.counter("audit_records_total", "Audit records written."),
            failures: r.counter("audit_failures_total", "Times the audit could not be written."),
            waiting: r.gauge("audit_records_waiting", "Audit records that wait."),
        }
    }
}
