//! What every engine does, whatever it is made of.

use std::sync::Arc;

use keystrata::clock::Timestamp;
use keystrata::store::{
    Change, Engine, Error, KeyLevel, KeyState, Position, Selector, Stored, TenantState, View,
};
use keystrata::tenant::{Mode, Role, TenantId};
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{ObjectType, State};

use super::fixture::{
    changes, entry, insert, key, make_timed, name, object, service, service_name, tenant_name,
    update, view, whole,
};

async fn get(engine: &dyn Engine, view: View, uid: &str) -> Option<Arc<Stored>> {
    engine.object(view, uid).await.expect("reads")
}

async fn commit(engine: &dyn Engine, changes_: Vec<Change>) -> Result<(), Error> {
    engine.commit(changes(changes_)).await
}

async fn select(engine: &dyn Engine, view: View, selector: Selector) -> Vec<String> {
    let found = engine.select(view, selector, None, 1000).await.expect("reads");
    assert!(found.is_sorted_by(|(newer, _), (older, _)| newer > older), "newest first");
    found.into_iter().map(|(_, stored)| stored.object.uid.clone()).collect()
}

fn by_name(name: &str) -> Selector {
    Selector { entry: entry(name), ..Selector::default() }
}

fn by_state(state: State) -> Selector {
    Selector { states: vec![state], ..Selector::default() }
}

/// A tenant and a service are found by name with the first version of their keys, and their names
/// can be taken once.
pub(crate) async fn tenants_and_services_are_registered_once(engine: &dyn Engine) {
    let view = view(engine, "tenant-a", "orders").await;
    let tenant = engine.tenant(&tenant_name("tenant-a")).await.expect("reads").expect("is there");
    assert_eq!((tenant.id, tenant.state), (view.tenant, TenantState::Active));
    let row = engine.service(view.tenant, &service_name("orders")).await.expect("reads");
    let row = row.expect("is there");
    assert_eq!((row.tenant, row.mode, row.role), (tenant.id, Mode::ReadWrite, Role::Service));
    assert_eq!((row.operations.clone(), row.created), (None, Timestamp(2)));
    let by_id = engine.service_by_id(tenant.id, row.id).await.expect("reads");
    assert_eq!(by_id, Some(row.clone()));
    let elsewhere = engine.service_by_id(TenantId(tenant.id.0 + 1), row.id).await.expect("reads");
    assert_eq!(elsewhere, None);

    for (level, byte) in [(KeyLevel::Tenant(tenant.id), 2), (KeyLevel::Service(row.id), 3)] {
        let keys = engine.keys(level).await.expect("reads");
        let [first] = keys.as_slice() else { panic!("one version, not {keys:?}") };
        assert_eq!((first.level, first.version, first.state), (level, 1, KeyState::Active));
        assert_eq!(first.sealed, key(byte).sealed);
    }

    let again = Change::NewTenant {
        name: tenant.name.clone(),
        root: None,
        key: key(9),
        created: Timestamp(9),
    };
    assert!(matches!(commit(engine, vec![again]).await, Err(Error::Conflict)));
    let again = Change::NewService {
        tenant: tenant.id,
        name: row.name.clone(),
        mode: Mode::ReadOnly,
        role: Role::TenantAdmin,
        key: key(9),
        created: Timestamp(9),
    };
    assert!(matches!(commit(engine, vec![again]).await, Err(Error::Conflict)));
    assert_eq!(engine.keys(KeyLevel::Service(row.id)).await.expect("reads").len(), 1);
    assert_eq!(engine.tenant(&tenant_name("nobody")).await.expect("reads"), None);
}

/// A setting is written once.
pub(crate) async fn a_setting_is_written_once(engine: &dyn Engine) {
    let set = |value: u8| Change::NewSetting { name: "root.provider", value: vec![value] };
    assert_eq!(engine.setting("root.provider").await.expect("reads"), None);
    commit(engine, vec![set(1)]).await.expect("commits");
    assert!(matches!(commit(engine, vec![set(2)]).await, Err(Error::Conflict)));
    assert_eq!(engine.setting("root.provider").await.expect("reads"), Some(vec![1]));
}

