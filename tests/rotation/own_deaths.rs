//! Death at every point of what happens to a root key of a tenant's own: registration under it, moves to
//! it and back, its rotation. What is left is under one root, goes on to its end, and opens.

use std::path::Path;
use std::sync::Arc;

use keystrata::keys::Whose;
use keystrata::keys::rotation::{Order, RotationSettings, Schedule, Schedules, Subject};
use keystrata::store::{KeyLevel, KeyState};
use tempfile::TempDir;

use crate::deaths::{filled, turn_back};
use crate::mortal::{Points, every_death, template};
use crate::node::{Node, OWN, open, open_with, record, text};

/// A store under the shared root, whose tenant has a root of its own described.
fn described() -> TempDir {
    let directory = filled();
    std::fs::create_dir(directory.path().join(OWN)).expect("is made");
    directory
}

/// A store whose tenant was registered under its own root.
fn own() -> TempDir {
    template(async |directory| {
        std::fs::create_dir(directory.join(OWN)).expect("is made");
        open(directory, &Points::none()).await?.fill().await
    })
}

async fn own_root(node: &Node) -> Result<Subject, String> {
    node.keyring.subject(KeyLevel::OwnRoot(node.caller.tenant_id)).await.map_err(text)
}

/// The active version of the tenant's own root.
async fn active(node: &Node) -> Result<Option<u32>, String> {
    let states = node.states(&own_root(node).await?).await;
    Ok(states.iter().find(|it| it.1 == KeyState::Active).map(|it| it.0))
}

/// Carries on what is under way, and then out `order`, unless that is `done`.
async fn carry_out(
    directory: &Path,
    points: &Points,
    order: Order,
    done: impl Fn(Option<u32>) -> bool,
) -> Result<(), String> {
    let node = open(directory, points).await?;
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    node.wait().await;
    if !done(active(&node).await?) {
        let subject = own_root(&node).await?;
        node.rotator.begin(&subject, order, record(&subject)).await.map_err(text)?;
        node.wait().await;
    }
    running.abort();
    Ok(())
}

/// Every version of the tenant's key is under one root, which the store counts; every value opens.
async fn is_under(node: &Node, wanted: Option<u32>, at: usize) {
    assert_eq!(active(node).await, Ok(wanted), "point {at}");
    let rows = node.store.keys(KeyLevel::Tenant(node.caller.tenant_id)).await.expect("reads");
    let whose = if wanted.is_some() { Whose::Own } else { Whose::Shared };
    for row in rows.iter().filter(|row| row.state != KeyState::Destroyed) {
        assert_eq!(row.sealed.whose(), whose, "point {at}");
    }
    let own = node.living(&own_root(node).await.expect("is there")).await;
    let shared: u64 = node.living(&Subject::Root).await.iter().map(|it| it.1).sum();
    let living = rows.len() as u64;
    match wanted {
        Some(version) => assert_eq!((own, shared), (vec![(version, living)], 0), "point {at}"),
        None => assert_eq!((own, shared), (vec![], living), "point {at}"),
    }
    node.check_values(at).await;
}

/// The store after the next start.
async fn started(directory: &Path) -> Result<Node, String> {
    open(directory, &Points::none()).await
}

#[test]
fn a_tenant_is_registered_under_its_own_root_or_not_at_all() {
    let empty = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(empty.path().join(OWN)).expect("is made");
    let work =
        async |directory: &Path, points: &Points| open(directory, points).await?.fill().await;
    let points = every_death(&empty, work, async |directory, at| {
        let node = started(directory).await?;
        node.fill().await?;
        is_under(&node, Some(1), at).await;
        Ok(())
    });
    assert!(points > 20, "only {points} points");
}

#[test]
fn a_move_to_an_own_root_goes_on() {
    let order = Order { whose: Some(Whose::Own), ..Order::default() };
    let work = async |directory: &Path, points: &Points| {
        carry_out(directory, points, order, |active| active.is_some()).await
    };
    let points = every_death(&described(), work, async |directory, at| {
        // In the middle of it both roots are good.
        started(directory).await?.check_values(at).await;
        work(directory, &Points::none()).await?;
        is_under(&started(directory).await?, Some(1), at).await;
        Ok(())
    });
    assert!(points > 20, "only {points} points");
}

#[test]
fn a_move_to_the_shared_root_goes_on() {
    let order = Order { whose: Some(Whose::Shared), ..Order::default() };
    let work = async |directory: &Path, points: &Points| {
        carry_out(directory, points, order, |active| active.is_none()).await
    };
    let points = every_death(&own(), work, async |directory, at| {
        started(directory).await?.check_values(at).await;
        work(directory, &Points::none()).await?;
        // Nothing of the own root is needed any more.
        std::fs::remove_dir_all(directory.join(OWN)).expect("is removed");
        is_under(&started(directory).await?, None, at).await;
        Ok(())
    });
    assert!(points > 15, "only {points} points");
}

