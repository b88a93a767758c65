//! Install lock and root check value.

use std::sync::atomic::Ordering;

use keystrata::keys::envelope::Header;
use keystrata::keys::install::{CHECK_SETTING, PROVIDER_SETTING};
use keystrata::keys::{AutoRegister, OpenError, Provider, RootError};
use keystrata::store::{Change, Commit, Error as StoreError, Sealed};

use super::support::{Node, TestRoot, identity, wait};

async fn refused(node: &Node) -> OpenError {
    node.start().await.err().unwrap()
}

/// The version of the root key that seals: the one that sealed the check value.
fn sealing_version(node: &Node) -> u32 {
    let check = Sealed::from_envelope(&node.engine.rows().settings[CHECK_SETTING]);
    Header::read(&check).unwrap().0.parent_version
}

#[test]
fn the_first_start_writes_the_lock_and_later_ones_nothing() {
    wait(async {
        let node = Node::with_env();
        node.start().await.unwrap();
        assert_eq!(node.commits(), 1);
        assert_eq!(sealing_version(&node), 1);
        assert_eq!(node.engine.rows().settings[PROVIDER_SETTING], b"env");
        node.start().await.unwrap();
        assert_eq!(node.commits(), 1);
    });
}

#[test]
fn another_provider_is_refused_with_the_way_out() {
    wait(async {
        let node = Node::with_env();
        node.start().await.unwrap();
        let other = node.with_root(TestRoot::new(Provider::Pkcs11, &[(1, 0x11)]));
        let said = refused(&other).await.to_string();
        let wanted = "this store was made with root provider `env`, and `pkcs11` is configured: \
                      configure `env` again, or start with an empty store";
        assert_eq!(said, wanted);
        assert_eq!(other.root.opens.load(Ordering::SeqCst), 0, "the key was not even asked");
        assert_eq!(node.commits(), 1);
    });
}

#[test]
fn the_wrong_key_behind_the_right_version_is_refused() {
    wait(async {
        let node = Node::with_env();
        node.start().await.unwrap();
        let other = node.with_root(TestRoot::new(Provider::Env, &[(1, 0x22)]));
        let error = refused(&other).await;
        let wanted = OpenError::WrongRoot { provider: Provider::Env, version: 1 };
        assert_eq!(error.to_string(), wanted.to_string());
        assert_eq!(node.commits(), 1);
    });
}

#[test]
fn the_newest_version_seals_at_first_and_stays_until_it_is_rotated() {
    wait(async {
        let node = Node::new(TestRoot::new(Provider::Env, &[(2, 0x22), (3, 0x33)]));
        node.start().await.unwrap();
        assert_eq!(sealing_version(&node), 3);
        let more = node.with_root(TestRoot::new(Provider::Env, &[(3, 0x33), (4, 0x44)]));
        more.start().await.unwrap();
        assert_eq!(sealing_version(&more), 3);
        let less = node.with_root(TestRoot::new(Provider::Env, &[(2, 0x22)]));
        let error = refused(&less).await;
        assert!(matches!(error, OpenError::MissingVersion(3, Provider::Env)), "{error}");
    });
}

#[test]
fn a_root_in_trouble_or_a_full_disk_leaves_nothing_behind() {
    wait(async {
        let node = Node::with_env();
        node.root.down.store(true, Ordering::SeqCst);
        let error = refused(&node).await;
        assert!(matches!(error, OpenError::Root(RootError::Unavailable(_))), "{error}");
        node.root.down.store(false, Ordering::SeqCst);
        node.engine.full.store(true, Ordering::SeqCst);
        let error = refused(&node).await;
        assert!(matches!(error, OpenError::Store(StoreError::Unwritable(_))), "{error}");
        assert!(node.engine.rows().settings.is_empty());
        node.engine.full.store(false, Ordering::SeqCst);
        node.start().await.unwrap();
    });
}

#[test]
fn a_lock_without_its_check_value_is_damage() {
    wait(async {
        for lost in [PROVIDER_SETTING, CHECK_SETTING] {
            let node = Node::with_env();
            node.start().await.unwrap();
            node.engine.rows().settings.remove(lost);
            let error = refused(&node).await;
            assert!(matches!(error, OpenError::Damaged(_)), "{error}");
            assert_eq!(node.commits(), 1);
        }
    });
}

/// What was sealed under the root key would be lost under a new one.
#[test]
fn a_store_with_tenants_that_lost_lock_and_check_value_is_damage() {
    wait(async {
        let node = Node::with_env();
        let keyring = node.start().await.unwrap();
        keyring.admit(&identity("tenant-a", "orders"), AutoRegister::Tenants).await.unwrap();
        node.engine.rows().settings.clear();
        let commits = node.commits();
        let error = refused(&node).await;
        let wanted =
            "the store has lost its install lock and root check value: restore it from a backup";
        assert_eq!(error.to_string(), wanted);
        node.engine.rows().tenants.clear();
        let error = refused(&node).await;
        assert!(matches!(error, OpenError::Damaged(_)), "keys alone: {error}");
        assert_eq!(node.commits(), commits);
    });
}

#[test]
fn a_damaged_lock_or_check_value_is_refused() {
    wait(async {
        let node = Node::with_env();
        node.start().await.unwrap();
        let good = node.engine.rows().settings[CHECK_SETTING].clone();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            node.engine.rows().settings.insert(CHECK_SETTING, bad);
            refused(&node).await;
        }
        node.engine.rows().settings.insert(CHECK_SETTING, good);
        node.start().await.unwrap();
        node.engine.rows().settings.insert(PROVIDER_SETTING, b"quantum".to_vec());
        assert!(matches!(refused(&node).await, OpenError::UnknownProvider));
    });
}

#[test]
fn of_two_nodes_that_start_together_the_first_one_s_root_counts() {
    wait(async {
        for (byte, same) in [(0x11, true), (0x22, false)] {
            let first = Node::new(TestRoot::new(Provider::Env, &[(1, byte)]));
            first.start().await.unwrap();
            let settings = first.engine.rows().settings.clone();
            let changes = settings.into_iter();
            let changes = changes.map(|(name, value)| Change::NewSetting { name, value });
            let second = Node::with_env();
            let rival = Commit { changes: changes.collect(), audit: Vec::new() };
            *second.engine.rival.lock().unwrap() = Some(rival);
            match second.start().await {
                Ok(_) => assert!(same),
                Err(error) => assert!(!same && matches!(error, OpenError::WrongRoot { .. })),
            }
            assert_eq!(second.commits(), 1, "the rival's");
        }
    });
}
