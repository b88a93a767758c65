//! A client whose every decision is the fuzzer's, against the whole server less its transport: the
//! generator and the laws are those of `tests/generated/`.

#![no_main]

#[path = "../../tests/operations/ask.rs"]
#[allow(dead_code)]
mod ask;
#[path = "../../tests/generated/build.rs"]
mod build;
#[path = "../../tests/operations/certificate.rs"]
#[allow(dead_code)]
mod certificate;
#[path = "../../kmip-ttlv/tests/facts/csv.rs"]
#[allow(dead_code)]
mod csv;
#[path = "../../tests/generated/fill.rs"]
mod fill;
#[path = "../../kmip-ttlv/tests/laws/generate.rs"]
#[allow(dead_code)]
mod generate;
#[path = "../../kmip-ttlv/tests/messages/generate_payload.rs"]
#[allow(dead_code)]
mod generate_payload;
#[path = "../../tests/generated/known.rs"]
mod known;
#[path = "../../tests/generated/laws.rs"]
mod laws;
#[path = "../../tests/generated/memory.rs"]
mod memory;
#[path = "../../tests/generated/mutate.rs"]
mod mutate;
#[path = "../../tests/operations/pair.rs"]
#[allow(dead_code)]
mod pair;
#[path = "../../tests/generated/permitted.rs"]
mod permitted;
#[path = "../../tests/generated/play.rs"]
#[allow(dead_code)]
mod play;
#[path = "../../tests/matrix/requests.rs"]
#[allow(dead_code)]
mod requests;
#[path = "../../tests/support/world.rs"]
mod world;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    play::count_panics();
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads")
});

fuzz_target!(|bytes: &[u8]| {
    let _entered = RUNTIME.enter();
    if let Err(broken) = RUNTIME.block_on(play::play(bytes)) {
        panic!("{broken}");
    }
});
