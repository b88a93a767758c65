//! Root keys of tenants' own: whose they are good for, and what happens without them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystrata::keys::envelope::EnvelopeError;
use keystrata::keys::rotation::{RotationSettings, Rotator, Subject};
use keystrata::keys::{
    AutoRegister, Error, Keyring, OpenError, OwnRoot, OwnRoots, Provider, Whose,
};
use keystrata::store::{KeyLevel, KeyState, Sealed};
use keystrata::tenant::{Caller, TenantName};

use super::support::{Node, TestRoot, caller, identity, wait};

const GRACE: Duration = Duration::from_mins(1);

/// What is configured; can be changed while the server runs.
#[derive(Debug, Default)]
struct Described {
    roots: Mutex<HashMap<String, Arc<TestRoot>>>,
    opened: AtomicUsize,
    edition: AtomicU64,
}

impl Described {
    fn with(tenant: &str, root: &Arc<TestRoot>) -> Arc<Self> {
        let described = Self::default();
        described.set(tenant, root);
        Arc::new(described)
    }

    fn set(&self, tenant: &str, root: &Arc<TestRoot>) {
        self.roots.lock().unwrap().insert(tenant.into(), Arc::clone(root));
    }
}

impl OwnRoots for Described {
    fn has(&self, tenant: &TenantName) -> bool {
        self.roots.lock().unwrap().contains_key(tenant.as_str())
    }

    fn edition(&self, _: &TenantName) -> u64 {
        self.edition.load(Ordering::SeqCst)
    }

    fn open(&self, tenant: &TenantName) -> Option<Result<OwnRoot, String>> {
        let root = self.roots.lock().unwrap().get(tenant.as_str()).cloned()?;
        self.opened.fetch_add(1, Ordering::SeqCst);
        Some(Ok(OwnRoot { root, outage_grace: GRACE }))
    }
}

async fn start(node: &Node, described: &Arc<Described>) -> Arc<Keyring> {
    let keyring = node.start().await.unwrap();
    let keyring = Arc::into_inner(keyring).expect("nobody else has it");
    Arc::new(keyring.with_own_roots(described.clone()))
}

async fn admitted(keyring: &Keyring, tenant: &str) -> Caller {
    let who = identity(tenant, "orders");
    let rows = keyring.admit(&who, AutoRegister::Tenants).await.expect("is admitted");
    caller(&who, &rows)
}

/// Whether the caller's service can use its key now.
async fn served(keyring: &Keyring, caller: &Caller) -> Result<(), Error> {
    keyring.check_caller(caller)?;
    keyring.service_key(caller, caller.service_id).await.map(drop)
}

fn own(byte: u8) -> Arc<TestRoot> {
    TestRoot::new(Provider::Pkcs11, &[(1, byte)])
}

/// The envelope of the tenant's key.
fn envelope(node: &Node, caller: &Caller) -> Sealed {
    let rows = node.engine.rows();
    let level = KeyLevel::Tenant(caller.tenant_id);
    rows.keys.iter().find(|row| row.level == level).expect("a key").sealed.clone()
}

fn put_envelope(node: &Node, caller: &Caller, sealed: Sealed) {
    let mut rows = node.engine.rows();
    let level = KeyLevel::Tenant(caller.tenant_id);
    rows.keys.iter_mut().find(|row| row.level == level).expect("a key").sealed = sealed;
}

fn is_down(root: &TestRoot, down: bool) {
    root.down.store(down, Ordering::SeqCst);
}

#[test]
fn a_new_tenant_with_a_root_of_its_own_is_sealed_by_nothing_else() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let keyring = start(&node, &Described::with("acme", &root)).await;
        let shared = node.root.seals.load(Ordering::SeqCst);
        let acme = admitted(&keyring, "acme").await;
        served(&keyring, &acme).await.expect("is served");
        assert_eq!(node.root.seals.load(Ordering::SeqCst), shared, "the shared root has no part");
        assert_eq!(envelope(&node, &acme).whose(), Whose::Own);
        let level = KeyLevel::OwnRoot(acme.tenant_id);
        let states: Vec<_> = {
            let rows = node.engine.rows();
            let own = rows.keys.iter().filter(|row| row.level == level);
            own.map(|row| (row.version, row.state)).collect()
        };
        assert_eq!(states, [(1, KeyState::Active)]);
        let other = admitted(&keyring, "other").await;
        assert_eq!(envelope(&node, &other).whose(), Whose::Shared);
    });
}

