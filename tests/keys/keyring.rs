//! Keys that are opened when needed, kept, and dropped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keystrata::clock::Timestamp;
use keystrata::crypto::aead::Key;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::envelope::{self, EnvelopeError, Level, Place, Purpose};
use keystrata::keys::{
    AutoRegister, Error, Keyring, KeyringSettings, OpenError, RootError, ServiceKey,
};
use keystrata::store::{KeyLevel, KeyRow, KeyState, Sealed, TenantState};
use keystrata::tenant::{Caller, ServiceId, TenantId};

use super::support::{Node, caller, identity, wait};

async fn admit(keyring: &Keyring, tenant: &str, service: &str) -> Caller {
    let who = identity(tenant, service);
    let rows = keyring.admit(&who, AutoRegister::Tenants).await.unwrap();
    caller(&who, &rows)
}

async fn key(keyring: &Keyring, caller: &Caller) -> Result<Arc<ServiceKey>, Error> {
    keyring.service_key(caller, caller.service_id).await
}

#[test]
fn values_open_in_every_later_process_and_nowhere_else() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        let sealed = key(&keyring, &own).await.unwrap().seal(&OsRandom, "uid", b"value").unwrap();

        let later = node.start().await.unwrap();
        let reopened = key(&later, &own).await.unwrap();
        assert_eq!(reopened.version(), 1);
        assert_eq!(*reopened.open("uid", &sealed).unwrap(), b"value");
        let refused = |result: Result<_, Error>| {
            matches!(result, Err(Error::Envelope(EnvelopeError::NotAuthentic)))
        };
        assert!(refused(reopened.open("other", &sealed)));
        for (tenant, service) in [("tenant-a", "orders"), ("tenant-b", "mongodb")] {
            let other = admit(&later, tenant, service).await;
            let other = key(&later, &other).await.unwrap();
            assert!(refused(other.open("uid", &sealed)), "{tenant} {service}");
        }
        let printed = format!("{reopened:?}");
        let wanted = "ServiceKey { tenant: tenant-a, service: mongodb, version: 1, .. }";
        assert_eq!(printed, wanted);
    });
}

#[test]
fn a_crowd_at_a_cold_tenant_makes_one_root_call() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let callers = [
            admit(&keyring, "tenant-a", "mongodb").await,
            admit(&keyring, "tenant-a", "orders").await,
        ];
        let cold = node.start().await.unwrap();
        let before = node.root.opens.load(Ordering::SeqCst);
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let (keyring, caller) = (Arc::clone(&cold), callers[number % 2].clone());
                tokio::spawn(async move { key(&keyring, &caller).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(node.root.opens.load(Ordering::SeqCst) - before, 1);
    });
}

#[test]
fn a_failed_opening_is_not_remembered() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        let cold = node.start().await.unwrap();
        node.root.down.store(true, Ordering::SeqCst);
        assert!(key(&cold, &own).await.is_err());
        node.root.down.store(false, Ordering::SeqCst);
        key(&cold, &own).await.unwrap();
    });
}

#[test]
fn no_caller_reaches_another_tenants_service() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        let sister = admit(&keyring, "tenant-a", "orders").await;
        let other = admit(&keyring, "tenant-b", "mongodb").await;
        // Both are open, so that nothing but the tenant stands between them.
        key(&keyring, &other).await.unwrap();
        for owner in [other.service_id, ServiceId(99)] {
            let refused = keyring.service_key(&own, owner).await;
            assert!(matches!(refused, Err(Error::UnknownServiceId(..))), "{refused:?}");
        }
        // Of the own tenant: the right to it is checked elsewhere.
        keyring.service_key(&own, sister.service_id).await.unwrap();
        // A caller from before the tenant was made anew.
        let stale = Caller { tenant_id: TenantId(99), ..own };
        let refused = key(&keyring, &stale).await;
        assert!(matches!(refused, Err(Error::UnknownTenant(_))), "{refused:?}");
    });
}

