//! How fast messages are answered by the server without its transport: [`Service::answer`] over a
//! real store and a real audit trail, with the root key in memory.
//!
//! One message at a time, so each figure is also the CPU time of one message, but for Create, which
//! waits for the disk: it is measured alone (one sync each) and 64 at once (group commit).

mod support;

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keystrata::service::Service;
use keystrata::tenant::Caller;
use kmip_ttlv::Buffer;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use support::parts::Bench;
use support::requests;

/// How many Creates wait for the disk together.
const TOGETHER: u64 = 64;

struct Fixture {
    runtime: Runtime,
    bench: Bench,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let target = env!("CARGO_TARGET_TMPDIR");
        let directory = tempfile::tempdir_in(target).expect("a directory on the disk");
        let runtime = Runtime::new().expect("a run-time");
        let bench = runtime.block_on(Bench::open(directory.path()));
        Self { runtime, bench, _directory: directory }
    }

    /// Callers of this many tenants, each with a request for a key of its own.
    fn each(
        &self,
        tenants: usize,
        request: impl Fn(&str) -> Vec<u8>,
    ) -> Vec<(Arc<Caller>, Vec<u8>)> {
        let one = async |number| {
            let caller = self.bench.caller(&format!("tenant-{number}")).await;
            let uid = self.bench.key(&caller).await;
            let request = request(&uid);
            requests::check(&self.bench.answer(&caller, &request).await);
            (caller, request)
        };
        self.runtime.block_on(async {
            let mut callers = Vec::new();
            for number in 0..tenants {
                callers.push(one(number).await);
            }
            callers
        })
    }
}

fn reading(c: &mut Criterion) {
    let fixture = Fixture::new();
    let mut group = c.benchmark_group("answer");
    group.throughput(Throughput::Elements(1));
    let cases = [
        ("get, 1 tenant", fixture.each(1, requests::get)),
        ("get, 100 tenants", fixture.each(100, requests::get)),
        ("encrypt 1 KiB, AES-GCM", fixture.each(1, requests::encrypt_gcm)),
        ("encrypt 1 KiB, AES-CBC", fixture.each(1, requests::encrypt_cbc)),
    ];
    for (name, callers) in cases {
        let mut turns = callers.iter().cycle();
        let mut response = Buffer::new();
        group.bench_function(name, |b| {
            b.iter(|| {
                let Some((caller, request)) = turns.next() else { return };
                response.clear();
                let answer = fixture.bench.service.answer(caller, request, &mut response);
                fixture.runtime.block_on(answer);
            });
        });
    }
    group.finish();
}

fn creating(c: &mut Criterion) {
    let fixture = Fixture::new();
    let caller = fixture.runtime.block_on(fixture.bench.caller("tenant-0"));
    let mut group = c.benchmark_group("create AES-256");
    for count in [1, TOGETHER] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} at once"), |b| {
            b.iter(|| {
                fixture.runtime.block_on(create(&fixture.bench.service, &caller, count));
            });
        });
    }
    group.finish();
}

async fn create(service: &Arc<Service>, caller: &Arc<Caller>, count: u64) {
    let mut creates = JoinSet::new();
    for _ in 0..count {
        let (service, caller) = (Arc::clone(service), Arc::clone(caller));
        creates.spawn(async move {
            let mut response = Buffer::new();
            service.answer(&caller, &requests::create(), &mut response).await;
        });
    }
    creates.join_all().await;
}

criterion_group!(benches, reading, creating);
criterion_main!(benches);