#[test]
fn nothing_is_opened_before_it_is_asked_for_and_then_once() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let described = Described::with("acme", &root);
        drop(admitted(&*start(&node, &described).await, "acme").await);
        let opened = described.opened.load(Ordering::SeqCst);
        let keyring = start(&node, &described).await;
        admitted(&keyring, "other").await;
        assert_eq!(described.opened.load(Ordering::SeqCst), opened, "nobody has asked");
        let crowd: Vec<_> = (0..32)
            .map(|_| {
                let keyring = Arc::clone(&keyring);
                tokio::spawn(
                    async move { served(&keyring, &admitted(&keyring, "acme").await).await },
                )
            })
            .collect();
        for each in crowd {
            each.await.unwrap().expect("is served");
        }
        assert_eq!(described.opened.load(Ordering::SeqCst), opened + 1);
    });
}

#[test]
fn without_its_root_a_tenant_is_cut_off_after_the_grace_and_nobody_else() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let keyring = start(&node, &Described::with("acme", &root)).await;
        let (acme, other) = (admitted(&keyring, "acme").await, admitted(&keyring, "other").await);
        for caller in [&acme, &other] {
            served(&keyring, caller).await.expect("is served");
        }
        is_down(&root, true);
        keyring.probe_own_roots().await;
        node.clock.advance(GRACE);
        served(&keyring, &acme).await.expect("what is open serves on");
        node.clock.advance(Duration::from_secs(1));
        let refused = served(&keyring, &acme).await.expect_err("the grace is over");
        let words = "the own root key of tenant acme: the root key is unavailable: it has been out of \
                     reach for 61 s";
        assert_eq!(refused.to_string(), words);
        keyring.probe_own_roots().await;
        served(&keyring, &other).await.expect("is not concerned");
        keyring.check().expect("the server is not concerned");
        keyring.probe().await.expect("nor is its readiness");

        // It is back: nothing was left in memory, so that it is asked.
        let opens = root.opens.load(Ordering::SeqCst);
        is_down(&root, false);
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect("is served again");
        assert_eq!(root.opens.load(Ordering::SeqCst), opens + 2, "a proof and the tenant's key");
    });
}

#[test]
fn a_root_that_was_never_in_reach_refuses_its_tenant_from_the_first_request() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let described = Described::with("acme", &root);
        drop(admitted(&*start(&node, &described).await, "acme").await);
        is_down(&root, true);
        let keyring = start(&node, &described).await;
        let acme = admitted(&keyring, "acme").await;
        let refused = keyring.check_caller(&acme).expect_err("also where no key is needed");
        assert!(refused.to_string().contains("switched off"), "{refused}");
        assert!(keyring.own_root_status(&acme.identity.tenant).trouble.is_some());
        served(&keyring, &admitted(&keyring, "other").await).await.expect("is not concerned");
        is_down(&root, false);
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect("recovers by itself");
    });
}

#[test]
fn another_key_behind_the_right_label_is_refused_for_its_tenant_alone() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        drop(admitted(&*start(&node, &Described::with("acme", &root)).await, "acme").await);
        let described = Described::with("acme", &own(0x33));
        let keyring = start(&node, &described).await;
        let acme = admitted(&keyring, "acme").await;
        let refused = served(&keyring, &acme).await.expect_err("it is another key");
        let Error::OwnRoot(_, why) = &refused else { panic!("{refused}") };
        assert!(matches!(**why, OpenError::WrongRoot { version: 1, .. }), "{refused}");
        served(&keyring, &admitted(&keyring, "other").await).await.expect("is not concerned");
        // The right one is found some time after it is there.
        described.set("acme", &root);
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect_err("what is open is another key still");
        node.clock.advance(Duration::from_secs(30));
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect("it is the right one");
        // A root that lacks the version, and one of another provider.
        for root in [
            TestRoot::new(Provider::Pkcs11, &[(2, 0x22)]),
            TestRoot::new(Provider::Env, &[(1, 0x22)]),
        ] {
            let keyring = start(&node, &Described::with("acme", &root)).await;
            let acme = admitted(&keyring, "acme").await;
            served(&keyring, &acme).await.expect_err("it is not the one");
        }
    });
}

#[test]
fn a_tenant_whose_root_is_not_described_is_refused_until_it_is() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        drop(admitted(&*start(&node, &Described::with("acme", &root)).await, "acme").await);
        let described = Arc::<Described>::default();
        let keyring = start(&node, &described).await;
        let acme = admitted(&keyring, "acme").await;
        let refused = served(&keyring, &acme).await.expect_err("nobody says where it is");
        assert!(matches!(refused, Error::NoOwnRoot(_)), "{refused}");
        assert!(refused.to_string().contains("[root.tenants.acme]"), "{refused}");
        described.set("acme", &root);
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect("is served");
    });
}

