//! The server: the real binary in a process of its own, as `try` sets it up.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keystrata::client::{Blocking, Identity, Settings};
use kmip_ttlv::Version;

/// The service that each tenant has.
pub(crate) const SERVICE: &str = "app";

/// A server. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    directory: PathBuf,
    address: SocketAddr,
    /// From the start of the process to the line that says `ready`.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts it with tenants that have certificates. `variables` override its configuration.
    pub(crate) fn start(
        directory: &Path,
        root: &str,
        tenants: usize,
        variables: &[(&str, &str)],
    ) -> Self {
        fs::create_dir_all(directory).expect("the directory is ours");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.arg("try").arg("--dir").arg(directory).args(["--root", root]);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        for tenant in 0..tenants {
            command.args(["--tenant", &format!("{}={SERVICE}", name(tenant))]);
        }
        command.envs(variables.iter().copied());
        let log = File::create(directory.join("server.log")).expect("the directory is ours");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let started = Instant::now();
        let mut child = command.spawn().expect("it was built with this program");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says that it is ready");
        let ready_after = started.elapsed();
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("kmip="));
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("it did not get ready: {line:?}"));
        Self { child, directory: directory.to_owned(), address, ready_after }
    }

    /// A connection of a tenant's service.
    pub(crate) fn connect(&self, tenant: usize) -> Blocking {
        let own = self.directory.join("clients").join(name(tenant)).join(SERVICE);
        let authority = self.directory.join("ca.pem");
        let identity = Identity::load(&authority, &own.join("cert.pem"), &own.join("key.pem"));
        let settings = Settings {
            server_name: Some("localhost".into()),
            version: Some(Version::V1_4),
            connections_max: 1,
            ..Settings::new(self.address.to_string())
        };
        let client = Blocking::new(settings, identity.expect("`try` has made it"));
        client.expect("localhost is a server")
    }

    /// Has a command carried out; how long that took.
    pub(crate) fn command(&self, arguments: &[&str]) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.args(arguments).arg("--dir").arg(&self.directory).arg("--json");
        let started = Instant::now();
        let ended = command.output().expect("it runs");
        assert!(ended.status.success(), "{ended:?}");
        started.elapsed()
    }

    /// The resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        resident_kib(&self.child.id().to_string())
    }

    /// Asks it to end and waits.
    pub(crate) fn stop(mut self) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.expect("a process has a number");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
        assert!(self.child.wait().expect("it is ours").success(), "it ended badly");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already if it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The name of a tenant.
pub(crate) fn name(tenant: usize) -> String {
    format!("tenant-{tenant}")
}

/// The resident memory of a process (`self` for this one), in KiB.
pub(crate) fn resident_kib(process: &str) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("status"));
    let status = status.expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("Linux says so in this form")
}
