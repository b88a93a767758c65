//! Processes that serve: the server and the echo.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::echo;

/// The tenants of the server, each with one service.
pub(crate) const TENANTS: [&str; 4] = ["tenant-1", "tenant-2", "tenant-3", "tenant-4"];

/// The service that each tenant has.
pub(crate) const SERVICE: &str = "bench";

/// Clock ticks per second in `/proc/<pid>/stat`; Linux has no other value on the machines that
/// this runs on.
const TICKS: u32 = 100;

/// A process that serves. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    admin: Option<SocketAddr>,
    /// From the start of the process to the line that says `ready`.
    pub(crate) ready_after: Duration,
}

impl Process {
    /// The server, as `try` sets it up in `directory`, logging into a file there.
    pub(crate) fn server(directory: &Path) -> Self {
        fs::create_dir_all(directory).expect("the directory is ours");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.arg("try").arg("--dir").arg(directory);
        command.args(["--root", "env", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        for tenant in TENANTS {
            command.args(["--tenant", &format!("{tenant}={SERVICE}")]);
        }
        let log = File::create(directory.join("server.log")).expect("the directory is ours");
        Self::start(command.stderr(log))
    }

    /// The bare echo, with the certificates that the server in `directory` has.
    pub(crate) fn echo(directory: &Path) -> Self {
        let itself = std::env::current_exe().expect("this program has a file");
        Self::start(Command::new(itself).arg(echo::ARGUMENT).arg(directory))
    }

    fn start(command: &mut Command) -> Self {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program was built with this one");
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output is piped");
        BufReader::new(output).read_line(&mut line).expect("it says that it is ready");
        let ready_after = started.elapsed();
        let part = |name| line.split_whitespace().find_map(|word| word.strip_prefix(name));
        let address = part("kmip=").and_then(|address| address.parse().ok());
        let admin = part("admin=").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("it did not get ready: {line:?}"));
        Self { child, address, admin, ready_after }
    }

    fn proc(&self, file: &str) -> String {
        let path: PathBuf = ["/proc", &self.child.id().to_string(), file].iter().collect();
        fs::read_to_string(path).expect("the process runs")
    }

    /// The CPU time that it has taken.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // User and system time are the 14th and 15th fields; the second may hold spaces.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let fields = after_name.split_whitespace().skip(11).take(2);
        let ticks: u32 = fields.map(|field| field.parse::<u32>().expect("a number")).sum();
        Duration::from_secs(1) * ticks / TICKS
    }

    /// The resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("Linux says so in this form")
    }

    /// A counter of the server.
    pub(crate) fn counter(&self, name: &str) -> f64 {
        let admin = self.admin.expect("the server has one");
        let mut stream = TcpStream::connect(admin).expect("the server runs");
        let request = b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n";
        stream.write_all(request).expect("the server reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the server answers");
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        text.lines().find_map(value).unwrap_or_else(|| panic!("no counter {name}"))
    }

    /// Asks it to end and waits.
    pub(crate) fn stop(mut self) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.expect("a process has a number");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
        assert!(self.child.wait().expect("it is ours").success(), "it ended badly");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already if it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