#[test]
fn a_rotation_of_an_own_root_goes_on() {
    let order = Order::default();
    let work = async |directory: &Path, points: &Points| {
        carry_out(directory, points, order, |active| active == Some(2)).await
    };
    let points = every_death(&own(), work, async |directory, at| {
        started(directory).await?.check_values(at).await;
        work(directory, &Points::none()).await?;
        is_under(&started(directory).await?, Some(2), at).await;
        Ok(())
    });
    assert!(points > 20, "only {points} points");
}

/// `[rotation] root` is for tenants' own roots, too, by the number of what they have sealed.
#[test]
fn an_own_root_is_rotated_by_schedule() {
    let due = Schedule { after_seals: Some(1), ..Schedule::default() };
    let by_schedule = template(async |directory| {
        std::fs::create_dir(directory.join(OWN)).expect("is made");
        open(directory, &Points::none()).await?.fill().await?;
        let schedules = Schedules { root: due, ..Schedules::default() };
        let settings = RotationSettings { schedules, ..RotationSettings::default() };
        let node = open_with(directory, &Points::none(), settings).await?;
        let running = tokio::spawn(Arc::clone(&node.rotator).run());
        while active(&node).await? != Some(2) {
            node.rotator.moved(std::time::Duration::from_millis(20)).await;
        }
        node.wait().await;
        running.abort();
        is_under(&node, Some(2), 0).await;
        Ok(())
    });
    drop(by_schedule);
}

/// Whether the token has the first version still, and the store its check value.
async fn first_version(directory: &Path, node: &Node) -> (bool, KeyState, bool) {
    let rows = node.store.keys(KeyLevel::OwnRoot(node.caller.tenant_id)).await.expect("reads");
    let row = rows.iter().find(|row| row.version == 1).expect("its number is kept");
    let file = directory.join(OWN).join("root-pkcs11-1");
    (file.exists(), row.state, !row.sealed.as_bytes().is_empty())
}

/// Runs what a server does by itself until the token is asked for nothing any more.
async fn settle(directory: &Path, points: &Points) -> Result<(), String> {
    let node = open(directory, points).await?;
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    while first_version(directory, &node).await != (false, KeyState::Destroyed, false) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    running.abort();
    Ok(())
}

/// A key that the store needs is in its token, and one that it has destroyed is not, in the end.
#[test]
fn a_removed_version_leaves_its_token_too() {
    let order = Order::default();
    let rotated = template(async |directory| {
        std::fs::create_dir(directory.join(OWN)).expect("is made");
        open(directory, &Points::none()).await?.fill().await?;
        carry_out(directory, &Points::none(), order, |active| active == Some(2)).await
    });
    let remove = async |directory: &Path, points: &Points| {
        let node = open(directory, points).await?;
        let subject = own_root(&node).await?;
        if first_version(directory, &node).await.1 == KeyState::Retired {
            let removed = node.rotator.remove(&subject, 1, false, record(&subject)).await;
            removed.map_err(text)?;
        }
        drop(node);
        settle(directory, points).await
    };
    let points = every_death(&rotated, remove, async |directory, at| {
        {
            let node = started(directory).await?;
            is_under(&node, Some(2), at).await;
            let (is_there, state, is_known) = first_version(directory, &node).await;
            assert!(is_there || state == KeyState::Destroyed, "point {at}: a key is lost");
            assert!(!is_there || is_known, "point {at}: a key is forgotten");
            node.store.close();
        }
        remove(directory, &Points::none()).await?;
        is_under(&started(directory).await?, Some(2), at).await;
        Ok(())
    });
    assert!(points > 8, "only {points} points");
}

#[test]
fn a_compromised_version_leaves_its_token_too() {
    let order = Order { compromised: true, ..Order::default() };
    let work = async |directory: &Path, points: &Points| {
        carry_out(directory, points, order, |active| active == Some(2)).await?;
        settle(directory, points).await
    };
    let points = every_death(&own(), work, async |directory, at| {
        started(directory).await?.check_values(at).await;
        work(directory, &Points::none()).await?;
        is_under(&started(directory).await?, Some(2), at).await;
        Ok(())
    });
    assert!(points > 20, "only {points} points");
}

#[test]
fn a_move_that_is_taken_back_goes_back_or_on() {
    let work = async |directory: &Path, points: &Points| {
        let slow = RotationSettings { rewrap_per_second: 50, ..RotationSettings::default() };
        let node = open_with(directory, points, slow).await?;
        let running = tokio::spawn(Arc::clone(&node.rotator).run());
        let (subject, whose) = (own_root(&node).await?, Some(Whose::Own));
        let order = Order { whose, ..Order::default() };
        node.rotator.begin(&subject, order, record(&subject)).await.map_err(text)?;
        turn_back(&node, &subject).await?;
        node.wait().await;
        running.abort();
        Ok(())
    };
    let points = every_death(&described(), work, async |directory, at| {
        {
            let node = started(directory).await?;
            node.check_values(at).await;
            let running = tokio::spawn(Arc::clone(&node.rotator).run());
            node.wait().await;
            running.abort();
            node.store.close();
        }
        let node = started(directory).await?;
        is_under(&node, active(&node).await?, at).await;
        Ok(())
    });
    assert!(points > 15, "only {points} points");
}
