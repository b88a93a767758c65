//! Admission and automatic registration.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use keystrata::audit::{Actor, Outcome};
use keystrata::clock::Timestamp;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::envelope::{self, Level, Place, Purpose};
use keystrata::keys::{AutoRegister, Error, Provider};
use keystrata::store::{Change, Commit, Error as StoreError, NewKey, TenantState};
use keystrata::tenant::{Mode, Role, TenantName};

use super::support::{Node, TestRoot, caller, identity, wait};

#[test]
fn the_policy_decides_what_an_unknown_name_registers() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let known = identity("known", "first");
        keyring.admit(&known, AutoRegister::Tenants).await.unwrap();
        let cases = [
            (AutoRegister::None, "known", "first", true),
            (AutoRegister::None, "known", "second", false),
            (AutoRegister::Services, "unknown", "first", false),
            (AutoRegister::Services, "known", "second", true),
            (AutoRegister::Tenants, "unknown", "first", true),
            (AutoRegister::None, "lost", "first", false),
        ];
        for (policy, tenant, service, admitted) in cases {
            let before = node.commits();
            let found = keyring.admit(&identity(tenant, service), policy).await;
            match found {
                Ok((row, own)) => {
                    assert!(admitted, "{policy:?} {tenant} {service}");
                    assert_eq!((row.name.as_str(), own.name.as_str()), (tenant, service));
                    assert_eq!((own.mode, own.role), (Mode::ReadWrite, Role::Service));
                }
                Err(error) => {
                    assert!(!admitted, "{policy:?} {tenant} {service}");
                    let unknown_tenant = matches!(error, Error::UnknownTenant(_));
                    assert_eq!(unknown_tenant, tenant != "known", "{error}");
                    assert_eq!(node.commits(), before, "nothing was written");
                }
            }
        }
    });
}

#[test]
fn who_is_registered_is_admitted_without_another_commit_or_root_call() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let who = identity("tenant-a", "mongodb");
        let first = keyring.admit(&who, AutoRegister::Tenants).await.unwrap();
        let commits = node.commits();
        let calls = node.root.opens.load(Ordering::SeqCst);
        assert_eq!(keyring.admit(&who, AutoRegister::Tenants).await.unwrap(), first);
        assert_eq!(node.commits(), commits);
        assert_eq!(node.root.opens.load(Ordering::SeqCst), calls);
    });
}

#[test]
fn a_crowd_of_new_connections_registers_once() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let seals = node.root.seals.load(Ordering::SeqCst);
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let keyring = Arc::clone(&keyring);
                let who = identity("tenant-a", ["mongodb", "orders"][number % 2]);
                tokio::spawn(async move { keyring.admit(&who, AutoRegister::Tenants).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let rows = node.engine.rows();
        // The root's, the tenant's, and one of each service.
        assert_eq!((rows.tenants.len(), rows.services.len(), rows.keys.len()), (1, 2, 4));
        assert_eq!(node.root.seals.load(Ordering::SeqCst) - seals, 1);
    });
}

#[test]
fn each_registration_leaves_one_record_that_names_the_certificate() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        let before = node.engine.trail.lock().unwrap().len();
        for service in ["mongodb", "orders", "orders"] {
            keyring.admit(&identity("tenant-a", service), AutoRegister::Tenants).await.unwrap();
        }
        let refused = keyring.admit(&identity("tenant-b", "orders"), AutoRegister::Services).await;
        refused.expect_err("nobody registers tenant-b");
        let trail = node.engine.trail.lock().unwrap().split_off(before);
        let said = |record: &keystrata::audit::Record| {
            let Actor::Server(act) = &record.actor else { panic!("{record:?}") };
            assert_eq!(record.outcome, Outcome::Success);
            let certificate = format!("certificate {}", "00".repeat(32));
            assert!(act.detail.contains(&certificate), "{}", act.detail);
            assert!(act.detail.contains("serial number 01, from 127.0.0.1:1"), "{}", act.detail);
            let tenant = act.tenant.as_ref().unwrap().to_string();
            (record.operation, tenant, act.service.as_ref().map(ToString::to_string))
        };
        let a = || "tenant-a".to_owned();
        let wanted = [
            ("tenant register", a(), None),
            ("service register", a(), Some("mongodb".to_owned())),
            ("service register", a(), Some("orders".to_owned())),
        ];
        assert_eq!(trail.iter().map(said).collect::<Vec<_>>(), wanted);
    });
}

