//! What the store knows of backups while other things happen to the same keys, and a copy for which
//! there is no room.

use std::path::Path;
use std::process::Command;

use keystrata::clock::Timestamp;
use keystrata::store::{
    Administration, BackupChange, BackupKey, BackupRow, Change, Commit, Error, Held, KeyLevel,
    KeyState, Manifest, Store, Stored, Target, View, embedded,
};
use kmip_ttlv::enums::State;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::fixture::{self, changes, insert, object, sealed_under, service, tenant, view};

const DIRECTORY: &str = "KEYSTRATA_TEST_BACKUP";

fn row(id: &str, exact: bool) -> BackupRow {
    BackupRow {
        id: id.into(),
        made: Timestamp(5),
        path: format!("/backups/{id}"),
        bytes: 4096,
        digest: [7; 32],
        last_object: if exact { 1 } else { i64::MAX },
        exact,
        roots: Vec::new(),
    }
}

fn named(level: KeyLevel, version: u32, envelopes: u64) -> BackupKey {
    BackupKey { level, version, envelopes }
}

async fn change(store: &Store, change: BackupChange) -> Result<(), Error> {
    store.commit(changes(vec![Change::Backup(change)])).await
}

async fn is_conflict(store: &Store, one: BackupChange) -> bool {
    matches!(change(store, one).await, Err(Error::Conflict))
}

async fn held(store: &Store, held: Held) -> Vec<String> {
    let rows = store.engine().backups_holding(held).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn a_version_is_named_by_the_envelopes_of_a_backup_until_it_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let of = tenant(&**store.engine(), "tenant-a").await;
    let level = KeyLevel::Tenant(of);
    let keys = vec![named(KeyLevel::Root, 1, 2), named(level, 1, 3), named(level, 2, 0)];
    change(&store, BackupChange::Add { row: row("b1", true), keys }).await.unwrap();
    let again = BackupChange::Add { row: row("b1", true), keys: Vec::new() };
    assert!(is_conflict(&store, again).await);
    let listed = store.engine().backups().await.unwrap();
    assert_eq!(listed, [BackupRow { roots: vec![1], ..row("b1", true) }]);
    let unnamed = |level, version| BackupChange::Unnamed { level, version };
    assert!(is_conflict(&store, unnamed(level, 1)).await);
    assert!(is_conflict(&store, unnamed(KeyLevel::Root, 1)).await);
    change(&store, unnamed(level, 2)).await.expect("it is there, and nothing names it");
    change(&store, unnamed(level, 3)).await.unwrap();
    change(&store, BackupChange::Forget { id: "b1".into() }).await.unwrap();
    assert!(is_conflict(&store, BackupChange::Forget { id: "b1".into() }).await);
    change(&store, unnamed(level, 1)).await.unwrap();
}

#[tokio::test]
async fn a_backup_of_which_nothing_is_known_has_everything() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let of = tenant(&**store.engine(), "tenant-a").await;
    let target = Target { tenant: of, service: None };
    change(&store, BackupChange::Add { row: row("b1", true), keys: Vec::new() }).await.unwrap();
    assert!(held(&store, Held::Keys(target)).await.is_empty());
    change(&store, BackupChange::Add { row: row("b2", false), keys: Vec::new() }).await.unwrap();
    assert_eq!(held(&store, Held::Keys(target)).await, ["b2"]);
    let version = BackupChange::Unnamed { level: KeyLevel::Root, version: 9 };
    assert!(is_conflict(&store, version).await);
}

/// Whoever destroys keys tells which backups have them: none may become known in between.
#[tokio::test]
async fn keys_that_were_destroyed_while_they_were_copied_make_no_backup() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let own: View = view(&**store.engine(), "tenant-a", "orders").await;
    let target = Target { tenant: own.tenant, service: None };
    let level = KeyLevel::Service(service(own));
    let keys = || vec![named(KeyLevel::Tenant(own.tenant), 1, 1), named(level, 1, 0)];
    change(&store, BackupChange::Add { row: row("b1", true), keys: keys() }).await.unwrap();

    let shred = |ids: &[&str]| {
        let ids = ids.iter().map(ToString::to_string).collect();
        let held = Change::Backup(BackupChange::HeldBy { target, ids });
        let shred = Administration::Shred { target, statement: "signed".into() };
        Commit { changes: vec![held, Change::Administer(shred)], audit: Vec::new() }
    };
    assert!(matches!(store.commit(shred(&[])).await, Err(Error::Conflict)));
    assert_eq!(store.keys(level).await.unwrap()[0].state, KeyState::Active);
    store.commit(shred(&["b1"])).await.unwrap();
    let late = BackupChange::Add { row: row("b2", true), keys: keys() };
    assert!(is_conflict(&store, late).await);
    assert_eq!(held(&store, Held::Keys(target)).await, ["b1"]);
}

