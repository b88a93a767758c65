//! The service behind the transport.

use std::sync::Arc;

use kmip_ttlv::{Buffer, Error};

use super::{Answer, Refusal};
use crate::service::{NotAdmitted, Service};
use crate::tenant::{Caller, Identity};

impl Answer for Service {
    async fn admit(&self, identity: Identity) -> Result<Arc<Caller>, Refusal> {
        Self::admit(self, identity).await.map_err(|error| match error {
            NotAdmitted::UnknownTenant(_)
            | NotAdmitted::UnknownService(..)
            | NotAdmitted::UnknownServiceId(..) => Refusal::Unregistered,
            NotAdmitted::TenantSuspended(_)
            | NotAdmitted::TenantShredded(_)
            | NotAdmitted::ServiceSuspended(..)
            | NotAdmitted::ServiceShredded(..) => Refusal::Suspended,
            other => Refusal::Unavailable(other.to_string()),
        })
    }

    async fn answer(&self, caller: &Arc<Caller>, request: &[u8], response: &mut Buffer) {
        Self::answer(self, caller, request, response).await;
    }

    fn answer_unreadable(&self, caller: &Arc<Caller>, error: &Error, response: &mut Buffer) {
        Self::answer_unreadable(self, caller, *error, response);
    }
}
