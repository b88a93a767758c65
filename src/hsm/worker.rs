//! The worker: a process of its own that has loaded a PKCS#11 module and serves the server that
//! started it, so that a module that crashes or hangs takes nothing else down.
//!
//! A worker has one session with the token. It is given a socket as its standard input, reads
//! [`Start`], connects, and from then on answers one request after the other ([`super::frame`]). It
//! ends when the server has closed the socket or is gone, but not in the middle of a call: `SoftHSM`
//! for one writes its token's file anew with every login, and without the end of that there is no
//! token any more.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};

use super::frame::{Answer, Start, Started, receive, send};
use super::link::{Link, Request};
use super::settings::{Pin, TokenSettings};
use crate::clock::Clock;
use crate::keys::Random;
use crate::metrics::Metrics;

/// How long a call may go on after the server has closed the socket or is gone. What has not come
/// back by then hangs.
pub(super) const LAST_CALL: Duration = Duration::from_secs(5);

/// Serves the server behind standard input until it is gone.
///
/// # Errors
/// The socket failed, or what came through it was no request.
pub fn run(
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    watch(stream.try_clone()?)?;
    let Some(start) = receive(&mut stream)? else { return Ok(()) };
    let Start { whose, module, token, pin, key_label, proofs } = Start::read(&start)?;
    // Bounds are the server's matter: it ends a worker that takes too long.
    let (pin, timeout) = (Pin::new(pin), Duration::ZERO);
    let settings =
        TokenSettings { whose, module, token, pin, key_label, sessions: 1, queue: 1, timeout };
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

/// Sees to it that a module that hangs does not outlive the server.
fn watch(stream: UnixStream) -> io::Result<()> {
    let wait = move || {
        let mut closed = [PollFd::new(&stream, PollFlags::RDHUP)];
        while poll(&mut closed, None) == Err(Errno::INTR) {}
        thread::sleep(LAST_CALL);
        // Nothing of the module is run any more, as the usual ways to end a process would.
        let _ = kill_process(getpid(), Signal::KILL);
    };
    thread::Builder::new().name("watch".into()).spawn(wait).map(drop)
}
