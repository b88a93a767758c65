//! Versions of keys: their states, their envelopes, and the counts of what names them.

use std::collections::BTreeMap;

use keystrata::clock::Timestamp;
use keystrata::store::{
    Change, Commit, Error, KeyLevel, KeyState, OpenKeys, Phase, Position, RotationRow, Store,
    Stored, View,
};
use kmip_ttlv::enums::State;
use proptest::prelude::*;

use super::fixture::{self, changes, object, sealed_under, service};

fn level(view: View) -> KeyLevel {
    KeyLevel::Service(service(view))
}

/// A new version, sealed under version 1 of its parent.
fn new_version(level: KeyLevel, version: u32) -> Change {
    let (state, sealed) = (KeyState::Pending, sealed_under(1, 9, 80));
    Change::NewVersion { level, version, state, sealed, created: Timestamp(3) }
}

fn moved(level: KeyLevel, version: u32, from: KeyState, to: KeyState) -> Change {
    Change::KeyState { level, version, from, to }
}

fn switch(level: KeyLevel, from: u32, to: u32) -> Vec<Change> {
    vec![
        moved(level, from, KeyState::Active, KeyState::Retired),
        moved(level, to, KeyState::Pending, KeyState::Active),
    ]
}

fn is_conflict(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Conflict))
}

async fn states(store: &Store, level: KeyLevel) -> Vec<(u32, KeyState)> {
    let rows = store.keys(level).await.unwrap();
    rows.into_iter().map(|row| (row.version, row.state)).collect()
}

/// Version → (living, sealed).
async fn counts(store: &Store, level: KeyLevel) -> BTreeMap<u32, (u64, u64)> {
    let rows = store.engine().envelopes(level).await.unwrap();
    rows.into_iter().map(|row| (row.version, (row.living, row.sealed))).collect()
}

fn insert(view: View, uid: &str, version: u32) -> Change {
    let mut stored = fixture::stored(view, object(uid, State::Active, "same"));
    stored.sealed = Some(sealed_under(version, 7, 90));
    Change::Insert { tenant: view.tenant, stored: Box::new(stored) }
}

async fn found(store: &Store, view: View, uid: &str) -> Stored {
    (*store.object(view, uid).await.unwrap().unwrap()).clone()
}

fn resealed(view: View, stored: &Stored, version: u32) -> Change {
    let stored = Stored { sealed: Some(sealed_under(version, 8, 90)), ..stored.clone() };
    Change::Reseal { tenant: view.tenant, stored: Box::new(stored) }
}

#[tokio::test]
async fn a_version_goes_through_its_states_and_its_number_is_never_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let view = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let key = level(view);
    let commit = async |made: Vec<Change>| store.commit(changes(made)).await;

    assert!(is_conflict(&commit(vec![new_version(key, 1)]).await), "it exists");
    commit(vec![new_version(key, 2)]).await.unwrap();
    let second = commit(vec![moved(key, 2, KeyState::Pending, KeyState::Active)]).await;
    assert!(is_conflict(&second), "exactly one is active");
    commit(switch(key, 1, 2)).await.unwrap();
    assert_eq!(states(&store, key).await, [(1, KeyState::Retired), (2, KeyState::Active)]);
    assert!(is_conflict(&commit(switch(key, 1, 2)).await), "nothing is done twice");

    commit(vec![moved(key, 1, KeyState::Retired, KeyState::Destroyed)]).await.unwrap();
    let rows = store.keys(key).await.unwrap();
    assert!(rows[0].sealed.as_bytes().is_empty(), "its envelope is gone");
    commit(vec![new_version(key, 3)]).await.unwrap();
    commit(vec![moved(key, 3, KeyState::Pending, KeyState::Destroyed)]).await.unwrap();
    assert!(is_conflict(&commit(vec![new_version(key, 3)]).await), "a number is used once");
    commit(vec![new_version(key, 4)]).await.unwrap();

    commit(vec![Change::Compromise { level: key, version: 2 }]).await.unwrap();
    let marked: Vec<_> = store.keys(key).await.unwrap().iter().map(|row| row.compromised).collect();
    assert_eq!(marked, [false, true, false, false]);
}

