//! Trouble with the token of a soak: the processes that call it stand still or die, or it is exchanged for
//! a copy of itself.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::super::{About as _, Failure};
use super::server::Server;

/// How long they stand still.
const FROZEN: Duration = Duration::from_millis(1500);
/// How long the token is away: longer than until the server, which asks it every 2 s, notices.
const AWAY: Duration = Duration::from_secs(3);

/// What happens to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The processes that call it stand still for a while.
    Frozen,
    /// They are killed.
    Killed,
    /// It is taken away, and a copy comes in its place, as from a backup: sessions and handles of before
    /// mean nothing, and the keys have to be found again.
    Replaced,
}

impl Trouble {
    /// One after the other.
    pub(super) fn of_turn(turn: u64) -> Self {
        match turn % 3 {
            0 => Self::Frozen,
            1 => Self::Killed,
            _ => Self::Replaced,
        }
    }
}

impl Server {
    /// Troubles the token while the server carries out a command. The command may be refused for that;
    /// what it has begun goes on to its end.
    pub(super) fn trouble_during(
        &self,
        arguments: &[&str],
        delay: Duration,
        trouble: Trouble,
    ) -> Result<(), Failure> {
        let mut running = self.prepare(arguments).spawn().about(&self.program)?;
        thread::sleep(delay);
        let workers = self.children();
        match trouble {
            Trouble::Frozen => {
                send(&workers, Signal::STOP);
                thread::sleep(FROZEN);
                send(&workers, Signal::CONT);
            }
            Trouble::Killed => {
                send(&workers, Signal::KILL);
                self.mend_token();
            }
            Trouble::Replaced => self.replace_token()?,
        }
        running.wait().about(&self.program)?;
        self.wait_for_root()?;
        self.wait_for_rotations()
    }

    /// Takes the token away for a while and puts a copy in its place.
    fn replace_token(&self) -> Result<(), Failure> {
        let place = |name: &str| self.dir.join("softhsm").join(name);
        let (tokens, away, copy) = (place("tokens"), place("tokens.away"), place("tokens.copy"));
        fs::rename(&tokens, &away).about(&tokens)?;
        thread::sleep(AWAY);
        copy_tree(&away, &copy).about(&copy)?;
        fs::rename(&copy, &tokens).about(&tokens)?;
        fs::remove_dir_all(&away).about(&away)
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

/// Copies a directory with all that is in it, for its owner alone.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