/// An object is seen by its service and by its whole tenant, and by nobody else.
pub(crate) async fn an_object_is_seen_by_its_own_alone(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    let sibling = view(engine, "tenant-a", "billing").await;
    let stranger = view(engine, "tenant-b", "orders").await;
    let made = object("u1", State::Active, "n1");
    commit(engine, vec![insert(own, made.clone())]).await.expect("commits");
    for seen_by in [own, whole(own)] {
        let found = get(engine, seen_by, "u1").await.expect("is there");
        assert_eq!((&found.object, found.revision), (&made, 1));
        assert_eq!(found.service, service(own));
        assert_eq!(found.sealed.as_ref().map(|it| it.as_bytes().len()), Some(90));
        assert_eq!(select(engine, seen_by, by_name("n1")).await, ["u1"]);
        assert_eq!(select(engine, seen_by, Selector::default()).await, ["u1"]);
    }
    for blind in [sibling, stranger, whole(stranger)] {
        assert_eq!(get(engine, blind, "u1").await, None);
        assert!(select(engine, blind, by_name("n1")).await.is_empty());
        assert!(select(engine, blind, Selector::default()).await.is_empty());
    }
    // The same identifier may exist in another tenant, but not twice in one.
    commit(engine, vec![insert(stranger, made.clone())]).await.expect("commits");
    let twice = commit(engine, vec![insert(sibling, made)]).await;
    assert!(matches!(twice, Err(Error::Conflict)));
}

/// An object cannot be put under a service of another tenant.
pub(crate) async fn a_row_is_always_under_its_own_tenant(engine: &dyn Engine) {
    let one = view(engine, "tenant-a", "orders").await;
    let two = view(engine, "tenant-b", "orders").await;
    let mixed = View { tenant: one.tenant, service: two.service };
    let made = commit(engine, vec![insert(mixed, object("u1", State::Active, "n"))]).await;
    assert!(matches!(made, Err(Error::Failed(_))), "{made:?}");
    assert_eq!(get(engine, whole(one), "u1").await, None);
}

/// A change that was decided on an old revision is refused, and changes nothing.
pub(crate) async fn a_change_needs_the_latest_revision(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    commit(engine, vec![insert(own, object("u1", State::PreActive, "old"))]).await.expect("made");
    let first = get(engine, own, "u1").await.expect("is there");
    let activate = |object: &mut keystrata::object::Object| {
        object.attributes.put(Attribute::State(State::Active));
    };
    commit(engine, vec![update(own, &first, activate)]).await.expect("commits");
    let late = commit(engine, vec![update(own, &first, |_| ())]).await;
    assert!(matches!(late, Err(Error::Conflict)));
    let second = get(engine, own, "u1").await.expect("is there");
    assert_eq!((second.revision, second.object.state()), (2, State::Active));
    let mut missing = (*second).clone();
    missing.object.uid = "u2".into();
    let missing = commit(engine, vec![update(own, &missing, |_| ())]).await;
    assert!(matches!(missing, Err(Error::Conflict)));
}

/// Changes of one commit happen together or not at all, and see each other.
pub(crate) async fn a_commit_is_made_whole_or_not_at_all(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    commit(engine, vec![insert(own, object("u1", State::Active, "n1"))]).await.expect("made");
    let old = get(engine, own, "u1").await.expect("is there");
    commit(engine, vec![update(own, &old, |_| ())]).await.expect("commits");
    let half = vec![insert(own, object("u2", State::Active, "n2")), update(own, &old, |_| ())];
    assert!(matches!(commit(engine, half).await, Err(Error::Conflict)));
    assert_eq!(get(engine, own, "u2").await, None);
    assert!(select(engine, own, by_name("n2")).await.is_empty());

    let made = super::fixture::stored(own, object("u3", State::PreActive, "n3"));
    let chain = vec![
        insert(own, made.object.clone()),
        update(own, &made, |object| object.attributes.put(Attribute::State(State::Active))),
    ];
    commit(engine, chain).await.expect("commits");
    let made = get(engine, own, "u3").await.expect("is there");
    assert_eq!((made.revision, made.object.state()), (2, State::Active));
}

