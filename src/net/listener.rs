//! Accepts connections, bounds them, and lets them finish when the server stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::Instrument as _;

use super::connection::{Connection, Surroundings};
use super::handshake::{Failed, Introduced, Refused, Stream, introduce};
use super::places::{TenantPlace, TenantPlaces};
use super::tls::Tls;
use super::{Answer, Settings};
use crate::clock::{Clock, Timestamp};
use crate::metrics::{ConnectionRefusal, Metrics};
use crate::tenant::Caller;

/// The shortest and the longest pause after the system could not accept a connection.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Where the server is in its life, as connections see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// Requests in flight are answered, then connections close.
    Draining,
}

/// On which run-time the next connection is served.
pub trait Placement: Send + Sync + 'static {
    /// The run-time for the next connection.
    fn next(&self) -> Handle;
}

/// Serves every connection on the run-time that accepted it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SameRuntime;

impl Placement for SameRuntime {
    fn next(&self) -> Handle {
        Handle::current()
    }
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; is another process using it?")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut off because they did not end in time.
    pub cut: usize,
}

/// A KMIP listener: bound, and ready to run.
#[derive(Debug)]
pub struct Listener<A> {
    sockets: Vec<TcpListener>,
    shared: Arc<Shared<A>>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared<A> {
    settings: Settings,
    tls: Arc<Tls>,
    service: Arc<A>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
    tenants: Arc<TenantPlaces>,
    phase: watch::Sender<Phase>,
}

impl<A: Answer> Listener<A> {
    /// Binds every address of the settings. Must be called within a tokio run-time.
    ///
    /// # Errors
    /// [`BindError`] for the first address that cannot be had.
    pub fn bind(
        settings: Settings,
        tls: Arc<Tls>,
        service: Arc<A>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BindError> {
        let beside_v4 = settings.listen.iter().any(SocketAddr::is_ipv4);
        let sockets = settings
            .listen
            .iter()
            .map(|&address| {
                bind(address, beside_v4, settings.backlog)
                    .map_err(|source| BindError { address, source })
            })
            .collect::<Result<_, _>>()?;
        let places = settings.connections_max.min(Semaphore::MAX_PERMITS);
        let shared = Shared {
            places: Arc::new(Semaphore::new(places)),
            tenants: TenantPlaces::new(settings.connections_per_tenant_max),
            settings: Settings { connections_max: places, ..settings },
            tls,
            service,
            clock,
            metrics,
            phase: watch::Sender::new(Phase::Serving),
        };
        Ok(Self { sockets, shared: Arc::new(shared) })
    }

    /// The addresses that are listened on, in the order of the settings, with their real ports.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    /// Serves until `stop` resolves, then drains: no connection is accepted any more, requests
    /// that have arrived are answered, and what has not ended after the drain time is cut off.
    pub async fn run(
        self,
        placement: impl Placement,
        stop: impl Future<Output = ()> + Send,
    ) -> Drained {
        let Self { sockets, shared } = self;
        let placement = Arc::new(placement);
        let mut loops = JoinSet::new();
        for socket in sockets {
            loops.spawn(accept_all(socket, Arc::clone(&shared), Arc::clone(&placement)));
        }
        stop.await;
        shared.metrics.set_draining();
        shared.phase.send_replace(Phase::Draining);
        let mut open = Vec::new();
        while let Some(ended) = loops.join_next().await {
            open.extend(ended);
        }
        drain(open, shared.settings.drain_timeout).await
    }
}

/// Waits until all connections have ended, and cuts off those that have not after `patience`.
async fn drain(mut open: Vec<JoinSet<()>>, patience: Duration) -> Drained {
    let all = async {
        for connections in &mut open {
            while connections.join_next().await.is_some() {}
        }
    };
    if timeout(patience, all).await.is_ok() {
        return Drained { cut: 0 };
    }
    for connections in &mut open {
        while connections.try_join_next().is_some() {}
    }
    let cut = open.iter().map(JoinSet::len).sum();
    tracing::warn!(connections = cut, "connections did not end in time and are cut off");
    for connections in &mut open {
        connections.shutdown().await;
    }
    Drained { cut }
}

impl<A: Answer> Shared<A> {
    /// The whole life of a connection, within its place.
    async fn serve(&self, socket: TcpStream, address: SocketAddr) {
        let _open = self.metrics.connection();
        if let Err(error) = SockRef::from(&socket).set_tcp_nodelay(true) {
            tracing::debug!(%error, peer = %address, "TCP_NODELAY cannot be set");
        }
        let began = self.clock.elapsed();
        let deadline = self.settings.handshake_timeout;
        // At the level of errors, so that lines of every level carry the peer.
        let span = tracing::error_span!("handshake", peer = %address);
        let admission = self.admit(socket, address).instrument(span);
        let (introduced, caller, place) = match timeout(deadline, admission).await {
            Ok(Ok(admitted)) => admitted,
            Ok(Err(refused)) => {
                self.refused(&refused.why, address);
                return refused.part(&self.settings).await;
            }
            Err(_elapsed) => return self.refused(&Failed::Deadline(deadline), address),
        };
        let took = self.clock.elapsed().saturating_sub(began);
        self.metrics.handshake(introduced.version, introduced.resumed, took);
        self.converse(introduced.stream, caller, introduced.valid_until, place).await;
    }

