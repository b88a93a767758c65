//! Every metric of the server, declared once.
//!
//! Handles are made at the start and kept: counting is an atomic addition, never a look-up by
//! label. Labels have closed lists of values ([`label`]); tenants are a label only up to a
//! configured number.

mod family;
mod group;
pub mod label;

use std::sync::Arc;
use std::time::Duration;

use prometheus::{Gauge, GaugeVec, IntCounter, IntGauge, TextEncoder};

use self::family::{Counters, Registrar};
pub use self::group::TenantMetrics;
use self::group::{Audit, Operations, Root, Store, Tenants, Transport};
pub use self::label::{
    ColdKey, CommitFailure, ConnectionEnd, ConnectionRefusal, Ending, HandshakeRefusal,
    MessageRefusal, RootCall, TlsVersion,
};
use crate::tenant::{TenantName, Whose};

/// What `/metrics` may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSettings {
    /// How many tenants, first come first served, have a label of their own; the rest is counted
    /// together as `other`.
    pub tenant_labels_max: usize,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { tenant_labels_max: 100 }
    }
}

/// A summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Connections open now.
    pub connections_open: i64,
    /// Batch items answered.
    pub operations: u64,
    /// Those of them that were refused or failed.
    pub operations_failed: u64,
}

/// All metrics. One per process (or per simulated node); shared by every room.
#[derive(Debug)]
pub struct Metrics {
    registry: Registrar,
    operations: Operations,
    tenants: Tenants,
    transport: Transport,
    messages_refused: Counters<MessageRefusal>,
    store: Store,
    root: Root,
    keys_opened: Counters<ColdKey>,
    audit: Audit,
    event_subscribers: IntGauge,
    event_subscribers_dropped: IntCounter,
    log_lines_dropped: IntCounter,
    certificate_expiry: GaugeVec,
    ready: IntGauge,
    draining: IntGauge,
    start_time: Gauge,
}

impl Metrics {
    /// All metrics at zero.
    #[must_use]
    pub fn new(settings: &MetricsSettings) -> Arc<Self> {
        let r = Registrar::default();
        let build = r.gauges("build_info", "Always 1; the label is the version.", "version");
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        Arc::new(Self {
            operations: Operations::new(&r),
            tenants: Tenants::new(&r, settings),
            transport: Transport::new(&r),
            messages_refused: r.by("messages_refused_total", "Whole messages refused."),
            store: Store::new(&r),
            root: Root::new(&r),
            keys_opened: r.by("keys_opened_total", "Tenant and service keys not found in memory."),
            audit: Audit::new(&r),
            event_subscribers: r.gauge("event_subscribers", "Who listens for events of keys."),
            event_subscribers_dropped: r.counter(
                "event_subscribers_dropped_total",
                "Subscribers dropped because they did not take their events fast enough.",
            ),
            log_lines_dropped: r
                .counter("log_lines_dropped_total", "Log lines lost because the log was slow."),
            certificate_expiry: r.gauges(
                "certificate_expiry_timestamp_seconds",
                "When a certificate of the server ends, in seconds since 1970.",
                "certificate",
            ),
            ready: r.gauge("ready", "1 while requests can be served."),
            draining: r.gauge("draining", "1 from the request to stop until the end."),
            start_time: r
                .time("start_timestamp_seconds", "When the server started, in seconds since 1970."),
            registry: r,
        })
    }

