//! A process that is killed at every step of every commit of a rotation; and what nodes and
//! administrators do to a rotation meanwhile.

use std::sync::Arc;
use std::time::Duration;

use keystrata::clock::{Clock, SystemClock};
use keystrata::keys::Provider;
use keystrata::keys::rotation::{Order, RotationSettings, Subject};
use keystrata::store::{Change, Commit, Envelopes, KeyState, OpenKeys};

use crate::mortal::{Mortal, Points, as_child, every_kill, template};
use crate::node::{Node, OBJECTS, open, open_with, record};

const PATIENCE: Duration = Duration::from_mins(1);
const EAGER: Order = Order {
    from: None,
    to: None,
    compromised: false,
    eager: true,
    provider: None,
    whose: None,
    at: None,
};

/// The child: rotates every level, and dies at the given point.
#[test]
#[ignore = "runs as a child of the other test"]
fn child() {
    as_child(async |directory, points| open(directory, points).await?.rotate(EAGER).await);
}

#[test]
fn a_rotation_goes_on_after_the_process_was_killed_at_any_point() {
    let filled = template(async |directory| open(directory, &Points::none()).await?.fill().await);
    let points = every_kill("crash::child", &filled, async |directory, at| {
        let node = open(directory, &Points::none()).await?;
        node.rotate(EAGER).await?;
        node.is_rotated(KeyState::Retired, at).await;
        Ok(())
    });
    assert!(points > 30, "only {points} points");
}

/// What the new version sealed is sealed under the old one again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_rotation_goes_back_whatever_it_has_done() {
    let directory = tempfile::tempdir().expect("a directory");
    // So slow that it is still under way when everything is sealed anew.
    let slow = RotationSettings { rewrap_per_second: 4, ..RotationSettings::default() };
    let node = open_with(directory.path(), &Points::none(), slow).await.expect("opens");
    node.fill().await.expect("is filled");
    let subject = node.subjects().await.remove(2);
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    node.rotator.begin(&subject, EAGER, record(&subject)).await.expect("begins");
    let engine = node.store.engine();
    let resealed = async {
        let done = |counts: Vec<Envelopes>| {
            counts.iter().any(|it| it.version == 2 && it.living == OBJECTS as u64)
        };
        while !done(engine.envelopes(subject.level()).await.expect("reads")) {
            node.rotator.moved(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, resealed).await.expect("it is sealed anew");
    let again = node.rotator.begin(&subject, EAGER, record(&subject)).await;
    let refused = again.expect_err("one at a time").to_string();
    assert!(refused.contains("is being rotated from version 1 to 2"), "{refused}");
    node.rotator.abort(&subject, record(&subject)).await.expect("goes back");
    node.wait().await;
    running.abort();

    let wanted = [(1, KeyState::Active), (2, KeyState::Retired)];
    assert_eq!(node.states(&subject).await, wanted);
    assert_eq!(node.living(&subject).await, [(1, OBJECTS as u64)]);
    let key = node.keyring.service_key(&node.caller, node.caller.service_id).await;
    assert_eq!(key.expect("a key").version(), 1);
}

/// Says of a node that it lives and has these versions of the root key.
pub(crate) async fn beat(node: &Node, name: &str, roots: Vec<u32>) {
    let (heard, open) = (SystemClock::new().now(), OpenKeys { tenant: 3, service: 4 });
    let changes = vec![Change::Heartbeat { node: name.into(), heard, roots, open }];
    let commit = Commit { changes, audit: Vec::new() };
    node.store.commit(commit).await.expect("commits");
}

/// Another node that lives has to have a version before it is rotated to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lacks_the_root_version_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = open(directory.path(), &Points::none()).await.expect("opens");
    node.rotator.add(&Subject::Root, None, record(&Subject::Root)).await.expect("is added");
    beat(&node, "second", vec![1]).await;
    let wanted = "these nodes do not have version 2 of the root key: second; give it to them, or \
                  stop them";
    let refused = node.rotator.verify(&Subject::Root, 2).await.expect_err("lacks it");
    assert_eq!(refused.to_string(), wanted);
    let order = Order::default();
    let refused = node.rotator.begin(&Subject::Root, order, record(&Subject::Root)).await;
    assert_eq!(refused.expect_err("lacks it").to_string(), wanted);
    beat(&node, "second", vec![1, 2]).await;
    node.rotator.verify(&Subject::Root, 2).await.expect("has it");
    node.rotator.plan(&Subject::Root, order).await.expect("has it");
}

/// What a node has itself it knows before it has said so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_does_not_wait_for_its_own_nodes_heartbeat() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = open(directory.path(), &Points::none()).await.expect("opens");
    node.rotator.add(&Subject::Root, None, record(&Subject::Root)).await.expect("is added");
    let itself = RotationSettings::default().node;
    // As the process before has left it, which did not have the version.
    beat(&node, &itself, vec![1]).await;
    let order = Order::default();
    node.rotator.plan(&Subject::Root, order).await.expect("it is there");
    node.rotator.begin(&Subject::Root, order, record(&Subject::Root)).await.expect("begins");
}

/// Nor does a node that has lost a version count as one that has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_lost_a_root_version_names_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = open(directory.path(), &Points::none()).await.expect("opens");
    node.rotator.add(&Subject::Root, None, record(&Subject::Root)).await.expect("is added");
    std::fs::remove_file(directory.path().join("root-env-2")).expect("was there");
    let refused = node.rotator.plan(&Subject::Root, Order::default()).await;
    let refused = refused.expect_err("it is gone").to_string();
    assert!(refused.contains("root key: keystrata;"), "{refused}");
}

/// A version of another provider is not rotated to: that is a migration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_root_version_of_another_provider_is_refused_with_the_way_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = open(directory.path(), &Points::none()).await.expect("opens");
    let other = Mortal::new(directory.path(), Provider::Pkcs11, 2, &Points::none());
    node.keyring.open_window(Arc::new(other));
    let added = node.rotator.add(&Subject::Root, Some(Provider::Pkcs11), record(&Subject::Root));
    added.await.expect("is added");
    let order = Order { to: Some(2), ..Order::default() };
    let refused = node.rotator.begin(&Subject::Root, order, record(&Subject::Root)).await;
    let wanted = "version 2 of the root key is provider `pkcs11`'s, and the store belongs to `env`: use \
                  `kek migrate --to pkcs11`";
    assert_eq!(refused.expect_err("another provider").to_string(), wanted);
    assert!(node.store.engine().rotations().await.expect("reads").is_empty());
}
