//! What a request that shows a ticket may do (KMIP 2.1 §7.34 and §7.35): the rights of the ticket
//! that are left for one item, narrowed as the item touches objects.
//!
//! At least one right must allow the whole of an item: its operation and every object that it
//! reaches. The first such right pays for it, and so does the ticket as a whole.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_ttlv::enums::Operation;
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::structure::Data;

use super::ticket::{self, Right, Ticket, spend};
use super::{Batch, Failure, Parts};
use crate::access;
use crate::clock::Timestamp;
use crate::object::Object;
use crate::store::{Change, NewNote, Note, NoteChange, NoteKey};
use crate::tenant::Caller;

/// A ticket that holds for one batch item.
#[derive(Debug)]
pub struct Permit {
    key: NoteKey,
    note: Arc<Note>,
    ticket: Ticket,
    operation: Operation,
    bytes: u64,
    now: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The places of the rights that allow all of the item so far.
    rights: Vec<usize>,
    /// Whether the item has reached any object.
    touched: bool,
}

/// The note about the ticket with this value, if it is one of the caller's.
///
/// # Errors
/// None but the hash's own.
pub fn ticket_key(caller: &Caller, value: &[u8]) -> Result<NoteKey, Failure> {
    ticket::key(caller.tenant_id, caller.service_id, value)
}

/// What must be durable before a request under the ticket may run: one request less is left of it,
/// if they are counted.
///
/// # Errors
/// [`Failure::InvalidTicket`], or [`Failure::TicketUsedUp`] if none was left.
pub async fn count_request(
    parts: &Parts,
    key: &NoteKey,
    now: Timestamp,
) -> Result<Option<Change>, Failure> {
    let note = good(parts.store.note(key).await?, now)?;
    let mut ticket = Ticket::from_bytes(&note.body)?;
    let Some(left) = ticket.requests else { return Ok(None) };
    if left <= 0 {
        return Err(Failure::TicketUsedUp);
    }
    ticket.requests = Some(left - 1);
    Ok(Some(rewritten(key, &note, &ticket, now)?))
}

/// The note, if it is there and has not expired.
pub(super) fn good(note: Option<Arc<Note>>, now: Timestamp) -> Result<Arc<Note>, Failure> {
    let is_good = |note: &Arc<Note>| note.expires.is_none_or(|time| time > now);
    note.filter(is_good).ok_or(Failure::InvalidTicket)
}

fn rewritten(
    key: &NoteKey,
    note: &Note,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Change, Failure> {
    let to = NewNote { expires: note.expires, body: ticket.to_bytes()? };
    Ok(Change::Note(NoteChange { key: key.clone(), from: Some(note.revision), to: Some(to), now }))
}

impl Permit {
    /// The ticket as it is now, for an item that does this.
    ///
    /// # Errors
    /// [`Failure::InvalidTicket`], [`Failure::Forbidden`] if no right speaks of the operation, or
    /// [`Failure::TicketUsedUp`].
    pub async fn load(
        parts: &Parts,
        batch: &Batch,
        key: &NoteKey,
        payload: &RequestPayload<'_>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let note = match batch.pending_note(key) {
            Some(pending) => pending,
            None => parts.store.note(key).await?,
        };
        let note = good(note, now)?;
        let ticket = Ticket::from_bytes(&note.body)?;
        let (operation, bytes) = (payload.operation(), data_bytes(payload));
        let rights = ticket.rights.iter().enumerate();
        let mut rights: Vec<_> = rights.filter(|(_, right)| right.allows(operation)).collect();
        if rights.is_empty() {
            return Err(Failure::Forbidden("the ticket does not allow this operation"));
        }
        rights.retain(|(_, right)| spend(&mut right.limits.clone(), bytes).is_ok());
        if rights.is_empty() || spend(&mut ticket.limits.clone(), bytes).is_err() {
            return Err(Failure::TicketUsedUp);
        }
        let rights = rights.into_iter().map(|(place, _)| place).collect();
        let state = Mutex::new(State { rights, touched: false });
        Ok(Self { key: key.clone(), note, ticket, operation, bytes, now, state })
    }

    /// Whether any right speaks of an operation.
    pub(super) fn allows(&self, operation: Operation) -> bool {
        self.ticket.rights.iter().any(|right| right.allows(operation))
    }

    /// Whether the ticket is as good as the certificate.
    pub(super) fn is_free(&self) -> bool {
        self.ticket.is_free()
    }

    /// The item reaches an object, or makes it.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] if no right speaks of this object and all before it.
    pub(super) fn touch(&self, object: &Object) -> Result<(), Failure> {
        let mut state = self.state();
        state.touched = true;
        let has = |place: &usize| self.ticket.rights.get(*place).is_some_and(|it| it.has(object));
        state.rights.retain(has);
        if state.rights.is_empty() {
            return Err(Failure::Forbidden("the ticket is not for this object"));
        }
        Ok(())
    }

    /// Whether the item may hear of an object.
    pub(super) fn shows(&self, object: &Object) -> bool {
        let mut state = self.state();
        state.touched = true;
        let mut rights = state.rights.iter().filter_map(|place| self.ticket.rights.get(*place));
        rights.any(|right| right.has(object))
    }

    /// What the item takes off the ticket, once it has run and wants `changes`.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] if it has done what no right for some objects only allows.
    pub fn charge(&self, changes: &[Change]) -> Result<Option<Change>, Failure> {
        let mut state = self.state();
        if !state.touched && !access::is_harmless(self.operation) {
            let is_wide =
                |place: &usize| !self.ticket.rights.get(*place).is_none_or(Right::is_narrow);
            state.rights.retain(is_wide);
        }
        let Some(place) = state.rights.first() else {
            return Err(Failure::Forbidden("the ticket is for some objects only"));
        };
        let ended = |change: &Change| matches!(change, Change::Note(it) if it.key == self.key);
        if changes.iter().any(ended) {
            return Ok(None);
        }
        let mut ticket = self.ticket.clone();
        let used_up = |_| Failure::TicketUsedUp;
        let mut is_less = spend(&mut ticket.limits, self.bytes).map_err(used_up)?;
        if let Some(right) = ticket.rights.get_mut(*place) {
            is_less |= spend(&mut right.limits, self.bytes).map_err(used_up)?;
        }
        if !is_less {
            return Ok(None);
        }
        rewritten(&self.key, &self.note, &ticket, self.now).map(Some)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many bytes an operation works on.
fn data_bytes(payload: &RequestPayload<'_>) -> u64 {
    use RequestPayload as P;
    let data = match payload {
        P::Encrypt(request) => request.data.as_ref(),
        P::Decrypt(request) => request.data.as_ref(),
        P::Sign(request) => request.data.as_ref(),
        P::SignatureVerify(request) => request.data.as_ref(),
        P::Mac(request) => request.data.as_ref(),
        P::MacVerify(request) => request.data.as_ref(),
        P::Hash(request) => request.data.as_ref(),
        P::RngRetrieve(request) => return u64::try_from(request.data_length).unwrap_or_default(),
        _ => None,
    };
    let bytes = data.and_then(Data::bytes).map_or(0, <[u8]>::len);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