#[test]
fn a_key_row_moved_to_another_owner_does_not_open() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        admit(&keyring, "tenant-a", "orders").await;
        admit(&keyring, "tenant-b", "mongodb").await;
        let sealed: Vec<Sealed> =
            node.engine.rows().keys.iter().map(|row| row.sealed.clone()).collect();
        // After the root's come the tenant's and the service's; the others are somebody else's, and 1
        // and 2 exchanged are of the wrong level.
        for (row, from) in [(1, 4), (1, 2), (2, 3), (2, 5), (2, 1)] {
            node.engine.rows().keys[row].sealed = sealed[from].clone();
            let cold = node.start().await.unwrap();
            let refused = key(&cold, &own).await;
            assert!(matches!(refused, Err(Error::Envelope(_))), "{row} from {from}");
            node.engine.rows().keys[row].sealed = sealed[row].clone();
        }
        key(&node.start().await.unwrap(), &own).await.unwrap();
    });
}

#[test]
fn the_suspended_get_no_key() {
    wait(async {
        let node = Node::with_env();
        let own = admit(&node.start().await.unwrap(), "tenant-a", "mongodb").await;

        node.engine.rows().services[0].state = TenantState::Suspended;
        let keyring = node.start().await.unwrap();
        let refused = key(&keyring, &own).await;
        assert!(matches!(refused, Err(Error::ServiceSuspended(..))), "{refused:?}");
        node.engine.rows().services[0].state = TenantState::Active;
        key(&keyring, &own).await.unwrap();

        node.engine.rows().tenants[0].state = TenantState::Shredded;
        let refused = key(&node.start().await.unwrap(), &own).await;
        assert!(matches!(refused, Err(Error::TenantShredded(_))), "{refused:?}");
    });
}

#[test]
fn the_bound_on_open_keys_costs_root_calls_and_nothing_else() {
    wait(async {
        let mut node = Node::with_env();
        node.settings = KeyringSettings {
            tenant_keys_max: 4,
            service_keys_max: 4,
            ..KeyringSettings::default()
        };
        let keyring = node.start().await.unwrap();
        let mut values = Vec::new();
        for number in 0..32 {
            let own = admit(&keyring, &format!("tenant-{number}"), "mongodb").await;
            let key = key(&keyring, &own).await.unwrap();
            values.push((own, key.seal(&OsRandom, "uid", b"value").unwrap()));
        }
        let before = node.root.opens.load(Ordering::SeqCst);
        for (own, sealed) in &values {
            let key = key(&keyring, own).await.unwrap();
            assert_eq!(*key.open("uid", sealed).unwrap(), b"value");
        }
        let calls = node.root.opens.load(Ordering::SeqCst) - before;
        assert!(calls >= 32 - 2 * 4, "{calls} calls: most keys had been dropped");
    });
}

#[test]
fn an_outage_is_survived_for_the_grace_time_and_then_closes() {
    wait(async {
        let node = Node::with_env();
        let grace = node.settings.outage_grace;
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        key(&keyring, &own).await.unwrap();

        node.root.down.store(true, Ordering::SeqCst);
        node.clock.advance(2 * grace);
        key(&keyring, &own).await.expect("nobody has noticed the outage yet");
        keyring.probe().await.expect("an outage has begun, and the server is ready");
        node.clock.advance(grace);
        keyring.probe().await.expect("ready until the end of the grace time");
        key(&keyring, &own).await.expect("the grace time is not over");
        keyring.check().expect("the grace time is not over");
        node.clock.advance(Duration::from_micros(1));
        assert!(matches!(key(&keyring, &own).await, Err(Error::Root(_))));
        assert!(matches!(keyring.check(), Err(RootError::Unavailable(_))));
        assert!(matches!(keyring.probe().await, Err(OpenError::Root(_))));

        node.root.down.store(false, Ordering::SeqCst);
        keyring.probe().await.unwrap();
        keyring.check().unwrap();
        let before = node.root.opens.load(Ordering::SeqCst);
        key(&keyring, &own).await.unwrap();
        assert_eq!(node.root.opens.load(Ordering::SeqCst), before + 1, "nothing was left open");
    });
}

