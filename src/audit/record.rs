//! One audit record: one batch item, allowed or refused.
//!
//! A record never holds key material or a client's data.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::tenant::Caller;

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused or failed, for this Result Reason (KMIP 1.4 §9.1.3.2.28, by its XML name).
    Failure(&'static str),
}

/// What is kept of one batch item.
#[derive(Debug, Clone)]
pub struct Record {
    /// When the item was answered.
    pub time: Timestamp,
    /// Who asked.
    pub caller: Arc<Caller>,
    /// The protocol version of the request, such as `1.4`.
    pub kmip_version: &'static str,
    /// The operation, by its XML name.
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
