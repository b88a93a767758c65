//! Requests made at random from the facts, from what the server has told before and from valid ones
//! that are changed, against the whole server less its transport: nothing that a client can send
//! brings it down or makes it tell too much, and every answer keeps the laws of `laws.rs`.
//!
//! A case is one number, and a failure prints it. `KEYSTRATA_GENERATED_FIRST=<number>` begins with it,
//! and `KEYSTRATA_GENERATED_CASES=<number>` plays as many. `fuzz/` has a target that takes the
//! decisions from the fuzzer.

#[path = "../operations/ask.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod ask;
mod build;
#[path = "../operations/certificate.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod certificate;
#[path = "../../kmip-ttlv/tests/facts/csv.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts")]
mod csv;
mod fill;
#[path = "../../kmip-ttlv/tests/laws/generate.rs"]
#[allow(dead_code, reason = "shared with the laws of structures")]
mod generate;
#[path = "../../kmip-ttlv/tests/messages/generate_payload.rs"]
#[allow(dead_code, reason = "shared with the laws of messages")]
mod generate_payload;
mod known;
mod laws;
mod memory;
mod mutate;
#[path = "../operations/pair.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod pair;
mod permitted;
mod play;
#[path = "../matrix/requests.rs"]
#[allow(dead_code, reason = "shared with the error matrix")]
mod requests;
#[path = "../support/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use play::{Tally, count_panics, play};

/// How many clients are played.
const CASES: u64 = 25;

/// How many decisions a client takes from its number.
const CHOICES: usize = 6000;

/// How many operations of a hundred requests must be done, so that the generator is known to reach
/// them.
const DONE_MIN: usize = 10;

/// Bytes that follow from a number alone (`SplitMix64`).
fn decisions(case: u64) -> Vec<u8> {
    let mut state = case;
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)).to_be_bytes()
    };
    std::iter::repeat_with(next).take(CHOICES / 8).flatten().collect()
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment what to do")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_answer_keeps_the_laws() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    count_panics();
    let first = told("KEYSTRATA_GENERATED_FIRST").unwrap_or(1);
    let cases = told("KEYSTRATA_GENERATED_CASES").unwrap_or(CASES);
    let mut tally = Tally::default();
    let mut broken = Vec::new();
    for case in first..first + cases {
        let decisions = decisions(case);
        match catch_unwind(AssertUnwindSafe(|| runtime.block_on(play(&decisions)))) {
            Ok(Ok(came)) => tally.add(came),
            Ok(Err(law)) => broken.push(format!("case {case}: {law}")),
            Err(_) => broken.push(format!("case {case}: panicked")),
        }
    }
    println!("{} requests, {} bytes for one at most", tally.sent, tally.peak);
    println!("done: {:?}", tally.done);
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    let done: usize = tally.done.values().sum();
    assert!(100 * done >= DONE_MIN * tally.sent, "only {done} operations of {} done", tally.sent);
}
