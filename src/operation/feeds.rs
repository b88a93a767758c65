//! What has happened to objects, for connections of their service on which the server sends requests
//! (KMIP 1.4 §5, KMIP 2.1 §6.2).
//!
//! It is told to those who listen at that time, and kept for nobody. Who does not take it in time is
//! cut off, and so knows that it has missed something.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_ttlv::attribute::IndexedAttribute;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Failure;
use crate::keys::events;
use crate::object::AttributeSet;
use crate::object::set::{self, index_of};
use crate::tenant::{Caller, Role, ServiceId, ServiceName, TenantId, TenantName};

/// The most connections of one service that listen at the same time.
const LISTENERS_MAX: usize = 16;

/// How much may have happened that a connection has not been told yet.
const EVENTS_MAX: usize = 64;

/// Whose objects.
type Owner = (TenantId, ServiceId);

/// Something that has happened to an object.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// There is a new object.
    Made {
        /// The object.
        uid: String,
    },
    /// Attributes of an object have other values, or are gone.
    Changed {
        /// The object.
        uid: String,
        /// Those that are new or have other values.
        changed: Vec<IndexedAttribute>,
        /// Those that are gone, as they were.
        gone: Vec<IndexedAttribute>,
    },
    /// Something has happened to a key of the hierarchy, or will.
    Key(events::Event),
}

impl Event {
    /// What distinguishes an object from what it was.
    #[must_use]
    pub fn between(uid: &str, old: &AttributeSet, new: &AttributeSet) -> Self {
        let is_same = |one: &IndexedAttribute, other: &IndexedAttribute| {
            index_of(one) == index_of(other)
                && set::is(&other.attribute, &set::reference(&one.attribute))
        };
        let changed = new.iter().filter(|now| !old.iter().any(|before| before == *now));
        let gone = old.iter().filter(|before| !new.iter().any(|now| is_same(before, now)));
        Self::Changed {
            uid: uid.to_owned(),
            changed: changed.cloned().collect(),
            gone: gone.cloned().collect(),
        }
    }
}

/// An event, and to whom it is told.
#[derive(Debug)]
pub struct News {
    /// The tenant.
    pub tenant: TenantId,
    /// The service that owns the object.
    pub service: ServiceId,
    /// What has happened.
    pub event: Event,
}

/// A connection that listens.
#[derive(Debug)]
struct Listener {
    number: u64,
    sender: Sender<Arc<Event>>,
    /// Its service, as far as it is told of its key alone; `None` for administrators.
    service: Option<ServiceName>,
}

impl Listener {
    /// Whether an event of its tenant's keys concerns it.
    fn is_concerned(&self, event: &events::Event) -> bool {
        match (&self.service, &event.service) {
            (Some(own), Some(service)) => own == service,
            _ => true,
        }
    }
}

/// Who listens.
#[derive(Debug, Default)]
struct Table {
    listeners: HashMap<Owner, Vec<Listener>>,
    next: u64,
}

/// Connections that listen.
#[derive(Debug, Default)]
pub struct Feeds {
    table: Arc<Mutex<Table>>,
    /// How many services listen; as long as it is none, nothing here costs more than to look.
    services: Arc<AtomicUsize>,
    /// Services that are told without asking.
    told: Vec<(TenantName, ServiceName)>,
}

/// One connection's share. Dropping it ends the listening.
#[derive(Debug)]
pub struct Feed {
    events: Receiver<Arc<Event>>,
    owner: Owner,
    number: u64,
    table: Arc<Mutex<Table>>,
    services: Arc<AtomicUsize>,
}

impl Feeds {
    /// Feeds of which these services have one on every connection, without asking for it.
    #[must_use]
    pub fn telling(told: Vec<(TenantName, ServiceName)>) -> Self {
        Self { told, ..Self::default() }
    }

    /// Whether a service is told without asking.
    #[must_use]
    pub fn is_told(&self, caller: &Caller) -> bool {
        let identity = &caller.identity;
        self.told
            .iter()
            .any(|(tenant, service)| *tenant == identity.tenant && *service == identity.service)
    }

    /// Whether anybody listens at all.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.services.load(Ordering::Acquire) > 0
    }

    /// Whether anybody listens who is told of this service's objects.
    #[must_use]
    pub fn is_heard_by(&self, tenant: TenantId, service: ServiceId) -> bool {
        self.is_heard() && lock(&self.table).listeners.contains_key(&(tenant, service))
    }

    /// Listens to what happens to the objects of a caller's own service.
    ///
    /// # Errors
    /// [`Failure::LimitExceeded`] if as many of its connections listen as may.
    pub fn listen(&self, caller: &Caller) -> Result<Feed, Failure> {
        let owner = (caller.tenant_id, caller.service_id);
        let mut table = lock(&self.table);
        table.next += 1;
        let number = table.next;
        let listeners = table.listeners.entry(owner).or_default();
        if listeners.len() >= LISTENERS_MAX {
            return Err(Failure::LimitExceeded("as many connections listen as may"));
        }
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let service = (caller.role == Role::Service).then(|| caller.identity.service.clone());
        listeners.push(Listener { number, sender, service });
        self.services.store(table.listeners.len(), Ordering::Release);
        let (table, services) = (Arc::clone(&self.table), Arc::clone(&self.services));
        Ok(Feed { events, owner, number, table, services })
    }

    /// Tells what has happened, and is durable.
    pub fn tell(&self, news: Vec<News>) {
        for News { tenant, service, event } in news {
            let event = Arc::new(event);
            if let Some(listeners) = lock(&self.table).listeners.get_mut(&(tenant, service)) {
                listeners.retain(|listener| listener.sender.try_send(Arc::clone(&event)).is_ok());
            }
        }
    }

    /// What tells those who listen of an event of their tenant's keys.
    pub fn of_keys(&self) -> impl Fn(&events::Event) + Send + Sync + use<> {
        let (table, services) = (Arc::clone(&self.table), Arc::clone(&self.services));
        move |event| {
            if services.load(Ordering::Acquire) == 0 {
                return;
            }
            let told = Arc::new(Event::Key(event.clone()));
            let mut table = lock(&table);
            let owned = table.listeners.iter_mut();
            for (_, listeners) in owned.filter(|((tenant, _), _)| *tenant == event.tenant_id) {
                listeners.retain(|listener| {
                    !listener.is_concerned(event)
                        || listener.sender.try_send(Arc::clone(&told)).is_ok()
                });
            }
        }
    }
}

impl Feed {
    /// What happens next; `None` if so much has happened meanwhile that some of it is lost.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        self.events.recv().await
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        if let Some(listeners) = table.listeners.get_mut(&self.owner) {
            listeners.retain(|listener| listener.number != self.number);
            if listeners.is_empty() {
                table.listeners.remove(&self.owner);
            }
        }
        self.services.store(table.listeners.len(), Ordering::Release);
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
