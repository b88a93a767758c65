//! Commands over HTTP, for the Unix socket only.
//!
//! `POST /command/<family>/<name>` with the arguments as a JSON object. The answer is lines of JSON,
//! an object each: any number of `{"progress": …}` and at last `{"done": …}` or `{"refused": "…"}`. A
//! command goes on when its client leaves.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_core::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::admin::{self, Admin, Progress};
use crate::net::events::sent;
use crate::tenant::TenantName;

/// The longest arguments, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;
/// Lines that may wait to be sent. Progress beyond that is not told.
const LINES_WAITING_MAX: usize = 64;

/// `/command/…` and `/events/…`. For the Unix socket only.
pub fn command_routes(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/command/{family}/{name}", post(command))
        .route("/events/{tenant}", get(events))
        .layer(DefaultBodyLimit::max(ARGUMENTS_BYTES_MAX))
        .with_state(admin)
}

async fn command(
    State(admin): State<Arc<Admin>>,
    Path((family, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let name = format!("{family} {name}");
    let Ok(arguments) = serde_json::from_slice::<Value>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "the arguments are no JSON");
    };
    let (lines, receiver) = mpsc::channel(LINES_WAITING_MAX);
    let (progress, mut told) = mpsc::channel(LINES_WAITING_MAX);
    tokio::spawn(async move {
        let run = admin.run(&name, arguments, Progress::new(progress));
        tokio::pin!(run);
        let answer = loop {
            tokio::select! {
                biased;
                Some(progress) = told.recv() => {
                    let _ = lines.try_send(json!({ "progress": progress }));
                }
                answer = &mut run => break answer,
            }
        };
        let last = match answer {
            Some(Ok(done)) => json!({ "done": done }),
            Some(Err(refusal)) => json!({ "refused": refusal.to_string() }),
            None => json!({ "refused": format!("this server has no command `{name}`") }),
        };
        // A client that left reads about it in the audit trail.
        let _ = lines.send(last).await;
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(Lines(receiver)))
        .into_response()
}

/// The events of a tenant, as they come.
async fn events(State(admin): State<Arc<Admin>>, Path(tenant): Path<String>) -> Response {
    let listen = TenantName::new(&tenant)
        .map_err(|bad| bad.to_string())
        .and_then(|tenant| admin.listen(&tenant).map_err(|refusal| refusal.to_string()));
    match listen {
        Ok(told) => {
            let kind = [(header::CONTENT_TYPE, "text/event-stream")];
            (kind, Body::from_stream(Told(told))).into_response()
        }
        Err(line) => refused(StatusCode::SERVICE_UNAVAILABLE, &line),
    }
}

/// Events out of a channel, as server-sent events.
struct Told(mpsc::Receiver<admin::Told>);

impl Stream for Told {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|told| told.map(|told| Ok(sent(&told).into())))
    }
}

fn refused(status: StatusCode, line: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (status, kind, format!("{}\n", json!({ "refused": line }))).into_response()
}

/// What comes out of a channel, as lines of JSON.
pub(super) struct Lines(pub(super) mpsc::Receiver<Value>);

impl Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|line| line.map(|line| Ok(format!("{line}\n").into())))
    }
}
