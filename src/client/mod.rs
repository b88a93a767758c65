//! A client of any KMIP server: typed questions and answers over mutual TLS.
//!
//! ```text
//! Blocking ── the same for programs without a run-time of their own
//!  └ Client ── negotiates the version (version.rs), asks, reads replies (reply.rs)
//!     └ pool ── connections that are open, so many at once
//!        └ connection ── TLS, one message at a time
//! ```
//!
//! Questions and answers are the payloads of `kmip-ttlv`. A question that may have been carried out is
//! never sent twice: if the connection breaks after the last byte has left, the asker is told.

pub mod blocking;
mod connection;
pub mod error;
pub mod identity;
mod pool;
pub mod reply;
pub mod settings;
mod version;

use std::fmt;
use std::sync::Arc;

use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage};
use kmip_ttlv::payload::{Question, RequestPayload};
use kmip_ttlv::{Buffer, Version};
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub use self::blocking::Blocking;
pub use self::error::{ClientError, Refusal, Step};
pub use self::identity::Identity;
pub use self::reply::Reply;
pub use self::settings::Settings;

use self::connection::{Broken, Connection};
use self::pool::Pool;
use self::settings::Server;

/// A client of one server. Clones share its connections.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    settings: Settings,
    server: Server,
    identity: Identity,
    pool: Pool,
    version: OnceCell<Version>,
}

impl Client {
    /// A client that connects when it is first asked something.
    ///
    /// # Errors
    /// [`ClientError::Address`] if the settings name no server that could exist.
    pub fn new(settings: Settings, identity: Identity) -> Result<Self, ClientError> {
        let server = Server::of(&settings)?;
        let pool = Pool::new(settings.connections_max, settings.idle_timeout);
        let version = OnceCell::new_with(settings.version);
        Ok(Self(Arc::new(Shared { settings, server, identity, pool, version })))
    }

    /// The version that is spoken: that of the settings, or the newest that both sides know, which
    /// the server is asked for once.
    ///
    /// # Errors
    /// [`ClientError::NoVersion`] if there is none, and everything that [`Self::exchange`] fails with.
    pub async fn version(&self) -> Result<Version, ClientError> {
        self.0.version.get_or_try_init(|| version::negotiate(self)).await.copied()
    }

    /// Has one operation done, in the version that is spoken.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the server refuses, and everything that [`Self::version`] and
    /// [`Self::exchange`] fail with.
    pub async fn ask<'q, Q: Question<'q>>(&self, question: Q) -> Result<Reply<Q>, ClientError> {
        let version = self.version().await?;
        self.ask_in(version, question).await
    }

    /// Has one operation done, in a version of choice.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub async fn ask_in<'q, Q: Question<'q>>(
        &self,
        version: Version,
        question: Q,
    ) -> Result<Reply<Q>, ClientError> {
        let question: RequestPayload<'q> = question.into();
        let operation = question.operation();
        let message = RequestMessage {
            header: RequestHeader::new(version.into(), 1),
            items: vec![RequestItem::new(question)],
        };
        Reply::read_from(operation, self.exchange(&message.to_bytes()?).await?)
    }

    /// Sends a message and returns the one that answers it, neither of which is looked into.
    ///
    /// A connection that was open and turns out to be broken before all of the message has left is
    /// replaced by a new one, once.
    ///
    /// # Errors
    /// [`ClientError::Connect`] if nothing was sent; [`ClientError::Connection`] and
    /// [`ClientError::TimedOut`] if that is not known; [`ClientError::Unreadable`] if what comes is
    /// no response, or too long a one.
    pub async fn exchange(&self, request: &[u8]) -> Result<Buffer, ClientError> {
        let Shared { settings, pool, .. } = &*self.0;
        let place = timeout(settings.request_timeout, pool.place());
        let _place = place.await.map_err(|_| ClientError::TimedOut(Step::Place))?;
        if let Some(mut open) = pool.take() {
            match self.exchange_on(&mut open, request).await {
                Ok(answer) => {
                    pool.put(open);
                    return Ok(answer);
                }
                // The server has not all of it, so it has done nothing.
                Err(Broken::Unsent(_)) => {}
                Err(Broken::Sent(error)) => return Err(error),
            }
        }
        let mut new = self.connect().await?;
        match self.exchange_on(&mut new, request).await {
            Ok(answer) => {
                pool.put(new);
                Ok(answer)
            }
            Err(Broken::Unsent(error)) => Err(ClientError::Connection(error)),
            Err(Broken::Sent(error)) => Err(error),
        }
    }

    /// Sends and receives, in time. Whoever stops waiting drops the connection with what is under way
    /// on it.
    async fn exchange_on(
        &self,
        connection: &mut Connection,
        request: &[u8],
    ) -> Result<Buffer, Broken> {
        let settings = &self.0.settings;
        let exchange = connection.exchange(request, settings.answer_bytes_max);
        let timed_out = |_| Broken::Sent(ClientError::TimedOut(Step::Answer));
        timeout(settings.request_timeout, exchange).await.map_err(timed_out)?
    }

    async fn connect(&self) -> Result<Connection, ClientError> {
        let open = Connection::open(&self.0.server, &self.0.identity);
        let opened = timeout(self.0.settings.connect_timeout, open).await;
        opened.map_err(|_| ClientError::TimedOut(Step::Connect))?
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.0.settings.server).finish_non_exhaustive()
    }
}
