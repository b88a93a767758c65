//! The client for programs that have no run-time of their own.

use std::fmt;

use kmip_ttlv::payload::Question;
use kmip_ttlv::{Buffer, Version};
use tokio::runtime::{Builder, Runtime};

use super::{Client, ClientError, Identity, Reply, Settings};

/// A client whose calls return when they are done. Not to be used within a run-time.
pub struct Blocking {
    runtime: Runtime,
    client: Client,
}

impl Blocking {
    /// See [`Client::new`].
    ///
    /// # Errors
    /// Those of [`Client::new`], and [`ClientError::Connection`] if there are no files left for a
    /// run-time.
    pub fn new(settings: Settings, identity: Identity) -> Result<Self, ClientError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ClientError::Connection)?;
        Ok(Self { runtime, client: Client::new(settings, identity)? })
    }

    /// See [`Client::version`].
    ///
    /// # Errors
    /// Those of [`Client::version`].
    pub fn version(&self) -> Result<Version, ClientError> {
        self.runtime.block_on(self.client.version())
    }

    /// See [`Client::ask`].
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub fn ask<'q, Q: Question<'q>>(&self, question: Q) -> Result<Reply<Q>, ClientError> {
        self.runtime.block_on(self.client.ask(question))
    }

    /// See [`Client::exchange`].
    ///
    /// # Errors
    /// Those of [`Client::exchange`].
    pub fn exchange(&self, request: &[u8]) -> Result<Buffer, ClientError> {
        self.runtime.block_on(self.client.exchange(request))
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}
