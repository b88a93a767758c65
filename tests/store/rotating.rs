//! What is due for rotation is known after a restart, and follows the objects.

use keystrata::clock::Timestamp;
use keystrata::object::Object;
use keystrata::store::{Administration, Change, DueRotation, Engine, TenantRow, TenantState};
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::State;
use kmip_ttlv::{DateTime, Interval};

use super::fixture::{changes, insert, object, service, store as open, tenant_name, update, view};

async fn due(engine: &dyn Engine, seconds: i64) -> Vec<DueRotation> {
    engine.due_rotations(at(seconds), 2, 3).await.expect("reads")
}

async fn next(engine: &dyn Engine) -> Option<Timestamp> {
    engine.next_rotation().await.expect("reads")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn rotated_after(uid: &str, seconds: u32) -> Object {
    let mut object = object(uid, State::Active, "n");
    object.attributes.put(Attribute::InitialDate(DateTime(100)));
    object.attributes.put(Attribute::RotateAutomatic(true));
    object.attributes.put(Attribute::RotateInterval(Interval(seconds)));
    object
}

fn uids(due: &[DueRotation]) -> Vec<&str> {
    due.iter().map(|due| due.uid.as_str()).collect()
}

#[tokio::test]
async fn what_is_due_follows_the_objects_and_outlives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let made = open(directory.path());
    let own = view(&**made.engine(), "tenant-a", "orders").await;
    for (uid, seconds) in [("a", 30), ("b", 10), ("c", 20), ("d", 0)] {
        made.commit(changes(vec![insert(own, rotated_after(uid, seconds))])).await.expect("made");
    }
    assert_eq!(next(&**made.engine()).await, Some(at(110)));
    drop(made);
    let store = open(directory.path());
    let engine = &**store.engine();
    assert_eq!(uids(&due(engine, 109).await), Vec::<&str>::new());
    assert_eq!(uids(&due(engine, 110).await), ["b"]);
    let first = due(engine, 130).await;
    assert_eq!(uids(&first), ["b", "c"], "a few of each tenant");
    assert_eq!(first[0], DueRotation { due: at(110), service: service(own), ..first[0].clone() });
    let before = store.object(own, "b").await.expect("reads").expect("is there");
    let rests = |object: &mut Object| object.attributes.put(Attribute::RotateLatest(false));
    store.commit(changes(vec![update(own, &before, rests)])).await.expect("is the latest");
    assert_eq!(uids(&due(engine, 130).await), ["c", "a"]);
    assert_eq!(next(engine).await, Some(at(120)));
}

#[tokio::test]
async fn what_is_put_off_is_due_later_or_when_it_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(changes(vec![insert(own, rotated_after("a", 10))])).await.expect("made");
    let engine = &**store.engine();
    assert_eq!(next(engine).await, Some(at(110)));
    let put_off = async |from, to| {
        let (tenant, uid) = (own.tenant, "a".to_owned());
        let change = Change::PutOff { tenant, uid, from: at(from), to };
        store.commit(changes(vec![change])).await.expect("is put off");
    };
    put_off(109, None).await;
    assert_eq!(uids(&due(engine, 110).await), ["a"], "it was not that which was due");
    put_off(110, Some(at(200))).await;
    assert_eq!(uids(&due(engine, 199).await), Vec::<&str>::new());
    assert_eq!(due(engine, 200).await[0].due, at(200));
    assert_eq!(next(engine).await, Some(at(200)));
    put_off(200, None).await;
    assert_eq!(uids(&due(engine, 999).await), Vec::<&str>::new());
    assert_eq!(next(engine).await, None);
    let before = store.object(own, "a").await.expect("reads").expect("is there");
    let sooner =
        |object: &mut Object| object.attributes.put(Attribute::RotateInterval(Interval(5)));
    store.commit(changes(vec![update(own, &before, sooner)])).await.expect("is the latest");
    assert_eq!(uids(&due(engine, 105).await), ["a"]);
}

#[tokio::test]
async fn every_tenant_that_is_served_has_its_turn() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let engine = &**store.engine();
    let many = view(engine, "tenant-a", "orders").await;
    let few = view(engine, "tenant-b", "orders").await;
    for uid in ["a", "b", "c", "d"] {
        store.commit(changes(vec![insert(many, rotated_after(uid, 1))])).await.expect("made");
    }
    store.commit(changes(vec![insert(few, rotated_after("z", 2))])).await.expect("made");
    assert_eq!(uids(&due(engine, 200).await), ["a", "b", "z"]);
    let from = engine.tenant(&tenant_name("tenant-a")).await.expect("reads").expect("is there");
    let to = TenantRow { state: TenantState::Suspended, ..from.clone() };
    let change = Change::Administer(Administration::Tenant { from, to });
    store.commit(changes(vec![change])).await.expect("is suspended");
    assert_eq!(uids(&due(engine, 200).await), ["z"]);
    assert_eq!(next(engine).await, Some(at(102)), "those of whom is not served wait");
}

#[tokio::test]
async fn who_sleeps_is_woken_by_what_is_due_sooner() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let is_woken = async || {
        tokio::select! {
            biased;
            () = store.alarm().rung() => true,
            () = std::future::ready(()) => false,
        }
    };
    store.alarm().set(at(120));
    for (uid, seconds, woken) in [("a", 20, false), ("b", 19, true), ("c", 0, false)] {
        store.commit(changes(vec![insert(own, rotated_after(uid, seconds))])).await.expect("made");
        assert_eq!(is_woken().await, woken, "{uid}");
    }
    let before = store.object(own, "a").await.expect("reads").expect("is there");
    let sooner =
        |object: &mut Object| object.attributes.put(Attribute::RotateInterval(Interval(5)));
    store.commit(changes(vec![update(own, &before, sooner)])).await.expect("is changed");
    assert!(is_woken().await);
}