/// Whoever sealed before a switch and commits after it has to decide again.
#[tokio::test]
async fn nothing_is_sealed_under_a_version_that_is_not_active() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let view = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let (key, tenant) = (level(view), KeyLevel::Tenant(view.tenant));
    let commit = async |made: Vec<Change>| store.commit(changes(made)).await;

    commit(vec![insert(view, "before", 1), new_version(key, 2)]).await.unwrap();
    assert!(is_conflict(&commit(vec![insert(view, "early", 2)]).await));
    commit(switch(key, 1, 2)).await.unwrap();
    assert!(is_conflict(&commit(vec![insert(view, "late", 1)]).await));
    commit(vec![insert(view, "after", 2)]).await.unwrap();

    // A change of the attributes keeps the envelope that is there; another value needs a new one, though
    // the old one was under the same version.
    let before = found(&store, view, "before").await;
    commit(vec![fixture::update(view, &before, |_| ())]).await.unwrap();
    let before = found(&store, view, "before").await;
    let other = Stored { sealed: Some(sealed_under(1, 6, 90)), ..before.clone() };
    let other = Change::Update { tenant: view.tenant, stored: Box::new(other) };
    assert!(is_conflict(&commit(vec![other]).await), "sealed anew under a retired version");
    let before = found(&store, view, "before").await;
    assert!(is_conflict(&commit(vec![resealed(view, &before, 3)]).await));
    commit(vec![resealed(view, &before, 2)]).await.unwrap();
    assert!(is_conflict(&commit(vec![resealed(view, &before, 2)]).await), "the row moved on");
    assert_eq!(found(&store, view, "before").await.sealed.unwrap().parent_version(), Some(2));

    // The same one level up: a new key of the service under an old version of the tenant's.
    commit(vec![new_version(tenant, 2)]).await.unwrap();
    commit(switch(tenant, 1, 2)).await.unwrap();
    assert!(is_conflict(&commit(vec![new_version(key, 3)]).await));
    for row in store.keys(key).await.unwrap() {
        let reseal = |to| {
            let (from, to) = (row.sealed.clone(), sealed_under(to, 9, 81));
            vec![Change::ResealKey { level: key, version: row.version, from, to }]
        };
        assert!(is_conflict(&commit(reseal(3)).await));
        commit(reseal(2)).await.unwrap();
        assert!(is_conflict(&commit(reseal(2)).await), "another envelope is there now");
    }
    assert_eq!(counts(&store, tenant).await, [(1, (0, 2)), (2, (2, 2))].into());
}

#[tokio::test]
async fn a_key_has_one_rotation_at_a_time_and_it_goes_on_from_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let view = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let level = level(view);
    let row = RotationRow {
        level,
        from: 1,
        to: 2,
        phase: Phase::Announced,
        compromised: true,
        eager: true,
        reverting: false,
        started: Timestamp(5),
    };
    let step = async |from: Option<RotationRow>, to: Option<RotationRow>| {
        store.commit(changes(vec![Change::Rotation { level, from, to }])).await
    };
    step(None, Some(row)).await.unwrap();
    assert!(is_conflict(&step(None, Some(row)).await));
    let acknowledge = Change::Acknowledge { node: "n1".into(), level, version: 2 };
    store.commit(changes(vec![acknowledge.clone(), acknowledge])).await.unwrap();
    assert_eq!(store.engine().acknowledged(level, 2).await.unwrap(), ["n1"]);

    let switched = RotationRow { phase: Phase::Switched, ..row };
    assert!(is_conflict(&step(Some(switched), None).await));
    let back = RotationRow { from: 2, to: 1, ..row };
    assert!(is_conflict(&step(Some(back), None).await), "it leads elsewhere");
    step(Some(row), Some(switched)).await.unwrap();
    drop(store);
    let store = fixture::store(directory.path());
    assert_eq!(store.engine().rotations().await.unwrap(), [switched]);
    let end = Change::Rotation { level, from: Some(switched), to: None };
    store.commit(changes(vec![end])).await.unwrap();
    assert!(store.engine().rotations().await.unwrap().is_empty());
    assert!(store.engine().acknowledged(level, 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_node_is_known_with_what_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    for (heard, roots) in [(1, vec![1]), (2, vec![1, 70_000])] {
        let open = OpenKeys { tenant: 7, service: u32::from(heard == 2) };
        let beat = Change::Heartbeat { node: "n1".into(), heard: Timestamp(heard), roots, open };
        store.commit(changes(vec![beat])).await.unwrap();
    }
    let nodes = store.engine().nodes().await.unwrap();
    assert_eq!(nodes.len(), 1);
    assert_eq!((nodes[0].heard, nodes[0].roots.as_slice()), (Timestamp(2), &[1, 70_000][..]));
    assert_eq!(nodes[0].open, OpenKeys { tenant: 7, service: 1 });
}

#[tokio::test]
async fn a_setting_is_changed_only_from_what_was_seen() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let name = "root.provider";
    let made = Change::NewSetting { name, value: b"env".to_vec() };
    store.commit(changes(vec![made])).await.unwrap();
    let change = |from: &[u8]| {
        let (from, to) = (from.to_vec(), b"pkcs11".to_vec());
        changes(vec![Change::Setting { name, from, to }])
    };
    assert!(is_conflict(&store.commit(change(b"other")).await));
    store.commit(change(b"env")).await.unwrap();
    assert_eq!(store.setting(name).await.unwrap().unwrap(), b"pkcs11");
}

