//! The storage engine alone: the rows that Create makes, without anything before them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keystrata::audit::{Actor, Outcome, Record};
use keystrata::clock::Timestamp;
use keystrata::store::{Change, Commit, Stored};
use keystrata::tenant::Caller;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Extent;
use crate::support::parts::Bench;
use crate::support::requests;

/// An engine with the row that is inserted over and over, under new identifiers.
pub(crate) struct Alone {
    runtime: Runtime,
    bench: Bench,
    caller: Arc<Caller>,
    row: Stored,
}

impl Alone {
    /// Opens an engine and lets Create make the row in it.
    pub(crate) fn new(directory: &Path) -> Self {
        let runtime = Runtime::new().expect("a run-time");
        let (bench, caller, row) = runtime.block_on(async {
            let bench = Bench::open(directory).await;
            let caller = bench.caller("tenant-1").await;
            let uid = requests::created(&bench.answer(&caller, &requests::create()).await);
            let row = bench.row(&caller, &uid).await;
            (bench, caller, row)
        });
        Self { runtime, bench, caller, row }
    }

    /// Inserts per second, each its own commit with its audit record, while `waiting` wait for
    /// theirs at any time.
    pub(crate) fn measure(&self, waiting: usize, extent: &Extent) -> f64 {
        let start = Instant::now() + extent.warm_up;
        let end = start + extent.window;
        let counted = Arc::new(AtomicUsize::new(0));
        self.runtime.block_on(async {
            let mut inserting = JoinSet::new();
            for _ in 0..waiting {
                let counted = Arc::clone(&counted);
                let (store, caller) = (Arc::clone(&self.bench.store), Arc::clone(&self.caller));
                let row = self.row.clone();
                inserting.spawn(async move {
                    loop {
                        let commit = insert(&caller, &row);
                        store.commit(commit).await.expect("the disk has room");
                        let now = Instant::now();
                        if now > end {
                            break;
                        }
                        counted.fetch_add(usize::from(now > start), Ordering::Relaxed);
                    }
                });
            }
            inserting.join_all().await;
        });
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let rate = counted.load(Ordering::Relaxed) as f64 / extent.window.as_secs_f64();
        rate
    }
}

/// What Create commits, under a new identifier.
fn insert(caller: &Arc<Caller>, row: &Stored) -> Commit {
    let mut stored = row.clone();
    stored.object.uid = uid();
    let record = Record {
        time: Timestamp(1_700_000_000_000_000),
        actor: Actor::Client { caller: Arc::clone(caller), kmip_version: "1.4" },
        operation: "Create",
        objects: vec![stored.object.uid.clone()],
        key_version: Some(1),
        outcome: Outcome::Success,
        duration: Duration::from_micros(100),
        client_correlation: None,
        server_correlation: None,
    };
    let change = Change::Insert { tenant: caller.tenant_id, stored: Box::new(stored) };
    Commit { changes: vec![change], audit: vec![record] }
}

/// An identifier as the server makes them: UUID version 7.
pub(crate) fn uid() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let milliseconds = u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or_default();
    let mut random = [0; 10];
    getrandom::fill(&mut random).expect("the system has randomness");
    let uuid = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
    uuid.hyphenated().to_string()
}
