//! Events: what happens to a tenant's keys, told to those who listen for that tenant.
//!
//! An event is one line of JSON: `event` (`key_rotation`, `key_rotation_cancelled`, `suspension`,
//! `resumption` or `shredding`),
//! `tenant_id` (its name), `service` where it concerns one, `level` (`L2_internal` or `L3_internal`),
//! `version` and `effective_time` (RFC 3339, which may be to come). A rotation for a moment to come is
//! told twice: when it is announced, and when it has taken effect.
//!
//! Whoever else tells them in a form of its own ([`Events::when_published`]) gets the event itself.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::json;
use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::metrics::Metrics;
use crate::tenant::{ServiceName, TenantId, TenantName};

/// How many may listen, in all.
pub const SUBSCRIBERS_MAX: usize = 1024;
/// How many may listen for one tenant.
pub const SUBSCRIBERS_PER_TENANT_MAX: usize = 32;
/// How many events may wait for a subscriber. One who is slower is dropped.
pub const EVENTS_WAITING_MAX: usize = 64;

/// What has happened, or will at a known time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Another version seals.
    KeyRotation,
    /// A rotation that was announced for later does not take place.
    KeyRotationCancelled,
    /// The keys are not used until they are resumed.
    Suspension,
    /// They are used again.
    Resumption,
    /// They are gone for good.
    Shredding,
}

impl EventKind {
    /// Its name in an event.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyRotation => "key_rotation",
            Self::KeyRotationCancelled => "key_rotation_cancelled",
            Self::Suspension => "suspension",
            Self::Resumption => "resumption",
            Self::Shredding => "shredding",
        }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To whose keys.
    pub tenant: TenantName,
    /// Which tenant of that name, if one was shredded and there is another.
    pub tenant_id: TenantId,
    /// The service, if it is a key of level 3.
    pub service: Option<ServiceName>,
    /// The version that is concerned: after a rotation the new one, otherwise the active one.
    pub version: u32,
    /// From when on it holds.
    pub effective: Timestamp,
}

impl Event {
    /// The event as a line of JSON, as subscribers get it.
    #[must_use]
    pub fn line(&self) -> String {
        let level = if self.service.is_some() { "L3_internal" } else { "L2_internal" };
        let mut line = json!({
            "event": self.kind.name(),
            "tenant_id": self.tenant.as_str(),
            "level": level,
            "version": self.version,
            "effective_time": self.effective.rfc3339(),
        });
        if let (Some(service), Some(members)) = (&self.service, line.as_object_mut()) {
            members.insert("service".to_owned(), service.as_str().into());
        }
        line.to_string()
    }
}

/// Why somebody may not listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many listen already")]
pub struct TooMany;

#[derive(Debug)]
struct Subscriber {
    tenant: TenantName,
    events: mpsc::Sender<Told>,
}

/// What a subscriber gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The event's name.
    pub name: &'static str,
    /// The event as a line of JSON.
    pub line: Arc<str>,
}

/// What tells an event in a form of its own.
type Tell = Box<dyn Fn(&Event) + Send + Sync>;

/// Who tells the events in a form of its own.
#[derive(Default)]
struct Herald(OnceLock<Tell>);

impl fmt::Debug for Herald {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Herald").field(&self.0.get().is_some()).finish()
    }
}

/// Those who listen.
#[derive(Debug)]
pub struct Events {
    subscribers: Mutex<Vec<Subscriber>>,
    herald: Herald,
    metrics: Arc<Metrics>,
}

