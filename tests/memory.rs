//! The memory of a process that holds keys. A test target of its own, because it changes the whole
//! process.

use std::fs;

use keystrata::keys::memory;
use rustix::process::{DumpableBehavior, dumpable_behavior};

fn line(file: &str, start: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.starts_with(start)).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_protected_process_leaves_no_core_and_says_whether_it_can_be_swapped() {
    let protection = memory::protect();
    assert!(protection.is_private);
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    assert_eq!(line("/proc/self/limits", "Max core"), "Max core file size 0 0 bytes");
    let locked = line("/proc/self/status", "VmLck");
    assert_eq!(locked != "VmLck: 0 kB", protection.is_locked, "{locked}");
    assert_eq!(protection.to_string().contains("memory is locked"), protection.is_locked);
    // Memory that comes later can still be had, and is locked without being asked for.
    let later = vec![1_u8; 32 << 20];
    assert!(later.iter().all(|byte| *byte == 1));
}
