//! The providers of the root key that are open: one, and two while the root moves from one to the
//! other.

use std::sync::Arc;

use super::envelope::EnvelopeError;
use super::root::Provider;
use super::root::RootKey as _;
use super::watch::WatchedRoot;
use crate::store::Sealed;

/// What is open.
#[derive(Debug, Clone)]
pub(super) struct RootSet {
    /// The provider whose root key seals.
    pub(super) primary: Arc<WatchedRoot>,
    /// The other one, while the root moves.
    pub(super) window: Option<Arc<WatchedRoot>>,
}

impl RootSet {
    /// The root of a provider, if it is open.
    pub(super) fn of(&self, provider: Provider) -> Option<&Arc<WatchedRoot>> {
        let all = std::iter::once(&self.primary).chain(&self.window);
        all.into_iter().find(|root| root.provider() == provider)
    }

    /// The root that sealed an envelope. One of a provider that is not open is refused by the one
    /// that seals.
    pub(super) fn that_sealed(&self, sealed: &Sealed) -> Result<&Arc<WatchedRoot>, EnvelopeError> {
        let (header, _) = super::envelope::Header::read(sealed)?;
        let found = header.provider.ok_or(EnvelopeError::Malformed)?;
        let given = self.primary.provider();
        self.of(found).ok_or(EnvelopeError::OtherProvider { found, given })
    }

    /// The same two with `provider` sealing.
    pub(super) fn sealing(&self, provider: Provider) -> Self {
        match &self.window {
            Some(window) if window.provider() == provider => {
                Self { primary: Arc::clone(window), window: Some(Arc::clone(&self.primary)) }
            }
            _ => self.clone(),
        }
    }
}
