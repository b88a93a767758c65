//! Messages in, answers out: order, writes, records, and what is no message.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::pki::Wish;
use super::server::{Server, echo, handshake, message, rest};

/// A client's socket that keeps what it has received.
struct Tap {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Tap {
    /// The lengths of the TLS records received.
    fn records(&self) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut rest = &self.received[..];
        while let [_, _, _, high, low, ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            lengths.push(length);
            rest = &rest[5 + length..];
        }
        lengths
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buffer);
        self.received.extend(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// A connection on which everything after the first answer is kept.
async fn tapped(server: &Server) -> tokio_rustls::client::TlsStream<Tap> {
    let socket = TcpStream::connect(server.address).await.unwrap();
    let client = server.client(Wish::service("acme", "orders"));
    let mut stream = handshake(&client, Tap { socket, received: Vec::new() }).await.unwrap();
    echo(&mut stream, &message(0, 8)).await;
    stream.get_mut().0.received.clear();
    stream
}

/// What AES-GCM in TLS 1.3 adds to a record: the content type and the tag.
const SEAL: usize = 17;

#[tokio::test]
async fn requests_that_arrive_together_are_answered_in_order_by_one_record() {
    let server = Server::start();
    let mut stream = tapped(&server).await;
    let requests: Vec<u8> = (1..=8).flat_map(|fill| message(fill, 64)).collect();
    assert_eq!(echo(&mut stream, &requests).await, requests);
    assert_eq!(stream.get_ref().0.records(), [requests.len() + SEAL]);
}

#[tokio::test]
async fn an_answer_of_sixteen_kibibytes_is_one_record() {
    let server = Server::start();
    let mut stream = tapped(&server).await;
    stream.write_all(&message(b'L', 8)).await.unwrap();
    let mut answer = vec![0; 16 * 1024];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(stream.get_ref().0.records(), [16 * 1024 + SEAL]);
}

#[tokio::test]
async fn a_message_of_the_longest_length_is_answered_and_one_byte_group_more_is_not() {
    let server = Server::start_with(|limits| limits.message_bytes_max = 100_000, |_, _| {});
    let mut stream = server.caller().await;
    let longest = message(1, 99_992);
    assert_eq!(echo(&mut stream, &longest).await, longest);
    // The peer gets its answer although it goes on sending more than the kernel buffers.
    let too_long = message(1, 100_000);
    stream.write_all(&too_long).await.unwrap();
    let _ = stream.write_all(&vec![1; 1_000_000]).await;
    assert_eq!(rest(&mut stream).await, "the message has 100008 bytes; 100000 are allowed");
    drop(stream);
    server.comes_to_count("connections_ended_total{reason=\"protocol\"} 1").await;
}

#[tokio::test]
async fn what_is_no_message_is_answered_after_the_requests_before_it() {
    let server = Server::start();
    let mut stream = server.caller().await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await, "this is not a KMIP message");

    let mut stream = server.caller().await;
    let mut bytes = message(b'a', 8);
    bytes.extend(b"noise");
    stream.write_all(&bytes).await.unwrap();
    let answers = rest(&mut stream).await;
    assert!(answers.contains("aaaaaaaa") && answers.ends_with("this is not a KMIP message"));
}

#[tokio::test]
async fn a_half_closed_peer_gets_its_answers() {
    let server = Server::start();
    let mut stream = server.caller().await;
    stream.write_all(&message(b'a', 64)).await.unwrap();
    stream.write_all(&message(b'b', 64)).await.unwrap();
    stream.shutdown().await.unwrap();
    let answers = rest(&mut stream).await;
    assert!(answers.contains(&"a".repeat(64)) && answers.ends_with(&"b".repeat(64)));
    server.comes_to_count("connections_ended_total{reason=\"peer\"} 1").await;
}

#[tokio::test]
async fn a_message_that_is_cut_off_is_answered_too() {
    let server = Server::start();
    let mut stream = server.caller().await;
    stream.write_all(&message(b'a', 64)[..40]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await, "the message ends early");
}

#[tokio::test]
async fn one_byte_at_a_time_is_answered_within_the_deadline() {
    let server = Server::start();
    let mut stream = server.caller().await;
    for byte in message(b'a', 32) {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = vec![0; 40];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, message(b'a', 32));
}

#[tokio::test]
async fn one_byte_at_a_time_is_sent_off_after_the_deadline() {
    let limit = Duration::from_millis(200);
    let server = Server::start_with(|limits| limits.message_timeout = limit, |_, _| {});
    let (mut from_server, mut to_server) = tokio::io::split(server.caller().await);
    let drip = async {
        let mut tick = tokio::time::interval(limit / 20);
        for byte in message(b'a', 10_000) {
            tick.tick().await;
            if to_server.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    };
    let end = async { rest(&mut from_server).await };
    tokio::select! {
        () = drip => panic!("the server took everything"),
        answer = end => assert_eq!(answer, ""),
    }
    drop((from_server, to_server));
    server.comes_to_count("connections_ended_total{reason=\"read_deadline\"} 1").await;
}

#[tokio::test]
async fn a_peer_that_takes_no_answers_is_cut_off() {
    let limit = Duration::from_millis(200);
    let server = Server::start_with(|limits| limits.write_timeout = limit, |_, _| {});
    let (_from_server, mut to_server) = tokio::io::split(server.caller().await);
    let flood = async { while to_server.write_all(&message(b'L', 8)).await.is_ok() {} };
    let cut = server.comes_to_count("connections_ended_total{reason=\"write_deadline\"} 1");
    tokio::join!(flood, cut);
}
