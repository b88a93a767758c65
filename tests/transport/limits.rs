//! Bounds, deadlines, storms, and how the server stops.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keystrata::clock::SystemClock;
use keystrata::net::Drained;
use keystrata::net::listener::Placement;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Handle, Runtime};

use super::pki::Wish;
use super::server::{Server, echo, handshake, message, rest};

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_the_others_are_served() {
    let server = Server::start_with(|limits| limits.connections_max = 2, |_, _| {});
    let mut first = server.caller().await;
    let mut second = server.caller().await;
    for stream in [&mut first, &mut second] {
        echo(stream, &message(1, 8)).await;
    }
    let mut third = TcpStream::connect(server.address).await.unwrap();
    assert!(matches!(third.read(&mut [0]).await, Ok(0) | Err(_)));
    assert!(server.counts("connections_refused_total{reason=\"limit\"} 1"));

    drop(first);
    server.comes_to_count("connections_open 1").await;
    let mut again = server.connect(&server.client(Wish::service("acme", "orders"))).await;
    while again.is_err() {
        again = server.connect(&server.client(Wish::service("acme", "orders"))).await;
    }
    echo(&mut again.unwrap(), &message(1, 8)).await;
}

#[tokio::test]
async fn a_tenant_at_its_bound_leaves_room_for_the_others() {
    let server = Server::start_with(|limits| limits.connections_per_tenant_max = 1, |_, _| {});
    let mut first = server.caller().await;
    echo(&mut first, &message(1, 8)).await;
    let mut second = server.caller().await;
    assert_eq!(rest(&mut second).await, "");
    server.comes_to_count("connections_refused_total{reason=\"tenant_limit\"} 1").await;
    let other = server.client(Wish::service("globex", "orders"));
    echo(&mut server.connect(&other).await.unwrap(), &message(1, 8)).await;
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_ended() {
    let limit = Duration::from_millis(100);
    let server = Server::start_with(|limits| limits.handshake_timeout = limit, |_, _| {});
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert!(matches!(silent.read(&mut [0]).await, Ok(0) | Err(_)));
    server.comes_to_count("handshakes_refused_total{reason=\"deadline\"} 1").await;
}

#[tokio::test]
async fn a_connection_without_a_first_request_is_ended() {
    let limit = Duration::from_millis(100);
    let server = Server::start_with(|limits| limits.first_byte_timeout = limit, |_, _| {});
    assert_eq!(rest(&mut server.caller().await).await, "");
    server.comes_to_count("connections_ended_total{reason=\"idle\"} 1").await;
}

#[tokio::test]
async fn a_connection_without_further_requests_is_ended() {
    let limit = Duration::from_millis(100);
    let server = Server::start_with(|limits| limits.idle_timeout = limit, |_, _| {});
    let mut stream = server.caller().await;
    echo(&mut stream, &message(1, 8)).await;
    assert_eq!(rest(&mut stream).await, "");
    server.comes_to_count("connections_ended_total{reason=\"idle\"} 1").await;
}

#[tokio::test]
async fn a_connection_whose_certificate_validated_and_that_says_nothing_is_no_fault() {
    let server = Server::start();
    drop(server.caller().await);
    server.comes_to_count("connections_ended_total{reason=\"peer\"} 1").await;
}

#[tokio::test]
async fn ipv4_and_ipv6_are_served_side_by_side() {
    let both = ["127.0.0.1:0", "[::1]:0"].map(|address| address.parse().unwrap());
    let server = Server::start_with(|limits| limits.listen = both.to_vec(), |_, _| {});
    let client = server.client(Wish::service("acme", "orders"));
    for address in &server.addresses {
        let socket = TcpStream::connect(address).await.unwrap();
        let mut stream = handshake(&client, socket).await.unwrap();
        echo(&mut stream, &message(1, 8)).await;
    }
}

/// Serves connections on a run-time of their own.
struct Elsewhere(Handle);

impl Placement for Elsewhere {
    fn next(&self) -> Handle {
        self.0.clone()
    }
}

#[test]
fn connections_can_live_on_another_run_time_than_the_listener() {
    let elsewhere = Runtime::new().unwrap();
    let placement = Elsewhere(elsewhere.handle().clone());
    Runtime::new().unwrap().block_on(async {
        let clock = Arc::new(SystemClock::new());
        let server = Server::start_on(placement, clock, |_| {}, |_, _| {});
        let mut stream = server.caller().await;
        echo(&mut stream, &message(1, 8)).await;
        let running = server.stop();
        assert_eq!(rest(&mut stream).await, "");
        assert_eq!(running.await.unwrap(), Drained { cut: 0 });
    });
}

#[tokio::test]
async fn a_storm_of_vanishing_peers_leaves_the_others_served() {
    let server = Server::start();
    let mut steady = server.caller().await;
    for round in 0..500_u32 {
        let mut vanishing = TcpStream::connect(server.address).await.unwrap();
        match round % 3 {
            0 => {}
            // The beginning of a handshake, and what is none.
            1 => vanishing.write_all(&[0x16, 0x03, 0x01, 0x02]).await.unwrap(),
            _ => vanishing.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap(),
        }
        drop(vanishing);
        if round % 100 == 0 {
            echo(&mut steady, &message(1, 8)).await;
        }
    }
    echo(&mut steady, &message(1, 8)).await;
    server.comes_to_count("connections_total 501").await;
    server.comes_to_count("connections_open 1").await;
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_takes_nothing_new() {
    let server = Server::start();
    let mut idle = server.caller().await;
    echo(&mut idle, &message(1, 8)).await;
    let mut busy = server.caller().await;
    busy.write_all(&message(b'W', 64)).await.unwrap();
    server.echo.waiting.notified().await;
    // This one has begun to send its request.
    let mut halfway = server.caller().await;
    echo(&mut halfway, &message(1, 8)).await;
    let request = message(b'h', 64);
    halfway.write_all(&request[..30]).await.unwrap();
    server.comes_to_count(&format!("received_bytes_total {}", 16 + 72 + 16 + 30)).await;

    let (address, service) = (server.address, server.echo.clone());
    let running = server.stop();
    assert_eq!(rest(&mut idle).await, "");
    assert!(TcpStream::connect(address).await.is_err());
    halfway.write_all(&request[30..]).await.unwrap();
    assert!(rest(&mut halfway).await.ends_with(&"h".repeat(64)));
    service.go_on.notify_one();
    assert!(rest(&mut busy).await.ends_with(&"W".repeat(64)));
    assert_eq!(running.await.unwrap(), Drained { cut: 0 });
    assert_eq!(service.answered.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_drain_that_takes_too_long_cuts_off_what_is_left() {
    let limit = Duration::from_millis(100);
    let server = Server::start_with(|limits| limits.drain_timeout = limit, |_, _| {});
    let mut busy = server.caller().await;
    busy.write_all(&message(b'W', 64)).await.unwrap();
    server.echo.waiting.notified().await;
    assert_eq!(server.stop().await.unwrap(), Drained { cut: 1 });
    assert!(busy.read(&mut [0]).await.is_err());
}

/// Prints what idle connections cost. Client and server are one process, but of the clients only
/// the sockets are kept. Run it alone: `cargo test --test transport idle -- --ignored --nocapture`
#[tokio::test]
#[ignore = "prints a measurement"]
async fn memory_of_a_thousand_idle_connections() {
    const CONNECTIONS: usize = 1000;
    let server = Server::start();
    let client = server.client(Wish::service("acme", "orders"));
    let mut warm = server.connect(&client).await.unwrap();
    echo(&mut warm, &message(1, 20_000)).await;
    let before = resident_kib();
    let mut streams = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let mut stream = server.connect(&client).await.unwrap();
        echo(&mut stream, &message(1, 800)).await;
        streams.push(stream.into_inner().0);
    }
    let after = resident_kib();
    println!(
        "{CONNECTIONS} idle connections: {} KiB each (process {after} KiB)",
        (after - before) / CONNECTIONS
    );
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
