//! Certificates of connections that take the place of others (KMIP 2.1 §6.1.48): from the first
//! connection with the new one on, the old one is good for nothing.

use quick_cache::sync::Cache;

use super::Service;
use super::batch::ATTEMPTS_MAX;
use crate::audit::{Actor, Record};
use crate::clock::Timestamp;
use crate::keys;
use crate::operation::Credential;
use crate::store::{Change, Commit, Error as StoreError, NewNote, NoteChange};
use crate::tenant::{Caller, Fingerprint};

/// Replaced certificates that are remembered for connections which stand already; no new one gets so
/// far.
const REPLACED_MAX: usize = 10_000;

/// What records of a certificate that takes another's place have as their operation.
const TAKEN: &str = "certificate replaced";

/// Certificates that were replaced since the start.
#[derive(Debug)]
pub(super) struct Replaced(Cache<Fingerprint, ()>);

impl Default for Replaced {
    fn default() -> Self {
        Self(Cache::new(REPLACED_MAX))
    }
}

impl Replaced {
    /// Whether another certificate is in the place of the caller's.
    pub(super) fn holds(&self, caller: &Caller) -> bool {
        self.0.contains_key(&caller.identity.peer.fingerprint)
    }
}

impl Service {
    /// Turns away a certificate that was replaced; one that replaces another does so from now on.
    pub(super) async fn take_up(&self, caller: &Caller) -> Result<(), keys::Error> {
        let fingerprint = caller.identity.peer.fingerprint;
        let key = Credential::key(caller, fingerprint);
        for _ in 0..ATTEMPTS_MAX {
            let Some(note) = self.parts.store.note(&key).await? else { return Ok(()) };
            let (old, until, uid) = match Credential::read(&note.body) {
                Some(Credential::Issued { instead_of: Some((old, until)), uid }) => {
                    (old, until, uid)
                }
                Some(Credential::Issued { instead_of: None, .. }) => return Ok(()),
                Some(Credential::Replaced) | None => {
                    return Err(keys::Error::CertificateReplaced);
                }
            };
            let now = self.clock.now();
            let of_old = Credential::key(caller, old);
            let before = self.parts.store.note(&of_old).await?.map(|note| note.revision);
            let change = |key, from, expires, credential: &Credential| {
                let to = Some(NewNote { expires, body: credential.to_bytes() });
                Change::Note(NoteChange { key, from, to, now })
            };
            let in_place = Credential::Issued { instead_of: None, uid };
            let ends = Some(Timestamp::of_seconds(until.saturating_add(1)));
            let changes = vec![
                change(key.clone(), Some(note.revision), note.expires, &in_place),
                change(of_old, before, ends, &Credential::Replaced),
            ];
            let audit = vec![taken(caller, old, now)];
            match self.parts.store.commit(Commit { changes, audit }).await {
                Ok(()) => {
                    self.replaced.0.insert(old, ());
                    return Ok(());
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(keys::Error::Contention)
    }
}

fn taken(caller: &Caller, old: Fingerprint, now: Timestamp) -> Record {
    let detail = format!("{old} by {}", caller.identity.peer.fingerprint);
    Record::of_act(now, Actor::server_about(&caller.identity, detail), TAKEN)
}
