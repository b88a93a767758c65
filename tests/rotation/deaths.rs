//! Death at every point of all that changes the hierarchy: at each step of each commit, and before and
//! after each call of the root key. What is left is sound, goes on to its end, and opens.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keystrata::keys::rotation::{Order, Progress, RotationSettings, Subject};
use keystrata::keys::{Provider, install};
use keystrata::store::{KeyState, Phase};
use tempfile::TempDir;

use crate::mortal::{Mortal, Points, every_death, every_failure, template};
use crate::node::{Node, OBJECTS, open, open_with, record, text};

fn eager() -> Order {
    Order { eager: true, ..Order::default() }
}

/// A store with values that nothing has happened to.
pub(crate) fn filled() -> TempDir {
    template(async |directory| open(directory, &Points::none()).await?.fill().await)
}

/// A store of which every key was rotated.
fn rotated() -> TempDir {
    template(async |directory| {
        let node = open(directory, &Points::none()).await?;
        node.fill().await?;
        node.rotate(eager()).await
    })
}

#[test]
fn a_first_start_is_begun_again() {
    let empty = tempfile::tempdir().expect("a directory");
    let work =
        async |directory: &Path, points: &Points| open(directory, points).await?.fill().await;
    let points = every_death(&empty, work, async |directory, at| {
        let node = open(directory, &Points::none()).await?;
        node.fill().await?;
        node.is_sound(at).await;
        Ok(())
    });
    assert!(points > 20, "only {points} points");
}

#[test]
fn a_rotation_goes_on() {
    let work = async |directory: &Path, points: &Points| {
        open(directory, points).await?.rotate(eager()).await
    };
    let points = every_death(&filled(), work, async |directory, at| {
        let node = open(directory, &Points::none()).await?;
        node.is_sound(at).await;
        node.rotate(eager()).await?;
        node.is_rotated(KeyState::Retired, at).await;
        Ok(())
    });
    assert!(points > 50, "only {points} points");
}

#[test]
fn a_rotation_away_from_a_compromised_version_goes_on() {
    let order = Order { compromised: true, ..Order::default() };
    let work = async |directory: &Path, points: &Points| {
        open(directory, points).await?.rotate(order).await
    };
    let points = every_death(&filled(), work, async |directory, at| {
        let node = open(directory, &Points::none()).await?;
        node.is_sound(at).await;
        node.rotate(order).await?;
        node.is_rotated(KeyState::Destroyed, at).await;
        Ok(())
    });
    assert!(points > 50, "only {points} points");
}

#[test]
fn a_rotation_goes_on_when_a_call_of_the_root_key_has_failed() {
    let rotate = async |directory: &Path, points: &Points| {
        let node = match open(directory, points).await {
            Ok(node) if node.caller.tenant_id.0 > 0 => node,
            // As an operator would.
            _ => open(directory, points).await?,
        };
        match node.rotate(eager()).await {
            Ok(()) => Ok(()),
            Err(_) => node.rotate(eager()).await,
        }
    };
    let calls = every_failure(&filled(), rotate, async |directory, at| {
        open(directory, &Points::none()).await?.is_rotated(KeyState::Retired, at).await;
        Ok(())
    });
    assert!(calls > 15, "only {calls} calls");
}

/// Values stay under the old version until they are sealed anew by a command.
#[test]
fn values_that_are_sealed_anew_open_under_either_version() {
    // Nothing is sealed anew in the background.
    let still = || RotationSettings { scrub_per_second: 0, ..RotationSettings::default() };
    let rotated = template(async |directory| {
        let node = open_with(directory, &Points::none(), still()).await?;
        node.fill().await?;
        node.rotate(Order::default()).await
    });
    let rewrap = async |directory: &Path, points: &Points| {
        let node = open_with(directory, points, still()).await?;
        let service = node.subjects().await.remove(2);
        let done = node.rotator.rewrap_now(&service, &Progress::default()).await;
        done.map(drop).map_err(text)
    };
    let points = every_death(&rotated, rewrap, async |directory, at| {
        open_with(directory, &Points::none(), still()).await?.is_sound(at).await;
        rewrap(directory, &Points::none()).await?;
        open(directory, &Points::none()).await?.is_rotated(KeyState::Retired, at).await;
        Ok(())
    });
    assert!(points > 3, "only {points} points");
}

/// Removes the first version of every key that has one still.
async fn remove(directory: &Path, points: &Points) -> Result<(), String> {
    let node = open(directory, points).await?;
    for subject in node.subjects().await {
        if node.states(&subject).await.contains(&(1, KeyState::Retired)) {
            let removed = node.rotator.remove(&subject, 1, false, record(&subject)).await;
            removed.map_err(text)?;
        }
    }
    Ok(())
}

#[test]
fn a_version_is_removed_or_is_not() {
    let points = every_death(&rotated(), remove, async |directory, at| {
        open(directory, &Points::none()).await?.is_sound(at).await;
        remove(directory, &Points::none()).await?;
        open(directory, &Points::none()).await?.is_rotated(KeyState::Destroyed, at).await;
        Ok(())
    });
    assert!(points > 8, "only {points} points");
}

