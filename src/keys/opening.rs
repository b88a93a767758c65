//! Versions of a service's key (L3) that open what is there already.

use std::sync::Arc;

use super::envelope::EnvelopeError;
use super::error::Error;
use super::keyring::{Keyring, Touched};
use super::service_key::ServiceKey;
use crate::store::Sealed;
use crate::tenant::{Caller, ServiceId};

impl Keyring {
    /// The version of the key of service `owner` that sealed `sealed`, which is the value of object
    /// `uid`. If it is not the active one, the object is noted to be sealed anew.
    ///
    /// # Errors
    /// As [`Keyring::service_key`].
    pub async fn opening_key(
        &self,
        caller: &Caller,
        owner: ServiceId,
        uid: &str,
        sealed: &Sealed,
    ) -> Result<Arc<ServiceKey>, Error> {
        let key = self.service_key(caller, owner).await?;
        if sealed.parent_version() == Some(key.version()) {
            return Ok(key);
        }
        let touched = Touched { tenant: caller.tenant_id, service: owner, uid: uid.to_owned() };
        // What is not noted is found later.
        let _ = self.touched.try_send(touched);
        self.sealing_key(caller, owner, sealed).await
    }

    /// The version of the key of service `owner` that sealed `sealed`.
    ///
    /// # Errors
    /// As [`Keyring::service_key`].
    pub async fn sealing_key(
        &self,
        caller: &Caller,
        owner: ServiceId,
        sealed: &Sealed,
    ) -> Result<Arc<ServiceKey>, Error> {
        let version = sealed.parent_version().ok_or(EnvelopeError::Malformed)?;
        self.key_of_version(caller, owner, version).await
    }

    /// A version of the key of service `owner` that is not destroyed.
    ///
    /// # Errors
    /// As [`Keyring::service_key`]; [`Error::Envelope`] if there is no such version.
    pub async fn key_of_version(
        &self,
        caller: &Caller,
        owner: ServiceId,
        version: u32,
    ) -> Result<Arc<ServiceKey>, Error> {
        let key = self.service_key(caller, owner).await?;
        if version == key.version() {
            return Ok(key);
        }
        let id = (caller.tenant_id, owner, version);
        if let Some(key) = self.retired.get(&id) {
            return Ok(key);
        }
        let open = async {
            let (tenant, service) = self.served(caller, owner).await?;
            Ok::<_, Error>(Arc::new(self.open_version(&tenant, &service, version).await?))
        };
        self.retired.get_or_insert_async(&id, open).await
    }
}
