//! The service behind the transport.

use std::sync::Arc;

use kmip_ttlv::{Buffer, Error};

use super::{Answer, Refusal};
use crate::service::{Heard, NotAdmitted, Occasion, Service, Session};
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
            NotAdmitted::CertificateReplaced => Refusal::Replaced,
            other => Refusal::Unavailable(other.to_string()),
        })
    }

    fn session(&self, caller: &Caller) -> Session {
        Self::session(self, caller)
    }

    async fn answer(
        &self,
        session: &mut Session,
        caller: &Arc<Caller>,
        message: &[u8],
        response: &mut Buffer,
    ) -> Heard {
        self.converse(session, caller, message, response).await
    }

    async fn offer(
        &self,
        session: &mut Session,
        caller: &Arc<Caller>,
        occasion: &Occasion,
        message: &mut Buffer,
    ) {
        Self::offer(self, session, caller, occasion, message).await;
    }

    fn answer_unreadable(&self, caller: &Arc<Caller>, error: &Error, response: &mut Buffer) {
        Self::answer_unreadable(self, caller, *error, response);
    }
}