/// An object that changes its kind while it is looked for is not missed, and none is seen twice.
#[tokio::test]
async fn every_stale_object_is_found_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let view = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let other = fixture::view(&**store.engine(), "tenant-a", "billing").await;
    for number in 0..25 {
        let uid = format!("u{number}");
        let mut made = object(&uid, State::from_number(1 + number % 3), "same");
        if number % 6 == 0 {
            fixture::make_timed(&mut made);
        }
        store.commit(changes(vec![fixture::insert(view, made)])).await.unwrap();
        store.commit(changes(vec![insert(other, &format!("o{number}"), 1)])).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), Some(Position(0)));
    while let Some(from) = after {
        let (tenant, service) = (view.tenant, service(view));
        let part = store.engine().stale(tenant, service, 2, from, 4).await.unwrap();
        assert!(part.stale.len() <= 4);
        seen.extend(part.stale.iter().map(|stored| stored.object.uid.clone()));
        after = part.next;
        // What was not seen yet changes its kind.
        let last = found(&store, view, "u24").await;
        let flip =
            if last.object.state() == State::Active { State::PreActive } else { State::Active };
        let change = fixture::update(view, &last, |object| {
            object.attributes.put(kmip_ttlv::attribute::Attribute::State(flip));
        });
        store.commit(changes(vec![change])).await.unwrap();
    }
    let expected: Vec<_> = (0..25).map(|number| format!("u{number}")).collect();
    assert_eq!(seen, expected);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u8),
    Erase(u8),
    Reseal(u8),
    Rotate,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8).prop_map(Step::Insert),
        2 => (0..12_u8).prop_map(Step::Erase),
        3 => (0..12_u8).prop_map(Step::Reseal),
        1 => Just(Step::Rotate),
        1 => Just(Step::Restart),
    ]
}

async fn run(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = fixture::store(directory.path());
    let view = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let (key, mut active) = (level(view), 1);
    let (mut model, mut sealed) = (BTreeMap::<u8, Option<u32>>::new(), BTreeMap::new());
    for step in steps {
        let made = match step {
            Step::Restart => {
                drop(store);
                store = fixture::store(directory.path());
                continue;
            }
            Step::Rotate => {
                let mut made = vec![new_version(key, active + 1)];
                made.extend(switch(key, active, active + 1));
                store.commit(changes(made)).await.unwrap();
                active += 1;
                continue;
            }
            Step::Insert(uid) if !model.contains_key(&uid) => {
                model.insert(uid, Some(active));
                *sealed.entry(active).or_insert(0) += 1;
                insert(view, &format!("u{uid}"), active)
            }
            Step::Erase(uid) if model.contains_key(&uid) => {
                model.insert(uid, None);
                let mut stored = found(&store, view, &format!("u{uid}")).await;
                stored.sealed = None;
                Change::Update { tenant: view.tenant, stored: Box::new(stored) }
            }
            Step::Reseal(uid) if model.get(&uid).is_some_and(Option::is_some) => {
                model.insert(uid, Some(active));
                *sealed.entry(active).or_insert(0) += 1;
                resealed(view, &found(&store, view, &format!("u{uid}")).await, active)
            }
            // A commit that is refused counts nothing.
            Step::Insert(uid) => {
                let twice =
                    vec![insert(view, "new", active), insert(view, &format!("u{uid}"), active)];
                assert!(is_conflict(&store.commit(changes(twice)).await));
                continue;
            }
            Step::Erase(_) | Step::Reseal(_) => continue,
        };
        store.commit(Commit { changes: vec![made], audit: Vec::new() }).await.unwrap();
    }
    let mut expected: BTreeMap<u32, (u64, u64)> =
        sealed.into_iter().map(|(version, sealed)| (version, (0, sealed))).collect();
    for version in model.values().flatten() {
        expected.entry(*version).or_default().0 += 1;
    }
    assert_eq!(counts(&store, key).await, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The counts that are kept are the counts that a count would find.
    #[test]
    fn counts_are_exact(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
