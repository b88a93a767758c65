//! The tenant's certificate authority, which no client is: its objects are reached here alone.

use std::sync::Arc;

use kmip_ttlv::object::ManagedObject;

use super::{Context, Held};
use crate::keys::ClientIssuer;
use crate::object::Object;
use crate::operation::{Credential, Failure};
use crate::store::{Change, NoteKey, View};
use crate::tenant::{Fingerprint, ServiceId};

/// What the identifiers of objects begin with that the server makes for itself. No client may bring
/// one.
pub const OWN_PREFIX: &str = "keystrata:";

/// The identifier of the authority's private key.
pub const AUTHORITY_KEY: &str = "keystrata:authority-key";

/// The identifier of the authority's certificate. Everybody of the tenant may read it.
pub const AUTHORITY_CERTIFICATE: &str = "keystrata:authority-certificate";

impl Context<'_> {
    /// The name of the caller's tenant.
    #[must_use]
    pub fn tenant_name(&self) -> &str {
        self.caller.identity.tenant.as_str()
    }

    /// Who gives clients of this tenant new certificates for their connections, if anybody does.
    pub(in crate::operation) fn client_issuer(&self) -> Option<Arc<ClientIssuer>> {
        self.parts.client_issuers.of(&self.caller.identity.tenant)
    }

    /// The certificate of the connection, in DER; empty where there is no connection any more.
    pub(in crate::operation) fn own_certificate(&self) -> &[u8] {
        &self.caller.identity.peer.certificate
    }

    /// What tells the certificate of the connection apart.
    pub(in crate::operation) fn fingerprint(&self) -> Fingerprint {
        self.caller.identity.peer.fingerprint
    }

    /// Where the note about a certificate of the calling service is.
    pub(in crate::operation) fn credential_key(&self, fingerprint: Fingerprint) -> NoteKey {
        Credential::key(self.caller, fingerprint)
    }

    /// The service that owns the authority; made if there is none yet.
    ///
    /// # Errors
    /// What is wrong with the hierarchy.
    pub(in crate::operation) async fn authority(&self) -> Result<ServiceId, Failure> {
        self.parts.keyring.authority(self.caller).await.map_err(Failure::of_keys)
    }

    /// An object of the authority.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::operation) async fn of_authority(
        &self,
        authority: ServiceId,
        uid: &str,
    ) -> Result<Option<Held>, Failure> {
        let view = View { tenant: self.caller.tenant_id, service: Some(authority) };
        let stored = match self.batch.pending(uid) {
            Some(pending) => Some(pending),
            None => self.parts.store.object(view, uid).await?,
        };
        Ok(stored.map(|stored| Held::new(stored, self.now)))
    }

    /// The authority's certificate, if there is one, for whoever may not change it.
    pub(super) async fn authority_certificate(&self) -> Result<Option<Held>, Failure> {
        let found = self.parts.keyring.find_authority(self.caller).await;
        match found.map_err(Failure::of_keys)? {
            Some(authority) => self.of_authority(authority, AUTHORITY_CERTIFICATE).await,
            None => Ok(None),
        }
    }

    /// A new object of the authority, or one in the place of `held`.
    ///
    /// # Errors
    /// What is wrong with the hierarchy.
    pub(in crate::operation) async fn put_into_authority(
        &self,
        authority: ServiceId,
        held: Option<&Held>,
        object: Object,
        value: &ManagedObject,
    ) -> Result<Change, Failure> {
        match held {
            Some(held) => self.overwrite(held, object, value).await,
            None => self.insert_for(authority, object, value).await,
        }
    }
}