/// Of many commits at once, one that conflicts fails alone.
pub(crate) async fn a_conflict_fails_alone(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    let uid = |n: usize| if n.is_multiple_of(5) { "same".to_owned() } else { format!("u{n}") };
    let commits = (0..100)
        .map(|n| engine.commit(changes(vec![insert(own, object(&uid(n), State::Active, "n"))])));
    let commits: Vec<_> = commits.collect();
    let mut conflicts = 0;
    for result in join_all(commits).await {
        match result {
            Ok(()) => {}
            Err(Error::Conflict) => conflicts += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(conflicts, 19);
    assert_eq!(select(engine, own, by_name("n")).await.len(), 81);
}

/// Polls all futures until each is done.
async fn join_all<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    use std::pin::Pin;
    use std::task::Poll;

    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = Pin::new(future).poll(cx)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// A search gives objects newest first, page by page, each once.
pub(crate) async fn a_search_pages_from_new_to_old(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    let other = view(engine, "tenant-a", "billing").await;
    for n in 0..20 {
        let state = if n % 3 == 0 { State::PreActive } else { State::Active };
        let owner = if n % 4 == 3 { other } else { own };
        let made = insert(owner, object(&format!("u{n}"), state, "same"));
        commit(engine, vec![made]).await.expect("commits");
    }
    for selector in [Selector::default(), by_name("same")] {
        for (view, expected) in [(whole(own), 20), (own, 15), (other, 5)] {
            let mut seen = Vec::new();
            let mut before: Option<Position> = None;
            loop {
                let page = engine.select(view, selector.clone(), before, 3).await.expect("reads");
                let Some((last, _)) = page.last() else { break };
                assert!(page.len() <= 3);
                before = Some(*last);
                let number = |uid: &str| uid[1..].parse::<u32>().expect("a number");
                seen.extend(page.iter().map(|(_, stored)| number(&stored.object.uid)));
            }
            assert_eq!(seen.len(), expected);
            assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
        }
    }
}

/// A search by type and state finds those, and those whose state may have changed by itself.
pub(crate) async fn a_search_by_type_and_state_uses_what_is_stored(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    let mut timed = object("timed", State::PreActive, "n");
    make_timed(&mut timed);
    let mut secret = object("secret", State::Active, "n");
    secret.object_type = ObjectType::SecretData;
    let all = vec![
        insert(own, object("active", State::Active, "n")),
        insert(own, object("waiting", State::PreActive, "n")),
        insert(own, timed),
        insert(own, secret),
    ];
    commit(engine, all).await.expect("commits");
    let found = select(engine, own, by_state(State::Active)).await;
    assert_eq!(found, ["secret", "timed", "active"]);
    let found = select(engine, own, by_state(State::Deactivated)).await;
    assert_eq!(found, ["timed"]);
    let keys = vec![ObjectType::SymmetricKey];
    let selector = Selector { object_types: keys, ..by_state(State::Active) };
    assert_eq!(select(engine, own, selector).await, ["timed", "active"]);

    let active = get(engine, own, "active").await.expect("is there");
    let revoke = update(own, &active, |object| {
        object.attributes.put(Attribute::State(State::Deactivated));
    });
    commit(engine, vec![revoke]).await.expect("commits");
    assert_eq!(select(engine, own, by_state(State::Deactivated)).await, ["timed", "active"]);
}

/// A search follows a name that was changed, and finds every object that has it.
pub(crate) async fn a_search_by_name_follows_changes(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    let two = vec![
        insert(own, object("u1", State::Active, "one")),
        insert(own, object("u2", State::Active, "two")),
    ];
    commit(engine, two).await.expect("commits");
    let first = get(engine, own, "u1").await.expect("is there");
    let rename = update(own, &first, |object| {
        assert!(object.attributes.replace(0, name("two")));
    });
    commit(engine, vec![rename]).await.expect("commits");
    assert!(select(engine, own, by_name("one")).await.is_empty());
    assert_eq!(select(engine, own, by_name("two")).await, ["u2", "u1"]);
    let first = get(engine, own, "u1").await.expect("is there");
    let second_name = update(own, &first, |object| {
        object.attributes.add(name("three"));
    });
    commit(engine, vec![second_name]).await.expect("commits");
    assert_eq!(select(engine, own, by_name("two")).await, ["u2", "u1"]);
    assert_eq!(select(engine, own, by_name("three")).await, ["u1"]);
}

/// A value that was destroyed is gone from the row.
pub(crate) async fn a_destroyed_value_is_gone(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    commit(engine, vec![insert(own, object("u1", State::PreActive, "n"))]).await.expect("made");
    let mut stored = (*get(engine, own, "u1").await.expect("is there")).clone();
    stored.sealed = None;
    commit(engine, vec![update(own, &stored, |_| ())]).await.expect("commits");
    assert_eq!(get(engine, own, "u1").await.expect("is there").sealed, None);
}

/// After the end everything is refused, and nothing hangs.
pub(crate) async fn a_closed_engine_refuses(engine: &dyn Engine) {
    let own = view(engine, "tenant-a", "orders").await;
    engine.close();
    engine.close();
    let made = commit(engine, vec![insert(own, object("u1", State::Active, "n"))]).await;
    assert!(matches!(made, Err(Error::Failed(_))), "{made:?}");
    assert!(matches!(engine.object(own, "u1").await, Err(Error::Failed(_))));
}
