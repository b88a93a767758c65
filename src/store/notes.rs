//! Notes: small things that the server remembers for a tenant or a service between requests, such
//! as a ticket. They hold nothing that is secret.

use super::engine::{BoxFuture, Error};
use crate::clock::Timestamp;
use crate::tenant::{ServiceId, TenantId};

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// A ticket, under the digest of its value.
    Ticket,
    /// The constraints that new objects are held to.
    Constraints,
    /// The attribute values that new objects get.
    Defaults,
    /// A certificate by which clients connect, under its fingerprint.
    Credential,
}

/// Which note is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NoteKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The service, or none for the tenant as a whole.
    pub service: Option<ServiceId>,
    /// What it is about.
    pub kind: NoteKind,
    /// Tells notes about the same apart; empty where there is only one.
    pub name: Vec<u8>,
}

/// A note as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Counts the note's changes, from 1.
    pub revision: u64,
    /// When it means nothing any more, if ever.
    pub expires: Option<Timestamp>,
    /// What it says.
    pub body: Vec<u8>,
}

/// What a note shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// When it means nothing any more, if ever.
    pub expires: Option<Timestamp>,
    /// What it says.
    pub body: Vec<u8>,
}

/// A note is written, written anew or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteChange {
    /// Which one.
    pub key: NoteKey,
    /// The revision that it was decided on, or none where there must be no such note. A conflict
    /// if that is not so.
    pub from: Option<u64>,
    /// What it shall be, or none if it goes.
    pub to: Option<NewNote>,
    /// The time. What had expired by then of the same kind goes when a note is new.
    pub now: Timestamp,
}

/// What an engine tells of notes.
pub trait Notes: Send + Sync {
    /// A note, expired ones too.
    fn note(&self, key: NoteKey) -> BoxFuture<'_, Result<Option<Note>, Error>>;

    /// How many notes of a kind a service has that have not expired by `now`.
    fn count_notes(
        &self,
        tenant: TenantId,
        service: ServiceId,
        kind: NoteKind,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>>;
}
