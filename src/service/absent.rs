//! Services that have no connection: what they have asked for is done all the same.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::{Service, caller};
use crate::keys;
use crate::operation::Failure;
use crate::store::KeyLevel;
use crate::tenant::{Caller, Fingerprint, Identity, Peer, ServiceId};

impl Service {
    /// A service as a caller without a connection.
    ///
    /// # Errors
    /// It or its tenant is not served, or the store's.
    pub(super) async fn absent(&self, service: ServiceId) -> Result<Caller, Failure> {
        let owner = self.parts.store.engine().owner(KeyLevel::Service(service)).await?;
        let Some((tenant, Some(service))) = owner else {
            return Err(Failure::Internal("what a service has asked for is nobody's"));
        };
        keys::check_served(&tenant, &service).map_err(Failure::of_keys)?;
        self.parts.keyring.standing().admitted(&tenant);
        let identity =
            Identity { tenant: tenant.name, service: service.name.clone(), peer: nobody() };
        Ok(caller(tenant.id, identity, &service))
    }
}

/// Whether it is not what was asked for that is wrong, so that it can be tried again.
pub(super) fn is_passing(failure: &Failure) -> bool {
    matches!(failure, Failure::Store(_) | Failure::Keys(_) | Failure::Audit | Failure::Contention)
}

/// A peer that says nothing.
fn nobody() -> Peer {
    Peer {
        address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into(),
        fingerprint: Fingerprint([0; 32]),
        certificate: Arc::default(),
        serial: String::new(),
        tls_version: String::new(),
        tls_suite: String::new(),
        tls_group: String::new(),
    }
}
