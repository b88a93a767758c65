//! The administrative side over real sockets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;

use super::*;
use crate::metrics::MetricsSettings;

#[derive(Default)]
struct Fake {
    ready: AtomicBool,
}

impl Health for Fake {
    fn ready(&self) -> Result<(), String> {
        let ready = self.ready.load(Ordering::SeqCst);
        ready.then_some(()).ok_or_else(|| "the token is gone".to_owned())
    }

    fn status(&self) -> serde_json::Value {
        serde_json::json!({ "version": 1 })
    }
}

/// Asks for a path and returns status line and body.
async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> (String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[tokio::test]
async fn health_and_metrics_are_served_and_nothing_else() {
    let health = Arc::new(Fake::default());
    let metrics = Metrics::new(&MetricsSettings::default());
    let listener = AdminListener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(listener.run(public_routes(metrics, health.clone()), async {
        let _ = stopped.await;
    }));
    let ask = async |path| get(TcpStream::connect(address).await.unwrap(), path).await;

    assert_eq!(ask("/live").await, ("HTTP/1.1 200 OK".into(), "live\n".into()));
    let not_ready = "not ready: the token is gone\n";
    assert_eq!(ask("/ready").await, ("HTTP/1.1 503 Service Unavailable".into(), not_ready.into()));
    assert!(ask("/metrics").await.1.contains("\nkeystrata_ready 0\n"));
    health.ready.store(true, Ordering::SeqCst);
    assert_eq!(ask("/ready").await, ("HTTP/1.1 200 OK".into(), "ready\n".into()));
    assert!(ask("/metrics").await.1.contains("\nkeystrata_ready 1\n"));
    assert_eq!(ask("/status").await.0, "HTTP/1.1 404 Not Found");
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_its_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    let socket = AdminSocket::bind(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = private_routes(Arc::new(Fake::default()));
    let running = tokio::spawn(socket.run(routes, async {
        let _ = stopped.await;
    }));
    let answer = get(UnixStream::connect(&path).await.unwrap(), "/status").await;
    assert_eq!(answer, ("HTTP/1.1 200 OK".into(), "{\"version\":1}\n".into()));
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    drop(StdUnixListener::bind(&path).unwrap());
    let _living = AdminSocket::bind(&path).unwrap();
    let refused = AdminSocket::bind(&path).unwrap_err();
    assert!(matches!(refused, SocketError::Live(_)), "{refused}");
    UnixStream::connect(&path).await.unwrap();
}

#[tokio::test]
async fn what_is_no_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(AdminSocket::bind(&path), Err(SocketError::NotASocket(_))));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}
