//! What a connection writes, and when, seen from below.

use std::net::SocketAddr;
use std::task::Context;

use tokio::io::{AsyncRead, ReadBuf};

use super::*;
use crate::clock::ManualClock;
use crate::metrics::MetricsSettings;
use crate::net::Refusal;
use crate::service::{Heard, Session};
use crate::tenant::{
    Fingerprint, Identity, Mode, Peer, Role, ServiceId, ServiceName, TenantId, TenantName,
};

/// Everything that a peer sends is there at once; every write and flush is noted.
#[derive(Default)]
struct Wire {
    incoming: &'static [u8],
    writes: Vec<usize>,
    flushes: usize,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.incoming).poll_read(cx, buffer)
    }
}

impl AsyncBufRead for Wire {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(Ok(self.get_mut().incoming))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.incoming = &self.incoming[amount..];
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.push(bytes.len());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct Echo;

impl Answer for Echo {
    async fn admit(&self, _: Identity) -> Result<Arc<Caller>, Refusal> {
        Err(Refusal::Unregistered)
    }

    async fn answer(
        &self,
        _: &mut Session,
        _: &Arc<Caller>,
        request: &[u8],
        response: &mut Buffer,
    ) -> Heard {
        response.extend(request);
        Heard::Answered
    }

    fn answer_unreadable(&self, _: &Arc<Caller>, _: &Error, response: &mut Buffer) {
        response.extend(b"?");
    }
}

fn caller() -> Arc<Caller> {
    let peer = Peer {
        address: SocketAddr::from(([127, 0, 0, 1], 1)).into(),
        fingerprint: Fingerprint([0; 32]),
        certificate: Arc::default(),
        serial: String::new(),
        tls_version: String::new(),
        tls_suite: String::new(),
        tls_group: String::new(),
    };
    let (tenant, service) = (TenantName::new("a").unwrap(), ServiceName::new("b").unwrap());
    Arc::new(Caller {
        tenant_id: TenantId(1),
        service_id: ServiceId(1),
        identity: Identity { tenant, service, peer },
        mode: Mode::default(),
        role: Role::default(),
        operations: None,
    })
}

/// Serves messages with bodies of these lengths that arrive together. Returns the lengths of the
/// writes, the number of flushes, and how it ended.
async fn serve(bodies: &[u16]) -> (Vec<usize>, usize, ConnectionEnd) {
    let mut incoming = Vec::new();
    for &body in bodies {
        incoming.extend([0x42, 0x00, 0x78, 0x01, 0, 0]);
        incoming.extend(body.to_be_bytes());
        incoming.resize(incoming.len() + usize::from(body), 0);
    }
    let mut wire = Wire { incoming: incoming.leak(), ..Wire::default() };
    let around = Surroundings {
        service: &Echo,
        settings: &Settings::default(),
        metrics: &Metrics::new(&MetricsSettings::default()),
        clock: &ManualClock::default(),
    };
    let (_serving, phase) = watch::channel(Phase::Serving);
    let connection = Connection::new(around, &mut wire, caller(), Timestamp(1), phase);
    let end = connection.serve().await;
    (wire.writes, wire.flushes, end)
}

#[tokio::test]
async fn answers_to_requests_that_arrived_together_are_one_write_and_one_flush() {
    assert_eq!(serve(&[64, 0, 128]).await, (vec![72 + 8 + 136], 1, ConnectionEnd::Peer));
}

#[tokio::test]
async fn an_answer_that_would_straddle_a_record_begins_a_new_write() {
    assert_eq!(serve(&[8, 10_000, 10_000]).await.0, [16 + 10_008, 10_008]);
    assert_eq!(serve(&[8_184, 8_184]).await.0, [16 * 1024]);
    assert_eq!(serve(&[8_184, 8_192]).await.0, [8_192, 8_200]);
}

#[tokio::test]
async fn an_answer_longer_than_a_record_is_one_write() {
    assert_eq!(serve(&[8, 40_000, 8]).await.0, [16, 40_008, 16]);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_not_written_to() {
    assert_eq!(serve(&[]).await, (vec![], 0, ConnectionEnd::Peer));
}