    /// Everything in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(16 * 1024);
        match TextEncoder::new().encode_utf8(&self.registry.0.gather(), &mut text) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }

    /// For `keystrata status`: the few numbers that a person asks for first.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let (operations, operations_failed) = self.operations.totals();
        let connections_open = self.transport.open.get();
        Totals { connections_open, operations, operations_failed }
    }

    /// For `service`: one batch item was answered. `number` and `name` are the operation's number
    /// and XML name; one number always comes with one name.
    pub fn operation(&self, number: u32, name: &'static str, ending: Ending, took: Duration) {
        self.operations.handles(number, name).count(ending, took);
    }

    /// For `service`: why a batch item was refused, by the XML name of its Result Reason.
    pub fn operation_failed(&self, reason: &'static str) {
        self.operations.failures.with_label_values(&[reason]).inc();
    }

    /// For `service`: the counters of a tenant. Ask once per caller and keep the answer.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantName) -> TenantMetrics {
        self.tenants.handles(tenant)
    }

    /// For `service`: a whole message was refused.
    pub fn message_refused(&self, reason: MessageRefusal) {
        self.messages_refused.add_one(reason);
    }

    /// For `net`: a connection was accepted. It counts as open until the guard is dropped.
    #[must_use]
    pub fn connection(&self) -> OpenConnection {
        self.transport.accepted.inc();
        self.transport.open.inc();
        OpenConnection(self.transport.open.clone())
    }

    /// For `net`: a connection was not taken.
    pub fn connection_refused(&self, reason: ConnectionRefusal) {
        self.transport.refused.add_one(reason);
    }

    /// For `net`: a connection that had been served ended.
    pub fn connection_ended(&self, reason: ConnectionEnd) {
        self.transport.ended.add_one(reason);
    }

    /// For `net`: a handshake led to an identity.
    pub fn handshake(&self, version: TlsVersion, resumed: bool, took: Duration) {
        self.transport.handshakes.add_one(version);
        if resumed {
            self.transport.resumed.inc();
        }
        self.transport.handshake_seconds.observe(took.as_secs_f64());
    }

    /// For `net`: a handshake led nowhere, or to an identity that is not served.
    pub fn handshake_refused(&self, reason: HandshakeRefusal) {
        self.transport.handshakes_refused.add_one(reason);
    }

    /// For `net`: bytes of requests, after decryption.
    pub fn received(&self, bytes: usize) {
        self.transport.bytes_in.inc_by(bytes as u64);
    }

    /// For `net`: bytes of answers, before encryption.
    pub fn sent(&self, bytes: usize) {
        self.transport.bytes_out.inc_by(bytes as u64);
    }

    /// For `store`: `commits` commits became durable in one transaction that took `took`.
    pub fn committed(&self, commits: usize, took: Duration) {
        self.store.commits.inc_by(commits as u64);
        #[expect(clippy::cast_precision_loss, reason = "a group of 2^52 commits does not occur")]
        self.store.group_size.observe(commits as f64);
        self.store.group_seconds.observe(took.as_secs_f64());
    }

    /// For `store`: a commit was not made.
    pub fn commit_failed(&self, reason: CommitFailure) {
        self.store.failures.add_one(reason);
    }

    /// For `store`: how many commits wait.
    pub fn commits_waiting(&self, waiting: usize) {
        self.store.waiting.set(whole(waiting));
    }

    /// For `store`: an object was found in the cache.
    pub fn cache_hit(&self) {
        self.store.hits.inc();
    }

    /// For `store`: an object was not found in the cache.
    pub fn cache_miss(&self) {
        self.store.misses.inc();
    }

    /// For `keys` and `hsm`: a root key was called.
    pub fn root_call(&self, whose: Whose, call: RootCall, ending: Ending, took: Duration) {
        let calls = self.root.of(whose);
        match ending {
            Ending::Success => calls.done.add_one(call),
            Ending::Failure => calls.failed.add_one(call),
        }
        calls.seconds.observe(took.as_secs_f64());
    }

    /// For `hsm`: calls of a token are refused from now on because it does not answer, or are not any
    /// more.
    pub fn root_breaker(&self, whose: Whose, is_open: bool) {
        let open = &self.root.of(whose).breakers_open;
        if is_open { open.inc() } else { open.dec() }
    }

    /// For `hsm`: a worker was started in place of another.
    pub fn root_worker_restarted(&self, whose: Whose) {
        self.root.of(whose).worker_restarts.inc();
    }

    /// For `keys`: how many tenants' own root keys are in use, and how many of their tenants are
    /// refused.
    pub fn own_roots(&self, open: usize, refused: usize) {
        self.root.own_open.set(whole(open));
        self.root.own_refused.set(whole(refused));
    }

    /// For `keys`: how long open keys would be served if the root key stayed as it is.
    pub fn root_grace(&self, remaining: Duration) {
        self.root.grace_seconds.set(i64::try_from(remaining.as_secs()).unwrap_or(i64::MAX));
    }

    /// For `keys`: a tenant's or service's key was not in memory and was opened.
    pub fn key_opened(&self, level: ColdKey) {
        self.keys_opened.add_one(level);
    }

    /// For `audit`: records were written.
    pub fn audit_written(&self, records: usize) {
        self.audit.records.inc_by(records as u64);
    }

    /// For `audit`: records could not be written.
    pub fn audit_failed(&self) {
        self.audit.failures.inc();
    }

    /// For `audit`: how many records wait.
    pub fn audit_waiting(&self, waiting: usize) {
        self.audit.waiting.set(whole(waiting));
    }

    /// For `keys`: how many listen for events.
    pub fn event_subscribers(&self, subscribers: usize) {
        self.event_subscribers.set(whole(subscribers));
    }

    /// For `keys`: a subscriber was too slow.
    pub fn event_subscriber_dropped(&self) {
        self.event_subscribers_dropped.inc();
    }

    /// For the log: a line was lost because the log was slow.
    pub fn log_line_dropped(&self) {
        self.log_lines_dropped.inc();
    }

    /// For `net`: when a certificate of the server ends, in seconds since 1970. `certificate` is
    /// its part in the config, such as `server` or `client_ca_1`: never a client's name.
    pub fn certificate_expires(&self, certificate: &str, not_after: i64) {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit 52 bits")]
        self.certificate_expiry.with_label_values(&[certificate]).set(not_after as f64);
    }

    /// For `main`: when the server started, in seconds since 1970.
    pub fn started(&self, at: i64) {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit 52 bits")]
        self.start_time.set(at as f64);
    }

    /// For `net`'s admin port: whether requests can be served.
    pub fn set_ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// For `net`: the server was asked to stop.
    pub fn set_draining(&self) {
        self.draining.set(1);
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A connection that counts as open while this lives.
#[derive(Debug)]
pub struct OpenConnection(IntGauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(tenant_labels_max: usize) -> Arc<Metrics> {
        Metrics::new(&MetricsSettings { tenant_labels_max })
    }

    #[test]
    fn every_metric_registers_and_closed_lists_are_shown_from_the_start() {
        let text = metrics(1).render();
        assert!(text.contains("keystrata_build_info{version=\""));
        assert!(text.contains("keystrata_handshakes_refused_total{reason=\"two_identities\"} 0"));
        assert!(text.contains("keystrata_root_calls_total{call=\"open\"} 0"));
    }

    #[test]
    fn operations_are_counted_by_name_and_result_with_their_latency() {
        let metrics = metrics(1);
        metrics.operation(0x0A, "Get", Ending::Success, Duration::from_micros(90));
        metrics.operation(0x0A, "Get", Ending::Failure, Duration::from_millis(2));
        metrics.operation(0x8000_0001, "?", Ending::Failure, Duration::ZERO);
        let text = metrics.render();
        for line in [
            "keystrata_operations_total{operation=\"Get\",result=\"success\"} 1",
            "keystrata_operations_total{operation=\"Get\",result=\"failure\"} 1",
            "keystrata_operations_total{operation=\"unknown\",result=\"failure\"} 1",
            "keystrata_operation_seconds_bucket{operation=\"Get\",le=\"0.0001\"} 1",
            "keystrata_operation_seconds_count{operation=\"Get\"} 2",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn no_more_tenants_than_configured_get_a_label() {
        let metrics = metrics(1);
        for name in ["tenant-a", "tenant-b", "tenant-c", "tenant-a"] {
            let tenant = TenantName::new(name).expect("a good name");
            metrics.tenant(&tenant).operation(Ending::Success);
        }
        let text = metrics.render();
        let line = |tenant| {
            format!("keystrata_tenant_operations_total{{result=\"success\",tenant=\"{tenant}\"}} 2")
        };
        assert!(text.contains(&line("tenant-a")));
        assert!(text.contains(&line("other")));
        assert!(!text.contains("tenant-b") && !text.contains("tenant-c"));
    }

    #[test]
    fn a_connection_is_open_while_its_guard_lives() {
        let metrics = metrics(1);
        let connection = metrics.connection();
        assert!(metrics.render().contains("keystrata_connections_open 1"));
        drop(connection);
        let text = metrics.render();
        assert!(text.contains("keystrata_connections_open 0"));
        assert!(text.contains("keystrata_connections_total 1"));
    }
}
