//! One audit record: one batch item or one administrative act, allowed or refused.
//!
//! A record never holds key material or a client's data.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::tenant::{Caller, Identity, ServiceName, TenantName};

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was promised; another record tells of its end.
    Pending,
    /// It was refused or failed, for this Result Reason (KMIP 1.4 §9.1.3.2.28, by its XML name), or
    /// [`REFUSED`].
    Failure(&'static str),
}

/// Who did it.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A client, over KMIP.
    Client {
        /// Who it is.
        caller: Arc<Caller>,
        /// The protocol version of the request, such as `1.4`.
        kmip_version: &'static str,
    },
    /// Whoever may open the administrative socket.
    Administrator(Box<Act>),
    /// The server itself: what a schedule asked for, or the next step of what was begun.
    Server(Box<Act>),
}

impl Actor {
    /// The server itself, about the service that an identity names.
    #[must_use]
    pub fn server_about(identity: &Identity, detail: String) -> Self {
        let (tenant, service) = (Some(identity.tenant.clone()), Some(identity.service.clone()));
        Self::Server(Box::new(Act { tenant, service, detail }))
    }
}

/// What an act that is no client's was about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// The tenant that it concerns, if it concerns one.
    pub tenant: Option<TenantName>,
    /// The service that it concerns, if it concerns one.
    pub service: Option<ServiceName>,
    /// What was done, or why it was refused. At most [`DETAIL_BYTES_MAX`] are kept.
    pub detail: String,
}

/// The most bytes of an act's detail that are kept.
pub const DETAIL_BYTES_MAX: usize = 1024;

/// Why an administrative act failed; its detail has the words.
pub const REFUSED: &str = "Refused";

/// The act of the server that takes the value of a destroyed object, once its hold is over.
pub const ERASURE: &str = "object erasure";

/// What is kept of one batch item or act.
#[derive(Debug, Clone)]
pub struct Record {
    /// When the item was answered.
    pub time: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// The operation, by its XML name, or the command, such as `kek rotate`.
    pub operation: &'static str,
    /// The identifiers of the objects that were used, made or changed.
    pub objects: Vec<String>,
    /// Version of the service's key under which the objects were sealed or opened.
    pub key_version: Option<u32>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: Duration,
    /// The client's correlation value, if it sent one.
    pub client_correlation: Option<String>,
    /// The server's correlation value, if there is one.
    pub server_correlation: Option<String>,
}

impl Record {
    /// An act that was done at once and touched no object.
    #[must_use]
    pub fn of_act(time: Timestamp, actor: Actor, operation: &'static str) -> Self {
        Self {
            time,
            actor,
            operation,
            objects: Vec::new(),
            key_version: None,
            outcome: Outcome::Success,
            duration: Duration::ZERO,
            client_correlation: None,
            server_correlation: None,
        }
    }
}
