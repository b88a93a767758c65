//! What a connection keeps between its messages: the version that is spoken, which way requests go, and
//! what is known of a client that the server asks.

use std::future::pending;
use std::sync::Arc;

use kmip_ttlv::Version;

use super::inquiry::Inquiry;
use crate::operation::feeds::{Event, Feed};

/// A connection as the service sees it.
#[derive(Debug, Default)]
pub struct Session {
    /// The version of the last request.
    pub(super) version: Option<Version>,
    pub(super) feed: Option<Feed>,
    /// Whether the peer has the server's role: it asks for nothing any more.
    pub(super) is_reversed: bool,
    pub(super) inquiry: Inquiry,
}

/// Why the server has something to say.
#[derive(Debug, Clone, PartialEq)]
pub enum Occasion {
    /// It does not know yet what the client takes.
    Unknown,
    /// Something has happened.
    Event(Arc<Event>),
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
        self.feed.is_some() && self.version.is_some() && !self.awaits_answer()
    }

    /// Whether the peer has still to answer.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.inquiry.awaits_answer()
    }

    /// What there is to say next; `None` if the connection has fallen behind. Nothing is lost if this
    /// is given up before it is ready.
    pub async fn next(&mut self) -> Option<Occasion> {
        let listens = self.listens();
        match (&mut self.feed, self.version) {
            (Some(_), Some(version)) if listens && self.inquiry.question(version).is_some() => {
                Some(Occasion::Unknown)
            }
            (Some(feed), Some(_)) if listens => feed.next().await.map(Occasion::Event),
            _ => pending().await,
        }
    }
}
