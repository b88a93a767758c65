//! What an operation may see and do. Everything here is already narrowed to the caller: there is
//! no call that names a tenant, and no object is reached without saying what for.

mod authority;
mod own_key;
mod rights;

use std::sync::Arc;

use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::{Interval, UniqueIdentifier, Version};
use zeroize::Zeroizing;

use super::batch::Batch;
use super::failure::Failure;
use super::groups::Turn;
pub use super::held::{Held, Right};
use super::own_keys;
use super::part::{Advanced, Output};
use super::parts::Parts;
use super::permit::Permit;
use super::trace::Trace;
use super::{constraints, value};
use crate::clock::Timestamp;
use crate::crypto::policy::Policy;
use crate::keys::ServiceKey;
use crate::object::{Object, rules};
use crate::store::{
    Administration, Change, Note, NoteKey, Position, Sealed, Selector, Stored, View,
};
use crate::tenant::{Caller, Role, ServiceId, TenantId};

pub use authority::{AUTHORITY_CERTIFICATE, AUTHORITY_KEY, OWN_PREFIX};

/// An operation's view of the server.
#[derive(Debug)]
pub struct Context<'a> {
    parts: &'a Parts,
    caller: &'a Arc<Caller>,
    batch: &'a Batch,
    trace: &'a Trace,
    version: Version,
    now: Timestamp,
    permit: Option<&'a Permit>,
}

impl<'a> Context<'a> {
    /// A view for one batch item of `caller`.
    #[must_use]
    pub fn new(
        parts: &'a Parts,
        caller: &'a Arc<Caller>,
        batch: &'a Batch,
        trace: &'a Trace,
        version: Version,
        now: Timestamp,
    ) -> Self {
        Self { parts, caller, batch, trace, version, now, permit: None }
    }

    /// The same view, narrowed to what a ticket allows.
    #[must_use]
    pub fn under(self, permit: Option<&'a Permit>) -> Self {
        Self { permit, ..self }
    }

    /// What the ticket of the request allows, if there is one.
    pub(super) fn permit(&self) -> Option<&Permit> {
        self.permit
    }

    /// The text of an identifier that need not be an object's.
    ///
    /// # Errors
    /// [`Failure::InvalidMessage`] for a word that means nothing here.
    pub(super) fn resolve(&self, uid: &UniqueIdentifier<'_>) -> Result<String, Failure> {
        self.batch.resolve(Some(uid))
    }

