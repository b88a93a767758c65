//! The transport: from an accepted socket to requests of a known caller, and back.
//!
//! ```text
//! listener ── accepts, bounds, drains
//!    └ handshake ── TLS (tls/) and identity (identity.rs): who is calling?
//!         └ connection ── messages in, answers out, one flush
//! events ── the same handshake, then server-sent events
//! admin ── metrics, health, and the socket that changes the server
//! ```
//!
//! Everything above this room sees callers and bytes; nothing below it sees a request's meaning.

pub mod admin;
mod answer;
mod connection;
pub mod events;
mod handshake;
pub mod identity;
mod inbox;
pub mod listener;
mod places;
pub mod tls;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kmip_ttlv::{Buffer, Error};

pub use events::EventListener;
pub use identity::{Rule, Rules};
pub use listener::{Drained, Listener};
pub use tls::{Tls, TlsError};

use crate::service::{Heard, Occasion, Session};
use crate::tenant::{Caller, Identity};

/// Why an accepted identity is not served. The connection is closed; the peer is not told why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The tenant or service does not exist, and it is not registered automatically.
    #[error("the tenant or service is not registered")]
    Unregistered,
    /// The tenant or service is suspended or shredded.
    #[error("the tenant or service is suspended")]
    Suspended,
    /// Another certificate is in the place of the caller's.
    #[error("the certificate is replaced by another")]
    Replaced,
    /// It could not be found out; the text is for the log.
    #[error("the caller could not be looked up: {0}")]
    Unavailable(String),
}

/// The server less its transport.
pub trait Answer: Send + Sync + 'static {
    /// Looks up (or registers) the caller behind an identity; called once per connection.
    ///
    /// # Errors
    /// [`Refusal`] if the identity is not served: the connection is closed.
    fn admit(
        &self,
        identity: Identity,
    ) -> impl Future<Output = Result<Arc<Caller>, Refusal>> + Send;

    /// A new connection of a caller.
    fn session(&self, _caller: &Caller) -> Session {
        Session::default()
    }

    /// Takes one whole message. `response` is empty at the call; what it holds afterwards is
    /// sent as one write. An answer left empty closes the connection.
    fn answer(
        &self,
        session: &mut Session,
        caller: &Arc<Caller>,
        message: &[u8],
        response: &mut Buffer,
    ) -> impl Future<Output = Heard> + Send;

    /// Writes the request that there is an occasion for; `message` is empty at the call, and
    /// stays so if there is nothing to be said.
    fn offer(
        &self,
        _session: &mut Session,
        _caller: &Arc<Caller>,
        _occasion: &Occasion,
        _message: &mut Buffer,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Answers bytes in which no message can be delimited: oversize, cut off, or not TTLV. The
    /// connection is closed after that. `response` is empty at the call, and may stay so.
    fn answer_unreadable(&self, caller: &Arc<Caller>, error: &Error, response: &mut Buffer);
}

/// Limits and addresses of the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where KMIP is served. Port 0 picks a free one. An IPv6 wildcard serves IPv4 too, unless an
    /// IPv4 address is listed beside it.
    pub listen: Vec<SocketAddr>,
    /// Connections that the kernel holds before they are accepted, per address.
    pub backlog: u32,
    /// Connections open at once, in all; those beyond are closed at once.
    pub connections_max: usize,
    /// Connections open at once per tenant; those beyond are closed after the handshake.
    pub connections_per_tenant_max: usize,
    /// The longest request, in bytes.
    pub message_bytes_max: usize,
    /// From accepting a connection to knowing the caller.
    pub handshake_timeout: Duration,
    /// From there to the first byte of the first request.
    pub first_byte_timeout: Duration,
    /// From the first to the last byte of a request.
    pub message_timeout: Duration,
    /// From an answer to the first byte of the next request.
    pub idle_timeout: Duration,
    /// For a peer to take an answer.
    pub write_timeout: Duration,
    /// For a peer to close its side after the server has closed its own.
    pub linger_timeout: Duration,
    /// From the request to stop until connections are cut off.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 5696))],
            backlog: 1024,
            connections_max: 10_000,
            connections_per_tenant_max: 2_000,
            message_bytes_max: 1024 * 1024,
            handshake_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(1),
            message_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(15),
            write_timeout: Duration::from_secs(10),
            linger_timeout: Duration::from_secs(2),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
