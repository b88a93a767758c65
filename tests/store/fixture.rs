//! What the tests of the store and of the audit trail share.
#![allow(dead_code, reason = "each test target uses its part")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keystrata::audit::{Actor, Outcome, Record};
use keystrata::clock::{SystemClock, Timestamp};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::object::{AttributeSet, IndexEntry, Object};
use keystrata::store::{
    Change, Commit, Engine, NewKey, OpenError, Sealed, Store, StoreSettings, Stored, View,
};
use keystrata::tenant::{
    Caller, Fingerprint, Identity, Mode, Peer, Role, ServiceId, ServiceName, TenantId, TenantName,
};
use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, Name};
use kmip_ttlv::enums::{NameType, ObjectType, State};

/// Small files, so that the trail rotates.
pub(crate) fn settings(directory: &Path) -> StoreSettings {
    let mut settings = StoreSettings::new(directory);
    settings.audit.file_bytes_max = 16 * 1024;
    settings
}

pub(crate) fn open(settings: &StoreSettings) -> Result<Store, OpenError> {
    let metrics = Metrics::new(&MetricsSettings::default());
    Store::open(settings, Arc::new(SystemClock::new()), metrics)
}

pub(crate) fn store(directory: &Path) -> Store {
    open(&settings(directory)).expect("opens")
}

pub(crate) fn tenant_name(name: &str) -> TenantName {
    TenantName::new(name).expect("a name")
}

pub(crate) fn service_name(name: &str) -> ServiceName {
    ServiceName::new(name).expect("a name")
}

/// An envelope of sorts, sealed under version 1 of its parent.
pub(crate) fn sealed(byte: u8, length: usize) -> Sealed {
    sealed_under(1, byte, length)
}

/// An envelope of sorts, sealed under this version of its parent.
pub(crate) fn sealed_under(version: u32, byte: u8, length: usize) -> Sealed {
    let mut bytes = vec![byte; length];
    bytes[3..7].copy_from_slice(&version.to_be_bytes());
    Sealed::from_envelope(&bytes)
}

/// An envelope of sorts, sealed under this version of a root of the tenant's own.
pub(crate) fn sealed_by_own(version: u32) -> Sealed {
    let mut bytes = sealed_under(version, 5, 80).as_bytes().to_vec();
    bytes[2] = 0x81;
    Sealed::from_envelope(&bytes)
}

pub(crate) fn key(byte: u8) -> NewKey {
    NewKey { sealed: sealed(byte, 80) }
}

pub(crate) fn changes(changes: Vec<Change>) -> Commit {
    Commit { changes, audit: Vec::new() }
}

/// The tenant of this name, which is made if it is not there.
pub(crate) async fn tenant(engine: &dyn Engine, name: &str) -> TenantId {
    let name = tenant_name(name);
    if let Some(row) = engine.tenant(&name).await.expect("reads") {
        return row.id;
    }
    let new =
        Change::NewTenant { name: name.clone(), root: None, key: key(2), created: Timestamp(1) };
    engine.commit(changes(vec![new])).await.expect("commits");
    engine.tenant(&name).await.expect("reads").expect("is there").id
}

/// The view of this service, which is made if it is not there.
pub(crate) async fn view(engine: &dyn Engine, tenant_name: &str, service: &str) -> View {
    let tenant = tenant(engine, tenant_name).await;
    let name = service_name(service);
    if engine.service(tenant, &name).await.expect("reads").is_none() {
        let new = Change::NewService {
            tenant,
            name: name.clone(),
            mode: Mode::ReadWrite,
            role: Role::Service,
            key: key(3),
            created: Timestamp(2),
        };
        engine.commit(changes(vec![new])).await.expect("commits");
    }
    let row = engine.service(tenant, &name).await.expect("reads").expect("is there");
    View { tenant, service: Some(row.id) }
}

pub(crate) fn whole(view: View) -> View {
    View { service: None, ..view }
}

pub(crate) fn service(view: View) -> ServiceId {
    view.service.expect("the view of a service")
}

pub(crate) fn name(value: &str) -> Attribute {
    let kind = NameType::UninterpretedTextString;
    Attribute::Name(Name { value: value.to_owned(), kind })
}

pub(crate) fn entry(value: &str) -> Option<IndexEntry> {
    IndexEntry::of(&name(value))
}

/// A symmetric key in this state, with this name.
pub(crate) fn object(uid: &str, state: State, named: &str) -> Object {
    let mut attributes = AttributeSet::default();
    attributes.put(Attribute::State(state));
    attributes.add(name(named));
    Object { uid: uid.to_owned(), object_type: ObjectType::SymmetricKey, attributes }
}

/// Lets the state of an object change by itself, some day.
pub(crate) fn make_timed(object: &mut Object) {
    object.attributes.put(Attribute::ActivationDate(DateTime(4_000_000_000)));
    assert!(object.is_timed());
}

pub(crate) fn stored(view: View, object: Object) -> Stored {
    let sealed = Some(sealed(7, 90));
    Stored { service: service(view), object, sealed, revision: 1 }
}

pub(crate) fn insert(view: View, object: Object) -> Change {
    Change::Insert { tenant: view.tenant, stored: Box::new(stored(view, object)) }
}

/// The object with `change` made to it, decided on what `before` is.
pub(crate) fn update(view: View, before: &Stored, change: impl FnOnce(&mut Object)) -> Change {
    let mut stored = before.clone();
    change(&mut stored.object);
    Change::Update { tenant: view.tenant, stored: Box::new(stored) }
}

/// A record of an operation on these objects.
pub(crate) fn record(view: View, operation: &'static str, objects: &[&str]) -> Record {
    let peer = Peer {
        address: "192.0.2.7:40123".parse().expect("an address"),
        fingerprint: Fingerprint([0xab; 32]),
        certificate: Arc::default(),
        serial: "01c3".into(),
        tls_version: "TLSv1_3".into(),
        tls_suite: "TLS13_AES_256_GCM_SHA384".into(),
        tls_group: "X25519MLKEM768".into(),
    };
    let caller = Caller {
        tenant_id: view.tenant,
        service_id: service(view),
        identity: Identity {
            tenant: tenant_name("tenant-a"),
            service: service_name("orders"),
            peer,
        },
        mode: Mode::ReadWrite,
        role: Role::Service,
        operations: None,
    };
    Record {
        time: Timestamp(1_763_780_645_000_123),
        actor: Actor::Client { caller: Arc::new(caller), kmip_version: "1.4" },
        operation,
        objects: objects.iter().map(ToString::to_string).collect(),
        key_version: Some(1),
        outcome: Outcome::Success,
        duration: Duration::from_micros(87),
        client_correlation: None,
        server_correlation: None,
    }
}
