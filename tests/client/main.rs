//! Our client: as a library, and on the command line.

mod broken;
mod commands;
mod fake;
mod library;
#[path = "../transport/pki.rs"]
#[allow(dead_code, reason = "the tests of the transport use the rest")]
mod pki;
mod pykmip;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod versions;
