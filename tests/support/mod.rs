//! What the tests over the wire share: the real server in a directory that vanishes, a client that
//! speaks TLS with a certificate, and TTLV written and read by a codec of the tests' own.
#![allow(dead_code, reason = "every test target uses its own part of the support")]
#![allow(clippy::disallowed_methods, reason = "tests may read the clock and the environment")]

pub(crate) mod client;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod python;
pub(crate) mod server;
pub(crate) mod ttlv;