#[test]
fn a_key_that_the_other_root_has_sealed_is_refused() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let described = Described::with("acme", &root);
        let keyring = start(&node, &described).await;
        let (acme, other) = (admitted(&keyring, "acme").await, admitted(&keyring, "other").await);
        let (of_acme, of_other) = (envelope(&node, &acme), envelope(&node, &other));

        // Put under the shared root, as it is and with its label changed.
        put_envelope(&node, &other, of_acme.clone());
        let keyring = start(&node, &described).await;
        let refused = served(&keyring, &other).await.expect_err("it is acme's own root's");
        let wrong = EnvelopeError::OtherRoot { found: Whose::Own, given: Whose::Shared };
        assert!(matches!(&refused, Error::Envelope(error) if *error == wrong), "{refused}");
        let mut bytes = of_acme.as_bytes().to_vec();
        bytes[2] = Provider::Env as u8;
        put_envelope(&node, &other, Sealed::from_envelope(&bytes));
        served(&keyring, &other).await.expect_err("the label is bound");

        // What the shared root has sealed, in the place of what the tenant's own has.
        put_envelope(&node, &acme, of_other);
        let keyring = start(&node, &described).await;
        let refused = served(&keyring, &acme).await.expect_err("it is the shared root's");
        let wrong = EnvelopeError::OtherRoot { found: Whose::Shared, given: Whose::Own };
        assert!(matches!(&refused, Error::Envelope(error) if *error == wrong), "{refused}");

        // The check value of one tenant's root does not prove another's.
        put_envelope(&node, &acme, of_acme);
        {
            let mut rows = node.engine.rows();
            let check = rows.keys.iter().find(|row| matches!(row.level, KeyLevel::OwnRoot(_)));
            let mut check = check.expect("a check value").clone();
            check.level = KeyLevel::OwnRoot(other.tenant_id);
            rows.keys.push(check);
        }
        described.set("other", &root);
        let keyring = start(&node, &described).await;
        let other = admitted(&keyring, "other").await;
        served(&keyring, &other).await.expect_err("it names acme");
    });
}

/// A token that has refused its PIN must not be given it again by each client that comes back.
#[test]
fn a_root_is_not_opened_anew_for_each_registration_that_fails() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let described = Described::with("acme", &root);
        let keyring = start(&node, &described).await;
        is_down(&root, true);
        for _ in 0..3 {
            let refused = keyring.admit(&identity("acme", "orders"), AutoRegister::Tenants).await;
            assert!(refused.expect_err("it is down").to_string().contains("switched off"));
            keyring.probe_own_roots().await;
        }
        assert_eq!(described.opened.load(Ordering::SeqCst), 1);
        is_down(&root, false);
        served(&keyring, &admitted(&keyring, "acme").await).await.expect("is registered");
    });
}

#[test]
fn a_tenant_under_the_shared_root_does_not_need_the_one_that_is_described() {
    wait(async {
        let (node, root) = (Node::with_env(), own(0x22));
        let described = Arc::<Described>::default();
        let keyring = start(&node, &described).await;
        let acme = admitted(&keyring, "acme").await;
        described.set("acme", &root);
        let tenant = node.engine.rows().tenants[0].clone();
        let rotator = Rotator::new(Arc::clone(&keyring), RotationSettings::default());
        let added = rotator.plan_add(&Subject::OwnRoot(tenant), None).await;
        assert_eq!(added.expect("it has one").version, 1);
        assert_eq!(described.opened.load(Ordering::SeqCst), 1, "it was looked at");
        is_down(&root, true);
        for _ in 0..2 {
            keyring.probe_own_roots().await;
            node.clock.advance(2 * GRACE);
        }
        served(&keyring, &admitted(&keyring, "acme").await).await.expect("is served");
        served(&keyring, &acme).await.expect("is served");
    });
}

#[test]
fn a_root_that_is_described_anew_is_opened_anew_unless_it_serves() {
    wait(async {
        let (node, root, other) = (Node::with_env(), own(0x22), own(0x33));
        let described = Described::with("acme", &root);
        drop(admitted(&*start(&node, &described).await, "acme").await);
        described.set("acme", &other);
        let keyring = start(&node, &described).await;
        let acme = admitted(&keyring, "acme").await;
        served(&keyring, &acme).await.expect_err("it is not the one");
        described.set("acme", &root);
        described.edition.fetch_add(1, Ordering::SeqCst);
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect("at once");
        described.set("acme", &other);
        described.edition.fetch_add(1, Ordering::SeqCst);
        keyring.probe_own_roots().await;
        served(&keyring, &acme).await.expect("goes on");
    });
}