    /// A note of the caller, as it is now.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn note(&self, key: &NoteKey) -> Result<Option<Arc<Note>>, Failure> {
        match self.batch.pending_note(key) {
            Some(pending) => Ok(pending),
            None => Ok(self.parts.store.note(key).await?),
        }
    }

    /// Whether the ticket of the request, if there is one, lets it hear of an object.
    pub(super) fn shows(&self, object: &Object) -> bool {
        self.permit.is_none_or(|permit| permit.shows(object))
    }

    /// The time of this batch item.
    pub(super) fn time(&self) -> Timestamp {
        self.now
    }

    /// The version that the client speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The time of this batch item, in seconds since the epoch.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now.seconds()
    }

    /// Pieces of the server that belong to nobody in particular.
    #[must_use]
    pub fn parts(&self) -> &'a Parts {
        self.parts
    }

    /// Which service is asking; for tables that are kept per service, such as streams.
    #[must_use]
    pub fn service(&self) -> ServiceId {
        self.caller.service_id
    }

    /// Whose service is asking; for shares in what all tenants use together.
    pub(super) fn tenant(&self) -> TenantId {
        self.caller.tenant_id
    }

    /// Whether the tenant's own keys are the caller's to see.
    pub(super) fn is_tenant_admin(&self) -> bool {
        self.caller.role == Role::TenantAdmin
    }

    /// An object as it is now.
    pub(super) fn hold(&self, stored: Arc<Stored>) -> Held {
        Held::new(stored, self.now)
    }

    /// What comes of a part of a stream. The stream goes on by it once, however often the item is
    /// run.
    ///
    /// # Errors
    /// [`Failure::FeatureNotSupported`] where it may have to be undone, and those of `advance`.
    pub(super) fn advance_once(
        &self,
        advance: impl FnOnce() -> Result<Advanced, Failure>,
    ) -> Result<Output, Failure> {
        if self.batch.is_together() {
            return Err(Failure::FeatureNotSupported(
                "a stream cannot be part of a batch that can be undone",
            ));
        }
        self.trace.advance_once(advance)
    }

    /// How long the caller may use an object without asking again.
    pub(super) fn lease(&self) -> Interval {
        self.parts.facts.leases.of(&self.caller.identity)
    }

    /// What the caller may compute, and with which keys.
    pub(super) fn policy(&self) -> &'a Policy {
        let legacy = self.parts.keyring.standing().legacy(self.caller.tenant_id);
        self.parts.facts.policies.of(&self.caller.identity.tenant, legacy)
    }

    /// Puts the client's words into the log line of this item.
    pub(super) fn note_message(&self, message: &str) {
        self.trace.note_message(message);
    }

    /// Lets the connection listen to what happens to the objects of the calling service.
    ///
    /// # Errors
    /// [`Failure::FeatureNotSupported`] where it may have to be undone or a ticket is shown,
    /// and those of [`super::Feeds::listen`].
    pub(super) fn listen(&self) -> Result<(), Failure> {
        if self.batch.is_together() {
            return Err(Failure::FeatureNotSupported(
                "the role cannot be part of a batch that can be undone",
            ));
        }
        if self.permit.is_some() {
            return Err(Failure::FeatureNotSupported(
                "whoever shows a ticket cannot be told anything later",
            ));
        }
        self.trace.note_feed(self.parts.feeds.listen(self.caller)?);
        Ok(())
    }

    /// Hands out a member of an object group, once this item is done.
    pub(super) fn note_turn(&self, turn: Turn) {
        self.trace.note_turn(turn);
    }

    /// The one service whose rules for new objects the caller sets, or the whole tenant.
    pub(super) fn reach(&self) -> Option<ServiceId> {
        self.view().service
    }

    /// Whose rules for new objects hold for the caller: the tenant's, and its own.
    pub(super) fn reaches(&self) -> impl Iterator<Item = Option<ServiceId>> + use<> {
        [None].into_iter().chain(self.reach().map(Some))
    }

    fn view(&self) -> View {
        let service = match self.caller.role {
            Role::Service => Some(self.caller.service_id),
            Role::TenantAdmin => None,
        };
        View { tenant: self.caller.tenant_id, service }
    }

    /// An identifier for a new object: a UUID of version 7, so that new rows are neighbours.
    ///
    /// # Errors
    /// Without randomness.
    pub fn new_uid(&self) -> Result<String, Failure> {
        let mut random = [0; 10];
        self.parts.random.fill(&mut random)?;
        let milliseconds = u64::try_from(self.now.milliseconds()).unwrap_or_default();
        let uuid = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
        Ok(uuid.hyphenated().to_string())
    }

    /// The object that is meant: the one named, or the ID Placeholder's where none is.
    ///
    /// # Errors
    /// [`Failure::NotFound`] for an object that does not exist or is somebody else's,
    /// [`Failure::Destroyed`] if its value is wanted and gone, or what forbids the use.
    pub async fn object(
        &self,
        uid: Option<&UniqueIdentifier<'_>>,
        right: Right,
    ) -> Result<Held, Failure> {
        let uid = self.batch.resolve(uid)?;
        self.trace.note_object(&uid);
        let held = match self.find(&uid, right).await {
            Err(Failure::NotFound) if uid == AUTHORITY_CERTIFICATE && right.only_reads() => {
                self.authority_certificate().await?.ok_or(Failure::NotFound)?
            }
            found => found?,
        };
        self.permit.map_or(Ok(()), |permit| permit.touch(held.object()))?;
        self.check(&held, right)?;
        Ok(held)
    }

    /// Whether the object has a State, as far as a client of this version knows: in 1.x Opaque
    /// Objects have none (KMIP 1.4 §3.22).
    #[must_use]
    pub fn has_state(&self, object: &Object) -> bool {
        rules::is_held(AttributeKind::State, object, self.version)
    }

    async fn find(&self, uid: &str, right: Right) -> Result<Held, Failure> {
        if let Some(own) = own_keys::find(self, uid, right).await? {
            return Ok(own);
        }
        let view = self.view();
        let stored = match self.batch.pending(uid) {
            Some(pending) => Some(pending),
            None => self.parts.store.object(view, uid).await?,
        };
        let stored = stored.filter(|stored| !stored.object.is_gone());
        stored.map(|stored| Held::new(stored, self.now)).ok_or(Failure::NotFound)
    }

    /// At most `limit` objects of the caller that `selector` selects, newest first, before
    /// `before`. The selector may let more through than it says; filter what comes.
    ///
    /// # Errors
    /// The store's.
    pub async fn select(
        &self,
        selector: Selector,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<(Position, Held)>, Failure> {
        let found = self.parts.store.select(self.view(), selector, before, limit).await?;
        let hold = |(position, stored)| (position, Held::new(stored, self.now));
        Ok(found.into_iter().map(hold).collect())
    }

    async fn key(&self, owner: ServiceId) -> Result<Arc<ServiceKey>, Failure> {
        let key = self.parts.keyring.service_key(self.caller, owner).await;
        let key = key.map_err(Failure::of_keys)?;
        self.trace.note_key_version(key.version());
        Ok(key)
    }

    /// The value of an object, in the clear, for as long as it is needed.
    ///
    /// # Errors
    /// [`Failure::Destroyed`], or what is wrong with the hierarchy.
    pub async fn value(&self, held: &Held) -> Result<ManagedObject, Failure> {
        let sealed = held.stored.sealed.as_ref().ok_or(Failure::Destroyed)?;
        let (owner, uid) = (held.stored.service, &held.object().uid);
        let key = self.parts.keyring.opening_key(self.caller, owner, uid, sealed).await;
        let key = key.map_err(Failure::of_keys)?;
        self.trace.note_key_version(key.version());
        let plain: Zeroizing<Vec<u8>> = key.open(uid, sealed)?;
        value::from_bytes(&plain)
    }

    /// A new object of the calling service with this value.
    ///
    /// # Errors
    /// What is wrong with the hierarchy.
    pub async fn insert(&self, object: Object, value: &ManagedObject) -> Result<Change, Failure> {
        self.insert_for(self.caller.service_id, object, value).await
    }

    /// A new object with this value, of the service that owns another one.
    ///
    /// # Errors
    /// What is wrong with the hierarchy.
    pub async fn insert_beside(
        &self,
        other: &Held,
        object: Object,
        value: &ManagedObject,
    ) -> Result<Change, Failure> {
        self.insert_for(other.stored.service, object, value).await
    }

    async fn insert_for(
        &self,
        service: ServiceId,
        object: Object,
        value: &ManagedObject,
    ) -> Result<Change, Failure> {
        self.trace.note_object(&object.uid);
        self.permit.map_or(Ok(()), |permit| permit.touch(&object))?;
        constraints::check(self, service, &object).await?;
        let key = self.key(service).await?;
        let sealed = key.seal(&*self.parts.random, &object.uid, &value::to_bytes(value))?;
        let stored = Stored { service, object, sealed: Some(sealed), revision: 1 };
        Ok(Change::Insert { tenant: self.caller.tenant_id, stored: Box::new(stored) })
    }

    /// The object in a new form.
    #[must_use]
    pub fn update(&self, held: &Held, object: Object) -> Change {
        self.replace(held, object, held.stored.sealed.clone())
    }

    /// The object in a new form, its value gone.
    #[must_use]
    pub fn erase(&self, held: &Held, object: Object) -> Change {
        self.replace(held, object, None)
    }

    /// The object in its destroyed form: its value goes at once, or is held for a while in which an
    /// administrator can undo it. Nobody else sees a difference.
    #[must_use]
    pub fn destroy(&self, held: &Held, object: Object) -> Vec<Change> {
        let tenant = self.caller.tenant_id;
        if let Some(version) = held.stored.sealed.as_ref().and_then(Sealed::parent_version) {
            self.trace.note_key_version(version);
        }
        let seconds = self.parts.keyring.standing().destroy_hold(tenant);
        // What a batch makes and destroys together was never there; what has no value needs no hold.
        if seconds == 0 || self.batch.pending(&object.uid).is_some() || held.stored.sealed.is_none()
        {
            return vec![self.erase(held, object)];
        }
        let due = Timestamp(self.now.0.saturating_add(i64::from(seconds) * 1_000_000));
        let before = Box::new(held.object().clone());
        let kept = Administration::Hold { tenant, due, before };
        vec![self.update(held, object), Change::Administer(kept)]
    }

    /// Another object in the place of this one, with this value.
    ///
    /// # Errors
    /// What is wrong with the hierarchy.
    pub async fn overwrite(
        &self,
        held: &Held,
        object: Object,
        value: &ManagedObject,
    ) -> Result<Change, Failure> {
        constraints::check(self, held.stored.service, &object).await?;
        let key = self.key(held.stored.service).await?;
        let sealed = key.seal(&*self.parts.random, &object.uid, &value::to_bytes(value))?;
        Ok(self.replace(held, object, Some(sealed)))
    }

    fn replace(&self, held: &Held, object: Object, sealed: Option<Sealed>) -> Change {
        let stored =
            Stored { service: held.stored.service, object, sealed, revision: held.stored.revision };
        Change::Update { tenant: self.caller.tenant_id, stored: Box::new(stored) }
    }
}