/// Takes the rotation of a key back once it has switched, if that can still be.
pub(crate) async fn turn_back(node: &Node, subject: &Subject) -> Result<(), String> {
    let engine = node.store.engine();
    loop {
        let rows = engine.rotations().await.map_err(text)?;
        match rows.iter().find(|row| row.level == subject.level()) {
            Some(row) if row.phase == Phase::Announced => {
                node.rotator.moved(Duration::from_millis(5)).await;
            }
            Some(row) if row.reverting => return Ok(()),
            Some(_) => {
                let turned = node.rotator.abort(subject, record(subject)).await;
                return turned.map(drop).map_err(text);
            }
            None => return Ok(()),
        }
    }
}

#[test]
fn a_rotation_that_is_taken_back_goes_back_or_on() {
    // So slow that it is under way when it is taken back.
    let slow = || RotationSettings { rewrap_per_second: 50, ..RotationSettings::default() };
    let work = async |directory: &Path, points: &Points| {
        let node = open_with(directory, points, slow()).await?;
        let service = node.subjects().await.remove(2);
        let running = tokio::spawn(Arc::clone(&node.rotator).run());
        let begun = node.rotator.begin(&service, eager(), record(&service)).await;
        begun.map_err(text)?;
        turn_back(&node, &service).await?;
        node.wait().await;
        running.abort();
        Ok(())
    };
    let points = every_death(&filled(), work, async |directory, at| {
        let node = open(directory, &Points::none()).await?;
        node.is_sound(at).await;
        let running = tokio::spawn(Arc::clone(&node.rotator).run());
        node.wait().await;
        running.abort();
        node.is_sound(at).await;
        let service = node.subjects().await.remove(2);
        let states = node.states(&service).await;
        let active = states.iter().find(|it| it.1 == KeyState::Active).map(|it| it.0);
        let all = [(active.expect("one"), OBJECTS as u64)];
        assert_eq!(node.living(&service).await, all, "point {at}");
        Ok(())
    });
    assert!(points > 20, "only {points} points");
}

/// Moves the root to the token, or goes on with it, and waits for the end.
async fn migrate(directory: &Path, points: &Points) -> Result<(), String> {
    let node = open(directory, points).await?;
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    node.wait().await;
    if install::locked(&**node.store.engine()).await.map_err(text)? == Some(Provider::Env) {
        node.keyring.open_window(Arc::new(Mortal::new(directory, Provider::Pkcs11, 2, points)));
        let order = Order { provider: Some(Provider::Pkcs11), ..Order::default() };
        let begun = node.rotator.begin(&Subject::Root, order, record(&Subject::Root)).await;
        begun.map_err(text)?;
        node.wait().await;
    }
    running.abort();
    Ok(())
}

#[test]
fn a_migration_goes_on() {
    let points = every_death(&filled(), migrate, async |directory, at| {
        open(directory, &Points::none()).await?.is_sound(at).await;
        migrate(directory, &Points::none()).await?;
        // Found by the next start, which has only the new provider.
        let node = open(directory, &Points::none()).await?;
        node.is_sound(at).await;
        let status = node.keyring.root_status();
        assert_eq!((status.provider, status.active), (Provider::Pkcs11, 2), "point {at}");
        assert!(!node.keyring.has_window(), "point {at}");
        let locked = install::locked(&**node.store.engine()).await.map_err(text)?;
        assert_eq!(locked, Some(Provider::Pkcs11), "point {at}");
        let wanted = [(1, KeyState::Retired), (2, KeyState::Active)];
        assert_eq!(node.states(&Subject::Root).await, wanted, "point {at}");
        let living = node.living(&Subject::Root).await;
        assert!(living.iter().all(|it| it.0 == 2), "point {at}: {living:?}");
        Ok(())
    });
    assert!(points > 25, "only {points} points");
}

/// Begins to move the root to the token, and takes it back once it has switched.
async fn migrate_and_back(directory: &Path, points: &Points) -> Result<(), String> {
    let slow = RotationSettings { rewrap_per_second: 50, ..RotationSettings::default() };
    let node = open_with(directory, points, slow).await?;
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    node.keyring.open_window(Arc::new(Mortal::new(directory, Provider::Pkcs11, 2, points)));
    let order = Order { provider: Some(Provider::Pkcs11), ..Order::default() };
    let begun = node.rotator.begin(&Subject::Root, order, record(&Subject::Root)).await;
    begun.map_err(text)?;
    turn_back(&node, &Subject::Root).await?;
    node.wait().await;
    running.abort();
    Ok(())
}

#[test]
fn a_migration_that_is_taken_back_goes_back_or_on() {
    let points = every_death(&filled(), migrate_and_back, async |directory, at| {
        {
            let node = open(directory, &Points::none()).await?;
            node.is_sound(at).await;
            let running = tokio::spawn(Arc::clone(&node.rotator).run());
            node.wait().await;
            running.abort();
            node.store.close();
        }
        let node = open(directory, &Points::none()).await?;
        node.is_sound(at).await;
        let states = node.states(&Subject::Root).await;
        let active = states.iter().find(|it| it.1 == KeyState::Active).map(|it| it.0);
        let wanted = if active == Some(2) { Provider::Pkcs11 } else { Provider::Env };
        let locked = install::locked(&**node.store.engine()).await.map_err(text)?;
        assert_eq!(locked, Some(wanted), "the lock follows the root, point {at}");
        let living = node.living(&Subject::Root).await;
        assert!(living.iter().all(|it| Some(it.0) == active), "point {at}: {living:?}");
        Ok(())
    });
    assert!(points > 25, "only {points} points");
}
