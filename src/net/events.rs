//! The events port: what happens to a tenant's keys, told over mutual TLS to the tenant's own services
//! as server-sent events (HTML Living Standard §9.2).
//!
//! The peer shows its certificate and asks `GET /events`; whose events it hears follows from the
//! certificate as on the KMIP port, and cannot be asked for. The answer never ends by itself.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::handshake::{Introduced, Stream, introduce};
use super::{Answer, Tls};
use crate::admin::{Admin, Told};
use crate::clock::{Clock, Timestamp};

/// Connections at once; those beyond are closed.
const CONNECTIONS_MAX: usize = 1024;
/// From the connection to the end of the request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// For a peer to take an event.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a peer that hears nothing is told that the server lives.
const ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// The pause after an error of `accept`.
const PAUSE: Duration = Duration::from_millis(100);

/// What every subscriber is sent first.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                    Cache-Control: no-store\r\nConnection: close\r\n\r\n: listening\n\n";
/// A comment that keeps the connection.
const ALIVE: &str = ": alive\n\n";

/// An event in the form of a server-sent event.
pub(super) fn sent(told: &Told) -> String {
    format!("event: {}\ndata: {}\n\n", told.name, told.line)
}

/// The listener: bound, and ready to run.
#[derive(Debug)]
pub struct EventListener<A> {
    socket: TcpListener,
    shared: Arc<Shared<A>>,
}

#[derive(Debug)]
struct Shared<A> {
    tls: Arc<Tls>,
    service: Arc<A>,
    admin: Arc<Admin>,
    clock: Arc<dyn Clock>,
}

impl<A: Answer> EventListener<A> {
    /// Binds the address; port 0 picks a free one.
    ///
    /// # Errors
    /// What the system says, for instance that the address is in use.
    pub async fn bind(
        address: SocketAddr,
        tls: Arc<Tls>,
        service: Arc<A>,
        admin: Arc<Admin>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, shared: Arc::new(Shared { tls, service, admin, clock }) })
    }

    /// The address with its real port.
    ///
    /// # Errors
    /// If the system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` resolves; then every subscriber is sent off.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => return,
                Some(_) = connections.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            let (socket, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(%error, "subscribers cannot be accepted");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!(peer = %address, "subscriber refused: there are too many");
                continue;
            };
            let shared = Arc::clone(&self.shared);
            connections.spawn(async move {
                if let Err(why) = shared.attend(socket, address).await {
                    tracing::debug!(peer = %address, why, "subscriber gone");
                }
                drop(place);
            });
        }
    }
}

impl<A: Answer> Shared<A> {
    /// The whole life of a connection; why it ended.
    async fn attend(&self, socket: TcpStream, address: SocketAddr) -> Result<(), String> {
        let begun = timeout(REQUEST_TIMEOUT, self.begin(socket, address)).await;
        let (mut stream, told, valid_until) = begun.map_err(|_| "it is too slow".to_owned())??;
        let ended = self.tell(&mut stream, told, valid_until).await;
        let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
        ended
    }

    /// Who is it, and does it ask for events?
    async fn begin(
        &self,
        socket: TcpStream,
        address: SocketAddr,
    ) -> Result<(Stream, mpsc::Receiver<Told>, Timestamp), String> {
        let endpoint = self.tls.endpoint();
        let introduced = introduce(&endpoint, socket, address, &*self.clock).await;
        let Introduced { mut stream, identity, valid_until, .. } =
            introduced.map_err(|refused| refused.why.to_string())?;
        let caller = self.service.admit(identity).await.map_err(|refusal| refusal.to_string())?;
        if !asks_for_events(&mut stream).await.map_err(|error| error.to_string())? {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
            let _ = stream.shutdown().await;
            return Err("it asks for something else".to_owned());
        }
        match self.admin.listen(&caller.identity.tenant) {
            Ok(told) => Ok((stream, told, valid_until)),
            Err(refusal) => {
                let busy = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(busy).await;
                let _ = stream.shutdown().await;
                Err(refusal.to_string())
            }
        }
    }

    async fn tell(
        &self,
        stream: &mut Stream,
        mut told: mpsc::Receiver<Told>,
        valid_until: Timestamp,
    ) -> Result<(), String> {
        write(stream, HEAD).await?;
        let mut alive = interval(ALIVE_INTERVAL);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ignored = [0; 64];
        loop {
            let text = tokio::select! {
                event = told.recv() => match event {
                    Some(event) => sent(&event),
                    None => return Err("it took its events too slowly".to_owned()),
                },
                _ = alive.tick() => {
                    if self.clock.now() > valid_until {
                        return Err("its certificate has expired".to_owned());
                    }
                    ALIVE.to_owned()
                }
                read = stream.read(&mut ignored) => match read {
                    Ok(0) | Err(_) => return Ok(()),
                    Ok(_) => continue,
                },
            };
            write(stream, &text).await?;
        }
    }
}

async fn write(stream: &mut Stream, text: &str) -> Result<(), String> {
    let written = async {
        stream.write_all(text.as_bytes()).await?;
        stream.flush().await
    };
    let written = timeout(WRITE_TIMEOUT, written).await.map_err(|_| "it is too slow".to_owned())?;
    written.map_err(|error| error.to_string())
}

/// Reads the head of a request.
async fn asks_for_events(stream: &mut Stream) -> io::Result<bool> {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut part).await?;
        if count == 0 || head.len() > REQUEST_BYTES_MAX {
            return Ok(false);
        }
        head.extend_from_slice(part.get(..count).unwrap_or_default());
    }
    Ok(head.starts_with(b"GET /events "))
}
