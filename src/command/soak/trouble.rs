//! Trouble with the token of a soak: the processes that call it stand still, or die.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::super::{About as _, Failure};
use super::server::Server;

/// How long they stand still.
const FROZEN: Duration = Duration::from_millis(1500);

impl Server {
    /// Freezes the processes that call the token for a while, or kills them, while the server carries
    /// out a command. The command may be refused for that; what it has begun goes on to its end.
    pub(super) fn trouble_during(
        &self,
        arguments: &[&str],
        delay: Duration,
        is_deadly: bool,
    ) -> Result<(), Failure> {
        let mut running = self.prepare(arguments).spawn().about(&self.program)?;
        thread::sleep(delay);
        let workers = self.children();
        if is_deadly {
            send(&workers, Signal::KILL);
            self.mend_token();
        } else {
            send(&workers, Signal::STOP);
            thread::sleep(FROZEN);
            send(&workers, Signal::CONT);
        }
        running.wait().about(&self.program)?;
        self.wait_for_rotations()
    }

    /// Keeps a copy of a token's own file, and puts it back if it is empty: `SoftHSM` writes it anew with
    /// each log-in, in its place, and who is killed right then leaves nothing of it. A token that is a
    /// device does not lose itself.
    pub(super) fn mend_token(&self) {
        let kept = self.dir.join("token.kept");
        for token in fs::read_dir(self.dir.join("softhsm/tokens")).into_iter().flatten().flatten() {
            let file = token.path().join("token.object");
            // Where there is nothing to copy, the next start says what is missing.
            let _ = match fs::metadata(&file) {
                Ok(there) if there.len() == 0 => fs::copy(&kept, &file),
                _ => fs::copy(&file, &kept),
            };
        }
    }

    /// The processes that the server has started, as far as the system tells (`/proc`).
    fn children(&self) -> Vec<Pid> {
        let Some(process) = &self.process else { return Vec::new() };
        let parent = format!("PPid:\t{}", process.id());
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let children = processes.filter_map(|entry| {
            let number: i32 = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            status.lines().any(|line| line == parent).then_some(number)
        });
        children.filter_map(Pid::from_raw).collect()
    }
}

fn send(workers: &[Pid], signal: Signal) {
    for worker in workers {
        // One that has ended already needs no signal.
        let _ = kill_process(*worker, signal);
    }
}
