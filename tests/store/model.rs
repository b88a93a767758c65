//! The embedded engine against a model: any commits, any searches, any restarts.

use std::collections::BTreeMap;

use keystrata::object::Object;
use keystrata::store::{Change, Engine, Error, Position, Selector, Stored, View};
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{ObjectType, State};
use proptest::prelude::*;

use super::fixture::{self, changes, entry, make_timed, name, object, service};

/// A change, by small numbers that are likely to meet.
#[derive(Debug, Clone)]
enum Step {
    Insert {
        owner: usize,
        uid: u8,
        shape: Shape,
    },
    /// `lag`: how many revisions the decision is behind; 0 succeeds.
    Update {
        owner: usize,
        uid: u8,
        shape: Shape,
        lag: u64,
    },
}

/// What an object looks like.
#[derive(Debug, Clone)]
struct Shape {
    state: State,
    secret: bool,
    timed: bool,
    names: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Action {
    Commit(Vec<Step>),
    Restart,
}

fn shape() -> impl Strategy<Value = Shape> {
    (1..5_u32, any::<bool>(), any::<bool>(), proptest::collection::vec(0..3_u8, 0..3)).prop_map(
        |(state, secret, timed, names)| {
            let timed = timed && state == 1;
            Shape { state: State::from_number(state), secret, timed, names }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let owner = 0..OWNERS.len();
    prop_oneof![
        (owner.clone(), 0..6_u8, shape()).prop_map(|(owner, uid, shape)| Step::Insert {
            owner,
            uid,
            shape
        }),
        (owner, 0..6_u8, shape(), prop_oneof![4 => Just(0), 1 => 1..3_u64])
            .prop_map(|(owner, uid, shape, lag)| Step::Update { owner, uid, shape, lag }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        9 => proptest::collection::vec(step(), 1..4).prop_map(Action::Commit),
        1 => Just(Action::Restart),
    ]
}

const OWNERS: [(&str, &str); 3] = [("a", "one"), ("a", "two"), ("b", "one")];

fn dress(uid: u8, shape: &Shape) -> Object {
    let mut made = object(&format!("u{uid}"), shape.state, "same");
    if shape.secret {
        made.object_type = ObjectType::SecretData;
    }
    for each in &shape.names {
        made.attributes.add(name(&format!("n{each}")));
    }
    if shape.timed {
        make_timed(&mut made);
    }
    made
}

/// What the engine should hold: by tenant and identifier, in the order of coming.
#[derive(Debug, Clone, Default)]
struct Model {
    rows: BTreeMap<(i64, String), (u64, Stored)>,
    inserted: u64,
}

impl Model {
    fn apply(&mut self, change: &Change) -> Result<(), ()> {
        match change {
            Change::Insert { tenant, stored } => {
                let key = (tenant.0, stored.object.uid.clone());
                if self.rows.contains_key(&key) {
                    return Err(());
                }
                self.inserted += 1;
                self.rows.insert(key, (self.inserted, (**stored).clone()));
            }
            Change::Update { tenant, stored } => {
                let key = (tenant.0, stored.object.uid.clone());
                let row = self.rows.get_mut(&key).ok_or(())?;
                if row.1.revision != stored.revision || row.1.service != stored.service {
                    return Err(());
                }
                row.1 = Stored { revision: stored.revision + 1, ..(**stored).clone() };
            }
            _ => unreachable!("no such step"),
        }
        Ok(())
    }

    /// The objects that a selector has to let through, newest first.
    fn select(&self, view: View, selector: &Selector) -> Vec<String> {
        let wanted = |stored: &Stored| {
            let object = &stored.object;
            view.has(stored.service)
                && (selector.object_types.is_empty()
                    || selector.object_types.contains(&object.object_type))
                && (selector.states.is_empty()
                    || object.is_timed()
                    || selector.states.contains(&object.state()))
                && selector.entry.as_ref().is_none_or(|it| object.index_entries().contains(it))
        };
        let mut found: Vec<_> = self
            .rows
            .iter()
            .filter(|((tenant, _), (_, stored))| *tenant == view.tenant.0 && wanted(stored))
            .map(|((_, uid), (position, _))| (*position, uid.clone()))
            .collect();
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.into_iter().map(|(_, uid)| uid).collect()
    }
}

fn change(model: &Model, views: &[View], step: &Step) -> Change {
    match step {
        Step::Insert { owner, uid, shape } => fixture::insert(views[*owner], dress(*uid, shape)),
        Step::Update { owner, uid, shape, lag } => {
            let view = views[*owner];
            let row = model.rows.get(&(view.tenant.0, format!("u{uid}")));
            let revision = row.map_or(1, |row| row.1.revision);
            let mut stored = fixture::stored(view, dress(*uid, shape));
            stored.service = row.map_or(service(view), |row| row.1.service);
            stored.revision = revision + lag;
            if shape.state == State::Compromised {
                stored.sealed = None;
            }
            Change::Update { tenant: view.tenant, stored: Box::new(stored) }
        }
    }
}

async fn compare(engine: &dyn Engine, model: &Model, views: &[View]) {
    let mut all = views.to_vec();
    all.extend(views.iter().map(|view| fixture::whole(*view)));
    for view in all {
        for uid in (0..6).map(|n| format!("u{n}")) {
            let found = engine.object(view, &uid).await.expect("reads");
            let row = model.rows.get(&(view.tenant.0, uid)).filter(|row| view.has(row.1.service));
            assert_eq!(found.as_deref(), row.map(|row| &row.1));
        }
        let types = [vec![], vec![ObjectType::SecretData]];
        let states = [vec![], vec![State::Active], vec![State::Deactivated, State::Compromised]];
        for object_types in types {
            for states in &states {
                let selector = Selector {
                    object_types: object_types.clone(),
                    states: states.clone(),
                    entry: None,
                };
                let expected = model.select(view, &selector);
                assert_eq!(pages(engine, view, &selector).await, expected, "{selector:?}");
            }
        }
        for named in ["same", "n0", "n1", "n2", "none"] {
            let selector = Selector { entry: entry(named), ..Selector::default() };
            let expected = model.select(view, &selector);
            assert_eq!(pages(engine, view, &selector).await, expected, "{named}");
        }
    }
}

/// Everything that a selector selects, read in pages of two.
async fn pages(engine: &dyn Engine, view: View, selector: &Selector) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Option<Position> = None;
    loop {
        let page = engine.select(view, selector.clone(), before, 2).await.expect("reads");
        let Some((last, _)) = page.last() else { return found };
        before = Some(*last);
        found.extend(page.into_iter().map(|(_, stored)| stored.object.uid.clone()));
    }
}

async fn run(actions: Vec<Action>) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = fixture::store(directory.path());
    let mut views = Vec::new();
    for (tenant, service) in OWNERS {
        views.push(fixture::view(&**store.engine(), tenant, service).await);
    }
    let mut model = Model::default();
    for action in actions {
        match action {
            Action::Restart => {
                drop(store);
                store = fixture::store(directory.path());
            }
            Action::Commit(steps) => {
                let mut after = model.clone();
                let mut made = Vec::new();
                let mut expected = Ok(());
                for step in steps {
                    let change = change(&after, &views, &step);
                    expected = expected.and_then(|()| after.apply(&change));
                    made.push(change);
                }
                let result = store.commit(changes(made)).await;
                assert_eq!(result.is_ok(), expected.is_ok(), "{result:?}");
                assert!(matches!(result, Ok(()) | Err(Error::Conflict)), "{result:?}");
                if expected.is_ok() {
                    model = after;
                }
            }
        }
    }
    compare(&**store.engine(), &model, &views).await;
    // And through the cache.
    for ((tenant, uid), (_, row)) in &model.rows {
        let view = *views.iter().find(|view| view.tenant.0 == *tenant).expect("a view");
        let found = store.object(fixture::whole(view), uid).await.expect("reads");
        assert_eq!(found.as_deref(), Some(row));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// The engine and the model agree on what may be committed and on everything that can be read.
    #[test]
    fn the_engine_does_what_the_model_does(actions in proptest::collection::vec(action(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(run(actions));
    }
}

#[test]
fn an_attribute_that_is_set_is_in_the_shape() {
    let shape = Shape { state: State::PreActive, secret: true, timed: true, names: vec![1, 2] };
    let dressed = dress(1, &shape);
    assert!(dressed.is_timed());
    assert_eq!(dressed.index_entries().len(), 3);
    assert!(dressed.attributes.iter().any(|it| matches!(it.attribute, Attribute::State(_))));
}
