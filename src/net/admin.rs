//! The administrative side: metrics and health over TCP, everything that changes the server over
//! a Unix socket.

mod bounded;
mod command;
pub mod socket;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;

use self::bounded::Bounded;
pub use self::command::command_routes;
pub use self::socket::{AdminSocket, SocketError};

use crate::metrics::Metrics;

/// How long requests in flight may take once the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Whether requests can be served, and what the server says of itself.
pub trait Health: Send + Sync + 'static {
    /// `Err` with one line, fit for anybody to read, while root or store cannot be used.
    ///
    /// # Errors
    /// The reason.
    fn ready(&self) -> Result<(), String>;

    /// What `GET /status` answers: a JSON object without secrets.
    fn status(&self) -> serde_json::Value;
}

#[derive(Clone)]
struct Public {
    metrics: Arc<Metrics>,
    health: Arc<dyn Health>,
}

/// `/metrics`, `/live` and `/ready`: nothing secret, nothing that changes anything.
pub fn public_routes(metrics: Arc<Metrics>, health: Arc<dyn Health>) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .route("/live", get(async || "live\n"))
        .route("/ready", get(ready))
        .with_state(Public { metrics, health })
}

/// `/status`; further routes are merged into it by `main`. For the Unix socket only.
pub fn private_routes(health: Arc<dyn Health>) -> Router {
    Router::new().route("/status", get(status)).with_state(health)
}

async fn metrics_text(State(public): State<Public>) -> Response {
    public.metrics.set_ready(public.health.ready().is_ok());
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, public.metrics.render()).into_response()
}

async fn ready(State(public): State<Public>) -> Response {
    match public.health.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")).into_response()
        }
    }
}

async fn status(State(health): State<Arc<dyn Health>>) -> Response {
    json(&health.status())
}

/// A JSON answer.
#[must_use]
pub fn json(value: &serde_json::Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
}

/// The listener of the public routes: bound, and ready to run.
#[derive(Debug)]
pub struct AdminListener(TcpListener);

impl AdminListener {
    /// Binds the address; port 0 picks a free one.
    ///
    /// # Errors
    /// What the system says, for instance that the address is in use.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }

    /// The address with its real port.
    ///
    /// # Errors
    /// If the system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves until `stop` resolves; requests in flight are answered.
    ///
    /// # Errors
    /// Never in practice: errors of single connections end those only.
    pub async fn run(
        self,
        routes: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        serve(Bounded::new(self.0), routes, stop).await
    }
}

/// Serves until `stop` resolves, and then a little longer for requests in flight.
async fn serve<L>(
    listener: L,
    routes: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    let (stopped, stopping) = oneshot::channel();
    let graceful = async {
        stop.await;
        // Without a receiver the server has ended already.
        let _ = stopped.send(());
    };
    let late = async {
        if stopping.await.is_ok() {
            sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = axum::serve(listener, routes).with_graceful_shutdown(graceful) => served,
        () = late => Ok(()),
    }
}

#[cfg(test)]
mod tests;