/// What a copy says that its envelopes name is what the store has counted all along.
#[tokio::test]
async fn a_copy_names_the_versions_that_the_store_has_counted() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(&directory.path().join("store"));
    let engine = store.engine();
    let (own, other) =
        (view(&**engine, "tenant-a", "orders").await, view(&**engine, "tenant-b", "orders").await);
    let level = KeyLevel::Service(service(own));
    store.commit(changes(vec![setting()])).await.unwrap();
    for uid in ["u1", "u2", "u3"] {
        let new = insert(own, object(uid, State::Active, "n"));
        store.commit(changes(vec![new])).await.unwrap();
    }
    store.commit(changes(vec![insert(other, object("u1", State::Active, "n"))])).await.unwrap();
    let (state, sealed) = (KeyState::Pending, sealed_under(1, 9, 80));
    let new = Change::NewVersion { level, version: 2, state, sealed, created: Timestamp(3) };
    let moved = |version, from, to| Change::KeyState { level, version, from, to };
    let switch = [
        moved(1, KeyState::Active, KeyState::Retired),
        moved(2, KeyState::Pending, KeyState::Active),
    ];
    store.commit(changes([vec![new], switch.to_vec()].concat())).await.unwrap();
    let before = store.object(own, "u1").await.unwrap().unwrap();
    let again = Stored { sealed: Some(sealed_under(2, 8, 90)), ..Stored::clone(&before) };
    let reseal = Change::Reseal { tenant: own.tenant, stored: Box::new(again) };
    let before = store.object(own, "u2").await.unwrap().unwrap();
    let gone = Stored { sealed: None, ..Stored::clone(&before) };
    let destroy = Change::Update { tenant: own.tenant, stored: Box::new(gone) };
    store.commit(changes(vec![reseal, destroy])).await.unwrap();

    let copied = engine.copy(directory.path().join("copy.db")).await.unwrap();
    let levels = [own, other].map(|view| [level_of(view), KeyLevel::Tenant(view.tenant)]).concat();
    for level in levels {
        let counted = engine.envelopes(level).await.unwrap().into_iter();
        let counted = counted.filter(|it| it.living > 0).map(|it| (it.version, it.living));
        let keys = copied.contents.keys.iter().filter(|it| it.level == level && it.envelopes > 0);
        let named: Vec<_> = keys.map(|it| (it.version, it.envelopes)).collect();
        assert_eq!(named, counted.collect::<Vec<_>>(), "{level:?}");
    }
    let of_service: Vec<_> = copied.contents.keys.iter().filter(|it| it.level == level).collect();
    let versions: Vec<_> = of_service.iter().map(|it| (it.version, it.envelopes)).collect();
    assert_eq!(versions, [(1, 1), (2, 1)]);
}

fn level_of(view: View) -> KeyLevel {
    KeyLevel::Service(service(view))
}

/// A process that dies between the commit and the renaming leaves a whole copy under another name.
#[tokio::test]
async fn a_copy_that_never_got_its_name_is_no_backup_and_no_hindrance() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(&directory.path().join("store"));
    tenant(&**store.engine(), "tenant-a").await;
    store.commit(changes(vec![setting()])).await.unwrap();
    let to = directory.path().join("copy.db");
    let partial = directory.path().join("copy.db.partial");
    std::mem::forget(store.engine().copy(to.clone()).await.unwrap());
    let journal = directory.path().join("copy.db.partial-journal");
    std::fs::write(&journal, "of a copy that was cut off").unwrap();
    assert!(partial.exists() && !to.exists());
    let refused = embedded::verify(&partial).expect_err("it has no manifest").to_string();
    assert!(refused.contains("copy.db.partial.manifest.json: No such file"), "{refused}");
    drop(store.engine().copy(to.clone()).await.unwrap());
    let left = [&partial, &journal, &to].iter().any(|path| path.exists());
    assert!(!left, "one that is not published goes");
    let copied = store.engine().copy(to.clone()).await.unwrap();
    let bytes = (copied.bytes, copied.digest);
    let manifest = Manifest::new("b1".into(), Timestamp(7), "n".into(), bytes, &copied.contents);
    copied.publish(&manifest).unwrap();
    assert_eq!(embedded::verify(&to).unwrap().manifest, manifest);
    assert!(!partial.exists());
}

/// The child of the next test.
#[tokio::test]
#[ignore = "runs as a child of another test"]
async fn child_that_has_no_room_for_a_copy() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let store = fixture::store(&directory.join("store"));
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(changes(vec![setting()])).await.unwrap();
    for number in 0..400 {
        let new = insert(own, object(&format!("u{number}"), State::Active, &"n".repeat(500)));
        store.commit(changes(vec![new])).await.unwrap();
    }
    let to = directory.join("copy.db");
    let usual = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(64 * 1024), ..usual }).unwrap();
    let refused = store.engine().copy(to.clone()).await.expect_err("there is no room");
    setrlimit(Resource::Fsize, usual).unwrap();
    assert!(refused.to_string().contains("the copy cannot be written"), "{refused}");
    let left: Vec<_> = std::fs::read_dir(directory).unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(left, [directory.join("store")], "nothing is left of it");
    let copied = store.engine().copy(to).await.expect("there is room again");
    assert!(copied.bytes > 64 * 1024);
    println!("copied");
}

/// What `keys/install.rs` writes at the first start.
fn setting() -> Change {
    Change::NewSetting { name: "root.provider", value: b"env".to_vec() }
}

#[test]
fn a_copy_without_room_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "backups::child_that_has_no_room_for_a_copy", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("copied"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
