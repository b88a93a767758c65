//! `keystrata status`: what a running server does.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{About as _, Environment, Failure, Place, print};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The arguments of `keystrata status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keystrata status --dir keystrata-try
  keystrata status --config keystrata.toml --json

Asks the server through the socket in its store's directory, so it works for the server's user
only. The exit status is 1 if no server runs there, or if it is not ready.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `keystrata status`.
pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let config = arguments.place.config(environment)?;
    let answer = ask(&config.store.socket(), "/status")?;
    let status: Value = serde_json::from_str(&answer)
        .map_err(|_| Failure::new("the server's answer is no JSON"))?;
    if arguments.json {
        print(format_args!("{status:#}\n"));
    } else {
        print(format_args!("{}", table(&status)));
    }
    match status.get("ready").and_then(Value::as_bool) {
        Some(true) => Ok(()),
        _ => Err(Failure::new("the server is not ready")),
    }
}

/// One line per member.
fn table(status: &Value) -> String {
    let members = status.as_object().into_iter().flatten();
    let lines = members.map(|(name, value)| match value {
        Value::String(text) => format!("{name:<24}{text}\n"),
        value => format!("{name:<24}{value}\n"),
    });
    lines.collect()
}

/// Asks the server behind a socket; the body of its answer.
fn ask(socket: &Path, path: &str) -> Result<String, Failure> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            Failure::new(format!("no server runs on {}", parent(socket).display()))
        }
        _ => Failure::new(format!("{}: {error}", socket.display())),
    })?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: keystrata\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer))
        .about(socket)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(Failure::new(format!("{}: the server refused {path}", socket.display()))),
    }
}

fn parent(socket: &Path) -> &Path {
    socket.parent().unwrap_or(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_server_is_one_clear_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let failure =
            ask(&directory.path().join("admin.sock"), "/status").expect_err("nobody is there");
        let expected = format!("no server runs on {}", directory.path().display());
        assert_eq!(failure.to_string(), expected);
    }
}
