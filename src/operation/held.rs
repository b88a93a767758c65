//! Objects that were found, and what for.

use std::sync::Arc;

use crate::access::Usage;
use crate::clock::Timestamp;
use crate::object::Object;
use crate::store::{Sealed, Stored};

/// What an operation wants an object for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To read its attributes.
    Attributes,
    /// To read its value.
    Value,
    /// To let the client go on using what it has fetched.
    Lease,
    /// To change its attributes or state.
    Change,
    /// To end the protection that it gives, or to declare it compromised.
    Revoke,
    /// To take it out of the archive.
    Recover,
    /// To have another one take its place.
    Replace,
    /// To compute with its value.
    Use(Usage),
}

impl Right {
    /// Whether nothing is to be changed or computed.
    pub(super) fn only_reads(self) -> bool {
        matches!(self, Self::Attributes | Self::Value)
    }
}

/// An object that was found, as it is now.
#[derive(Debug, Clone)]
pub struct Held {
    pub(super) stored: Arc<Stored>,
    /// The object with the dates that have come taken into account, if any has since it was kept.
    settled: Option<Box<Object>>,
}

impl Held {
    pub(super) fn new(stored: Arc<Stored>, now: Timestamp) -> Self {
        let settled = stored.object.settled(now.seconds()).map(Box::new);
        Self { stored, settled }
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &Object {
        self.settled.as_deref().unwrap_or(&self.stored.object)
    }

    /// The envelope that holds its value, unless it is destroyed.
    #[must_use]
    pub fn sealed(&self) -> Option<&Sealed> {
        self.stored.sealed.as_ref()
    }
}
