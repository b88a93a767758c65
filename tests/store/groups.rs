//! Group commit: what gathers while one group is made durable becomes the next.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};

use keystrata::clock::SystemClock;
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::store::{Error, Observer, Step, Store};
use kmip_ttlv::enums::State;

use super::fixture::{changes, insert, object, settings, view};

/// A gate before every group, and how many groups became durable.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
    durable: AtomicUsize,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().expect("no panic") = shut;
        self.opened.notify_all();
    }

    fn observer(self: &Arc<Self>) -> Observer {
        let gate = self.clone();
        Observer::new(move |step| match step {
            Step::GroupTaken => {
                let shut = gate.shut.lock().expect("no panic");
                drop(gate.opened.wait_while(shut, |shut| *shut).expect("no panic"));
            }
            Step::GroupDurable => {
                gate.durable.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        })
    }
}

type Committing<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

fn poll(future: &mut Committing<'_>) -> Poll<Result<(), Error>> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn open(directory: &std::path::Path, gate: &Arc<Gate>) -> (Store, Arc<Metrics>) {
    let mut settings = settings(directory);
    settings.observer = gate.observer();
    let metrics = Metrics::new(&MetricsSettings::default());
    let store = Store::open(&settings, Arc::new(SystemClock::new()), metrics.clone());
    (store.expect("opens"), metrics)
}

#[tokio::test]
async fn what_waits_together_is_committed_together_up_to_the_cap() {
    let directory = tempfile::tempdir().expect("a directory");
    let gate = Arc::new(Gate::default());
    let (store, metrics) = open(directory.path(), &gate);
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let before = gate.durable.load(Ordering::SeqCst);

    gate.set(true);
    let commit = |uid: String| {
        let made = insert(own, object(&uid, State::Active, "n"));
        let mut future: Committing<'_> = Box::pin(store.commit(changes(vec![made])));
        assert!(poll(&mut future).is_pending());
        future
    };
    let waiting: Vec<_> = (0..513).map(|n| commit(format!("u{n}"))).collect();
    gate.set(false);
    for future in waiting {
        future.await.expect("commits");
    }
    // The first group was taken with at least one commit; 256 of the others fit one group.
    let groups = gate.durable.load(Ordering::SeqCst) - before;
    assert!((3..=4).contains(&groups), "{groups} groups");
    let text = metrics.render();
    assert!(text.contains("keystrata_store_commits_total 515"), "{text}");
}

#[tokio::test]
async fn a_group_is_bounded_in_bytes_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let gate = Arc::new(Gate::default());
    let (store, _) = open(directory.path(), &gate);
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    let before = gate.durable.load(Ordering::SeqCst);
    gate.set(true);
    let large = "x".repeat(600 * 1024);
    let commit = |n: u32| {
        let made = insert(own, object(&format!("u{n}"), State::Active, &large));
        let mut future: Committing<'_> = Box::pin(store.commit(changes(vec![made])));
        assert!(poll(&mut future).is_pending());
        future
    };
    let waiting: Vec<_> = (0..4).map(commit).collect();
    gate.set(false);
    for future in waiting {
        future.await.expect("commits");
    }
    assert_eq!(gate.durable.load(Ordering::SeqCst) - before, 4);
}

