//! What the benches of the server share: requests as bytes, and a server without transport.

#![allow(dead_code, reason = "each bench uses a part")]

pub(crate) mod parts;
pub(crate) mod requests;
