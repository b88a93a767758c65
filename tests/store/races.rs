//! Readers, writers and the cache at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use keystrata::store::Error;
use kmip_ttlv::enums::State;

use super::fixture::{changes, insert, object, open, settings, update, view};

/// Whoever reads after a change was acknowledged sees it or a later one, whatever the cache and
/// other readers do meanwhile.
async fn nothing_older_than_acknowledged_is_read(cache_bytes: u64) {
    const WRITES: u64 = 400;
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    settings.cache_bytes = cache_bytes;
    let store = Arc::new(open(&settings).expect("opens"));
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(changes(vec![insert(own, object("u", State::Active, "n"))])).await.expect("made");
    let acknowledged = Arc::new(AtomicU64::new(1));
    let done = Arc::new(AtomicBool::new(false));

    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (store, acknowledged, done) = (store.clone(), acknowledged.clone(), done.clone());
            tokio::spawn(async move {
                let mut times = 0_u64;
                let mut last = 0;
                while !done.load(Ordering::SeqCst) {
                    let floor = acknowledged.load(Ordering::SeqCst).max(last);
                    let found = store.object(own, "u").await.expect("reads").expect("is there");
                    assert!(found.revision >= floor, "{} after {floor}", found.revision);
                    last = found.revision;
                    times += 1;
                    tokio::task::yield_now().await;
                }
                times
            })
        })
        .collect();
    for _ in 0..WRITES {
        let before = store.object(own, "u").await.expect("reads").expect("is there");
        let result = store.commit(changes(vec![update(own, &before, |_| ())])).await;
        assert!(result.is_ok(), "{result:?}");
        acknowledged.store(before.revision + 1, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.expect("no panic") > 0);
    }
    assert_eq!(acknowledged.load(Ordering::SeqCst), WRITES + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_older_than_acknowledged_is_read_with_a_cache() {
    nothing_older_than_acknowledged_is_read(1 << 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_older_than_acknowledged_is_read_without_a_cache() {
    nothing_older_than_acknowledged_is_read(0).await;
}

/// Of writers that all decide on the same revision, exactly one wins each round.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_writers_wins() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Arc::new(super::fixture::store(directory.path()));
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(changes(vec![insert(own, object("u", State::Active, "n"))])).await.expect("made");
    for round in 1..=20 {
        let before = store.object(own, "u").await.expect("reads").expect("is there");
        assert_eq!(before.revision, round);
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (store, before) = (store.clone(), before.clone());
                tokio::spawn(async move {
                    store.commit(changes(vec![update(own, &before, |_| ())])).await
                })
            })
            .collect();
        let mut won = 0;
        for writer in writers {
            match writer.await.expect("no panic") {
                Ok(()) => won += 1,
                Err(Error::Conflict) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
    }
}

/// A commit whose caller has gone away is made, and the cache knows of it.
#[tokio::test]
async fn a_commit_that_nobody_waits_for_is_made_and_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = super::fixture::store(directory.path());
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(changes(vec![insert(own, object("u", State::Active, "n"))])).await.expect("made");
    let before = store.object(own, "u").await.expect("reads").expect("is there");
    {
        let mut abandoned = Box::pin(store.commit(changes(vec![update(own, &before, |_| ())])));
        let waker = std::task::Waker::noop();
        let _ = abandoned.as_mut().poll(&mut std::task::Context::from_waker(waker));
    }
    // Commits are made in order, so this one comes after.
    store.commit(changes(vec![insert(own, object("v", State::Active, "n"))])).await.expect("made");
    assert_eq!(store.cached(own, "u").map_or(2, |found| found.revision), 2);
    let found = store.object(own, "u").await.expect("reads").expect("is there");
    assert_eq!(found.revision, 2);
}
