//! The server of a soak: a process of this same program.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::super::{About as _, Failure};
use super::worker::Shared;

/// How often it is looked whether rotations have ended.
const LOOK: Duration = Duration::from_millis(100);
/// How often at most.
const LOOKS_MAX: usize = 3000;

pub(super) struct Server {
    pub(super) program: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) root: String,
    tenants: usize,
    pub(super) process: Option<Child>,
    kmip: SocketAddr,
}

impl Server {
    pub(super) fn start(dir: &Path, root: &str, tenants: usize) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::new(error.to_string()))?;
        let (dir, root) = (dir.to_owned(), root.to_owned());
        let kmip = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { program, dir, root, tenants, process: None, kmip };
        server.spawn()?;
        Ok(server)
    }

    pub(super) fn kmip(&self) -> SocketAddr {
        self.kmip
    }

    fn spawn(&mut self) -> Result<(), Failure> {
        self.mend_token();
        let mut command = Command::new(&self.program);
        command.arg("try").arg("--dir").arg(&self.dir);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--root", &self.root]);
        for tenant in 0..self.tenants {
            command.arg("--tenant").arg(format!("soak-{tenant}=app"));
        }
        // One line for each operation would be the most of the work.
        command.env("KEYSTRATA_LOG_LEVEL", "error");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().about(&self.program)?;
        let output = process.stdout.take();
        self.process = Some(process);
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line).about(&self.dir)?;
        }
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("kmip="));
        let address = address.and_then(|address| address.parse().ok());
        self.kmip = address.ok_or_else(|| {
            let dir = self.dir.display();
            Failure::new(format!("the server does not start: see `keystrata try --dir {dir}`"))
        })?;
        Ok(())
    }

    pub(super) fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--dir").arg(&self.dir).arg("--json");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command against the server; what it answers.
    pub(super) fn command(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let ended = self.prepare(arguments).output().about(&self.program)?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            return Err(Failure::new(format!("{}: {}", arguments.join(" "), said.trim())));
        }
        serde_json::from_slice(&ended.stdout)
            .map_err(|_| Failure::new(format!("{}: no JSON", arguments.join(" "))))
    }

    /// Kills the server while it carries out a command, and starts it again.
    pub(super) fn kill_during(
        &mut self,
        arguments: &[&str],
        delay: Duration,
        shared: &Shared,
    ) -> Result<(), Failure> {
        let mut running = self.prepare(arguments).spawn().about(&self.program)?;
        thread::sleep(delay);
        let life = shared.address().map_or(0, |(_, life)| life);
        shared.set_address(None);
        self.kill();
        running.wait().about(&self.program)?;
        self.spawn()?;
        shared.set_address(Some((self.kmip, life + 1)));
        self.wait_for_rotations()
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Waits until nothing is being rotated.
    pub(super) fn wait_for_rotations(&self) -> Result<(), Failure> {
        for _ in 0..LOOKS_MAX {
            let status = self.command(&["kek", "status"])?;
            if list(&status, "rotations").is_empty() {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        Err(Failure::new("a rotation does not end"))
    }

    /// Waits until the root key that seals has proved itself again: the server pauses, longer each time,
    /// before it tries a token that has failed.
    pub(super) fn wait_for_root(&self) -> Result<(), Failure> {
        for _ in 0..LOOKS_MAX {
            let status = self.command(&["kek", "status"])?;
            let active = status.get("root").and_then(|root| root.get("active"));
            let active = active.map(Value::to_string).unwrap_or_default();
            if self.command(&["kek", "verify", "--level", "root", "--target", &active]).is_ok() {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        Err(Failure::new("the root key does not come back"))
    }

    /// Removes every retired version; those that something names are wrong.
    pub(super) fn remove_old(
        &self,
        tenants: usize,
        wrong: &mut Vec<String>,
    ) -> Result<usize, Failure> {
        let mut removed = 0;
        let mut remove = |of: &Value, which: &[&str]| -> Result<(), Failure> {
            for version in list(of, "versions") {
                let text = |name: &str| version.get(name).map(Value::to_string).unwrap_or_default();
                if version.get("state").and_then(Value::as_str) != Some("retired") {
                    continue;
                }
                if text("envelopes") != "0" {
                    let which = which.join(" ");
                    wrong.push(format!("{which}: version {} is named", text("version")));
                    continue;
                }
                let number = text("version");
                self.command(&[&["kek", "remove", "--version", &number], which].concat())?;
                removed += 1;
            }
            Ok(())
        };
        for number in 0..tenants {
            let name = format!("soak-{number}");
            let status = self.command(&["kek", "status", "--tenant", &name])?;
            for tenant in list(&status, "tenants") {
                remove(tenant, &["--level", "tenant", "--tenant", &name])?;
                for service in list(tenant, "services") {
                    let which = ["--level", "service", "--tenant", &name, "--service", "app"];
                    remove(service, &which)?;
                }
            }
            if let Some(root) = status.get("root").filter(|_| number == 0) {
                remove(root, &["--level", "root"])?;
            }
        }
        Ok(removed)
    }

    /// Ends the server.
    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        if let Some(pid) = rustix::process::Pid::from_raw(process.id().cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .map_err(|error| Failure::new(error.to_string()))?;
        }
        let status = process.wait().about(&self.program)?;
        if status.success() { Ok(()) } else { Err(Failure::new("the server ended badly")) }
    }

    /// Whether the audit trail holds.
    pub(super) fn verify_trail(&self) -> Result<(), Failure> {
        self.command(&["audit", "verify"]).map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
