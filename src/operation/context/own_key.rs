//! The calling service's own key (L3), for what the service encrypts with it.

use std::sync::Arc;

use super::super::failure::Failure;
use super::Context;
use crate::keys::ServiceKey;
use crate::tenant::ServiceName;

impl Context<'_> {
    /// What the calling service is called.
    pub(in crate::operation) fn service_name(&self) -> &ServiceName {
        &self.caller.identity.service
    }

    /// An object was told of.
    pub(in crate::operation) fn note_object(&self, uid: &str) {
        self.trace.note_object(uid);
    }

    /// A version of the calling service's key, or the one that seals.
    ///
    /// # Errors
    /// What is wrong with the hierarchy.
    pub(in crate::operation) async fn own_key(
        &self,
        version: Option<u32>,
    ) -> Result<Arc<ServiceKey>, Failure> {
        let owner = self.caller.service_id;
        let Some(version) = version else { return self.key(owner).await };
        let key = self.parts.keyring.key_of_version(self.caller, owner, version).await;
        let key = key.map_err(Failure::of_keys)?;
        self.trace.note_key_version(version);
        Ok(key)
    }
}