    async fn admit(
        &self,
        socket: TcpStream,
        address: SocketAddr,
    ) -> Result<(Introduced, Arc<Caller>, TenantPlace), Refused> {
        let endpoint = self.tls.endpoint();
        let introduced = introduce(&endpoint, socket, address, &*self.clock).await?;
        let identity = introduced.identity.clone();
        let Some(place) = self.tenants.take(&identity.tenant) else {
            return Err(Refused::after(introduced.stream, Failed::Crowded(identity.tenant)));
        };
        match self.service.admit(identity).await {
            Ok(caller) => Ok((introduced, caller, place)),
            Err(refusal) => Err(Refused::after(introduced.stream, Failed::Refused(refusal))),
        }
    }

    async fn converse(
        &self,
        stream: Stream,
        caller: Arc<Caller>,
        valid_until: Timestamp,
        _place: TenantPlace,
    ) {
        let peer = caller.identity.peer.address.clone();
        let around = Surroundings {
            service: &*self.service,
            settings: &self.settings,
            metrics: &self.metrics,
            clock: &*self.clock,
        };
        let connection =
            Connection::new(around, stream, caller, valid_until, self.phase.subscribe());
        let end = connection.serve().await;
        self.metrics.connection_ended(end);
        tracing::debug!(%peer, reason = end.as_str(), "connection ended");
    }

    fn refused(&self, why: &Failed, peer: SocketAddr) {
        let Some(reason) = why.reason() else {
            self.metrics.connection_refused(ConnectionRefusal::Tenant);
            return tracing::warn!(%peer, %why, "connection refused");
        };
        self.metrics.handshake_refused(reason);
        let reason = reason.as_str();
        if why.is_known() {
            tracing::debug!(%peer, reason, %why, "connection refused");
        } else {
            tracing::warn!(%peer, reason, %why, "connection refused");
        }
    }
}

/// Accepts until the server drains. Returns the connections that are open then.
async fn accept_all<A: Answer>(
    socket: TcpListener,
    shared: Arc<Shared<A>>,
    placement: Arc<impl Placement>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let mut phase = shared.phase.subscribe();
    let mut pause = None;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return connections,
            Some(_ended) = connections.join_next() => continue,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                pause = None;
                // A socket for both families shows IPv4 peers in the form of IPv6.
                let address = SocketAddr::new(address.ip().to_canonical(), address.port());
                start(&mut connections, &shared, stream, address, &placement.next());
            }
            Err(error) => {
                pause = pause_after(&error, pause);
                if let Some(pause) = pause {
                    tracing::error!(%error, ?pause, "connections cannot be accepted");
                    sleep(pause).await;
                }
            }
        }
    }
}

/// How long to wait after an error of `accept`, given the pause before: not at all if only the
/// one connection is lost, longer and longer if the system is short of files or memory.
fn pause_after(error: &io::Error, before: Option<Duration>) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    match error.kind() {
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted => None,
        _ => Some(before.map_or(PAUSE_MIN, |before| (before * 2).min(PAUSE_MAX))),
    }
}

/// Gives a connection its place and its task, or closes it if there is none.
fn start<A: Answer>(
    connections: &mut JoinSet<()>,
    shared: &Arc<Shared<A>>,
    stream: TcpStream,
    address: SocketAddr,
    home: &Handle,
) {
    let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
        shared.metrics.connection_refused(ConnectionRefusal::Total);
        tracing::warn!(peer = %address, "connection refused: there are too many");
        return;
    };
    let here = Handle::current().id() == home.id();
    let shared = Arc::clone(shared);
    let life = async move {
        match rehome(stream, here) {
            Ok(stream) => shared.serve(stream, address).await,
            Err(error) => {
                tracing::error!(%error, peer = %address, "a connection cannot change its run-time");
            }
        }
        leave(place);
    };
    connections.spawn_on(life, home);
}

/// Gives the place back, after all that the connection held is gone.
fn leave(place: OwnedSemaphorePermit) {
    drop(place);
}

/// Registers a socket with the run-time that this is called on.
fn rehome(stream: TcpStream, here: bool) -> io::Result<TcpStream> {
    if here { Ok(stream) } else { TcpStream::from_std(stream.into_std()?) }
}

fn bind(address: SocketAddr, beside_v4: bool, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(beside_v4)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_costs_no_pause_but_a_shortage_does() {
        let lost = io::Error::from(io::ErrorKind::ConnectionAborted);
        let no_files_left = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert_eq!(pause_after(&lost, None), None);
        let mut pause = pause_after(&no_files_left, None);
        assert_eq!(pause, Some(PAUSE_MIN));
        for _ in 0..10 {
            pause = pause_after(&no_files_left, pause);
        }
        assert_eq!(pause, Some(PAUSE_MAX));
        assert_eq!(pause_after(&lost, pause), None);
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_one_clear_line() {
        let first = bind("127.0.0.1:0".parse().unwrap(), false, 1).unwrap();
        let address = first.local_addr().unwrap();
        let source = bind(address, false, 1).unwrap_err();
        let line = BindError { address, source }.to_string();
        assert!(line.starts_with(&format!("cannot listen on {address}: ")), "{line}");
    }

    #[tokio::test]
    async fn both_wildcards_can_share_a_port() {
        let v4 = bind("0.0.0.0:0".parse().unwrap(), true, 1).unwrap();
        let port = v4.local_addr().unwrap().port();
        bind(SocketAddr::new("::".parse().unwrap(), port), true, 1).unwrap();
    }
}
