//! Which roots a keyring has open, and what it forgets.

use std::sync::Arc;

use super::keyring::Keyring;
use super::root::{Provider, RootKey};
use super::root_set::RootSet;
use super::watch::WatchedRoot;
use crate::store::KeyLevel;

impl Keyring {
    /// The versions of the root key that are here, whatever their provider.
    pub(super) fn root_versions(&self) -> Vec<u32> {
        let roots = self.roots.load();
        let all = std::iter::once(&roots.primary).chain(&roots.window);
        let mut versions: Vec<u32> = all.flat_map(|root| root.versions()).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    /// Opens the other provider of the root key, for as long as the root moves.
    pub fn open_window(&self, root: Arc<dyn RootKey>) {
        let (clock, metrics) = (Arc::clone(&self.clock), Arc::clone(&self.metrics));
        let window = Some(Arc::new(WatchedRoot::new(root, None, clock, metrics)));
        let primary = self.root();
        self.roots.store(Arc::new(RootSet { primary, window }));
    }

    /// Closes the provider of the root key that does not seal. What is sealed under it is refused from
    /// now on.
    pub fn close_window(&self) {
        let primary = self.root();
        self.roots.store(Arc::new(RootSet { primary, window: None }));
    }

    /// Whether this provider of the root key is open.
    #[must_use]
    pub fn has_provider(&self, provider: Provider) -> bool {
        self.roots.load().of(provider).is_some()
    }

    /// Whether two providers of the root key are open.
    #[must_use]
    pub fn has_window(&self) -> bool {
        self.roots.load().window.is_some()
    }

    /// Drops what is open of a version that is destroyed.
    pub(super) fn forget_version(&self, level: KeyLevel, version: u32) {
        match level {
            KeyLevel::Root | KeyLevel::OwnRoot(_) => {}
            KeyLevel::Tenant(tenant) => drop(self.tenants.remove(&(tenant, version))),
            KeyLevel::Service(service) => {
                self.retired.retain(|(_, of, known), _| *of != service || *known != version);
            }
        }
    }

    /// The root key that seals.
    pub(super) fn root(&self) -> Arc<WatchedRoot> {
        Arc::clone(&self.roots.load().primary)
    }
}
