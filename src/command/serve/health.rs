//! Whether the server can serve, found out every few seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keystrata::clock::{Clock, Timestamp};
use keystrata::metrics::Metrics;
use keystrata::net::admin::Health;
use serde_json::{Value, json};

use super::Addresses;
use super::parts::Parts;

/// How often root key and audit trail are asked.
const INTERVAL: Duration = Duration::from_secs(2);

/// What the admin listener says of the server.
#[derive(Debug)]
pub(super) struct ServerHealth {
    state: Mutex<Result<(), String>>,
    /// Never taken back.
    stopping: AtomicBool,
    facts: Facts,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// What does not change while the server runs.
#[derive(Debug)]
pub(super) struct Facts {
    /// Where it listens.
    pub(super) addresses: Addresses,
    /// Its name in the audit trail.
    pub(super) node: String,
    /// The provider of the root key.
    pub(super) root: &'static str,
    /// When it started.
    pub(super) started: Timestamp,
}

impl ServerHealth {
    /// A server that can serve.
    pub(super) fn new(facts: Facts, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Arc<Self> {
        let (state, stopping) = (Mutex::new(Ok(())), AtomicBool::new(false));
        Arc::new(Self { state, stopping, facts, clock, metrics })
    }

    /// Says from now on that the server stops, whatever root key and audit trail say.
    pub(super) fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Asks root key and audit trail, again and again. Never ends.
    pub(super) async fn watch(&self, parts: &Parts) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            let state = parts.check().await;
            match (&state, self.state()) {
                (Err(reason), Ok(())) => tracing::error!(reason, "not ready"),
                (Ok(()), Err(_)) => tracing::info!("ready again"),
                _ => {}
            }
            self.set(state);
        }
    }

    fn state(&self) -> Result<(), String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: Result<(), String>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Health for ServerHealth {
    fn ready(&self) -> Result<(), String> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err("the server stops".to_owned());
        }
        self.state()
    }

    fn status(&self) -> Value {
        let Facts { addresses, node, root, started } = &self.facts;
        let state = self.ready();
        let uptime = self.clock.now().seconds() - started.seconds();
        let totals = self.metrics.totals();
        let mut status = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "process": std::process::id(),
            "node": node,
            "ready": state.is_ok(),
            "kmip": addresses.kmip.to_string(),
            "admin": addresses.admin.to_string(),
            "root": root,
            "uptime_seconds": uptime,
            "connections_open": totals.connections_open,
            "operations": totals.operations,
            "operations_failed": totals.operations_failed,
        });
        if let (Err(reason), Some(members)) = (state, status.as_object_mut()) {
            members.insert("reason".to_owned(), reason.into());
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use keystrata::clock::SystemClock;
    use keystrata::metrics::MetricsSettings;

    use super::*;

    #[test]
    fn a_server_that_stops_is_not_ready_whatever_is_found_afterwards() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let facts = Facts {
            addresses: Addresses { kmip: nowhere, admin: nowhere },
            node: "node".to_owned(),
            root: "env",
            started: clock.now(),
        };
        let health = ServerHealth::new(facts, clock, Metrics::new(&MetricsSettings::default()));
        assert_eq!(health.ready(), Ok(()));
        health.stopping();
        health.set(Ok(()));
        assert_eq!(health.ready(), Err("the server stops".to_owned()));
        assert_eq!(health.status()["ready"], false);
    }
}
