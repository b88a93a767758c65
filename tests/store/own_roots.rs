//! Roots of tenants' own: whose envelope a tenant's key may be, and what is counted for whom.

use keystrata::clock::Timestamp;
use keystrata::store::{
    Administration, BackupKey, Change, Error, KeyLevel, KeyState, NewKey, NewRoot, Phase,
    RotationRow, SHARED_ROOT, Sealed, Store, Target, TenantState,
};
use keystrata::tenant::{TenantId, Whose};

use super::fixture::{self, changes, sealed_by_own, sealed_under};

async fn commit(store: &Store, made: Vec<Change>) -> Result<(), Error> {
    store.commit(changes(made)).await
}

fn is_conflict(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Conflict))
}

fn version(level: KeyLevel, version: u32, state: KeyState, sealed: Sealed) -> Change {
    Change::NewVersion { level, version, state, sealed, created: Timestamp(3) }
}

/// A version of the tenant's own root, active or pending.
fn root(tenant: TenantId, number: u32, state: KeyState) -> Change {
    version(KeyLevel::OwnRoot(tenant), number, state, sealed_by_own(number))
}

fn state(level: KeyLevel, version: u32, from: KeyState, to: KeyState) -> Change {
    Change::KeyState { level, version, from, to }
}

fn reseal(tenant: TenantId, from: &Sealed, to: &Sealed) -> Change {
    let (from, to) = (from.clone(), to.clone());
    Change::ResealKey { level: KeyLevel::Tenant(tenant), version: 1, from, to }
}

/// How many envelopes are under each version of a root, of those that there are.
async fn living(store: &Store, level: KeyLevel) -> Vec<(u32, u64)> {
    let counts = store.engine().envelopes(level).await.expect("reads");
    counts.iter().filter(|it| it.living > 0).map(|it| (it.version, it.living)).collect()
}

#[tokio::test]
async fn a_tenants_key_is_sealed_by_the_root_that_it_is_under_and_by_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fixture::store(directory.path());
    let tenant = fixture::tenant(&**store.engine(), "tenant-a").await;
    let (key, own) = (KeyLevel::Tenant(tenant), KeyLevel::OwnRoot(tenant));
    let shared = store.keys(key).await.expect("reads")[0].sealed.clone();
    assert_eq!(shared.whose(), Whose::Shared);
    let by_own = sealed_by_own(1);

    // Under the shared root: also while a version of its own is pending.
    commit(&store, vec![root(tenant, 1, KeyState::Pending)]).await.expect("commits");
    assert!(is_conflict(&commit(&store, vec![reseal(tenant, &shared, &by_own)]).await));
    assert_eq!(living(&store, KeyLevel::Root).await, [(1, 1)]);

    // Under its own: what is sealed anew, and what is new.
    let switch = state(own, 1, KeyState::Pending, KeyState::Active);
    commit(&store, vec![switch]).await.expect("commits");
    let late = version(key, 2, KeyState::Pending, sealed_under(1, 9, 80));
    assert!(is_conflict(&commit(&store, vec![late]).await), "it was sealed before the switch");
    let other = sealed_by_own(2);
    assert!(is_conflict(&commit(&store, vec![reseal(tenant, &shared, &other)]).await));
    commit(&store, vec![reseal(tenant, &shared, &by_own)]).await.expect("commits");
    let new = version(key, 2, KeyState::Pending, sealed_by_own(1));
    commit(&store, vec![new]).await.expect("commits");
    assert_eq!(living(&store, KeyLevel::Root).await, []);
    assert_eq!(living(&store, own).await, [(1, 2)]);

    // And back.
    let back = state(own, 1, KeyState::Active, KeyState::Retired);
    commit(&store, vec![back]).await.expect("commits");
    assert!(is_conflict(&commit(&store, vec![reseal(tenant, &by_own, &sealed_by_own(2))]).await));
    commit(&store, vec![reseal(tenant, &by_own, &shared)]).await.expect("commits");
    let gone = state(key, 2, KeyState::Pending, KeyState::Destroyed);
    commit(&store, vec![gone]).await.expect("commits");
    assert_eq!(living(&store, own).await, []);
    assert_eq!(living(&store, KeyLevel::Root).await, [(1, 1)]);
}

