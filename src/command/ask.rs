//! Asks a running server through the socket in its store's directory.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{About as _, Environment, Failure, Place, print, tell};

/// How long the server may take to take a question, and to answer one that is no command.
const PATIENCE: Duration = Duration::from_secs(5);

/// What every command has that a running server carries out.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Common {
    #[command(flatten)]
    #[serde(skip)]
    pub(crate) place: Place,
    /// Print JSON; progress goes to standard error, a line of JSON each
    #[arg(long)]
    #[serde(skip)]
    pub(crate) json: bool,
}

impl Common {
    /// Has the server carry out the command `name` and prints what it answers: as JSON, or as
    /// `people` read it.
    pub(crate) fn run(
        &self,
        environment: &Environment,
        name: &str,
        arguments: &impl Serialize,
        people: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        let socket = self.place.config(environment)?.store.socket();
        let done = command(&socket, name, arguments, |progress| self.progress(progress))?;
        if self.json {
            print(format_args!("{done:#}\n"));
        } else {
            print(format_args!("{}", people(&done)));
        }
        Ok(())
    }

    /// Prints the events of a tenant, a line each, until the server ends.
    pub(crate) fn events(&self, environment: &Environment, tenant: &str) -> Result<(), Failure> {
        let socket = self.place.config(environment)?.store.socket();
        let stream = connect(&socket)?;
        let request = format!("GET /events/{tenant} HTTP/1.0\r\nHost: keystrata\r\n\r\n");
        (&stream).write_all(request.as_bytes()).about(&socket)?;
        stream.set_read_timeout(None).about(&socket)?;
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Some(event) = line.strip_prefix("data: ") {
                print(format_args!("{event}\n"));
            } else if line.starts_with("{\"refused\"") {
                return Err(Failure::new(format!("the server refused: {line}")));
            }
        }
        Err(ended())
    }

    /// Says how far the server is. Its `line` is for people.
    fn progress(&self, progress: &Value) {
        match progress.get("line").and_then(Value::as_str) {
            Some(line) if !self.json => tell(format_args!("{line}\n")),
            _ => tell(format_args!("{progress}\n")),
        }
    }
}

/// Has the server carry out a command; calls `on_progress` meanwhile. What it answers at last.
pub(crate) fn command(
    socket: &Path,
    name: &str,
    arguments: &impl Serialize,
    on_progress: impl Fn(&Value),
) -> Result<Value, Failure> {
    let body = serde_json::to_string(arguments).map_err(|error| Failure::new(error.to_string()))?;
    let path = format!("/command/{}", name.replacen(' ', "/", 1));
    // HTTP/1.0, so that the answer's lines come as they are and not in chunks.
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: keystrata\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let stream = connect(socket)?;
    (&stream).write_all(request.as_bytes()).about(socket)?;
    // Long work may be silent for long.
    stream.set_read_timeout(None).about(socket)?;
    let mut lines = BufReader::new(stream).lines();
    let head = lines.by_ref().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
    if head.count() == 0 {
        return Err(ended());
    }
    for line in lines {
        let line: Value = line
            .ok()
            .and_then(|line| serde_json::from_str(&line).ok())
            .ok_or_else(|| Failure::new("the server's answer is no JSON"))?;
        if let Some(progress) = line.get("progress") {
            on_progress(progress);
        } else if let Some(done) = line.get("done") {
            return Ok(done.clone());
        } else if let Some(refused) = line.get("refused").and_then(Value::as_str) {
            return Err(Failure::new(refused));
        }
    }
    Err(ended())
}

fn ended() -> Failure {
    Failure::new("the server ended before the command did: start it, and look at its state")
}

/// Asks the server behind a socket; the body of its answer.
pub(crate) fn get(socket: &Path, path: &str) -> Result<String, Failure> {
    let mut stream = connect(socket)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: keystrata\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer))
        .about(socket)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(Failure::new(format!("{}: the server refused {path}", socket.display()))),
    }
}

/// A connection whose reads and writes take no longer than [`PATIENCE`].
fn connect(socket: &Path) -> Result<UnixStream, Failure> {
    let stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            let directory = socket.parent().unwrap_or(socket);
            Failure::new(format!("no server runs on {}", directory.display()))
        }
        _ => Failure::new(format!("{}: {error}", socket.display())),
    })?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .about(socket)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_server_is_one_clear_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("admin.sock");
        let expected = format!("no server runs on {}", directory.path().display());
        let failure = get(&socket, "/status").expect_err("nobody is there");
        assert_eq!(failure.to_string(), expected);
        let failure = command(&socket, "kek status", &(), |_| ()).expect_err("nobody is there");
        assert_eq!(failure.to_string(), expected);
    }
}
