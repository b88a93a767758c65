//! The error matrix: what every operation answers at every version to what it must refuse. What is
//! expected stands in `fixtures/matrix`, in tables that people can read; the tests hold the tables to
//! the server, and the server and the tables to the facts of `fixtures/kmip`.
//!
//! `KEYSTRATA_REWRITE_MATRIX=1 cargo test --test matrix` writes the tables anew: read the difference.

#[path = "../operations/ask.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod ask;
mod attributes;
#[path = "../operations/certificate.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod certificate;
#[path = "../../kmip-ttlv/tests/facts/csv.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts")]
mod csv;
mod damage;
mod facts;
#[path = "../../kmip-ttlv/tests/laws/generate.rs"]
#[allow(dead_code, reason = "shared with the laws of structures")]
mod generate;
#[path = "../../kmip-ttlv/tests/messages/generate_payload.rs"]
#[allow(dead_code, reason = "shared with the laws of messages")]
mod generate_payload;
mod masks;
mod objects;
#[path = "../operations/pair.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod pair;
mod refusals;
mod requests;
mod states;
mod strangers;
mod table;
#[path = "../support/world.rs"]
mod world;