/// Readiness asks every few seconds, so that no key stays in memory because nobody asks for one.
#[test]
fn a_probe_after_the_grace_time_drops_the_open_keys() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        key(&keyring, &own).await.unwrap();
        node.root.down.store(true, Ordering::SeqCst);
        keyring.probe().await.unwrap();
        node.clock.advance(node.settings.outage_grace + Duration::from_micros(1));
        keyring.probe().await.unwrap_err();

        node.root.down.store(false, Ordering::SeqCst);
        keyring.probe().await.unwrap();
        let before = node.root.opens.load(Ordering::SeqCst);
        key(&keyring, &own).await.unwrap();
        assert_eq!(node.root.opens.load(Ordering::SeqCst), before + 1);
    });
}

/// Adds version 2 of the tenant's and of the service's key, as a rotation would, and makes the
/// first versions retired. The service's key, version 1, stays under the tenant's version 1.
async fn rotate(node: &Node, own: &Caller) {
    let (tenant, service) = (own.identity.tenant.as_str(), own.identity.service.as_str());
    let (object, version, purpose) = ("", 2, Purpose::Key);
    let upper = Key::from_slice(&[2; 32]).unwrap();
    let place = Place { level: Level::Tenant, tenant, service: "", object, version, purpose };
    let upper_sealed =
        envelope::seal_with_root(&*node.root, 1, &place, upper.as_bytes()).await.unwrap();
    let place = Place { level: Level::Service, tenant, service, object, version, purpose };
    let lower_sealed = envelope::seal(&upper, 2, &place, &OsRandom, &[3; 32]).unwrap();
    let mut rows = node.engine.rows();
    let below = rows.keys.iter_mut().filter(|row| row.level != KeyLevel::Root);
    below.for_each(|row| row.state = KeyState::Retired);
    let new = [
        (KeyLevel::Tenant(own.tenant_id), upper_sealed),
        (KeyLevel::Service(own.service_id), lower_sealed),
    ];
    for (level, sealed) in new {
        let (state, created) = (KeyState::Active, Timestamp::default());
        rows.keys.push(KeyRow {
            level,
            version,
            state,
            sealed,
            compromised: false,
            client_use: false,
            created,
        });
    }
}

#[test]
fn retired_versions_open_and_the_active_one_seals() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let own = admit(&keyring, "tenant-a", "mongodb").await;
        let old = key(&keyring, &own).await.unwrap().seal(&OsRandom, "uid", b"old").unwrap();
        rotate(&node, &own).await;
        let keyring = node.start().await.unwrap();

        let rotated = key(&keyring, &own).await.unwrap();
        assert_eq!(rotated.version(), 2);
        let new = rotated.seal(&OsRandom, "uid", b"new").unwrap();
        let opening = keyring.opening_key(&own, own.service_id, "uid", &old).await.unwrap();
        assert_eq!(opening.version(), 1);
        assert_eq!(*opening.open("uid", &old).unwrap(), b"old");
        assert_eq!(*rotated.open("uid", &new).unwrap(), b"new");
        // A new service comes under the tenant's new version.
        let sister = admit(&keyring, "tenant-a", "orders").await;
        let row = node.engine.rows().keys.last().cloned().unwrap();
        let (header, _) = envelope::Header::read(&row.sealed).unwrap();
        assert_eq!((row.level, header.parent_version), (KeyLevel::Service(sister.service_id), 2));

        // Once the old version is destroyed, what it sealed is gone.
        let is_old =
            |row: &&mut KeyRow| row.level == KeyLevel::Service(own.service_id) && row.version == 1;
        node.engine.rows().keys.iter_mut().find(is_old).unwrap().state = KeyState::Destroyed;
        let left = node.start().await.unwrap();
        let refused = left.opening_key(&own, own.service_id, "uid", &old).await;
        assert!(matches!(refused, Err(Error::Envelope(EnvelopeError::OtherVersion(1)))));
        assert_eq!(*key(&left, &own).await.unwrap().open("uid", &new).unwrap(), b"new");
    });
}
