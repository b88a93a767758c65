//! Notes: written once, changed by whoever saw them last, and still there after a restart.

use keystrata::clock::Timestamp;
use keystrata::store::{Change, Error, NewNote, NoteChange, NoteKey, NoteKind, Store};

use super::fixture::{changes, service, store, view};

fn note(key: &NoteKey, from: Option<u64>, to: Option<(&[u8], i64)>, now: i64) -> Change {
    let to = to.map(|(body, until)| NewNote { expires: Some(Timestamp(until)), body: body.into() });
    Change::Note(NoteChange { key: key.clone(), from, to, now: Timestamp(now) })
}

async fn body(store: &Store, key: &NoteKey) -> Option<(u64, Vec<u8>)> {
    let note = store.note(key).await.expect("reads");
    note.map(|note| (note.revision, note.body.clone()))
}

#[tokio::test]
async fn a_note_is_changed_by_who_saw_it_last_and_outlives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let made = store(directory.path());
    let own = view(&**made.engine(), "tenant-a", "orders").await;
    for kind in [NoteKind::Ticket, NoteKind::Constraints] {
        let key = NoteKey { tenant: own.tenant, service: Some(service(own)), kind, name: vec![7] };
        let sibling = NoteKey { service: None, ..key.clone() };
        let commit = |change| made.commit(changes(vec![change]));
        assert_eq!(body(&made, &key).await, None);
        assert!(matches!(
            commit(note(&key, Some(1), Some((b"x", 9)), 0)).await,
            Err(Error::Conflict)
        ));
        commit(note(&key, None, Some((b"a", 9)), 0)).await.expect("is new");
        assert!(matches!(commit(note(&key, None, Some((b"x", 9)), 0)).await, Err(Error::Conflict)));
        commit(note(&key, Some(1), Some((b"b", 9)), 0)).await.expect("is the latest");
        assert!(matches!(commit(note(&key, Some(1), None, 0)).await, Err(Error::Conflict)));
        assert_eq!(body(&made, &key).await, Some((2, b"b".to_vec())));
        assert_eq!(body(&made, &sibling).await, None);
    }
    drop(made);
    let store = store(directory.path());
    let key = NoteKey {
        tenant: own.tenant,
        service: Some(service(own)),
        kind: NoteKind::Ticket,
        name: vec![7],
    };
    assert_eq!(body(&store, &key).await, Some((2, b"b".to_vec())));
    store.commit(changes(vec![note(&key, Some(2), None, 0)])).await.expect("is the latest");
    assert_eq!(body(&store, &key).await, None);
}

#[tokio::test]
async fn what_has_expired_does_not_count_and_goes_when_another_comes() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let (tenant, kind) = (own.tenant, NoteKind::Ticket);
    let key = |name| NoteKey { tenant, service: Some(service(own)), kind, name: vec![name] };
    for (name, until) in [(1, 10), (2, 20)] {
        let change = note(&key(name), None, Some((b"", until)), 0);
        store.commit(changes(vec![change])).await.expect("is new");
    }
    let count = |now| store.engine().count_notes(tenant, service(own), kind, Timestamp(now));
    assert_eq!(count(9).await.expect("counts"), 2);
    assert_eq!(count(10).await.expect("counts"), 1);
    store.commit(changes(vec![note(&key(3), None, Some((b"", 30)), 10)])).await.expect("is new");
    assert_eq!(body(&store, &key(1)).await, None);
    assert!(body(&store, &key(2)).await.is_some());
}