/// What another node would commit to register the tenant.
async fn rival(node: &Node, name: &str) -> Commit {
    let (level, purpose) = (Level::Tenant, Purpose::Key);
    let place = Place { level, tenant: name, service: "", object: "", version: 1, purpose };
    let sealed = envelope::seal_with_root(&*node.root, 1, &place, &[9; 32]).await.unwrap();
    let name = TenantName::new(name).unwrap();
    let key = NewKey { sealed };
    let change = Change::NewTenant { name, root: None, key, created: Timestamp::default() };
    Commit { changes: vec![change], audit: Vec::new() }
}

#[test]
fn a_tenant_that_another_node_registered_first_is_taken_as_it_is() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        *node.engine.rival.lock().unwrap() = Some(rival(&node, "tenant-a").await);
        let who = identity("tenant-a", "mongodb");
        let rows = keyring.admit(&who, AutoRegister::Tenants).await.unwrap();
        assert_eq!(node.engine.rows().tenants.len(), 1);
        let key = keyring.service_key(&caller(&who, &rows), rows.1.id).await.unwrap();
        let sealed = key.seal(&OsRandom, "uid", b"value").unwrap();
        assert_eq!(*key.open("uid", &sealed).unwrap(), b"value");
    });
}

#[test]
fn who_is_suspended_or_shredded_is_not_admitted() {
    wait(async {
        for state in [TenantState::Suspended, TenantState::Shredded] {
            let node = Node::with_env();
            let keyring = node.start().await.unwrap();
            let who = identity("tenant-a", "mongodb");
            keyring.admit(&who, AutoRegister::Tenants).await.unwrap();
            let commits = node.commits();
            let refused = async |who| {
                keyring.admit(who, AutoRegister::Tenants).await.err().unwrap().to_string()
            };

            node.engine.rows().services[0].state = state;
            let word = format!("{state:?}").to_lowercase();
            assert_eq!(
                refused(&who).await,
                format!("service mongodb of tenant tenant-a is {word}")
            );
            node.engine.rows().services[0].state = TenantState::Active;

            node.engine.rows().tenants[0].state = state;
            let wanted = format!("tenant tenant-a is {word}");
            assert_eq!(refused(&who).await, wanted);
            assert_eq!(refused(&identity("tenant-a", "new")).await, wanted);
            assert_eq!(node.commits(), commits);

            node.engine.rows().tenants[0].state = TenantState::Active;
            keyring.admit(&who, AutoRegister::None).await.unwrap();
        }
    });
}

#[test]
fn faults_register_nothing_and_pass() {
    wait(async {
        let node = Node::new(TestRoot::new(Provider::Env, &[(1, 0x11)]));
        let keyring = node.start().await.unwrap();
        let who = identity("tenant-a", "mongodb");
        let admit = || keyring.admit(&who, AutoRegister::Tenants);

        node.root.down.store(true, Ordering::SeqCst);
        assert!(matches!(admit().await, Err(Error::Envelope(_))));
        node.root.down.store(false, Ordering::SeqCst);
        node.engine.full.store(true, Ordering::SeqCst);
        assert!(matches!(admit().await, Err(Error::Store(StoreError::Unwritable(_)))));
        node.engine.full.store(false, Ordering::SeqCst);
        node.engine.broken.store(true, Ordering::SeqCst);
        assert!(matches!(admit().await, Err(Error::Store(StoreError::Failed(_)))));
        node.engine.broken.store(false, Ordering::SeqCst);

        assert!(node.engine.rows().tenants.is_empty());
        admit().await.unwrap();
    });
}