#[tokio::test]
async fn a_tenant_is_new_with_its_own_root_and_shredded_with_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fixture::store(directory.path());
    let name = fixture::tenant_name("tenant-a");
    let new = |sealed: Sealed| Change::NewTenant {
        name: name.clone(),
        root: Some(NewRoot { version: 4, check: sealed_by_own(4) }),
        key: NewKey { sealed },
        created: Timestamp(1),
    };
    for wrong in [sealed_under(4, 9, 80), sealed_by_own(3)] {
        assert!(is_conflict(&commit(&store, vec![new(wrong)]).await));
        assert!(store.tenant(&name).await.expect("reads").is_none(), "nothing was written");
    }
    commit(&store, vec![new(sealed_by_own(4))]).await.expect("commits");
    let tenant = store.tenant(&name).await.expect("reads").expect("is there");
    let own = KeyLevel::OwnRoot(tenant.id);
    let owner = store.engine().owner(own).await.expect("reads");
    assert_eq!(owner, Some((tenant.clone(), None)));
    // A backup names its version, and has something to prove either root by.
    fixture::tenant(&**store.engine(), "tenant-b").await;
    let provider = Change::NewSetting { name: "root.provider", value: b"env".to_vec() };
    let shared = version(KeyLevel::Root, 1, KeyState::Active, sealed_under(1, 9, 80));
    commit(&store, vec![provider, shared]).await.expect("commits");
    let to = directory.path().join("copy.db");
    let contents = store.engine().copy(to).await.expect("is copied").contents;
    for (level, version) in [(own, 4), (KeyLevel::Root, 1)] {
        let key = BackupKey { level, version, envelopes: 1 };
        assert!(contents.keys.contains(&key), "{:?}", contents.keys);
    }
    assert_eq!(contents.roots(), [1]);
    let [shared, own_sample] = contents.samples.as_slice() else { panic!("{contents:?}") };
    assert_eq!(shared.tenant, Some(fixture::tenant_name("tenant-b")));
    assert_eq!((shared.own(), own_sample.own()), (None, Some(&name)));

    let row = RotationRow {
        level: own,
        from: 4,
        to: SHARED_ROOT,
        phase: Phase::Announced,
        compromised: false,
        eager: false,
        reverting: false,
        started: Timestamp(5),
    };
    assert!(row.is_move());
    let begun = Change::Rotation { level: own, from: None, to: Some(row) };
    commit(&store, vec![begun]).await.expect("commits");
    assert_eq!(store.engine().rotations().await.expect("reads"), [row]);

    let target = Target { tenant: tenant.id, service: None };
    let gone = Administration::Shred { target, statement: "gone".into() };
    commit(&store, vec![Change::Administer(gone)]).await.expect("commits");
    let rows = store.keys(own).await.expect("reads");
    assert_eq!((rows.len(), rows[0].state), (1, KeyState::Destroyed));
    assert!(rows[0].sealed.as_bytes().is_empty());
    assert_eq!(living(&store, own).await, []);
    assert_eq!(living(&store, KeyLevel::Root).await, [(1, 1)], "tenant-b's");
    assert!(store.engine().rotations().await.expect("reads").is_empty());
    let state = store.engine().owner(own).await.expect("reads").expect("is there").0.state;
    assert_eq!(state, TenantState::Shredded);
}

/// What finds the key of a destroyed version in its token stays until the token has it no more.
#[tokio::test]
async fn a_doomed_version_keeps_its_check_value_until_its_key_is_gone() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fixture::store(directory.path());
    let tenant = fixture::tenant(&**store.engine(), "tenant-a").await;
    let own = KeyLevel::OwnRoot(tenant);
    let doom = |level| Change::Doom { level, version: 1, from: KeyState::Pending };
    let gone = |check| Change::Gone { level: own, version: 1, check };
    commit(&store, vec![root(tenant, 1, KeyState::Pending)]).await.expect("commits");
    assert!(
        is_conflict(&commit(&store, vec![gone(sealed_by_own(1))]).await),
        "it is not destroyed"
    );
    commit(&store, vec![doom(own)]).await.expect("commits");
    assert!(is_conflict(&commit(&store, vec![doom(own)]).await), "it is");
    let known = store.engine().root_keys().await.expect("reads");
    let [row] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!((row.level, row.version, row.state), (own, 1, KeyState::Destroyed));
    assert_eq!(row.sealed, sealed_by_own(1));
    assert!(is_conflict(&commit(&store, vec![gone(sealed_by_own(2))]).await), "another key");
    commit(&store, vec![gone(sealed_by_own(1))]).await.expect("commits");
    assert!(store.engine().root_keys().await.expect("reads").is_empty());
    let rows = store.keys(own).await.expect("reads");
    assert_eq!((rows.len(), rows[0].version), (1, 1), "its number is not used again");
    assert!(rows[0].sealed.as_bytes().is_empty());
    // No other key has such an end: its envelope is the key.
    let tenants = KeyLevel::Tenant(tenant);
    let pending = version(tenants, 2, KeyState::Pending, sealed_under(1, 9, 80));
    commit(&store, vec![pending]).await.expect("commits");
    let doomed = Change::Doom { level: tenants, version: 2, from: KeyState::Pending };
    assert!(is_conflict(&commit(&store, vec![doomed]).await));
}
