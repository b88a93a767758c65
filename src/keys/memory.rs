//! Keeps the memory of the process, and the keys in it, to itself.

use std::fmt;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::{CapabilitySet, capabilities};

/// What the system granted. `Display` is a line for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    /// No core dump is written, and no process of the same user can read the memory as a debugger.
    pub is_private: bool,
    /// No page that the process touches goes to swap, now or later.
    pub is_locked: bool,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let private = if self.is_private {
            "core dumps and debuggers are off"
        } else {
            "core dumps could not be switched off"
        };
        let locked = if self.is_locked {
            "memory is locked"
        } else {
            "memory can be swapped (grant CAP_IPC_LOCK or an unlimited RLIMIT_MEMLOCK)"
        };
        write!(f, "{private}, {locked}")
    }
}

/// Switches core dumps and debuggers off, and locks the memory of the whole process (every page
/// once it is touched) if there is no limit on that. To be called by `main` before any key is read;
/// a child process inherits the limit on core dumps only.
///
/// Under a limit nothing is locked: an allocation beyond it would fail later, while serving.
#[must_use]
pub fn protect() -> Protection {
    let no_core = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let no_dump = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let every_page = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    Protection {
        is_private: no_core.is_ok() && no_dump.is_ok(),
        is_locked: may_lock_all() && mlockall(every_page).is_ok(),
    }
}

fn may_lock_all() -> bool {
    let capable = capabilities(None);
    if capable.is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK)) {
        return true;
    }
    let limit = getrlimit(Resource::Memlock);
    if limit.maximum.is_none() && limit.current.is_some() {
        let raised = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
        return raised.is_ok();
    }
    limit.current.is_none()
}
