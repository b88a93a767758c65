//! Keeps the process's memory to itself: no core dumps, nothing in swap.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

use super::Failure;

/// Turns core dumps off. They would hold keys, so a system that refuses is not served on.
pub(super) fn no_core_dumps() -> Result<(), Failure> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|error| Failure::new(format!("core dumps cannot be turned off: {error}")))
}

/// Keeps memory out of swap. Needs an unlimited "locked memory": under a limit the locking would
/// work today and allocations would fail on some later day. Pages are locked as they are touched,
/// so that it costs no memory.
pub(super) fn no_swap() {
    let unlimited = Rlimit { current: None, maximum: None };
    let allowed = getrlimit(Resource::Memlock).current.is_none()
        || setrlimit(Resource::Memlock, unlimited).is_ok();
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    let locked = allowed && mlockall(flags).is_ok();
    if !locked {
        tracing::warn!(
            "memory is not locked and may be swapped out: set the limit of locked memory to \
             unlimited (ulimit -l, LimitMEMLOCK) or encrypt the swap"
        );
    }
}