#[tokio::test]
async fn more_commits_than_may_wait_are_refused() {
    /// As in the engine.
    const WAITING_MAX: usize = 16 * 1024;

    let directory = tempfile::tempdir().expect("a directory");
    let gate = Arc::new(Gate::default());
    let (store, metrics) = open(directory.path(), &gate);
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    gate.set(true);
    let mut waiting: Vec<Committing<'_>> = Vec::new();
    let mut refused = 0;
    // The committer has taken at most one group out of the queue.
    for n in 0..WAITING_MAX + 300 {
        let made = insert(own, object(&format!("u{n}"), State::Active, "n"));
        let mut future: Committing<'_> = Box::pin(store.commit(changes(vec![made])));
        match poll(&mut future) {
            Poll::Pending => waiting.push(future),
            Poll::Ready(Err(Error::Overloaded)) => refused += 1,
            Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    assert!((44..=299).contains(&refused), "{refused} refused");
    let counted =
        format!("keystrata_store_commits_failed_total{{reason=\"overloaded\"}} {refused}");
    assert!(metrics.render().contains(&counted));
    gate.set(false);
    for future in waiting {
        future.await.expect("commits");
    }
}

/// However large they are, waiting commits take a bounded part of the memory.
#[tokio::test]
async fn more_bytes_than_may_wait_are_refused_until_some_are_written() {
    /// As in the engine.
    const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

    let directory = tempfile::tempdir().expect("a directory");
    let gate = Arc::new(Gate::default());
    let (store, metrics) = open(directory.path(), &gate);
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    gate.set(true);
    let large = "x".repeat(1024 * 1024);
    let commit = |uid: String| -> Committing<'_> {
        Box::pin(store.commit(changes(vec![insert(own, object(&uid, State::Active, &large))])))
    };
    let mut waiting: Vec<Committing<'_>> = Vec::new();
    loop {
        let mut future = commit(format!("u{}", waiting.len()));
        match poll(&mut future) {
            Poll::Pending => waiting.push(future),
            Poll::Ready(Err(Error::Overloaded)) => break,
            Poll::Ready(other) => panic!("{other:?}"),
        }
        assert!(waiting.len() * large.len() <= WAITING_BYTES_MAX);
    }
    assert!((waiting.len() + 2) * large.len() > WAITING_BYTES_MAX, "{}", waiting.len());
    assert!(
        metrics.render().contains("keystrata_store_commits_failed_total{reason=\"overloaded\"} 1")
    );
    gate.set(false);
    for future in waiting {
        future.await.expect("commits");
    }
    commit("after".into()).await.expect("there is room again");
}

#[tokio::test]
async fn the_cache_counts_what_it_had_and_what_it_had_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let gate = Arc::new(Gate::default());
    let (store, metrics) = open(directory.path(), &gate);
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.commit(changes(vec![insert(own, object("u", State::Active, "n"))])).await.expect("made");
    // What was just made is in the cache.
    assert!(store.cached(own, "u").is_some());
    assert!(store.cached(own, "v").is_none());
    assert_eq!(store.object(own, "v").await.expect("reads"), None);
    let text = metrics.render();
    assert!(text.contains("keystrata_store_cache_hits_total 1"), "{text}");
    assert!(text.contains("keystrata_store_cache_misses_total 2"), "{text}");
    drop(store);

    let (store, _) = open(directory.path(), &gate);
    assert!(store.cached(own, "u").is_none());
    assert!(store.object(own, "u").await.expect("reads").is_some());
    assert!(store.cached(own, "u").is_some(), "what was read is in the cache");
}

#[tokio::test]
async fn a_store_whose_committer_has_ended_is_not_ready() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = settings(directory.path());
    let armed = Arc::new(AtomicUsize::new(0));
    settings.observer = Observer::new({
        let armed = armed.clone();
        move |step| {
            let dies = step == Step::GroupWritten && armed.load(Ordering::SeqCst) > 0;
            assert!(!dies, "the committer dies, as this test wants it");
        }
    });
    let metrics = Metrics::new(&MetricsSettings::default());
    let store = Store::open(&settings, Arc::new(SystemClock::new()), metrics).expect("opens");
    let own = view(&**store.engine(), "tenant-a", "orders").await;
    store.check().expect("is ready");
    armed.store(1, Ordering::SeqCst);
    let commit = changes(vec![insert(own, object("u", State::Active, "n"))]);
    store.commit(commit).await.expect_err("nobody commits");
    // Its thread is about to end: it has dropped the commit.
    while store.check().is_ok() {
        tokio::task::yield_now().await;
    }
    let error = store.check().expect_err("it stays so");
    assert!(matches!(error, Error::Failed(_)), "{error}");
}
