//! A bounded cache of objects: decoded, still sealed.
//!
//! It never answers with less than what has been acknowledged. Three parties touch it:
//!
//! * The committer calls [`Cache::changing`] before a change can become visible and
//!   [`Cache::changed`] when it is durable (or has failed), before anybody is told. In between the
//!   object is not in the cache and nobody can put it there, so everybody asks the engine.
//! * A reader that missed asks [`Cache::miss`] for a ticket *before* it asks the engine, and hands
//!   it back with what it got. If any change of that object began or ended in the meantime, what it
//!   got may be old and is not kept.
//! * A reader that hits looks only at the map.
//!
//! Tickets and changes are counted per slot, not per object; objects share [`SLOTS`] slots. Sharing
//! costs a needless miss now and then and nothing else.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::sync::Cache as Map;
use quick_cache::{Equivalent, Weighter};

use super::engine::View;
use super::row::Stored;
use crate::tenant::TenantId;

/// How many slots there are.
const SLOTS: usize = 4096;

/// What an object costs beside its bytes: map, key, `Arc` and the attributes' enums.
const OVERHEAD_BYTES: usize = 512;

/// Decoded attributes take about this many times the bytes that they take in a row.
const DECODED_FACTOR: usize = 3;

/// The cache. Shared by the store and its engine.
#[derive(Debug)]
pub struct Cache {
    map: Map<Key, Kept, ByBytes>,
    slots: Box<[Mutex<Slot>]>,
    hasher: RandomState,
}

/// What happened to the objects of a slot.
#[derive(Debug, Default)]
struct Slot {
    /// Changes that began and have not ended.
    under_way: u32,
    /// Changes that have begun or ended. After 2^64 of them a ticket could be mistaken.
    events: u64,
}

/// Allows an object to be kept, unless something has happened since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    events: u64,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    uid: Box<str>,
}

/// A [`Key`] that need not be made.
#[derive(Debug, Hash)]
struct KeyRef<'a> {
    tenant: TenantId,
    uid: &'a str,
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.tenant == key.tenant && *self.uid == *key.uid
    }
}

