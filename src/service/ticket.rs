//! The ticket that a request shows in its header (KMIP 2.1 §9.4 and §9.11).
//!
//! Tickets are the only credentials that are looked at: who is calling is in the certificate.

use kmip_ttlv::enums::TicketType;
use kmip_ttlv::message::Request;
use kmip_ttlv::structure::Credential;

use super::Service;
use super::batch::ATTEMPTS_MAX;
use crate::operation::Failure;
use crate::operation::permit::{count_request, ticket_key};
use crate::store::{Commit, Error as StoreError, NoteKey};
use crate::tenant::Caller;

impl Service {
    /// The ticket that the request shows, if it shows one, good for this request. If its requests
    /// are counted, this one is.
    ///
    /// # Errors
    /// [`Failure::InvalidTicket`] or [`Failure::TicketUsedUp`], and what is wrong with the store.
    pub(super) async fn ticket(
        &self,
        caller: &Caller,
        request: &Request<'_>,
    ) -> Result<Option<NoteKey>, Failure> {
        let shown = request.header.authentication.iter().flat_map(|it| &it.credentials);
        let mut shown = shown.filter_map(|credential| match credential {
            Credential::Ticket(credential) => Some(&credential.ticket),
            _ => None,
        });
        let Some(ticket) = shown.next() else { return Ok(None) };
        if shown.next().is_some() {
            return Err(Failure::InvalidField("a request is made under one ticket".into()));
        }
        if ticket.kind != TicketType::Login {
            return Err(Failure::InvalidTicket);
        }
        let key = ticket_key(caller, ticket.value.expose())?;
        for _ in 0..ATTEMPTS_MAX {
            let Some(counted) = count_request(&self.parts, &key, self.clock.now()).await? else {
                return Ok(Some(key));
            };
            // What the request does has records of its own.
            let commit = Commit { changes: vec![counted], audit: Vec::new() };
            match self.parts.store.commit(commit).await {
                Ok(()) => return Ok(Some(key)),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Contention)
    }
}
