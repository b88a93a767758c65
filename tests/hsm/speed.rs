//! What a worker costs against threads of the server: both are measured in the same run.

use std::sync::Arc;
use std::time::Duration;

use keystrata::clock::{Clock, SystemClock};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::{Pkcs11Root, Place};
use keystrata::keys::RootKey;
use keystrata::metrics::{Metrics, MetricsSettings};
use tokio::runtime::Runtime;

use super::support::{with_token, workers};

const CALLS: usize = 2_000;
const CROWD: usize = 16;

/// Calls one after the other (median, 99th percentile), and calls per second by a crowd.
async fn measure(root: Arc<Pkcs11Root>) -> (Duration, Duration, f64) {
    let sealed = Arc::new(root.seal(1, b"place", &[7; 32]).await.unwrap());
    let mut took = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = SystemClock::new();
        root.open(1, b"place", &sealed).await.unwrap();
        took.push(start.elapsed());
    }
    took.sort();
    let start = SystemClock::new();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let (root, sealed) = (Arc::clone(&root), Arc::clone(&sealed));
            tokio::spawn(async move {
                for _ in 0..CALLS / CROWD {
                    root.open(1, b"place", &sealed).await.unwrap();
                }
            })
        })
        .collect();
    for task in crowd {
        task.await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let rate = CALLS as f64 / start.elapsed().as_secs_f64();
    (took[CALLS / 2], took[CALLS * 99 / 100], rate)
}

/// A cold tenant costs one root call, so a worker may cost many times the call itself and is still
/// not seen; it must not cost milliseconds.
#[test]
fn a_worker_costs_less_than_what_a_cold_tenant_notices() {
    with_token(|soft, _| {
        for (name, place) in [("workers", workers()), ("threads", Place::Here)] {
            let metrics = Metrics::new(&MetricsSettings::default());
            let (random, clock) = (Arc::new(OsRandom), Arc::new(SystemClock::new()));
            let settings = soft.settings().unwrap();
            let root = Pkcs11Root::open(settings, place, random, clock, metrics).unwrap();
            let (p50, p99, rate) = Runtime::new().unwrap().block_on(measure(Arc::new(root)));
            println!("root calls, {name}: p50 {p50:?}, p99 {p99:?}, {rate:.0}/s by {CROWD} tasks");
            assert!(p50 < Duration::from_millis(5), "{name}: {p50:?}");
        }
    });
}