#[derive(Debug, Clone)]
struct Kept {
    stored: Arc<Stored>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Key, Kept> for ByBytes {
    fn weight(&self, key: &Key, kept: &Kept) -> u64 {
        kept.bytes + key.uid.len() as u64
    }
}

impl Cache {
    /// A cache of about this many bytes. With 0 it keeps nothing.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        let items = usize::try_from(bytes_max / 2048).unwrap_or(usize::MAX).clamp(1, 1 << 20);
        Self {
            map: Map::with_weighter(items, bytes_max, ByBytes),
            slots: (0..SLOTS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The object, if it is here and the view has it.
    pub(super) fn find(&self, view: View, uid: &str) -> Option<Arc<Stored>> {
        let kept = self.map.get(&KeyRef { tenant: view.tenant, uid })?;
        view.has(kept.stored.service).then_some(kept.stored)
    }

    /// A ticket to keep what the engine will answer. Take it before asking the engine.
    pub(super) fn miss(&self, tenant: TenantId, uid: &str) -> Ticket {
        Ticket { events: self.slot(tenant, uid).events }
    }

    /// Keeps what the engine has answered, unless it may be old. `row_bytes` is the length of its
    /// encoded attributes.
    pub(super) fn keep(
        &self,
        ticket: Ticket,
        tenant: TenantId,
        stored: &Arc<Stored>,
        row_bytes: usize,
    ) {
        let uid = &stored.object.uid;
        let slot = self.slot(tenant, uid);
        if slot.under_way == 0 && slot.events == ticket.events {
            self.put(tenant, stored.clone(), row_bytes);
        }
    }

    /// A change of this object may become visible from now on. Every call is followed by one of
    /// [`Cache::changed`]. Returns whether the object was here.
    pub(super) fn changing(&self, tenant: TenantId, uid: &str) -> bool {
        let mut slot = self.slot(tenant, uid);
        slot.under_way += 1;
        slot.events += 1;
        self.map.remove(&KeyRef { tenant, uid }).is_some()
    }

    /// The change is durable and this is the object now; or, with `None`, nobody knows.
    pub(super) fn changed(&self, tenant: TenantId, uid: &str, now: Option<(Arc<Stored>, usize)>) {
        let mut slot = self.slot(tenant, uid);
        slot.under_way = slot.under_way.saturating_sub(1);
        slot.events += 1;
        if let Some((stored, row_bytes)) = now
            && slot.under_way == 0
        {
            self.put(tenant, stored, row_bytes);
        }
    }

    /// Any object of this tenant may change from now on. Every call is followed by one of
    /// [`Cache::changed_all`]. For rare acts: it looks at everything.
    pub(super) fn changing_all(&self, tenant: TenantId) {
        for slot in &self.slots {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.under_way += 1;
            slot.events += 1;
        }
        self.map.retain(|key, _| key.tenant != tenant);
    }

    /// What [`Cache::changing_all`] announced has happened, or has not.
    pub(super) fn changed_all(&self) {
        for slot in &self.slots {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.under_way = slot.under_way.saturating_sub(1);
            slot.events += 1;
        }
    }

    /// The caller holds the slot's lock, so that nothing older can come after.
    fn put(&self, tenant: TenantId, stored: Arc<Stored>, row_bytes: usize) {
        let sealed = stored.sealed.as_ref().map_or(0, |sealed| sealed.as_bytes().len());
        let bytes = (OVERHEAD_BYTES + DECODED_FACTOR * row_bytes + sealed) as u64;
        let key = Key { tenant, uid: stored.object.uid.as_str().into() };
        self.map.insert(key, Kept { stored, bytes });
    }

    fn slot(&self, tenant: TenantId, uid: &str) -> MutexGuard<'_, Slot> {
        let hash = self.hasher.hash_one((tenant, uid));
        let number = usize::try_from(hash % SLOTS as u64).unwrap_or_default();
        #[expect(clippy::indexing_slicing, reason = "a remainder by the number of slots")]
        let slot = &self.slots[number];
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes are in use.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.map.weight()
    }
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::enums::ObjectType;

    use super::*;
    use crate::object::{AttributeSet, Object};
    use crate::tenant::ServiceId;

    const TENANT: TenantId = TenantId(1);
    const VIEW: View = View { tenant: TENANT, service: Some(ServiceId(1)) };

    fn stored(revision: u64) -> Arc<Stored> {
        let object = Object {
            uid: "a".into(),
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeSet::default(),
        };
        Arc::new(Stored { service: ServiceId(1), object, sealed: None, revision })
    }

    fn found(cache: &Cache) -> Option<u64> {
        cache.find(VIEW, "a").map(|stored| stored.revision)
    }

    fn commit(cache: &Cache, revision: u64) {
        cache.changing(TENANT, "a");
        cache.changed(TENANT, "a", Some((stored(revision), 0)));
    }

    #[test]
    fn what_was_read_is_found_again_by_those_who_may() {
        let cache = Cache::new(1 << 20);
        let ticket = cache.miss(TENANT, "a");
        cache.keep(ticket, TENANT, &stored(1), 100);
        assert_eq!(found(&cache), Some(1));
        let whole = View { tenant: TENANT, service: None };
        assert!(cache.find(whole, "a").is_some());
        let other_service = View { tenant: TENANT, service: Some(ServiceId(2)) };
        assert!(cache.find(other_service, "a").is_none());
        let other_tenant = View { tenant: TenantId(2), service: None };
        assert!(cache.find(other_tenant, "a").is_none());
        assert!(cache.bytes() >= 800);
    }

    #[test]
    fn a_slow_reader_never_overwrites_what_was_committed_meanwhile() {
        let cache = Cache::new(1 << 20);
        let ticket = cache.miss(TENANT, "a");
        let old = stored(1);
        commit(&cache, 2);
        cache.keep(ticket, TENANT, &old, 0);
        assert_eq!(found(&cache), Some(2));
    }

    #[test]
    fn a_slow_reader_brings_nothing_old_back_after_an_eviction() {
        let cache = Cache::new(1 << 20);
        let ticket = cache.miss(TENANT, "a");
        let old = stored(1);
        commit(&cache, 2);
        cache.map.remove(&KeyRef { tenant: TENANT, uid: "a" });
        cache.keep(ticket, TENANT, &old, 0);
        assert_eq!(found(&cache), None);
    }

    #[test]
    fn nothing_is_found_or_kept_while_a_change_is_under_way() {
        let cache = Cache::new(1 << 20);
        commit(&cache, 1);
        cache.changing(TENANT, "a");
        assert_eq!(found(&cache), None);
        // This reader began after the change did; it may see the row before or after it.
        let ticket = cache.miss(TENANT, "a");
        cache.keep(ticket, TENANT, &stored(1), 0);
        assert_eq!(found(&cache), None);
        cache.changed(TENANT, "a", None);
        cache.keep(ticket, TENANT, &stored(1), 0);
        assert_eq!(found(&cache), None);
    }

    #[test]
    fn of_two_changes_under_way_only_the_last_to_end_is_kept() {
        let cache = Cache::new(1 << 20);
        cache.changing(TENANT, "a");
        cache.changing(TENANT, "a");
        cache.changed(TENANT, "a", Some((stored(2), 0)));
        assert_eq!(found(&cache), None);
        cache.changed(TENANT, "a", Some((stored(3), 0)));
        assert_eq!(found(&cache), Some(3));
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_nothing() {
        let cache = Cache::new(0);
        commit(&cache, 1);
        assert_eq!(found(&cache), None);
    }
}
