//! The worker: a process of its own that has loaded a PKCS#11 module and serves the server that
//! started it, so that a module that crashes or hangs takes nothing else down.
//!
//! A worker has one session with the token. It is given a socket as its standard input, reads
//! [`Start`], connects, and from then on answers one request after the other ([`super::frame`]). It
//! ends when the server has closed the socket or is gone.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};

use super::frame::{Answer, Start, Started, receive, send};
use super::link::{Link, Request};
use super::settings::{Pin, TokenSettings};
use crate::clock::Clock;
use crate::keys::Random;
use crate::metrics::Metrics;

/// Serves the server behind standard input until it is gone.
///
/// # Errors
/// The socket failed, or what came through it was no request.
pub fn run(
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    // A module that hangs must not outlive the server.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let Some(start) = receive(&mut stream)? else { return Ok(()) };
    let Start { module, token, pin, key_label, proofs } = Start::read(&start)?;
    // Bounds are the server's matter: it ends a worker that takes too long.
    let (pin, timeout) = (Pin::new(pin), Duration::ZERO);
    let settings = TokenSettings { module, token, pin, key_label, sessions: 1, queue: 1, timeout };
    let link = match Link::open(settings, proofs, random, clock, metrics) {
        Ok(link) => link,
        Err(error) => {
            let (reason, is_final) = (error.to_string(), error.is_final());
            return send(&mut stream, &Started::Refused { reason, is_final }.frame());
        }
    };
    send(&mut stream, &Started::Ready(link.known()).frame())?;
    let mut held = None;
    while let Some(content) = receive(&mut stream)? {
        let result = link.call(&mut held, &Request::read(&content)?);
        send(&mut stream, &Answer { result, is_final: link.is_final() }.frame())?;
    }
    Ok(())
}
