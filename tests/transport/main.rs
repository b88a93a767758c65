//! The transport over real sockets and real TLS: who gets in, what they get, and how it ends.

mod identity;
mod limits;
mod messages;
mod pki;
mod server;