impl Events {
    /// Nobody yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { subscribers: Mutex::default(), herald: Herald::default(), metrics }
    }

    /// Has `tell` told every event. It must not wait. Only the first one is ever told.
    pub fn when_published(&self, tell: impl Fn(&Event) + Send + Sync + 'static) {
        let _ = self.herald.0.set(Box::new(tell));
    }

    /// Listens for the events of a tenant from now on; until the receiver is dropped, or its events are
    /// not taken fast enough: then it ends.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn subscribe(&self, tenant: &TenantName) -> Result<mpsc::Receiver<Told>, TooMany> {
        let mut subscribers = self.subscribers();
        subscribers.retain(|known| !known.events.is_closed());
        let own = subscribers.iter().filter(|known| known.tenant == *tenant).count();
        if subscribers.len() >= SUBSCRIBERS_MAX || own >= SUBSCRIBERS_PER_TENANT_MAX {
            return Err(TooMany);
        }
        let (events, told) = mpsc::channel(EVENTS_WAITING_MAX);
        subscribers.push(Subscriber { tenant: tenant.clone(), events });
        self.metrics.event_subscribers(subscribers.len());
        Ok(told)
    }

    /// Tells an event to those who listen for its tenant. Waits for nobody.
    pub fn publish(&self, event: &Event) {
        if let Some(tell) = self.herald.0.get() {
            tell(event);
        }
        let told = Told { name: event.kind.name(), line: event.line().into() };
        let mut subscribers = self.subscribers();
        subscribers.retain(|known| {
            if known.tenant != event.tenant {
                return !known.events.is_closed();
            }
            match known.events.try_send(told.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.metrics.event_subscriber_dropped();
                    false
                }
            }
        });
        self.metrics.event_subscribers(subscribers.len());
    }

    fn subscribers(&self) -> MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricsSettings;

    fn name(text: &str) -> TenantName {
        TenantName::new(text).expect("a name")
    }

    fn rotation(tenant: &str) -> Event {
        Event {
            kind: EventKind::KeyRotation,
            tenant: name(tenant),
            tenant_id: TenantId(1),
            service: None,
            version: 2,
            effective: Timestamp(1_763_780_645_000_123),
        }
    }

    fn events() -> (Events, Arc<Metrics>) {
        let metrics = Metrics::new(&MetricsSettings::default());
        (Events::new(Arc::clone(&metrics)), metrics)
    }

    #[test]
    fn an_event_has_the_form_that_subscribers_know() {
        let line: serde_json::Value =
            serde_json::from_str(&rotation("tenant-a").line()).expect("JSON");
        let expected = json!({
            "event": "key_rotation", "tenant_id": "tenant-a", "level": "L2_internal", "version": 2,
            "effective_time": "2025-11-22T03:04:05.000123Z",
        });
        assert_eq!(line, expected);
        let service = ServiceName::new("orders").ok();
        let line = Event { service, ..rotation("tenant-a") }.line();
        assert!(
            line.contains("\"level\":\"L3_internal\"") && line.contains("\"orders\""),
            "{line}"
        );
    }

    #[test]
    fn only_those_who_listen_for_the_tenant_are_told() {
        let (events, metrics) = events();
        let mut own = events.subscribe(&name("tenant-a")).expect("room");
        let mut other = events.subscribe(&name("tenant-b")).expect("room");
        events.publish(&rotation("tenant-a"));
        assert_eq!(own.try_recv().expect("told").name, "key_rotation");
        assert!(own.try_recv().is_err() && other.try_recv().is_err());
        assert!(metrics.render().contains("keystrata_event_subscribers 2"));
    }

    #[test]
    fn one_who_is_too_slow_is_dropped_and_counted() {
        let (events, metrics) = events();
        let mut slow = events.subscribe(&name("tenant-a")).expect("room");
        let mut quick = events.subscribe(&name("tenant-a")).expect("room");
        for _ in 0..=EVENTS_WAITING_MAX {
            events.publish(&rotation("tenant-a"));
            quick.try_recv().expect("told");
        }
        let told = std::iter::from_fn(|| slow.try_recv().ok()).count();
        assert_eq!(told, EVENTS_WAITING_MAX, "what waited is still told");
        assert_eq!(slow.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
        events.publish(&rotation("tenant-a"));
        quick.try_recv().expect("told");
        assert!(metrics.render().contains("keystrata_event_subscribers_dropped_total 1"));
    }

    #[test]
    fn no_more_may_listen_than_there_is_room_for() {
        let (events, _) = events();
        let listen = |tenant: &str| events.subscribe(&name(tenant));
        let own: Vec<_> = (0..SUBSCRIBERS_PER_TENANT_MAX).map(|_| listen("tenant-a")).collect();
        assert!(own.iter().all(Result::is_ok));
        assert_eq!(listen("tenant-a").err(), Some(TooMany));
        assert!(listen("tenant-b").is_ok());
        drop(own);
        assert!(listen("tenant-a").is_ok(), "who has left makes room");
    }
}
