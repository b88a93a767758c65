//! The real binary, started in a directory of its own and never left behind.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::{Client, Identity};

/// How long a start or a stop may take on a busy machine before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// What to start, before it is started.
pub(crate) struct Plan {
    directory: Directory,
    tenants: Vec<String>,
    root: &'static str,
    environment: Vec<(&'static str, String)>,
}

enum Directory {
    Own(TempDir),
    Given(PathBuf),
}

impl Directory {
    fn path(&self) -> &Path {
        match self {
            Self::Own(directory) => directory.path(),
            Self::Given(path) => path,
        }
    }
}

/// A running server. Dropping it ends the process and, if it made its directory, removes that.
pub(crate) struct Server {
    plan: Plan,
    process: Option<Child>,
    kmip: SocketAddr,
    admin: SocketAddr,
    log: Arc<Mutex<String>>,
}

/// How a server ended that was not meant to run: its status and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Plan {
    /// A server with root `env` in a new directory with the tenants that `try` makes by itself.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory for the server");
        Self {
            directory: Directory::Own(directory),
            tenants: Vec::new(),
            root: "env",
            environment: Vec::new(),
        }
    }

    /// Uses a directory that the caller keeps.
    pub(crate) fn directory(mut self, path: &Path) -> Self {
        self.directory = Directory::Given(path.into());
        self
    }

    /// Adds a tenant with services, in place of those that `try` makes by itself.
    pub(crate) fn tenant(mut self, name: &str, services: &[&str]) -> Self {
        self.tenants.push(format!("{name}={}", services.join(",")));
        self
    }

    /// Keeps the root in a token of `SoftHSM`.
    pub(crate) fn softhsm(mut self) -> Self {
        self.root = "softhsm";
        self
    }

    /// Sets a variable in the server's environment.
    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Starts the server and waits until it says `ready`.
    pub(crate) fn start(self) -> Server {
        let mut server = Server {
            plan: self,
            process: None,
            kmip: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: Arc::default(),
        };
        server.start();
        server
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.arg("try").arg("--dir").arg(self.directory.path());
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--root", self.root]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        for tenant in &self.tenants {
            command.args(["--tenant", tenant]);
        }
        command
    }
}

impl Server {
    /// A server as `try` makes it: `tenant-a` with `mongodb` and `orders`, `tenant-b` with
    /// `mongodb`.
    pub(crate) fn start_default() -> Self {
        Plan::new().start()
    }

    /// The directory given to `try`.
    pub(crate) fn directory(&self) -> &Path {
        self.plan.directory.path()
    }

    /// Where KMIP is served.
    pub(crate) fn kmip(&self) -> SocketAddr {
        self.kmip
    }

    /// Where metrics and health are served.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Child::id)
    }

    /// All that the server wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("the log is whole").clone()
    }

    /// The text of the audit trail so far. Its writer is behind what is answered.
    pub(crate) fn trail(&self) -> String {
        let files = fs::read_dir(self.directory().join("data/audit")).expect("the trail");
        let files = files.map(|file| fs::read_to_string(file.expect("a file").path()));
        files.filter_map(Result::ok).collect()
    }

    /// The certificate and key of a service, as `try` made them.
    pub(crate) fn identity(&self, tenant: &str, service: &str) -> Identity {
        let clients = self.directory().join("clients").join(tenant).join(service);
        Identity {
            authority: self.directory().join("ca.pem"),
            certificate: clients.join("cert.pem"),
            key: clients.join("key.pem"),
        }
    }

    /// A connection with a service's certificate.
    pub(crate) fn connect(&self, tenant: &str, service: &str) -> Client {
        Client::connect(self.kmip, &self.identity(tenant, service))
            .unwrap_or_else(|e| panic!("{tenant}/{service} cannot connect: {e}\n{}", self.log()))
    }

    /// Starts again after a stop or a kill, on new ports over the same directory.
    pub(crate) fn start(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let mut process = spawn(&mut self.plan.command());
        let lines = read_lines(process.stdout.take().expect("stdout is piped"));
        keep(process.stderr.take().expect("stderr is piped"), Arc::clone(&self.log));
        let ready = match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.starts_with("ready ") => line,
            Ok(other) => panic!("standard output is for the ready line, not for {other:?}"),
            Err(e) => {
                let _ = process.kill();
                let status = process.wait();
                panic!("not ready ({e}), ended with {status:?}:\n{}", self.log());
            }
        };
        self.process = Some(process);
        self.kmip = address(&ready, "kmip");
        self.admin = address(&ready, "admin");
    }

    /// Asks the server to end (SIGTERM) and waits for it.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Ends the server without warning (SIGKILL).
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.kill().expect("the process is ours");
        process.wait().expect("a killed process ends");
    }

    /// Stops and starts.
    pub(crate) fn restart(&mut self) {
        let status = self.stop();
        assert!(status.success(), "a drained server ends with 0, not {status}\n{}", self.log());
        self.start();
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.expect("kill is installed").success(), "cannot send {name}");
    }

    fn wait(&mut self) -> ExitStatus {
        let process = self.process.take().expect("the server runs");
        wait_at_most(process, PATIENCE)
            .unwrap_or_else(|()| panic!("the server does not end:\n{}", self.log()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if thread::panicking() {
            eprintln!("--- the server's standard error ---\n{}", self.log());
        }
    }
}

/// What the public admin port answers, head and body.
pub(crate) fn get(admin: SocketAddr, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(admin).expect("the admin port is open");
    let request = format!("GET {path} HTTP/1.0\r\nHost: keystrata\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Runs the binary with these arguments until it ends by itself.
pub(crate) fn run_to_end(arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
    command.args(arguments).envs(environment.iter().copied());
    end_of(&mut command)
}

/// Waits for a command that is expected to end by itself; one that serves instead is ended.
pub(crate) fn end_of(command: &mut Command) -> Ended {
    end(spawn(command))
}

/// Waits for a process of [`spawn`], like [`end_of`].
pub(crate) fn end(mut process: Child) -> Ended {
    let stdout = Arc::default();
    let stderr = Arc::default();
    let readers = [
        keep(process.stdout.take().expect("stdout is piped"), Arc::clone(&stdout)),
        keep(process.stderr.take().expect("stderr is piped"), Arc::clone(&stderr)),
    ];
    let status = wait_at_most(process, PATIENCE);
    for reader in readers {
        reader.join().expect("reading does not panic");
    }
    let text = |kept: Arc<Mutex<String>>| kept.lock().expect("the text is whole").clone();
    let (stdout, stderr) = (text(stdout), text(stderr));
    match status {
        Ok(status) => Ended { status, stdout, stderr },
        Err(()) => panic!("it runs on instead of ending:\n{stdout}\n{stderr}"),
    }
}

/// Starts a command with its output in pipes.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test")
}

/// Waits for a process to end; after `patience` it is killed and the answer is `Err`.
fn wait_at_most(mut process: Child, patience: Duration) -> Result<ExitStatus, ()> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = process.try_wait().expect("the process is ours") {
            return Ok(status);
        }
        if Instant::now() > deadline {
            let _ = process.kill();
            let _ = process.wait();
            return Err(());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn read_lines(stdout: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Reads until the end into a text that others may look at meanwhile.
fn keep(source: impl Read + Send + 'static, text: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            let mut text = text.lock().expect("nobody panics with the text in hand");
            text.push_str(&line);
            text.push('\n');
        }
    })
}

fn address(ready: &str, name: &str) -> SocketAddr {
    ready
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or_else(|| panic!("the ready line has no address {name}: {ready}"))
}
