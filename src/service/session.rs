//! What a connection keeps between its messages: the version that is spoken, and which way requests
//! go.

use std::future::pending;
use std::sync::Arc;

use kmip_ttlv::Version;

use crate::operation::feeds::{Event, Feed};

/// A connection as the service sees it.
#[derive(Debug, Default)]
pub struct Session {
    /// The version of the last request.
    pub(super) version: Option<Version>,
    pub(super) feed: Option<Feed>,
    /// Whether the peer has the server's role: it asks for nothing any more.
    pub(super) is_reversed: bool,
    /// Whether the peer has still to answer what the server has sent.
    pub(super) awaits_answer: bool,
}

/// What came of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is answered.
    Answered,
    /// It is an answer itself.
    Answer,
    /// It is neither a request nor an answer that is waited for: the connection is over.
    OutOfTurn,
}

impl Session {
    /// Whether the server may have something to say.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.feed.is_some() && self.version.is_some() && !self.awaits_answer
    }

    /// Whether the peer has still to answer.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.awaits_answer
    }

    /// What happens next; `None` if the connection has fallen behind. Nothing is lost if this is
    /// given up before it is ready.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        match &mut self.feed {
            Some(feed) if self.version.is_some() && !self.awaits_answer => feed.next().await,
            _ => pending().await,
        }
    }
}
